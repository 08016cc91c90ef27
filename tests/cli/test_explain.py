"""`ringfence explain`: everything about a number, in whatever spelling it is asked for, from a real served file."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ringfence.cli.main import app
from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake, frame_of
from ringfence.lookups.serve import serve
from ringfence.money import ledger as ledgers
from ringfence.simulator.server import Settings, running
from tests.lookups.conftest import House
from tests.small import PHONES, make_config, make_warehouse

FIRST, SECOND = PHONES[0], "+31612349990"
# One number twice, one in national spelling, one of a type that is never bought, and two cells without any.
CELLS = [*PHONES[:4], f"{FIRST[:3]} 6 {FIRST[4:]}", f"0{SECOND[3:]}", "0900-1234", "n/a", "+31 20 1234"]
SPELLINGS = [
    "+31612341000",
    "0031 6 1234 1000",
    "+31 (0)6-1234.1000",
    "31612341000",
    "\u200e+31\u00a0612341000",
    "tel: +31612341000",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A home in which two of the numbers were bought, one of them with a change."""
    folder = tmp_path_factory.mktemp("explain")
    make_warehouse(folder, CELLS)
    with running(Settings(provider="infobip")) as urls:
        path = make_config(folder, urls["infobip"])
        ledger = ledgers.create(folder / "home", mode="simulate")
        house = House(path, urls["infobip"], ledger, Lake(folder / "home", ledger.ledger_id))
        house.read_sources()
        house.run(numbers=2)
        bought = house.lookups()["phone_e164"].to_list()
        change = {
            "phone_e164": bought[0],
            "bucket": ledger.bucket(bought[0]),
            "fact": "carrier",
            "old_value": "Alpha",
            "new_value": "Beta",
            "last_seen_old_at": datetime(2026, 1, 1, tzinfo=UTC),
            "first_seen_new_at": datetime(2026, 2, 1, tzinfo=UTC),
        }
        house.lake.overwrite("phone_changes", frame_of("phone_changes", [change]), [change["bucket"]])
        serve(house.setup, ledger, house.lake)
        yield house


def run(home: House, *arguments: str, given: str = "") -> Result:
    """Run `explain` in this process, as a person does beside that configuration."""
    return CliRunner().invoke(app, ["explain", *arguments], input=given, env={"RINGFENCE_CONFIG": str(home.path)})


def rows(home: House, *arguments: str, given: str = "") -> list[dict[str, Any]]:
    """What it says, for programs."""
    found: list[dict[str, Any]] = json.loads(run(home, *arguments, "--format", "json", given=given).stdout)["rows"]
    return found


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_same_number(spelling: str, home: House) -> None:
    """What the normaliser reads as a number is found, with both cells that it stands in and how each was read."""
    [row] = rows(home, spelling)
    assert (row["phone_e164"], row["standing"]) == (FIRST, "in_source")
    cells = [(cell["source"], cell["phone_column"], cell["raw_value"], cell["region_basis"]) for cell in row["cells"]]
    assert cells == [("crm", "phone", raw, "explicit") for raw in sorted([CELLS[4], FIRST])]
    assert {cell["row_count"] for cell in row["cells"]} == {1}


@pytest.mark.parametrize("arguments", [[CELLS[5]], ["06 1234-9990", "--region", "nl"]])
def test_a_national_number_needs_its_region_or_its_cell(arguments: list[str], home: House) -> None:
    """With --region it is read; without, it is what it stands for in the warehouse."""
    [row] = rows(home, *arguments)
    assert row["phone_e164"] == SECOND
    assert [(cell["region_hint"], cell["region_basis"]) for cell in row["cells"]] == [("NL", "default")]


def test_a_bought_number_shows_each_fact_with_its_provenance(home: House) -> None:
    """Value, basis, provider, origin, lookup and times; what was paid for it; and how it changed."""
    bought = home.lookups().row(0, named=True)
    [row] = rows(home, bought["phone_e164"])
    facts = {fact["fact"]: fact for fact in row["facts"]}
    known = [fact for fact in facts.values() if fact["answer_status"] == "answered"]
    assert known
    for fact in known:
        assert (fact["provider"], fact["origin"], fact["lookup_id"]) == ("infobip", "simulated", bought["lookup_id"])
        assert fact["value"] != "unknown"
        assert datetime.fromisoformat(fact["observed_at"]).utcoffset() is not None
    assert facts["validity"]["expires_at"] > facts["validity"]["observed_at"]
    assert row["paid"] == [
        {"phone_e164": bought["phone_e164"], "currency": "EUR", "amount": "0.010000000", "requests": 1}
    ]
    changed = [each for number in sorted(home.lookups()["phone_e164"]) for each in rows(home, number)[0]["changes"]]
    assert [(each["old_value"], each["new_value"]) for each in changed] == [("Alpha", "Beta")]


