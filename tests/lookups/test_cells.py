"""Cells are counted one way: every figure about them adds up."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringfence.lake.tables import frame_of
from ringfence.lookups.cells import by_class, by_reason, cells, numbers_in

POSITIONS = st.lists(st.sampled_from(["parsed", "too_short", "fax"]), min_size=1, max_size=3) | st.just(["empty"])


def rows(cell: int, count: int, found: list[str]) -> list[dict[str, Any]]:
    """The rows of phone_map of one cell that stands in so many rows of its source."""
    at = {"source": "crm", "phone_column": "phone", "raw_value": f"cell {cell}" if cell else None, "row_count": count}
    status = {"parsed": "parsed", "empty": "empty"}
    return [
        {
            **at,
            "position": place,
            "parse_status": status.get(what, "rejected"),
            "reject_reason": None if what in status else what,
            "phone_e164": f"+3161234{cell:02}{place:02}" if what == "parsed" else None,
        }
        for place, what in enumerate(found)
    ]


@given(st.lists(st.tuples(st.integers(1, 9), POSITIONS)))
def test_every_cell_is_of_one_class(found: list[tuple[int, list[str]]]) -> None:
    """Classes add up to the cells read, reasons to the rejected ones, and a cell with a number is not rejected."""
    given_rows = [row for cell, (count, what) in enumerate(found) for row in rows(cell, count, what)]
    counted = cells(frame_of("phone_map", given_rows))
    classes = by_class(counted)
    assert sum(classes.values()) == sum(count for count, _ in found)
    assert classes["parsed"] == sum(count for count, what in found if "parsed" in what)
    assert sum(by_reason(counted).values()) == classes["rejected"]
    assert numbers_in(counted) == sum(count * what.count("parsed") for count, what in found)


def test_a_cell_is_what_stands_first_in_it() -> None:
    """A cell without a number has the reason of its position 0; one with a number has none."""
    found = [*rows(1, 2, ["fax", "too_short"]), *rows(2, 5, ["fax", "parsed"]), *rows(0, 3, ["empty"])]
    counted = cells(frame_of("phone_map", found))
    assert by_reason(counted) == {"fax": 2}
    assert by_class(counted) == {"parsed": 5, "rejected": 2, "empty": 3}
