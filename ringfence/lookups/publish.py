"""From settled attempts to the lake's `lookups`, exactly once, by parsing the stored replies again: that is free."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from sqlalchemy import Connection, select

from ringfence.lake.tables import Lake, frame_of
from ringfence.lookups.answers import Kept, read
from ringfence.lookups.merge import phone_changes, phone_facts
from ringfence.lookups.replies import kept_replies, numbers_of
from ringfence.lookups.verdict import net_price
from ringfence.money.decide import losses
from ringfence.money.ledger import Ledger
from ringfence.money.schema import ATTEMPT, WORKER
from ringfence.money.store import unpack
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Billed, Carrier, Lookup
from ringfence.providers.registry import provider

# Changes when a parser reads the same reply differently.
PARSER_VERSION = "1"
# Attempts that one snapshot and one commit of the lake hold at most; a thousand numbers each make 200,000 rows.
FLUSH = 200
# Somebody has decided what an attempt cost, and the books say it by number: an answer that can be read after all, such
# as one that was priced in another currency, is kept and costs nothing more.
_COUNTED_AS_LOST = {**dict.fromkeys(("cost_amount", "cost_refund", "cost_net"), Decimal(0)), "cost_basis": "none"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled attempt with its stored replies, and its numbers by subject."""

    attempt: Row
    kept: Sequence[Kept]
    numbers: Mapping[int, str] = field(repr=False)


def publish_settled(ledger: Ledger, lake: Lake) -> int:
    """Append every settlement that the lake does not hold yet; returns how many answers were appended."""
    appended = 0
    with lake.publishing():
        while True:
            after = lake.settled_seq()
            with ledger.store.read() as connection:
                found = _settled(connection, after)
            if not found:
                return appended
            # Parsed after the snapshot is closed: one that is open for long keeps the WAL from being emptied.
            rows = [row for settled in found for row in _rows(ledger, settled)]
            lake.append_settled(frame_of("lookups", rows), found[-1].attempt["settled_seq"])
            appended += len(rows)


def publish_facts(lake: Lake) -> list[int]:
    """Merge the buckets that hold newer lookups than `phone_facts` does; returns these buckets."""
    with lake.publishing():
        seq, merged = lake.settled_seq(), lake.settled_seq("phone_facts")
        if seq == merged:
            return []
        lookups = lake.read("lookups")
        buckets = lookups.filter(pl.col("settled_seq") > merged)["bucket"].unique().sort().to_list()
        changed = lookups.filter(pl.col("bucket").is_in(buckets))
        # phone_facts last: its commit says that both are done.
        lake.overwrite("phone_changes", phone_changes(changed), buckets)
        lake.overwrite("phone_facts", phone_facts(changed), buckets, seq)
        return buckets


def _settled(connection: Connection, after: int) -> list[Settled]:
    query = (
        select(ATTEMPT, WORKER.c.run_id)
        .join(WORKER, WORKER.c.worker_id == ATTEMPT.c.worker_id, isouter=True)
        .where(ATTEMPT.c.settled_seq > after)
        .order_by(ATTEMPT.c.settled_seq)
        .limit(FLUSH)
    )
    return [
        Settled(
            attempt=dict(row),
            kept=kept_replies(connection, dict(row)),
            numbers=numbers_of(connection, unpack(row["subjects"])),
        )
        for row in connection.execute(query).mappings()
    ]


def _rows(ledger: Ledger, settled: Settled) -> Iterator[dict[str, object]]:
    attempt = settled.attempt
    if not settled.kept:
        return
    asked = [Phone(number) for number in settled.numbers.values()]
    parsed = read(provider(attempt["provider"]), attempt["product"], settled.kept, asked, given_up=True).parsed
    answers = {lookup.phone.e164: lookup for lookup in parsed.lookups}
    lost = losses(attempt)
    for place, (subject, number) in enumerate(settled.numbers.items()):
        if number in answers:
            yield {
                **_attempt_columns(ledger, attempt),
                **_answer_columns(answers[number], attempt),
                **(_COUNTED_AS_LOST if subject in lost else {}),
                "lookup_id": f"{attempt['attempt_id']}:{place}",
                "bucket": ledger.bucket(number),
                "request_ref": attempt["request_ref"] or parsed.request_ref,
            }


def _attempt_columns(ledger: Ledger, attempt: Row) -> dict[str, object]:
    return {
        "attempt_id": attempt["attempt_id"],
        "quote_id": attempt["quote_id"],
        "dagster_run_id": attempt["run_id"],
        "country": attempt["country"],
        "source": attempt["source"],
        "provider": attempt["provider"],
        "product": attempt["product"],
        "requested_at": _time(attempt["reserved_at"]),
        "answered_at": _time(attempt["answered_at"]),
        "settled_seq": attempt["settled_seq"],
        "origin": attempt["origin"] or ("simulated" if ledger.mode == "simulate" else "live"),
        "parser_version": PARSER_VERSION,
    }


def _answer_columns(lookup: Lookup, attempt: Row) -> dict[str, object]:
    net = net_price(lookup, attempt["unit_price"])
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
        "cost_amount": _money(net + refund),
        "cost_refund": _money(refund),
        "cost_net": _money(net),
        "cost_currency": attempt["currency"],
        "cost_basis": "free" if basis == "list_price" and attempt["unit_price"] == 0 else basis,
        "billed": lookup.billed,
        "raw_status": lookup.raw_status,
        "raw_error": lookup.raw_error,
        "raw_permanent": lookup.raw_permanent,
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


def _money(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-9)
