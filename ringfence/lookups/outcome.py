"""What came of a launch: how much was bought, how much was left, and why. It buys nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ringfence.money import deferrals, progress
from ringfence.money.amount import Money
from ringfence.money.batch import Refused
from ringfence.money.ledger import Ledger
from ringfence.money.states import OPEN
from ringfence.money.sums import by_state, distinct_numbers

# Reasons that a sentence names.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Bought:
    """What a launch bought, in nanos of `currency`, that of the budgets.

    `numbers` are counted once, also where several `lookups` of a waterfall were bought of them; `awaited` is what their
    providers will answer later, `in_doubt` what nobody knows.
    `left` numbers were not bought, `failed` of them because a provider failed; `why_not` says why in one sentence, and
    `refused` is what a provider said no with that the user has to mend, such as a wrong key; empty when none did.
    `notes` are sentences that providers told beside their answers, such as about a quota.
    """

    numbers: int
    spent: int
    in_doubt: int
    doubtful_numbers: int
    awaited: int
    awaited_numbers: int
    lookups: int
    currency: str
    left: int
    failed: int
    why_not: str
    refused: str = ""
    notes: tuple[str, ...] = ()


def bought(ledger: Ledger, launch_id: str) -> Bought:
    """What a launch has bought so far, from the ledger."""
    with ledger.store.read() as connection:
        rows = by_state(connection, launch_id)
        numbers = distinct_numbers(connection, launch_id)
    settled = [row for row in rows if row[0] == "settled"]
    awaited = [row for row in rows if row[0] == "awaiting"]
    doubtful = [row for row in rows if row[0] in OPEN and row[0] != "awaiting"]
    seen = progress.get(ledger, launch_id) or {}
    return Bought(
        numbers=numbers,
        spent=sum(row[3] for row in settled),
        in_doubt=sum(row[4] for row in doubtful),
        doubtful_numbers=sum(row[2] for row in doubtful),
        awaited=sum(row[4] for row in awaited),
        awaited_numbers=sum(row[2] for row in awaited),
        lookups=sum(row[2] for row in settled),
        currency=rows[0][1] if rows else "",
        left=seen.get("not_bought", 0),
        failed=seen.get("not_answered", 0),
        why_not=seen.get("note", ""),
        notes=tuple(seen.get("notes", "").splitlines()),
    )


def sentences(done: Bought, currency: str) -> list[str]:
    """What a launch has bought, what is answered later, and what is in doubt, a line each."""
    more = f" ({done.lookups:,} lookups)" if done.lookups != done.numbers else ""
    told = [f"bought {done.numbers:,} numbers{more} for {Money(done.spent, currency)}"]
    for name, numbers, held, what in (
        ("awaited", done.awaited_numbers, done.awaited, "reads what comes later"),
        ("in doubt", done.doubtful_numbers, done.in_doubt, "asks about them, ringfence attempts says what comes"),
    ):
        if numbers:
            told.append(f"{name}: {numbers:,} numbers with {Money(held, currency)} held; ringfence collect {what}")
    return told


def record(
    ledger: Ledger,
    launch_id: str,
    quote_ids: Sequence[str],
    left: Sequence[Refused],
    notes: Iterable[str] = (),
    *,
    quoted: bool,
) -> None:
    """Keep what was left of each quote, and why, and what providers told, beside the progress of the launch."""
    with ledger.store.write() as connection:
        at = ledger.store.clock()
        for quote_id in quote_ids:
            mine = [(each.status, each.reason, each.subjects) for each in left if each.quote_id == quote_id]
            deferrals.defer(connection, quote_id, at, mine)
        progress.put(
            connection,
            launch_id,
            at,
            not_bought=sum(len(each.subjects) for each in left),
            not_answered=sum(len(each.subjects) for each in left if each.status == "provider_failed"),
            note=_why_not(left, quoted=quoted),
            notes="\n".join(notes),
        )


def _why_not(left: Sequence[Refused], *, quoted: bool) -> str:
    """The reasons in one sentence: failures of providers first, then by how many numbers they keep back."""
    if not left:
        return "everything that was quoted was bought" if quoted else "nothing is due"
    sizes: dict[tuple[bool, str], int] = {}
    for each in left:
        key = (each.status != "provider_failed", each.reason)
        sizes[key] = sizes.get(key, 0) + len(each.subjects)
    ordered = sorted(sizes.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    told = "; ".join(f"{count:,} numbers: {reason}" for (_, reason), count in ordered[:SHOWN])
    return f"not bought: {told}" + ("; ..." if len(ordered) > SHOWN else "")