def test_a_missing_fact_says_why(home: House) -> None:
    """What nobody has approved yet is said so, and costs nothing."""
    waiting = next(phone for phone in PHONES[:4] if phone not in home.lookups()["phone_e164"].to_list())
    [row] = rows(home, waiting)
    assert {(fact["value"], fact["answer_status"]) for fact in row["facts"]} == {("unknown", "awaiting_approval")}
    text = run(home, waiting).stdout
    assert "unknown: awaiting_approval" in text
    assert "paid for it in all: nothing" in text


def test_people_read_all_of_it_within_80_columns(home: House) -> None:
    """The same, in sentences."""
    bought = home.lookups()["phone_e164"].to_list()
    text = "".join(run(home, phone).stdout for phone in bought)
    assert all(len(line) <= 80 for line in text.splitlines())
    for told in (
        "(network, infobip, simulated)",
        "expires 20",
        "lookup 01",
        "0.01 EUR for 1 request",
        "from Alpha to Beta",
    ):
        assert told in text


@pytest.mark.parametrize("asked", ["+31 900 1234", "0900-1234"])
def test_a_rejected_cell_is_found_by_its_number_and_by_its_text(asked: str, home: House) -> None:
    """A number that is never bought stands in the sources, with the reason."""
    [row] = rows(home, asked)
    assert row["standing"] == "rejected"
    assert [(cell["raw_value"], cell["reject_reason"]) for cell in row["cells"]] == [("0900-1234", "type_not_wanted")]
    assert "type_not_wanted" in row["told"]


def test_a_number_of_no_source_is_said_so(home: House) -> None:
    """With the time as of which that is true."""
    [row] = rows(home, "+44 7400 123456")
    assert (row["phone_e164"], row["standing"], row["facts"]) == ("+447400123456", "in_no_source", [])
    assert "in no row of the sources as they were at 20" in row["told"]


@pytest.mark.parametrize(("asked", "word"), [("0612 345678", "--region"), ("nonsense", "letters"), ("12", "too_short")])
def test_what_is_no_number_is_a_mistake(asked: str, word: str, home: House) -> None:
    """The sentence says why, and not what was typed."""
    error = run(home, asked).exception
    assert isinstance(error, RingfenceError)
    assert word in str(error)
    assert asked not in str(error)


def test_numbers_come_from_standard_input_and_go_out_as_csv(home: House) -> None:
    """A row a fact, in the order of the lines; what is no number has a row that says so, and formulas do not run."""
    bought = home.lookups()["phone_e164"].to_list()[0]
    done = run(home, "-", "--format", "csv", given=f"{bought}\n\n 0900-1234 \n=1+1\n+447400123456\n")
    header, *found = csv.reader(done.stdout.splitlines())
    assert header[:4] == ["asked", "phone_e164", "standing", "fact"]
    asked = list(dict.fromkeys(row[0] for row in found))
    assert asked == [bought, "0900-1234", "'=1+1", "+447400123456"]
    assert {row[2] for row in found if row[0] != bought} == {"rejected", "no_number", "in_no_source"}
    assert sum(row[0] == bought for row in found) == len(rows(home, bought)[0]["facts"])
    assert run(home, "-", "--format", "csv").stdout.strip() == ",".join(header)


def test_many_numbers_are_explained_at_once(home: House) -> None:
    """Ten thousand lines are one reading of the tables, not ten thousand."""
    lines = "\n".join([*PHONES[:5000], *PHONES[:5000]])
    found = rows(home, "-", given=lines)
    assert len(found) == 10_000
    assert sum(row["standing"] == "in_source" for row in found) == 8


def test_help_says_where_a_typed_number_stays(home: House) -> None:
    """A number in an argument is in the shell's history: the help says so."""
    assert "history of the shell" in " ".join(run(home, "--help").stdout.split())
