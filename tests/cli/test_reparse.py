"""`ringfence reparse` as a person types it: shown first, published with --yes, and never a cent moved."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from ringfence.lake.tables import Lake
from ringfence.money.ledger import open_ledger
from ringfence.simulator.server import Settings, running
from tests.cli.commands import ringfence
from tests.small import PHONES, make_config, make_warehouse


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator of its own."""
    with running(Settings(provider="infobip")) as urls:
        yield urls["infobip"]


@pytest.mark.long
def test_answers_are_read_again_after_an_upgrade(tmp_path: Path, url: str) -> None:
    """The lake as an older version left it is shown beside what is read now, and then brought up to date."""
    make_warehouse(tmp_path, PHONES[:20])
    make_config(tmp_path, url)
    assert ringfence(tmp_path, "ledger", "create").returncode == 0
    assert ringfence(tmp_path, "enrich", "--yes").returncode == 0
    same = ringfence(tmp_path, "reparse")
    assert (same.returncode, same.stdout) == (0, "read 20 answers again\nnothing changes\n"), same
    lake = Lake(tmp_path / "home", open_ledger(tmp_path / "home").ledger_id)
    new = lake.read("lookups")
    known = new.filter(pl.col("validity") == "valid").height
    lake.overwrite(
        "lookups", new.with_columns(validity=pl.lit("unknown"), parser_version=pl.lit("older")), list(range(16))
    )
    shown = json.loads(ringfence(tmp_path, "reparse", "--format", "json").stdout)
    assert shown["read"] == 20
    assert {"provider": "infobip", "column": "validity", "old": "unknown", "new": "valid", "answers": known} in shown[
        "rows"
    ]
    told = ringfence(tmp_path, "reparse")
    assert "nothing is changed yet; publish it with: ringfence reparse --yes" in told.stdout
    costs = ringfence(tmp_path, "costs", "--format", "json").stdout
    done = ringfence(tmp_path, "reparse", "--yes")
    assert done.returncode == 0, done
    assert "published" in done.stdout
    query = "SELECT count(*) FILTER (validity = 'valid') AS valid FROM lookups WHERE parser_version <> 'older'"
    assert json.loads(ringfence(tmp_path, "sql", query, "--format", "json").stdout)["rows"] == [{"valid": known}]
    assert ringfence(tmp_path, "costs", "--format", "json").stdout == costs
    assert ringfence(tmp_path, "ledger", "check").returncode == 0
