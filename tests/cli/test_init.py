"""`ringfence init`: a configuration, a ledger and a quote from nothing but a warehouse, together or not at all."""

import json
import stat
from pathlib import Path

import duckdb
import pytest
import yaml

from ringfence.config import file, machine
from ringfence.config.written import Written, assumed, config_text, month_cap
from ringfence.errors import ConfigError, LedgerError
from ringfence.lookups.beginning import begin
from ringfence.money.amount import Money
from ringfence.providers.registry import provider, providers
from ringfence.simulator.vendor import vendors
from tests.cli.commands import is_one_sentence, ringfence
from tests.small import PHONES, make_warehouse

SMALL = "mode: simulate\nhome: {home}\nproviders:\n  infobip: {{products: [query]}}\n"


def left(folder: Path) -> set[str]:
    """The names of what is in a folder, beside the warehouse."""
    return {path.name for path in folder.iterdir()} - {"crm.duckdb"}


def test_from_a_warehouse_to_a_first_purchase_that_waits_for_consent(tmp_path: Path) -> None:
    """It finds the numbers, writes what loads, quotes them, buys nothing, and does so only once."""
    make_warehouse(tmp_path, PHONES[:40])
    done = ringfence(tmp_path, "init", "crm.duckdb", TZ="Europe/Amsterdam")
    assert done.returncode == 0, done.stderr
    assert "due: 40 numbers" in done.stdout
    assert "steady month" in done.stdout
    assert "nothing is bought until you consent" in done.stdout
    assert f"wrote {tmp_path / '.env'} with the credentials of ringfence simulate" in done.stdout
    assert not any(number in done.stdout + done.stderr for number in PHONES[:40])
    config = file.load(tmp_path / "ringfence.yaml")
    source = config.sources["customers"]
    assert (source.relation, source.key, source.phones) == ("customers", ["id"], ["phone"])
    assert (config.mode, config.timezone, config.approval.unattended.amount) == ("simulate", "Europe/Amsterdam", 0)
    assert {name: list(each.products) for name, each in config.providers.items()} == {
        name: list(products) for name, products in assumed().items()
    }
    secrets = tmp_path / ".env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert "VONAGE_API_SECRET=simulated" in secrets.read_text()
    costs = json.loads(ringfence(tmp_path, "costs", "--format", "json").stdout)
    assert [row for row in costs["totals"] if row["spent"] != "0.000000000"] == []
    before = {path: path.read_bytes() for path in (tmp_path / "ringfence.yaml", secrets)}
    assert is_one_sentence(ringfence(tmp_path, "init", "crm.duckdb"), "is never overwritten", "--config")
    assert {path: path.read_bytes() for path in before} == before


def test_for_the_vendors_and_without_a_checkout(tmp_path: Path) -> None:
    """Live has no simulator's address and no credentials; without a checkout the quote is left for later."""
    make_warehouse(tmp_path, PHONES[:10])
    (tmp_path / "live").mkdir()
    chosen = tmp_path / "live" / "ringfence.yaml"
    arguments = ("init", str(tmp_path / "crm.duckdb"), "--live", "--config", str(chosen))
    done = ringfence(tmp_path, *arguments, RINGFENCE_WORKSPACE="")
    assert done.returncode == 0, done.stderr
    assert f"export RINGFENCE_CONFIG={chosen}" in done.stdout
    assert "there: ringfence quote" in done.stdout
    config = file.load(chosen)
    assert (config.mode, config.sources["customers"].warehouse) == ("live", f"duckdb:///{tmp_path}/crm.duckdb")
    assert {each.base_url for each in config.providers.values()} == {None}
    assert left(chosen.parent) == {"ringfence.yaml", "ringfence-home"}


def test_a_report_for_programs(tmp_path: Path) -> None:
    """JSON holds every column that was considered, kept or not, with why; the file may be in use for reading."""
    make_warehouse(tmp_path, PHONES[:10])
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True):
        done = ringfence(tmp_path, "init", "crm.duckdb", "--format", "json", RINGFENCE_WORKSPACE="")
    report = json.loads(done.stdout)
    assert (report["sources"], report["mode"], report["quote"]) == (["customers"], "simulate", None)
    assert {row["column"]: row["found"] for row in report["rows"]}["phone"] == "phone numbers"


def test_a_region_that_is_not_sure_is_left_to_a_person(tmp_path: Path) -> None:
    """What names no country is quoted only once somebody has set the region: it is among the next steps."""
    make_warehouse(tmp_path, [f"06 1234 {n}" for n in range(1000, 1030)])
    done = ringfence(tmp_path, "init", "crm.duckdb", TZ="Europe/Amsterdam", RINGFENCE_WORKSPACE="")
    assert "  set the region of customers in " in done.stdout
    assert '# region: {default: "NL"}' in (tmp_path / "ringfence.yaml").read_text()
    assert file.load(tmp_path / "ringfence.yaml").sources["customers"].region.default is None


