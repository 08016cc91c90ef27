"""What commands print: CSV and JSON that programs read back, tables that a terminal can hold."""

import csv
import io
import json
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ringfence.cli import output
from ringfence.cli.output import Format, print_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z") | st.from_regex(r"\A\+?[0-9]{2,3}[ ().-][0-9 ().-]{3,9}\Z")
VALUES = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=9)
# What makes a spreadsheet take a field for a formula, and tabs and line ends that it takes away first.
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def printed(rows: Any, form: Format, **more: Any) -> str:
    """What a command would print."""
    out = io.StringIO(newline="")
    with redirect_stdout(out):
        print_rows(rows, form, **more)
    return out.getvalue()


def fields(text: str) -> list[list[str]]:
    """CSV as a program reads it."""
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(st.fixed_dictionaries({"a": TEXT | NUMBERS | VALUES, "b": TEXT}), max_size=5))
def test_csv_is_read_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    """RFC 4180: one record a row, every text as it is but for the ' before a formula, NULL as nothing."""
    header, *found = fields(printed(rows, Format.CSV, columns=["a", "b"]))
    assert header == ["a", "b"]
    assert len(found) == len(rows)
    for row, record in zip(rows, found, strict=True):
        for value, field in zip((row["a"], row["b"]), record, strict=True):
            if isinstance(value, str):
                assert field in (value, f"'{value}")
            elif isinstance(value, Decimal):
                assert Decimal(field) == value
            else:
                assert field == ("" if value is None else json.dumps(value))


@given(st.builds(str.__add__, st.sampled_from(BEGINNINGS), TEXT) | TEXT)
def test_no_field_runs_as_a_formula(text: str) -> None:
    """What begins a formula has a ' before it, unless it is a sign before nothing but a number's own signs."""
    [[_], [field]] = fields(printed([{"a": text or "x"}], Format.CSV))
    rest = field[1:].replace(" ", "")
    assert not field.startswith(BEGINNINGS) or set(rest) <= set("0123456789().,/-\t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0")
    assert not field.startswith(("=", "@", "\t", "\r", "\n"))


@given(NUMBERS)
def test_numbers_are_never_changed(number: str) -> None:
    """A phone number in any spelling, and an amount, are written as they are."""
    assert fields(printed([{"a": number}], Format.CSV))[1] == [number]


def test_times_amounts_and_lists_in_csv() -> None:
    """ISO 8601, in UTC where the zone is known; nine places; JSON for what is no scalar."""
    row = {
        "known": datetime(2026, 11, 21, 20, tzinfo=UTC),
        "served": datetime(2026, 11, 21, 20, 0, 1),  # noqa: DTZ001 - as DuckDB gives a TIMESTAMP
        "day": date(2026, 11, 21),
        "amount": Decimal("0.100000000"),
        "list": ["a", None],
        "yes": True,
    }
    assert fields(printed([row], Format.CSV)) == [
        list(row),
        ["2026-11-21T20:00:00Z", "2026-11-21T20:00:01", "2026-11-21", "0.100000000", '["a", null]', "true"],
    ]


@given(
    st.sampled_from(["", " ", "\u00a0 ", "\ufeff", "\v", "\u200b "]), st.sampled_from(["=1+1", "@x", "-1+cmd|' '!A0"])
)
def test_a_formula_behind_space_or_in_a_list_is_none(space: str, formula: str) -> None:
    """Some programs take white space away before they look, and lists apart."""
    text = space + formula
    rows = [{"a": text, "b": [text, [text]], "c": {text: text}, "d": [f"{space}+31612345678", None]}]
    a, b, c, d = fields(printed(rows, Format.CSV))[1]
    assert a == f"'{text}"
    assert json.loads(b) == [a, [a]]
    assert json.loads(c) == {a: a}
    assert json.loads(d) == [f"{space}+31612345678", None]
    assert json.loads(printed(rows, Format.JSON))["rows"] == rows


