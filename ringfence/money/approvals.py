"""Approvals of quotes: consent to spend up to an amount, until the quote expires or somebody withdraws it."""

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from ringfence.errors import QuoteError
from ringfence.money.amount import Money
from ringfence.money.budget import Budget, approval_id, put
from ringfence.money.ledger import Ledger, write_journal
from ringfence.money.prepared import Prepared
from ringfence.money.quotes import Quote, load
from ringfence.money.schema import APPROVAL, QUOTE, WORKER
from ringfence.money.workers import lives
from ringfence.numbers.phone import mask_numbers

_APPROVED = Prepared(
    select(APPROVAL.c.quote_id).where(APPROVAL.c.expires_at > bindparam("at")).order_by(APPROVAL.c.approved_at)
)
# The approved quotes of a run configuration, also where the approval was withdrawn: the newest first.
_ASKED = Prepared(
    select(QUOTE.c.quote_id, QUOTE.c.launch_id)
    .join(APPROVAL, APPROVAL.c.quote_id == QUOTE.c.quote_id)
    .where(QUOTE.c.expires_at > bindparam("at"), func.json_extract(QUOTE.c.summary, "$.asked") == bindparam("asked"))
    .order_by(QUOTE.c.created_at.desc())
)
_WORKERS = Prepared(
    select(WORKER.c.worker_id).where(WORKER.c.launch_id == bindparam("launch"), WORKER.c.ended_at.is_(None))
)


class TwiceError(QuoteError):
    """The same consent, in a run's configuration, was given to another quote already."""


def approve(ledger: Ledger, quote_id: str, up_to: Money | None, *, who: str, why: str, once: bool = False) -> Money:
    """Approve a quote up to an amount (without one the most that it can cost), until it expires; raises QuoteError.

    Approving again changes the amount; what was spent under it stays counted. An amount of 0 withdraws it. `once`: the
    approval comes from the run configuration for which the quote was made; raises TwiceError where that has approved
    another quote, in an earlier try or for another launch that lives.
    """
    at = ledger.store.clock()
    with ledger.store.write() as connection:
        quote = load(connection, quote_id)
        if quote.expires_at <= at:
            raise QuoteError(f"quote {quote_id} has expired; make a new one with: ringfence quote")
        if quote.total is None:
            raise QuoteError(f"quote {quote_id} has nothing to buy")
        cap = up_to or quote.total
        if cap.currency != quote.total.currency:
            raise QuoteError(f"quote {quote_id} is in {quote.total.currency}; approve it in that currency")
        if cap.amount < 0:
            raise QuoteError(f"{cap} cannot be approved; the amount must not be negative")
        why = mask_numbers(why)
        if once:
            _refuse_twice(connection, ledger, quote, at)
        if up_to is not None and not cap.amount:
            if quote_id not in approved(connection, at):
                raise QuoteError(f"{cap} buys nothing, and quote {quote_id} is not approved; name an amount above 0")
            withdraw(connection, at, quote_id, cap.currency, who=who, why=why)
            return cap
        put(connection, Budget(approval_id(quote_id), "total", cap), at, who)
        values = {
            "approved_at": at,
            "expires_at": quote.expires_at,
            "cap": cap.amount,
            "currency": cap.currency,
            "who": who,
            "why": why,
        }
        connection.execute(
            insert(APPROVAL)
            .values(quote_id=quote_id, **values)
            .on_conflict_do_update(index_elements=["quote_id"], set_=values)
        )
        write_journal(connection, at, "quote_approved", who=who, why=f"{quote_id} up to {cap}: {why}")
    return cap


def _refuse_twice(connection: Connection, ledger: Ledger, quote: Quote, at: int) -> None:
    for other_id, launch_id in _ASKED.rows(connection, at=at, asked=quote.summary.get("asked", "")):
        own = launch_id == quote.launch_id
        if other_id != quote.quote_id and (own or _lives(connection, ledger, launch_id)):
            which = "this run" if own else f"run {launch_id}, which goes on with the same limits,"
            still = "that holds for both" if other_id in approved(connection, at) else "somebody has withdrawn that"
            raise TwiceError(f"not approved: {which} has approved quote {other_id}, and {still}")


def _lives(connection: Connection, ledger: Ledger, launch_id: str) -> bool:
    workers = _WORKERS.rows(connection, launch=launch_id)
    return any(lives(ledger.store.path.parent, worker_id) for (worker_id,) in workers)


def withdraw(connection: Connection, at: int, quote_id: str, currency: str, *, who: str, why: str) -> None:
    """Take an approval back: it ends now, and nothing more is bought by it."""
    nothing = Money(0, currency)
    put(connection, Budget(approval_id(quote_id), "total", nothing), at, who)
    values = {"approved_at": at, "expires_at": at, "cap": 0, "currency": currency, "who": who, "why": why}
    connection.execute(update(APPROVAL).where(APPROVAL.c.quote_id == quote_id).values(values))
    write_journal(connection, at, "approval_withdrawn", who=who, why=f"{quote_id} up to {nothing}: {why}")


def approved(connection: Connection, at: int) -> list[str]:
    """The approved quotes that have not expired, oldest approval first."""
    return [quote_id for (quote_id,) in _APPROVED.rows(connection, at=at)]


def given(connection: Connection, launch_id: str, asked: str, at: int) -> str | None:
    """The quote that an earlier try of a launch has approved with this run configuration, also if withdrawn since."""
    found = _ASKED.rows(connection, at=at, asked=asked)
    return next((quote_id for quote_id, launch in found if launch == launch_id), None)


def exists(connection: Connection, quote_id: str) -> bool:
    """Whether a quote was ever approved, also if that was withdrawn since."""
    return connection.scalar(select(APPROVAL.c.quote_id).where(APPROVAL.c.quote_id == quote_id)) is not None
