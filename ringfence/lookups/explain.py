"""Where a number stands, what is known of it, and why the rest is not: from the served file. Nothing is bought.

What somebody typed is read as a cell is, but whatever its type: a number that is never bought can be explained, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl

from ringfence.numbers.normalise import KINDS, Policy, normalise

Row = dict[str, Any]

# Whatever can be read as a number, bought or not.
_READABLE = Policy(accept="possible", types=KINDS, bare_international=True)
# Last digits by which a rejected cell may hold a number; it is then read to be sure.
_TAIL = 6

_CELL: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.Int64,
    "parts": pl.List(pl.String),
    "region_hint": pl.String,
    "region_basis": pl.String,
}
_CELLS = (
    "SELECT source, phone_column, raw_value, region_hint, position, phone_e164, parse_status, reject_reason, "
    "region_basis, row_count, last_seen_at FROM phone_map "
)
_SAME_TEXT = f"{_CELLS} WHERE trim(raw_value) IN (SELECT unnest($texts))"
# Each cell's tails stand once, as rows that are joined by hash: it matters not how many numbers are asked for.
_ENDING_ALIKE = (
    "WITH ends AS (SELECT raw_value, unnest(list_transform(regexp_extract_all("
    rf"regexp_replace(raw_value, '[\s().+-]', '', 'g'), '\d+'), lambda run: right(run, {_TAIL}))) AS tail "
    "FROM phone_map WHERE parse_status = 'rejected') "
    f"{_CELLS} WHERE parse_status = 'rejected' "
    "AND raw_value IN (SELECT raw_value FROM ends WHERE tail IN (SELECT unnest($tails)))"
)
_OF_PHONES = "WHERE phone_e164 IN (SELECT unnest($phones))"
_QUERIES = {
    "cells": f"{_CELLS} {_OF_PHONES} ORDER BY source, phone_column, raw_value, region_hint, position",
    "facts": "SELECT phone_e164, fact, value, basis, provider, origin, lookup_id, observed_at, expires_at, "
    f"answer_status, answer_reason, next_attempt_at FROM phone_facts {_OF_PHONES} ORDER BY fact",
    "paid": "SELECT phone_e164, currency, sum(amount) AS amount, count(DISTINCT attempt_id) AS requests "
    f"FROM lookup_costs {_OF_PHONES} GROUP BY ALL ORDER BY currency",
    "changes": "SELECT phone_e164, fact, old_value, new_value, last_seen_old_at, first_seen_new_at "
    f"FROM phone_changes {_OF_PHONES} ORDER BY first_seen_new_at, fact",
}


@dataclass(frozen=True, slots=True, repr=False)
class Explained:
    """One number, or a text that is none: then `reason` says why, and only `cells` may hold rows.

    cells: of phone_map, also those where the number was rejected; facts, changes: of the relations of their names;
    paid: amount and requests by currency, net of refunds.
    """

    asked: str
    phone_e164: str | None = None
    reason: str | None = None
    cells: Sequence[Row] = field(default_factory=list)
    facts: Sequence[Row] = field(default_factory=list)
    paid: Sequence[Row] = field(default_factory=list)
    changes: Sequence[Row] = field(default_factory=list)


def explain(connection: duckdb.DuckDBPyConnection, asked: Sequence[str], region: str | None) -> list[Explained]:
    """Explain each text in its order: every number in it, or why there is none.

    A text that names no country is looked for as it stands among the cells, too.
    """
    read = _read([(text, region) for text in asked])
    unread = [text.strip() for text, (numbers, _) in zip(asked, read, strict=True) if not numbers]
    same = _by(_rows(connection, _SAME_TEXT, {"texts": unread}), "raw_value")
    found: list[Explained] = []
    for text, (numbers, reason) in zip(asked, read, strict=True):
        cells = same.get(text.strip(), [])
        known = numbers or list(dict.fromkeys(cell["phone_e164"] for cell in cells if cell["phone_e164"]))
        found += [Explained(text, phone) for phone in known] or [Explained(text, reason=reason, cells=cells)]
    return _filled(connection, found)


def last_read(connection: duckdb.DuckDBPyConnection) -> Any:
    """When the sources were read last, UTC; None when none has a cell."""
    return connection.execute("SELECT max(last_seen_at) FROM phone_map").fetchall()[0][0]


def _filled(connection: duckdb.DuckDBPyConnection, found: Sequence[Explained]) -> list[Explained]:
    phones = list(dict.fromkeys(each.phone_e164 for each in found if each.phone_e164))
    parts = {name: _by(_rows(connection, query, {"phones": phones})) for name, query in _QUERIES.items()}
    rejected = _rejected(connection, phones)
    return [
        each
        if each.phone_e164 is None
        else Explained(
            each.asked,
            each.phone_e164,
            cells=[*parts["cells"].get(each.phone_e164, []), *rejected.get(each.phone_e164, [])],
            facts=parts["facts"].get(each.phone_e164, []),
            paid=parts["paid"].get(each.phone_e164, []),
            changes=parts["changes"].get(each.phone_e164, []),
        )
        for each in found
    ]


def _rejected(connection: duckdb.DuckDBPyConnection, phones: Sequence[str]) -> dict[str, list[Row]]:
    """Cells that hold one of these numbers and were rejected, such as one of a line type that is not wanted."""
    cells = _rows(connection, _ENDING_ALIKE, {"tails": [phone[-_TAIL:] for phone in phones]})
    result: dict[str, list[Row]] = {}
    for cell, (numbers, _) in zip(cells, _read((one["raw_value"], one["region_hint"]) for one in cells), strict=True):
        for phone in set(numbers):
            result.setdefault(phone, []).append(cell)
    return result


def _read(texts: Iterable[tuple[str, str | None]]) -> list[tuple[list[str], str]]:
    """The numbers of each text under its region, and why there are no more."""
    rows = [(place, [text], region, None) for place, (text, region) in enumerate(texts)]
    cells = pl.DataFrame(rows, schema=_CELL, orient="row")
    found: list[tuple[list[str], str]] = [([], "")] * len(rows)
    for row in normalise(cells, _READABLE).iter_rows(named=True):
        numbers, reason = found[row["place"]]
        more = [row["phone_e164"]] if row["phone_e164"] else []
        found[row["place"]] = ([*numbers, *more], row["reject_reason"] or reason)
    return found


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, Sequence[str]]) -> list[Row]:
    result = connection.execute(query, values)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _by(rows: Iterable[Row], column: str = "phone_e164") -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column].strip(), []).append(row)
    return groups
