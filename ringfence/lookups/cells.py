"""How cells are counted: each is of exactly one class, so that every figure about cells adds up. Pure functions."""

import polars as pl

CLASSES = ("parsed", "rejected", "empty")
_CELL = ("source", "phone_column", "raw_value", "region_hint")


def cells(phone_map: pl.DataFrame) -> pl.DataFrame:
    """One row per distinct cell with its `parse_status`, `reject_reason`, `row_count` and `numbers` (accepted in it).

    A cell is parsed when any number of it was accepted, whatever else stands in it; else it is what its position 0 is.
    """
    first = pl.col("position") == pl.col("position").min()
    parsed = pl.col("phone_e164").is_not_null().any()
    return (
        phone_map.group_by(_CELL)
        .agg(
            pl.when(parsed)
            .then(pl.lit("parsed"))
            .otherwise(pl.col("parse_status").filter(first).first())
            .alias("class"),
            pl.when(~parsed).then(pl.col("reject_reason").filter(first).first()).alias("reject_reason"),
            pl.col("row_count").max(),
            pl.col("phone_e164").is_not_null().sum().cast(pl.Int64).alias("numbers"),
        )
        .rename({"class": "parse_status"})
    )


def by_class(counted: pl.DataFrame) -> dict[str, int]:
    """Rows of the sources by the class of their cell; they add up to the cells read."""
    return dict.fromkeys(CLASSES, 0) | dict(_sums(counted, "parse_status"))


def by_reason(counted: pl.DataFrame) -> dict[str, int]:
    """Rejected cells by reason, the most first; they add up to the rejected ones."""
    sums = _sums(counted.filter(pl.col("parse_status") == "rejected"), "reject_reason")
    return dict(sorted(sums, key=lambda each: (-each[1], each[0])))


def numbers_in(counted: pl.DataFrame) -> int:
    """Accepted numbers in all cells, each as often as it stands there: a cell may hold several."""
    return int((counted["numbers"] * counted["row_count"]).sum())


def _sums(frame: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    return [(str(name), int(rows)) for name, rows in frame.group_by(column).agg(pl.col("row_count").sum()).iter_rows()]