MISTAKES = {
    "an unquoted pattern": (["init", "a.csv", "b.csv"], "put a pattern in quotes"),
    "no such file": (["init", "gone.duckdb"], "there is no file"),
    "no phone numbers": (["init", "duckdb:///crm.duckdb"], "no column with phone numbers was found"),
    "a folder that is not there": (["init", "crm.duckdb", "--config", "gone/ringfence.yaml"], "is not a folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Nothing is written where init cannot end well."""
    arguments, told = MISTAKES[name]
    make_warehouse(tmp_path, ["nothing", None])
    assert is_one_sentence(ringfence(tmp_path, *arguments), told)
    assert left(tmp_path) == set()


def test_a_warehouse_that_is_written_to_is_told_of(tmp_path: Path) -> None:
    """Who has it open is named, and nothing is left behind."""
    make_warehouse(tmp_path, PHONES[:10])
    with duckdb.connect(str(tmp_path / "crm.duckdb")):
        assert is_one_sentence(ringfence(tmp_path, "init", "crm.duckdb"), "is open for writing in process")
    assert left(tmp_path) == set()


def test_a_home_with_a_ledger_is_not_begun_again(tmp_path: Path) -> None:
    """A second configuration over a ledger that is there is refused before anything is read."""
    make_warehouse(tmp_path, PHONES[:10])
    (tmp_path / "one.yaml").write_text(SMALL.format(home="./ringfence-home"))
    ringfence(tmp_path, "ledger", "create", RINGFENCE_CONFIG="one.yaml")
    assert is_one_sentence(ringfence(tmp_path, "init", "crm.duckdb"), "needs a home of its own", "RINGFENCE_HOME")
    assert not (tmp_path / "ringfence.yaml").exists()


def test_what_was_written_is_taken_back_where_the_ledger_cannot_be_made(tmp_path: Path) -> None:
    """Configuration and credentials go again; what was there before stays."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LedgerError, match="cannot be made"):
        begin(tmp_path / "ringfence.yaml", SMALL.format(home="./home"))
    assert left(tmp_path) == {"home"}
    (tmp_path / ".env").write_text("INFOBIP_API_KEY=mine\n")
    setup, _ = begin(tmp_path / "ringfence.yaml", SMALL.format(home="./other"))
    assert setup.secrets("infobip") == {"INFOBIP_API_KEY": "mine"}
    with pytest.raises(ConfigError, match="never overwritten"):
        begin(tmp_path / "ringfence.yaml", SMALL.format(home="./third"))
    assert left(tmp_path) == {"home", ".env", "other", "ringfence.yaml"}


def test_what_is_written_of_providers_is_what_they_and_the_simulator_say() -> None:
    """Every provider that has a double is written, with its port, its firm products without callbacks, and prices."""
    sections = yaml.safe_load(config_text(Written(sources=[], live=False, timezone="UTC", count=None)))["providers"]
    assert set(sections) == set(providers()) & set(vendors())
    for name, double in vendors().items():
        products = provider(name).products.values()
        firm = [each.name for each in products if each.facts - each.plan_only and each.mode != "callback"]
        assert sections[name]["products"] == list(sections[name]["price"]) == firm
        assert sections[name]["base_url"] == f"http://127.0.0.1:{8900 + double.port_offset}"
        for product, price in sections[name]["price"].items():
            assert Money.parse(price) == Money(double.list_prices[product].amount, double.list_prices[product].currency)


@pytest.mark.parametrize(
    ("count", "cap"), [(0, "10"), (2_500, "10"), (2_501, "20"), (100_000, "500"), (10**7, "50000"), (None, "100")]
)
def test_the_first_cap_has_room_for_a_first_run_and_a_month(count: int | None, cap: str) -> None:
    """Twice the numbers at the cheapest price that answers, rounded up; 100 EUR where nobody could count."""
    assert month_cap(count) == Money.parse(f"{cap} EUR")


def test_the_machine_tells_its_zone_and_country() -> None:
    """TZ stands before the machine's own, and what is no place on earth is UTC and of no country."""
    assert machine.timezone({"TZ": ":Asia/Tokyo"}) == "Asia/Tokyo"
    assert machine.timezone({"TZ": "nonsense"}) in {"UTC", machine.timezone({})}
    assert [machine.country_of(zone) for zone in ("Asia/Tokyo", "Europe/Amsterdam", "UTC")] == ["JP", "NL", None]
