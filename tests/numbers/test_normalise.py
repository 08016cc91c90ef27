"""The frame that normalise gives, whatever the cells hold."""

import time
import unicodedata
from collections import Counter

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.numbers.normalise import Policy, normalise
from ringfence.numbers.phone import Phone
from ringfence.numbers.reject import Reject

SCHEMA = {"parts": pl.List(pl.String), "region_hint": pl.String, "region_basis": pl.String, "source": pl.String}
ADDED = {
    "position": pl.Int64,
    "phone_e164": pl.String,
    "parse_status": pl.String,
    "reject_reason": pl.String,
    "country": pl.String,
    "line_type": pl.String,
    "extension": pl.String,
    "flags": pl.List(pl.String),
}


def frame(*cells: tuple[list[str | None] | None, str | None]) -> pl.DataFrame:
    """A frame of (parts, region hint), with one column that is none of normalise's business."""
    rows = [(parts, hint, hint and "column", f"row {index}") for index, (parts, hint) in enumerate(cells)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.mark.parametrize("cells", [[], [(None, None), ([], "GB"), (["07400 123456"], "GB")]])
def test_the_schema_does_not_depend_on_the_cells(cells: list) -> None:
    """Also no cells at all, or only empty ones, give every column with its type."""
    assert dict(normalise(frame(*cells), Policy()).schema) == SCHEMA | ADDED


def test_every_cell_has_a_row_and_positions_run_through_its_list() -> None:
    """Elements in order, numbers inside an element in order, and position 0 also where there is nothing."""
    cells = frame((None, None), ([], "GB"), (["07400 123456, 07400 123457", None, "n/a", "07400 123458"], "GB"))
    found = normalise(cells, Policy()).select("source", "position", "phone_e164", "reject_reason").rows()
    assert found == [
        ("row 0", 0, None, "empty"),
        ("row 1", 0, None, "empty"),
        ("row 2", 0, "+447400123456", None),
        ("row 2", 1, "+447400123457", None),
        ("row 2", 2, None, "empty"),
        ("row 2", 3, None, "placeholder"),
        ("row 2", 4, "+447400123458", None),
    ]


def test_each_distinct_number_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Duplicates cost nothing, also when they are written in other ways; another region is another reading."""
    parsed: Counter[tuple[str, str | None]] = Counter()
    parse = phonenumbers.parse

    def counting(text: str, region: str | None = None, **options: bool) -> phonenumbers.PhoneNumber:
        parsed[text, region] += 1
        return parse(text, region, **options)

    monkeypatch.setattr(phonenumbers, "parse", counting)
    ways = ["07400 123456", "07400-123456", "(07400) 123456", "tel: 07400 123456"]
    normalise(frame(*[([way], region) for way in ways * 50 for region in ("GB", "IE")]), Policy())
    assert parsed == {("07400123456", "GB"): 1, ("07400123456", "IE"): 1}


def test_a_large_column_takes_seconds() -> None:
    """20,000 distinct numbers of 50 countries take under 5 s of processor time."""
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)[::5]
    cells = [([f"0{serial:09d}"], regions[serial % len(regions)]) for serial in range(7_400_000, 7_420_000)]
    begun = time.process_time()
    assert len(normalise(frame(*cells), Policy())) == len(cells)
    assert time.process_time() - begun < 5


SIGNS = st.sampled_from("+00112344567789٣\uff15 -().,;/#*xXeE:'\"=\n\t\u200f\u00a0") | st.characters(codec="utf-8")
NEAR = st.sampled_from(
    ["+44 7400 123456", "07400 123456", "+12127365000", "04733/05221104", "4.47400123456E11", ",,12", " or "]
)
MESSY = st.text(SIGNS, max_size=70) | st.lists(NEAR | st.text(SIGNS, max_size=2), max_size=5).map("".join)
REGIONS = st.sampled_from([None, "GB", "US", "DE", "AT", "RU", "SG", "IT", "BR", "NU", "UK", "", "001"])
POLICIES = st.builds(
    Policy, accept=st.sampled_from(["valid", "possible"]), vanity=st.booleans(), bare_international=st.booleans()
)
CELLS = st.lists(st.tuples(st.none() | st.lists(st.none() | MESSY, max_size=3), REGIONS), max_size=8)


@settings(max_examples=400, deadline=None)
@given(CELLS, POLICIES)
def test_nothing_raises_and_every_row_is_in_exactly_one_class(
    cells: list[tuple[list[str | None] | None, str | None]], policy: Policy
) -> None:
    """Whatever the text: a row at position 0 for each cell; number, reason and status agree; no digit is invented."""
    found = normalise(frame(*cells), policy)
    assert found.filter(pl.col("position") == 0)["source"].to_list() == [f"row {index}" for index in range(len(cells))]
    for row in found.iter_rows(named=True):
        status, reason, number = row["parse_status"], row["reject_reason"], row["phone_e164"]
        if status == "parsed":
            assert reason is None
            assert row["region_basis"] in {"explicit", "column"}
            Phone(number)
            written = "".join(text or "" for text in row["parts"])
            digits = "".join(str(unicodedata.decimal(sign)) for sign in written if sign.isdecimal())
            assert number[-5:] in digits or "vanity" in row["flags"]
        else:
            assert number is None
            assert (status == "empty") == (reason in {Reject.EMPTY, Reject.PLACEHOLDER})
            assert Reject(reason)
