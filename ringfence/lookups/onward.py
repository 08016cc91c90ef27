"""What a run buys, round by round: a later one is only for what the answers so far leave unknown. It sends nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from ringfence.config.environment import Setup
from ringfence.lake.tables import Lake
from ringfence.lookups.desk import Desk
from ringfence.lookups.due_now import due_now
from ringfence.lookups.plan import narrowed_to, plan, preview
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.replies import numbers_of
from ringfence.lookups.routes import Market, step_of
from ringfence.money.batch import Batch, Refused, each_once
from ringfence.money.ledger import Ledger
from ringfence.money.quotes import Line, Quote


@dataclass(frozen=True, slots=True)
class Covered:
    """A quote with the consent that covers it, and those of its lines that this run is about, by rounds."""

    quote: Quote
    consent: str
    rounds: Sequence[Sequence[Line]]


@dataclass(slots=True)
class Course:
    """The rounds of a run; `planned` says that there was anything to buy, `left` is what earlier rounds did not buy."""

    setup: Setup
    ledger: Ledger
    lake: Lake
    market: Market
    covered: Sequence[Covered]
    planned: bool = False
    left: list[Refused] = field(default_factory=list)

    def __len__(self) -> int:
        """How many rounds there are at most."""
        return max((len(each.rounds) for each in self.covered), default=0)

    @property
    def providers(self) -> set[str]:
        """Everybody who may be asked."""
        lines = (line for each in self.covered for lines in each.rounds for line in lines)
        return {line.provider for line in lines} & self.setup.config.providers.keys()

    def affordable(self, number: int, desk: Desk) -> list[Batch]:
        """The batches of a round that the budgets have room for as they are now; what they have none for is left.

        From the second round on the answers of this run are merged first: what is known by now, of a number that is
        invalid, or still open at a provider, is not bought.
        """
        batches = self._batches(number)
        affordable, short = preview(self.setup.config, self.ledger, [batches])
        desk.left += short
        desk.tally.planned += sum(len(batch.subjects) for batch in affordable)
        self.planned = self.planned or bool(batches)
        return affordable

    def ended(self, desk: Desk) -> None:
        """Take note of what a round left, before the next one begins."""
        self.left += desk.unbought()
        desk.left, desk.asked = [], set()

    def unbought(self, desk: Desk) -> list[Refused]:
        """What was left in any round, each number once."""
        self.ended(desk)
        return each_once(self.left)

    def _batches(self, number: int) -> list[Batch]:
        mine = [each for each in self.covered if number < len(each.rounds)]
        if number == 0:
            return [one for each in mine for one in plan(self.market, each.quote, each.rounds[0], each.consent)]
        publish_settled(self.ledger, self.lake)
        publish_facts(self.lake)
        seq, frame = due_now(self.setup.config, self.ledger, self.lake, self.ledger.store.clock())
        found = []
        for each in mine:
            lines = list(self._still_due(each, number, frame))
            found += plan(self.market, each.quote, lines, each.consent, seq=seq)
        return found

    def _still_due(self, covered: Covered, number: int, frame: pl.DataFrame) -> Iterator[Line]:
        """The lines of a round with those of their numbers that are due at its step now."""
        lines = covered.rounds[number]
        with self.ledger.store.read() as connection:
            phones = numbers_of(connection, sorted({subject for line in lines for subject in line.subjects}))
        free = frame.filter(~pl.col("claimed"), pl.col("phone_e164").is_in(list(phones.values())))
        columns = [name for name in free.columns if name.startswith("due_")]
        dues = {phone: masks for phone, *masks in free.select("phone_e164", *columns).iter_rows()}
        earlier = self._earlier(covered.rounds[:number], phones.keys())
        for line in lines:
            step = step_of(self.setup.config, line.country, line.provider)
            if step is not None:
                kept = {
                    subject
                    for subject in line.subjects
                    if (masks := dues.get(phones.get(subject, "")))
                    and _unknown(line, masks, step, earlier.get(subject, ()))
                }
                yield from narrowed_to([line], kept)

    def _earlier(self, before: Iterable[Sequence[Line]], subjects: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
        """Where on its route each number was to be asked for which facts in earlier rounds."""
        found: dict[int, list[tuple[int, int]]] = {subject: [] for subject in subjects}
        for line in (line for lines in before for line in lines):
            step = step_of(self.setup.config, line.country, line.provider)
            for subject in line.subjects if step is not None else ():
                if subject in found:
                    found[subject].append((step or 0, line.facts))
        return found


def _unknown(line: Line, dues: Sequence[int], step: int, earlier: Iterable[tuple[int, int]]) -> int:
    """The facts (as bits) of a line that are due for a number.

    At a later step only those that nothing is to be bought for any more at the earlier ones: whoever has not been asked
    yet, as for want of money or because a provider has failed, comes first, in this run or another.
    """
    facts = line.facts & dues[step]
    for place, asked in earlier if line.step else ():
        facts &= ~(asked & dues[place])
    return facts