def test_json_is_json_whatever_a_query_gives() -> None:
    """No NaN and no infinity, bytes in hex, and keys of any type: what strict programs read back."""

    def refused(name: str) -> Any:
        raise AssertionError(name)

    row = {
        "nan": float("nan"),
        "list": [float("inf"), 1.5, (float("-inf"),)],
        "blob": b"\x00\xff",
        "map": {date(2026, 11, 21): b"\x01", 1: {"x": float("nan")}},
    }
    found = json.loads(printed([row], Format.JSON), parse_constant=refused)["rows"]
    assert found == [
        {"nan": None, "list": [None, 1.5, [None]], "blob": "00ff", "map": {"2026-11-21": "01", "1": {"x": None}}}
    ]
    assert fields(printed([row], Format.CSV))[1][2] == "00ff"
    assert "00ff" in printed([row], Format.TABLE)


def test_no_rows_are_a_header_an_empty_list_or_a_word() -> None:
    """CSV keeps its columns where they are known, JSON its shape; people are told."""
    assert printed([], Format.CSV, columns=["a", "b"]) == "a,b\r\n"
    assert printed([], Format.CSV) == ""
    assert json.loads(printed([], Format.JSON, more={"totals": []})) == {"totals": [], "rows": []}
    assert printed([], Format.TABLE, title="quotes") == "quotes: nothing\n"


def test_csv_is_rows_only_and_json_has_the_rest() -> None:
    """Title and totals stand in no CSV, so that it pipes; every amount for programs has nine places."""
    rows = [{"id": "x", "amount": Decimal("0.500000000")}]
    assert printed(rows, Format.CSV, title="costs", more={"totals": [1]}) == "id,amount\r\nx,0.500000000\r\n"
    assert json.loads(printed(iter(rows), Format.JSON, title="costs", more={"totals": [1]})) == {
        "totals": [1],
        "rows": [{"id": "x", "amount": "0.500000000"}],
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A terminal of a given width; gives what stands on it."""

    def shown(rows: Any, width: int, **more: Any) -> str:
        screen = io.StringIO()
        console = Console(file=screen, width=width, highlight=False, markup=False, emoji=False)
        monkeypatch.setattr(output, "console", lambda: console)
        print_rows(rows, Format.TABLE, **more)
        return screen.getvalue()

    return shown


ROW = {"quote_id": "01a20053-afad-7c22-8844-7bdc6a2bb0d6", "status": "approved", "max": "0.500000000", "note": "n" * 20}


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_table_fits_the_terminal_and_breaks_no_id(width: int, terminal: Any) -> None:
    """Side by side where there is room, else a column a line; amounts without the places that nobody needs."""
    screen = terminal([ROW, ROW], width)
    assert all(len(line) <= max(width, len("quote_id  " + ROW["quote_id"])) for line in screen.splitlines())
    assert screen.count(ROW["quote_id"]) == 2
    assert "0.50 " in screen.replace("\n", " ")
    assert "0.500" not in screen
    assert screen.count("status") == (1 if width >= 80 else 2)


def test_prose_is_broken_at_words_and_the_rest_is_not(terminal: Any) -> None:
    """A reason of many words stays in its column."""
    reason = "the budget of this month has no room for another request, raise its cap or wait"
    screen = terminal([{"id": "abc", "why": reason}], 60)
    assert screen.startswith("id   why")
    assert " ".join(screen.split()[2:]) == f"abc {reason}"


def test_what_a_cell_holds_is_shown_and_never_obeyed(terminal: Any) -> None:
    """Markup, control characters and line ends of a warehouse are spelled out."""
    cell = "[red]a[/b] :smile: \x1b[2J\n\u202e"
    assert terminal([{"raw_value": cell}], 80).splitlines()[1].rstrip() == r"[red]a[/b] :smile: \x1b[2J\n\u202e"
