"""A provider that fails, as all processes see it: until when nobody asks it, and who may try it then.

Read and written inside the reserving transaction. A breaker opens when so many requests in a row end in doubt, or more
than every third of many, whoever sent them, or when the provider refuses the account. Then one request at a time tries
it, over all processes: whoever reserves the try moves `retry_at` in the same transaction. An answer closes it. The
clock may jump: no pause is longer than the longest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.heard import Heard
from ringfence.money.ledger import write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.schema import BREAKER
from ringfence.numbers.phone import mask_numbers

SECOND = 1_000_000
# Requests in a row, over all processes, whose outcome nobody knows: so many open it. While it is closed each counts as
# two, and each answer takes one away: where two of three fail, or every second, there may never be three in a row.
FAILURES, COUNTS = 3, 2
# Microseconds: the first pause, doubled by every try that fails, and the longest.
PAUSE, LONGEST = 30 * SECOND, 900 * SECOND
# Microseconds that a try may take, a little longer than a client waits; then whoever made it is taken to be gone.
TURN = 70 * SECOND
_COLUMNS = tuple(column.name for column in BREAKER.columns)
_ALL = Prepared(select(BREAKER).order_by(BREAKER.c.provider))
_NEW = insert(BREAKER)
_PUT = Prepared(
    _NEW.on_conflict_do_update(
        index_elements=["provider"], set_={name: _NEW.excluded[name] for name in _COLUMNS if name != "provider"}
    ),
    _COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Breaker:
    """One provider's; times in microseconds UTC.

    `opened_at` is when it was opened last, 0 while it only counts (then `failures` are `COUNTS` for each, less the
    answers). Before `retry_at` nobody asks, except that who begins after a refusal (`refused`) may try at once; while
    it counts, that is when it last failed.
    """

    provider: str
    opened_at: int = 0
    retry_at: int = 0
    failures: int = 0
    refused: bool = False
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the provider is asked by one request at a time only, if at all."""
        return self.opened_at > 0

    @property
    def sentence(self) -> str:
        """Why it is not asked, and until when, for a person."""
        if self.refused:
            return f"{self.why} (it refused at {_time(self.opened_at)} UTC; the next run tries it with one request)"
        return f"{self.provider} is not asked until {_time(self.retry_at)} UTC: {self.why}"

    def steadied(self, at: int) -> Self:
        """The same after a clock that was set back: nothing lies further ahead than it can."""
        return replace(self, opened_at=min(self.opened_at, at), retry_at=min(self.retry_at, at + LONGEST))

    def tried(self, at: int) -> Self:
        """The same while somebody tries the provider, with a request of now: all others wait for what comes of it."""
        return replace(self, opened_at=min(self.opened_at, at - 1), retry_at=at + TURN)

    def after(self, heard: Heard, at: int) -> Self:
        """What a request makes of it. One that was out when it opened tells nothing new, unless that it is refused."""
        late = self.is_open and heard.sent_at <= self.opened_at
        if heard.verdict == "refused" and not (late and self.refused):
            return replace(self, opened_at=at, retry_at=at, failures=1, refused=True, why=heard.why)
        if late:
            return self
        if heard.verdict == "well":
            left = 0 if self.is_open else max(0, self.failures - 1)
            return replace(self, failures=left) if left else type(self)(self.provider)
        if heard.verdict == "failing":
            return self._failed(heard.why, at)
        # A try that told nothing: another one may be made.
        return replace(self, retry_at=at if self.refused else at + self._pause(self.failures)) if self.is_open else self

    def _failed(self, why: str, at: int) -> Self:
        if not self.is_open:
            counted = COUNTS + (self.failures if at - self.retry_at <= LONGEST else 0)
            if counted < COUNTS * FAILURES:
                return replace(self, failures=counted, retry_at=at, why=why)
        failures = max(self.failures + 1, FAILURES) if self.is_open else FAILURES
        told = f"too many requests end in doubt, the last: {why}"
        retry_at = at + self._pause(failures)
        return replace(self, opened_at=at, retry_at=retry_at, failures=failures, refused=False, why=told)

    @staticmethod
    def _pause(failures: int) -> int:
        return min(PAUSE << min(max(0, failures - FAILURES), 20), LONGEST)


def open_breakers(connection: Connection, at: int) -> dict[str, Breaker]:
    """Those that are open now, by provider."""
    return {name: one for name, one in _all(connection, at).items() if one.is_open}


def steady(connection: Connection, at: int) -> None:
    """Write down what a clock that was set back leaves of the pauses, so that they end in its time."""
    for row in _ALL.dicts(connection):
        kept = Breaker(**{**row, "refused": bool(row["refused"])})
        if kept.steadied(at) != kept:
            _put(connection, kept.steadied(at))


def hear(connection: Connection, at: int, provider: str, told: Iterable[Heard], who: str) -> None:
    """Take over what requests told of a provider, in the order in which their replies were read."""
    before = _all(connection, at).get(provider, Breaker(provider))
    now = before
    for heard in told:
        now = now.after(heard, at)
    if now == before:
        return
    _put(connection, now)
    if now.is_open and now.opened_at != before.opened_at:
        why = mask_numbers(f"{provider}: {now.why}")
        write_journal(connection, at, "breaker_opened", who=who, why=why)
    elif before.is_open and not now.is_open:
        write_journal(connection, at, "breaker_closed", who=who, why=f"{provider}: it answers")


def take_turns(connection: Connection, sent: Mapping[str, int]) -> None:
    """Note where a request tries a provider whose breaker is open; by provider when it was reserved."""
    if not sent:
        return
    found = open_breakers(connection, max(sent.values()))
    for name, at in sent.items():
        if name in found:
            _put(connection, found[name].tried(at))


def close(connection: Connection, at: int, provider: str, *, who: str, why: str) -> bool:
    """Let a provider be asked again, as a person says; False when its breaker was not open."""
    if provider not in open_breakers(connection, at):
        return False
    connection.execute(delete(BREAKER).where(BREAKER.c.provider == provider))
    write_journal(connection, at, "breaker_closed", who=who, why=f"{provider}: {why}")
    return True


def _all(connection: Connection, at: int) -> dict[str, Breaker]:
    rows = _ALL.dicts(connection)
    return {row["provider"]: Breaker(**{**row, "refused": bool(row["refused"])}).steadied(at) for row in rows}


def _put(connection: Connection, breaker: Breaker) -> None:
    if breaker.is_open or breaker.failures:
        _PUT.run(connection, {**asdict(breaker), "refused": int(breaker.refused)})
    else:
        connection.execute(delete(BREAKER).where(BREAKER.c.provider == breaker.provider))


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")
