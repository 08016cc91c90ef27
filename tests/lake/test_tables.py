"""The lake's Delta tables: whole partitions replaced, settlements appended once, and no number in a log."""

from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ringfence.errors import LakeError
from ringfence.lake import base
from ringfence.lake.columns import TABLES
from ringfence.lake.tables import Lake, frame_of, state_of, usable


def phones(bucket: int, *numbers: str) -> pl.DataFrame:
    """Rows of distinct_phones in one bucket."""
    return frame_of("distinct_phones", [{"phone_e164": number, "bucket": bucket} for number in numbers])


def test_a_partition_is_replaced_and_its_neighbours_stay(tmp_path: Path) -> None:
    """Overwriting bucket 1 leaves bucket 2 as it was, and an empty overwrite empties only its own."""
    lake = Lake(tmp_path, "ledger-a")
    lake.overwrite("distinct_phones", pl.concat([phones(1, "+31612341000"), phones(2, "+31612342000")]), [1, 2])
    lake.overwrite("distinct_phones", phones(1, "+31612341111"), [1])
    assert sorted(lake.read("distinct_phones")["phone_e164"]) == ["+31612341111", "+31612342000"]
    lake.overwrite("distinct_phones", phones(1), [1])
    assert lake.read("distinct_phones")["phone_e164"].to_list() == ["+31612342000"]
    assert lake.read("distinct_phones", [2]).height == 1


def test_the_settlement_travels_with_the_commit(tmp_path: Path) -> None:
    """Rows and the settlement that they come from are one commit, also when a settlement has no rows."""
    lake = Lake(tmp_path, "ledger-a")
    assert state_of(tmp_path) == (None, 0)
    lake.append_settled(frame_of("lookups", [{"lookup_id": "a:0", "bucket": 1, "settled_seq": 4}]), 4)
    lake.append_settled(frame_of("lookups", []), 6)
    assert (lake.settled_seq(), lake.read("lookups").height) == (6, 1)
    assert state_of(tmp_path) == ("ledger-a", 6)


def test_a_lake_made_before_a_column_existed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are read with NULL for the column, by Polars and DuckDB; what is appended and overwritten has it."""
    now = TABLES["lookups"]
    before = replace(now, columns={name: spec for name, spec in now.columns.items() if name != "caller_name"})
    lake = Lake(tmp_path, "ledger-a")
    with monkeypatch.context() as then:
        then.setitem(TABLES, "lookups", before)
        for bucket in (1, 2):
            row = {
                "lookup_id": f"old-{bucket}:0",
                "bucket": bucket,
                "settled_seq": bucket,
                "phone_e164": "+31612345678",
            }
            lake.append_settled(frame_of("lookups", [row]), bucket)
    assert lake.read("lookups")["caller_name"].to_list() == [None, None]
    row = {"lookup_id": "new:0", "bucket": 1, "settled_seq": 3, "caller_name": "Acme"}
    lake.append_settled(frame_of("lookups", [row]), 3)
    found = lake.read("lookups").sort("lookup_id").select("lookup_id", "caller_name", "bucket")
    expected = [("new:0", "Acme", 1), ("old-1:0", None, 1), ("old-2:0", None, 2)]
    assert found.rows() == expected
    with duckdb.connect(":memory:") as connection:
        base.begin(connection, lake, tmp_path / "none.duckdb", tmp_path / "built.duckdb")
        base.refresh(connection, "lookups", lake.files("lookups"))
        query = "SELECT lookup_id, caller_name, bucket FROM base.lookups ORDER BY lookup_id"
        assert connection.execute(query).fetchall() == expected
    lake.overwrite("lookups", frame_of("lookups", [{**row, "bucket": 2}]), [2], 4)
    assert lake.read("lookups", [2])["caller_name"].to_list() == ["Acme"]


def test_no_number_stands_in_a_delta_log(tmp_path: Path) -> None:
    """Statistics are kept for the partition column alone."""
    lake = Lake(tmp_path, "ledger-a")
    lake.overwrite("distinct_phones", phones(1, "+31612345678"), [1])
    lake.overwrite("distinct_phones", phones(1, "+31612345679"), [1])
    logs = list((tmp_path / "lake" / "distinct_phones" / "_delta_log").glob("*.json"))
    assert len(logs) == 2
    assert not any("3161234567" in log.read_text(encoding="utf-8") for log in logs)


def test_a_table_of_another_ledger_is_refused(tmp_path: Path) -> None:
    """A lake is written from one ledger for ever."""
    Lake(tmp_path, "ledger-a").overwrite("distinct_phones", phones(1, "+31612345678"), [1])
    with pytest.raises(LakeError, match="ledger-a"):
        Lake(tmp_path, "ledger-b").read("distinct_phones")


@pytest.mark.parametrize("name", ["a [1]", "b|c", "d^e", "f\\g", "h%20i", "j?k", "l*m"])
def test_a_path_that_cannot_be_used_is_one_sentence(name: str, tmp_path: Path) -> None:
    """delta-rs would panic and DuckDB read other files; the sentence comes before anything is made."""
    with pytest.raises(LakeError, match="choose a path"):
        Lake(tmp_path / name, "ledger-a")


@pytest.mark.parametrize("name", ["a b", "100%", "c#d", "ü語", "i'j", "k{l}", "m=n"])
def test_every_other_path_works(name: str, tmp_path: Path) -> None:
    """Names that look like globs or URLs are plain names."""
    usable(tmp_path / name)
    lake = Lake(tmp_path / name, "ledger-a")
    lake.overwrite("distinct_phones", phones(1, "+31612345678"), [1])
    lake.overwrite("distinct_phones", phones(1, "+31612345679"), [1])
    assert lake.read("distinct_phones").height == 1


def test_every_column_says_what_it_means() -> None:
    """Each lake table names its grain, has its partition column, and describes every column."""
    for table in TABLES.values():
        assert table.partition in table.columns
        assert table.grain
        assert all(column.meaning for column in table.columns.values())
