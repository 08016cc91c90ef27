"""The columns of every lake table, in order, each with its type and meaning. No data and no I/O."""

from dataclasses import dataclass

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(18, 9)
FACTS = ("validity", "reachability", "ported", "carrier", "roaming", "line_type")
CARRIER_PARTS = ("name", "mccmnc", "country")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Polars type and what it means."""

    dtype: pl.DataType | type[pl.DataType]
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One Delta table: what a row is, the partition column, and the columns."""

    grain: str
    partition: str
    columns: dict[str, Column]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.columns)

    @property
    def schema(self) -> pl.Schema:
        """The Polars schema of the table."""
        return pl.Schema({name: column.dtype for name, column in self.columns.items()})


def _text(**meanings: str) -> dict[str, Column]:
    return {name: Column(pl.String, meaning) for name, meaning in meanings.items()}


def _carrier(role: str) -> dict[str, Column]:
    return _text(
        **{
            f"{role}_carrier_name": f"name of the {role} network",
            f"{role}_carrier_mccmnc": f"MCC and MNC of the {role} network, 5 or 6 digits",
            f"{role}_carrier_country": f"ISO 3166-1 alpha-2 country of the {role} network",
        }
    )


_NUMBER = {
    "phone_e164": Column(pl.String, "the number in E.164"),
    "bucket": Column(pl.Int32, "keyed hash bucket of the number"),
}

PHONE_MAP = Table(
    "source, phone_column, raw_value, region_hint, position",
    "source",
    {
        **_text(
            source="name of the source",
            phone_column="column the cell stands in",
            raw_value="the cell as it is",
            region_hint="region that national numbers of the cell are read in",
        ),
        "position": Column(pl.Int64, "which number of the cell, from 0; every cell has a row at 0"),
        **_text(
            phone_e164="the number in E.164; NULL = rejected or empty",
            parse_status="parsed, rejected or empty",
            reject_reason="why the cell is not a number to look up",
            region_basis="explicit, column or default",
            country="ISO 3166-1 alpha-2 country of the number",
            line_type="type of line by the numbering plan",
            extension="extension that stood behind the number",
        ),
        "flags": Column(pl.List(pl.String), "what was inferred while reading the cell"),
        "row_count": Column(pl.Int64, "rows of the source with this cell"),
        "last_seen_at": Column(UTC_TIME, "when the source was last read with this cell in it"),
        "metadata_version": Column(pl.String, "version of libphonenumber's metadata that decided"),
    },
)

DISTINCT_PHONES = Table(
    "E.164",
    "bucket",
    {
        **_NUMBER,
        **_text(country="country of the number", line_type="type of line by the numbering plan"),
        "source": Column(pl.String, "first source that asks for the number"),
        "sources": Column(pl.List(pl.String), "every source that holds it"),
        "row_count": Column(pl.Int64, "cells that hold it, over all sources"),
        **{f"want_{fact}": Column(pl.Int64, f"seconds that {fact} may be old; NULL = not wanted") for fact in FACTS},
    },
)

LOOKUPS = Table(
    "attempt, E.164",
    "bucket",
    {
        "lookup_id": Column(pl.String, "this answer: the attempt's id and the number's place in it"),
        **_text(
            attempt_id="the request that asked",
            quote_id="the quote it was bought under",
            dagster_run_id="the Dagster run that asked",
        ),
        **_NUMBER,
        **_text(
            country="country of the number",
            source="first source that asked for the number",
            provider="who answered",
            product="what was bought",
            request_ref="the provider's id of the request",
            result_ref="the provider's id of the result",
        ),
        "requested_at": Column(UTC_TIME, "when the request was sent"),
        "answered_at": Column(UTC_TIME, "when the reply was stored"),
        "observed_at": Column(UTC_TIME, "when the provider saw it; else answered_at"),
        **_text(
            outcome="complete, partial, no_data, rejected_number, no_coverage, pending or failed",
            error_class="why it failed",
            validity="whether a subscriber exists",
            validity_basis="what validity rests on",
            reachability="what the handset was",
            ported="whether the number left its first network",
            roaming="whether the handset was abroad",
            line_type="kind of line",
        ),
        **_carrier("current"),
        **_carrier("original"),
        **_carrier("roaming"),
        "cost_amount": Column(MONEY, "charged for this number"),
        "cost_refund": Column(MONEY, "given back for this number"),
        "cost_net": Column(MONEY, "charged less given back"),
        **_text(
            cost_currency="ISO 4217",
            cost_basis="reported, reported_late, list_price, free or none",
            billed="yes, no, refunded or unknown",
            raw_status="status as received",
            raw_error="error as received",
            raw_permanent="the provider's own flag of permanence",
            caller_name="whose number it is; NULL where it was not asked for or may not be kept",
        ),
        "conflict": Column(pl.Boolean, "the reply held two different answers about the number"),
        **_text(origin="live, simulated or imported", parser_version="version of the parser that read the reply"),
        "settled_seq": Column(pl.Int64, "settlement in the ledger that this row comes from"),
    },
)

PHONE_FACTS = Table(
    "E.164",
    "bucket",
    {
        **_NUMBER,
        **_text(country="country of the number"),
        **{
            f"{fact}{suffix}": Column(UTC_TIME if suffix == "_observed_at" else pl.String, f"{fact}: {meaning}")
            for fact in FACTS
            for suffix, meaning in (
                ("", "best known value"),
                ("_basis", "network, inferred, numbering_plan or none"),
                ("_origin", "live, simulated or imported"),
                ("_provider", "who said it"),
                ("_lookup_id", "the lookup that said it"),
                ("_observed_at", "when it was seen"),
            )
            if not (fact == "carrier" and suffix == "")
        },
        **_carrier("current"),
        **_carrier("original"),
        **_carrier("roaming"),
        "first_seen_at": Column(UTC_TIME, "first answer about the number"),
        "content_changed_at": Column(UTC_TIME, "last change of a known value"),
    },
)

PHONE_CHANGES = Table(
    "E.164, fact, change",
    "bucket",
    {
        **_NUMBER,
        **_text(fact="what changed", old_value="value before", new_value="value after"),
        "last_seen_old_at": Column(UTC_TIME, "last time that the old value was seen"),
        "first_seen_new_at": Column(UTC_TIME, "first time that the new value was seen"),
    },
)

TABLES = {
    "phone_map": PHONE_MAP,
    "distinct_phones": DISTINCT_PHONES,
    "lookups": LOOKUPS,
    "phone_facts": PHONE_FACTS,
    "phone_changes": PHONE_CHANGES,
}
