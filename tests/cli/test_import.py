"""`ringfence import` as a person types it: what lies in the warehouse already is taken over, shown, and not bought."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.cli.commands import is_one_sentence, ringfence
from tests.small import PHONES, make_config, make_warehouse

QUERY = "SELECT body, received_at FROM raw.replies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten customers, and replies of Infobip's about six numbers in raw.duckdb: nobody listens at the provider."""
    make_warehouse(tmp_path, PHONES[:10])
    make_config(tmp_path, "http://127.0.0.1:9")
    status = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
    with duckdb.connect(str(tmp_path / "raw.duckdb")) as connection:
        connection.execute("CREATE TABLE replies (body VARCHAR, received_at TIMESTAMP)")
        for place, phone in enumerate(PHONES[:6]):
            item = {
                "to": phone[1:],
                "messageId": f"m{place}",
                "mccMnc": "20408",
                "originalNetwork": {"networkName": "KPN"},
                "ported": False,
                "status": status,
                "error": {"groupId": 0, "id": 0},
            }
            when = (datetime.now(UTC) - timedelta(days=place + 1)).replace(tzinfo=None)
            connection.execute("INSERT INTO replies VALUES (?, ?)", [json.dumps({"results": [item]}), when])
        connection.execute("INSERT INTO replies VALUES ('moved', '2026-01-01'), (NULL, NULL)")
    assert ringfence(tmp_path, "ledger", "create").returncode == 0
    return tmp_path


def bring(folder: Path, *more: str, query: str = QUERY, product: str = "query") -> object:
    """Import from raw.duckdb."""
    fixed = ("--provider", "infobip", "--product", product, "--from", query)
    return ringfence(folder, "import", *fixed, "--warehouse", "duckdb:///raw.duckdb", *more)


@pytest.mark.long
def test_what_was_paid_for_elsewhere_is_shown_taken_over_and_not_bought(folder: Path) -> None:
    """First a preview that writes nothing, then the import, once; a quote then leaves these numbers out."""
    asked = ringfence(folder, "quote", "--format", "json")
    assert json.loads(asked.stdout)["numbers"]["due"] == 10, asked
    shown = bring(folder)
    assert shown.returncode == 0, shown
    for told in (
        "would import 6 replies about 6 numbers",
        "not imported: 1 replies, unreadable, or about no number",
        "not imported: 1 replies, without a body or a time",
        "of 10 numbers that are due now 6 would not be due any more",
        "nothing is imported yet; do it with --yes",
    ):
        assert told in shown.stdout, shown.stdout
    facts = json.loads(bring(folder, "--format", "json").stdout)
    assert {row["fact"]: row["numbers"] for row in facts["rows"]}["carrier"] == 6
    assert (facts["replies"], facts["no_longer_due"]) == (6, 6)
    done = bring(folder, "--yes")
    assert done.returncode == 0, done
    assert "imported 6 replies about 6 numbers" in done.stdout
    query = "SELECT origin, cost_net, cost_basis, count(*) AS answers FROM lookups GROUP BY ALL"
    assert json.loads(ringfence(folder, "sql", query, "--format", "json").stdout)["rows"] == [
        {"origin": "imported", "cost_net": "0.000000000", "cost_basis": "none", "answers": 6}
    ]
    again = bring(folder, "--yes")
    assert "imported 0 replies" in again.stdout
    assert "not imported: 6 replies, imported already" in again.stdout
    after = json.loads(ringfence(folder, "quote", "--format", "json").stdout)
    assert after["numbers"]["due"] == 4
    assert ringfence(folder, "ledger", "check").returncode == 0
    spent = json.loads(ringfence(folder, "costs", "--format", "json").stdout)
    assert spent["rows"] == []
    explained = ringfence(folder, "explain", PHONES[0]).stdout
    assert "imported" in explained


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"query": "SELECT body FROM raw.replies"}, ["received_at", "there are: body"]),
        ({"query": "DROP TABLE replies"}, ["one SELECT"]),
        ({"query": "SELECT * FROM read_text('/etc/hostname')"}, ["cannot be run"]),
        ({"query": "SELECT body, received_at FROM nowhere"}, ["nowhere"]),
        ({"product": "premium"}, ["premium", "query"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_one_sentence(folder: Path, arguments: dict[str, str], words: list[str]) -> None:
    """It says what is wrong and what there is."""
    assert is_one_sentence(bring(folder, **arguments), *words)  # type: ignore[arg-type]


def test_the_warehouse_of_the_only_source_is_the_default(folder: Path) -> None:
    """Without --warehouse the source's own is read; two that are named are one too many."""
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute(f"ATTACH '{folder}/raw.duckdb' AS raw")
        connection.execute("CREATE TABLE replies AS FROM raw.replies")
    fixed = ("import", "--provider", "infobip", "--from", "FROM replies")
    assert "would import 6 replies" in ringfence(folder, *fixed).stdout
    assert "would import 6 replies" in ringfence(folder, *fixed, "--source", "crm").stdout
    both = ringfence(folder, *fixed, "--source", "crm", "--warehouse", "duckdb:///raw.duckdb")
    assert is_one_sentence(both, "not both")
