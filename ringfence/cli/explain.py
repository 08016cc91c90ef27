"""`ringfence explain`: where a number stands, what is known of it, and why the rest is missing."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.output import Format, FormatOption, console, print_rows, seen
from ringfence.errors import RingfenceError
from ringfence.lookups import explain as served
from ringfence.lookups.explain import Explained, Row

COLUMNS = (
    *("asked", "phone_e164", "standing", "fact", "value", "basis", "provider", "origin", "lookup_id", "observed_at"),
    *("expires_at", "answer_status", "answer_reason", "next_attempt_at", "told"),
)
PAID_LOST = "it was paid for, and its answer never came; in_doubt.repay_lost: true buys it again before that"
BASIS = {"explicit": "it names its country", "column": "region {} of its row", "default": "region {} by default"}


def explain(
    number: Annotated[str, typer.Argument(help="in any international spelling; - reads them from standard input")],
    region: Annotated[str | None, typer.Option(help="country of numbers that name none, such as NL")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say all that is known of a number, and why the rest is not.

    Where it stands and how that was read, each fact with who said it when, what was paid for it, and its changes; of
    the served file, so as of the last publishing. csv holds the facts only.

    A number that is typed as an argument stays in the history of the shell; standard input (-, one a line) does not.

    Example: ringfence explain "+31 6 12345678"

    Example: ringfence explain - --region NL --format csv < numbers.txt
    """
    several = number == "-"
    asked = _lines() if several else [number]
    with context.served() as connection:
        found = served.explain(connection, asked, region.upper() if region else None)
        read_at = served.last_read(connection)
    if not several and not found[0].phone_e164 and not found[0].cells:
        raise RingfenceError(_told(found[0], read_at))
    rows = [_row(each, read_at) for each in found]
    if form is Format.CSV:
        print_rows((flat for row in rows for flat in _flat(row)), form, columns=COLUMNS)
    elif form is Format.JSON:
        print_rows(rows, form)
    else:
        out = console()
        for row in rows:
            for line in _text(row):
                out.print(line)
            if several:
                out.print()


def _lines() -> list[str]:
    """What stands on standard input, whatever bytes it has."""
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _row(each: Explained, read_at: datetime | None) -> Row:
    parts = {name: getattr(each, name) for name in ("cells", "facts", "paid", "changes")}
    return {
        "asked": each.asked,
        "phone_e164": each.phone_e164,
        "standing": _standing(each),
        "told": _told(each, read_at),
        **{name: [_timed(one) for one in rows] for name, rows in parts.items()},
    }


def _standing(each: Explained) -> str:
    if any(cell["phone_e164"] for cell in each.cells):
        return "in_source"
    if each.cells:
        return "rejected"
    return "in_no_source" if each.phone_e164 else "no_number"


def _told(each: Explained, read_at: datetime | None) -> str:
    """The sentence about a number's standing."""
    standing = _standing(each)
    if standing == "in_source":
        rows = sum(cell["row_count"] for cell in each.cells if cell["phone_e164"])
        return f"in {_count(rows, 'row')} of the sources, as they were at {_time(read_at)}"
    if standing == "rejected":
        why = ", ".join(dict.fromkeys(cell["reject_reason"] for cell in each.cells))
        return f"in the sources, but never looked up, because of its cell: {why}"
    if standing == "in_no_source":
        when = f" as they were at {_time(read_at)}" if read_at else ", of which none was read yet"
        return f"in no row of the sources{when}"
    hint = "; name its country with --region, such as --region NL" if each.reason == "no_country" else ""
    return f"not a number that can be looked up ({each.reason}), nor a cell of the sources{hint}"


def _flat(row: Row) -> Iterator[Row]:
    about = {name: row[name] for name in ("asked", "phone_e164", "standing", "told")}
    for fact in row["facts"] or [{}]:
        yield dict.fromkeys(COLUMNS) | about | fact


def _text(row: Row) -> Iterator[str]:
    yield f"{row['phone_e164'] or seen(row['asked'])}: {row['told']}"
    for cell in row["cells"]:
        yield "  " + _cell(cell)
    width = max((len(fact["fact"]) for fact in row["facts"]), default=0)
    for fact in row["facts"]:
        first, *more = _fact(fact)
        yield f"{fact['fact']:<{width}}  {first}"
        yield from (f"{'':<{width}}  {line}" for line in more)
    for change in row["changes"]:
        yield f"{change['fact']} changed from {seen(change['old_value'])} to {seen(change['new_value'])}"
        yield f"  between {change['last_seen_old_at']} and {change['first_seen_new_at']}"
    if row["phone_e164"]:
        sums = [
            f"{seen(each['amount'])} {each['currency']} for {_count(each['requests'], 'request')}"
            for each in row["paid"]
        ]
        yield f"paid for it in all: {', '.join(sums) or 'nothing'}"


def _cell(cell: Row) -> str:
    known = cell["region_basis"] == "explicit" or (cell["region_basis"] and cell["region_hint"])
    basis = BASIS[cell["region_basis"]].format(cell["region_hint"]) if known else "without a region"
    rejected = "" if cell["phone_e164"] else f", {cell['parse_status']}: {cell['reject_reason']}"
    where = f'{cell["source"]}.{cell["phone_column"]} "{seen(cell["raw_value"])}"'
    return f"{where} in {_count(cell['row_count'], 'row')}, {basis}{rejected}"


def _fact(fact: Row) -> Iterator[str]:
    if fact["observed_at"]:
        yield f"{seen(fact['value'])} ({fact['basis']}, {fact['provider']}, {fact['origin']})"
        until = f", expires {fact['expires_at']}" if fact["expires_at"] else ""
        yield f"seen {fact['observed_at']}{until}"
        yield f"lookup {fact['lookup_id']}"
    if fact["answer_status"] != "answered":
        value = "due again" if fact["observed_at"] else fact["value"]
        reason = f" ({fact['answer_reason']})" if fact["answer_reason"] else ""
        again = f", asked again from {fact['next_attempt_at']}" if fact["next_attempt_at"] else ""
        yield f"{value}: {fact['answer_status']}{reason}{again}"
        if fact["answer_reason"] == "paid_lost":
            yield PAID_LOST


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def _timed(row: Row) -> Row:
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _time(at: datetime | None) -> str | None:
    """A time of the served file, which is UTC, to the second."""
    return at.isoformat(timespec="seconds") + "Z" if at else None
