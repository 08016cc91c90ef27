"""A settled attempt as rows of the lake's `lookups`: its stored replies, read by the parsers as they are now. Pure.

The money of a row is what the books say. A price in a reply counts when it was settled by it, and never later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ringfence.lookups.answers import Kept, read
from ringfence.lookups.parsers import parser_version
from ringfence.lookups.verdict import net_price
from ringfence.money.decide import losses
from ringfence.money.importing import IMPORTED
from ringfence.money.ledger import Ledger
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.numbers.place import country_of
from ringfence.providers.lookup import Billed, Carrier, Lookup
from ringfence.providers.registry import provider

Row = Mapping[str, Any]
# What a row says of money: the books' own, which another reading of the reply does not change.
MONEY = ("cost_amount", "cost_refund", "cost_net", "cost_currency", "cost_basis", "billed")
NOTHING = {**dict.fromkeys(("cost_amount", "cost_refund", "cost_net"), Decimal(0)), "cost_basis": "none"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled attempt with its stored replies, and its numbers by subject; those that were erased are left out."""

    attempt: Row
    kept: Sequence[Kept]
    numbers: Mapping[int, str] = field(repr=False)

    def lookup_ids(self) -> dict[int, str]:
        """The id of the answer about each number, by subject: its place among all that were settled."""
        places = enumerate(unpack(self.attempt["subjects"]))
        return {subject: f"{self.attempt['attempt_id']}:{place}" for place, subject in places}


def parsed_rows(ledger: Ledger, settled: Settled) -> list[dict[str, object]]:
    """The rows of an attempt with the prices that its replies state; none where they answer for nobody.

    What was paid for elsewhere, or was decided as paid in vain, costs nothing here, also when it can be read after all.
    """
    attempt = settled.attempt
    if not settled.kept:
        return []
    asked = [Phone(number) for number in settled.numbers.values()]
    parsed = read(provider(attempt["provider"]), attempt["product"], settled.kept, asked, given_up=True).parsed
    answers = {lookup.phone.e164: lookup for lookup in parsed.lookups}
    ids, shared = settled.lookup_ids(), _attempt_columns(ledger, attempt)
    imported, lost = attempt["origin"] == IMPORTED, losses(attempt)
    return [
        {
            **shared,
            **_answer_columns(answers[number], attempt),
            **({**NOTHING, "billed": str(Billed.NO)} if imported else NOTHING if subject in lost else {}),
            "country": country_of(number) if imported else attempt["country"],
            "lookup_id": ids[subject],
            "bucket": ledger.bucket(number),
            "request_ref": attempt["request_ref"] or parsed.request_ref,
        }
        for subject, number in settled.numbers.items()
        if number in answers
    ]


def booked_rows(ledger: Ledger, settled: Settled) -> list[dict[str, object]]:
    """The rows of an attempt with the money that the books have for them.

    Where the prices come to more than what was settled, as after a parser has changed, no number is said to have cost
    it: then it was spent, but nobody knows on whom.
    """
    rows = parsed_rows(ledger, settled)
    told = sum((Decimal(str(row["cost_net"])) for row in rows), Decimal(0))
    lost = sum(losses(settled.attempt).values())
    return rows if told <= money(settled.attempt["actual"] - lost) else [{**row, **NOTHING} for row in rows]


def money(amount: int) -> Decimal:
    """Nanos as the lake has them."""
    return Decimal(amount).scaleb(-9)


def _attempt_columns(ledger: Ledger, attempt: Row) -> dict[str, object]:
    return {
        "attempt_id": attempt["attempt_id"],
        "quote_id": attempt["quote_id"],
        "dagster_run_id": attempt["run_id"],
        "source": attempt["source"],
        "provider": attempt["provider"],
        "product": attempt["product"],
        "requested_at": _time(attempt["reserved_at"]),
        "answered_at": _time(attempt["answered_at"]),
        "settled_seq": attempt["settled_seq"],
        "origin": attempt["origin"] or ("simulated" if ledger.mode == "simulate" else "live"),
        "parser_version": parser_version(),
    }


def _answer_columns(lookup: Lookup, attempt: Row) -> dict[str, object]:
    net = net_price(lookup, attempt["unit_price"], attempt["terms"])
    refund = lookup.refund or 0
    reported = "reported_late" if lookup.priced_late else "reported"
    basis = reported if lookup.price is not None else "none" if lookup.billed is Billed.NO else "list_price"
    return {
        "phone_e164": lookup.phone.e164,
        "result_ref": lookup.result_ref,
        "observed_at": lookup.observed_at or _time(attempt["answered_at"]),
        "outcome": lookup.outcome,
        "error_class": lookup.error_class,
        "validity": lookup.validity,
        "validity_basis": lookup.validity_basis,
        "reachability": lookup.reachability,
        "ported": lookup.ported,
        "roaming": lookup.roaming,
        "line_type": lookup.line_type,
        **_carrier("current", lookup.current_carrier),
        **_carrier("original", lookup.original_carrier),
        **_carrier("roaming", lookup.roaming_carrier),
        "cost_amount": money(net + refund),
        "cost_refund": money(refund),
        "cost_net": money(net),
        "cost_currency": attempt["currency"],
        "cost_basis": "free" if basis == "list_price" and attempt["unit_price"] == 0 else basis,
        "billed": lookup.billed,
        "raw_status": lookup.raw_status,
        "raw_error": lookup.raw_error,
        "raw_permanent": lookup.raw_permanent,
        "caller_name": lookup.caller_name,
        "conflict": lookup.conflict,
    }


def _carrier(role: str, carrier: Carrier) -> dict[str, object]:
    return {
        f"{role}_carrier_name": carrier.name,
        f"{role}_carrier_mccmnc": carrier.mccmnc,
        f"{role}_carrier_country": carrier.country,
    }


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1_000_000, UTC)
