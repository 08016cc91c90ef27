"""The assets of the main job, materialized for real: real warehouse, ledger and lake, and the simulator on loopback."""

import fcntl
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import dagster as dg
import duckdb
import httpx
import pytest
import yaml

from assets.launch import LAUNCH_TAG, Limits
from pipelines.definitions import definitions
from ringfence.config import environment
from ringfence.errors import ConfigError
from ringfence.lake.columns import TABLES
from ringfence.lake.tables import Lake
from ringfence.money import approvals, switch
from ringfence.money import ledger as ledgers
from ringfence.money.amount import Money
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger
from ringfence.money.workers import working
from ringfence.providers.registry import provider
from ringfence.simulator.server import Settings, running
from tests.small import PHONES, make_config, make_warehouse

# The account is empty from the third request on.
NO_CREDIT = "- {when: {nth: 3}, fault: status, status: 402}\n"
CELLS = [*PHONES[:60], *(f"06 {phone[4:]}" for phone in PHONES[:20]), None, "", "n/a", "2026-11-21", "call me"]


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator of its own."""
    with running(Settings(provider="infobip")) as urls:
        yield urls["infobip"]


@pytest.fixture
def home(tmp_path: Path, url: str) -> Path:
    """A configured home with a ledger and a warehouse of 60 numbers in 85 rows."""
    make_warehouse(tmp_path, CELLS)
    make_config(tmp_path, url)
    ledgers.create(tmp_path / "home", mode="simulate")
    return tmp_path


def run(
    folder: Path, job: str = "enrich", *, only: Sequence[str] | None = None, **limits: Any
) -> dg.ExecuteInProcessResult:
    """Run a job, or only some assets of it, in process against a folder."""
    defs = definitions(str(folder / "ringfence.yaml"))
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            asset_selection=None if only is None else [dg.AssetKey(["ringfence", name]) for name in only],
            run_config={"resources": {"limits": {"config": limits}}} if limits else None,
            raise_on_error=False,
        )


def charged(url: str) -> list[str]:
    """The numbers that the simulator has charged for, in its own bill."""
    return [row["number"] for row in httpx.get(f"{url}/_simulator/charges").json()["charges"]]


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the served file."""
    with duckdb.connect(str(folder / "home" / "ringfence.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The metadata of the last materialization of an asset."""
    events = [e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == asset]
    return {name: value.value for name, value in events[-1].materialization.metadata.items()}


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    """The names of the assets that a run materialized."""
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """The sentence of the first failed step."""
    data = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert data.user_failure_data
    return str(data.user_failure_data.description)


def test_without_consent_nothing_is_bought_and_the_run_is_green(home: Path, url: str) -> None:
    """A budget is not consent: the run succeeds, buys nothing, says so, and every wanted fact awaits approval.

    The report says in words that there is nothing to draw yet.
    """
    result = run(home)
    assert result.success
    assert charged(url) == []
    assert "ringfence enrich --yes" in metadata(result, "lookups")["why_not_more"]
    assert rows(home, "SELECT DISTINCT answer_status FROM phone_facts") == [("awaiting_approval",)]
    coverage = {e.check_name: e for e in result.get_asset_check_evaluations()}["coverage"]
    assert (coverage.passed, coverage.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "60 numbers awaiting_approval" in (coverage.description or "")
    told = metadata(result, "cost_report")
    assert (told["spent_total"], told["coverage"]) == (0, 0)
    assert (told["spend_by_day"], told["carriers"]) == ("nothing was spent yet", "no carrier is known yet")


def test_what_is_approved_is_bought_once_and_served(home: Path, url: str) -> None:
    """Each distinct number is charged once, the tables hold every answer, and a second run buys nothing."""
    result = run(home, approve_up_to="max")
    assert result.success
    assert sorted(charged(url)) == sorted(PHONES[:60])
    assert rows(home, "SELECT count(*) FROM lookups") == [(60,)]
    assert rows(home, "SELECT sum(amount) FROM lookup_costs WHERE entry_type = 'settle'")[0][0] * 100 == 60
    assert rows(home, "SELECT count(*), count(phone_e164) FROM enriched_crm") == [(85, 80)]
    assert rows(home, "SELECT sum(row_count) FROM phone_map WHERE position = 0") == [(85,)]
    failed = {each.check_name: each.description for each in result.get_asset_check_evaluations() if not each.passed}
    assert not failed
    again = run(home, approve_up_to="max")
    assert again.success
    assert len(charged(url)) == 60
    assert metadata(again, "quote")["next"] == "nothing is due"


def test_an_approval_covers_exactly_what_it_says(home: Path, url: str) -> None:
    """Half of the money approved buys half of the numbers, and the rest waits with the reason.

    The report says so in pictures and in numbers that plot, and shows no phone number.
    """
    result = run(home, approve_up_to="0.30 EUR")
    assert result.success
    assert len(charged(url)) == 30
    reasons = rows(home, "SELECT DISTINCT answer_reason FROM phone_facts WHERE answer_status = 'awaiting_approval'")
    assert reasons == [("the approval of 0.30 EUR is used up",)]
    told = metadata(result, "cost_report")
    assert (told["spent_total"], told["spent_this_month"], told["held"], told["in_doubt"]) == (0.3, 0.3, 0, 0)
    assert told["saved"] == metadata(result, "quote")["saved"]
    coverage = rows(home, "SELECT sum(answered) / sum(wanted) FROM coverage")
    assert told["coverage"] == round(float(coverage[0][0]), 4)
    assert texts(told["spend_by_day"])[0] == "Spent today: 0.30 EUR"
    assert texts(told["budget_month"])[0] == "Budget a month: 0.30 EUR of 100.00 EUR"
    assert "NL" in texts(told["coverage_by_country"])
    carriers = rows(home, "SELECT count(coalesce(current_carrier_name, current_carrier_mccmnc)) FROM phone_numbers")[0][
        0
    ]
    assert texts(told["carriers"])[0] == f"Carriers of {carriers:,} numbers"
    assert not re.search(r"\+\d{5}", repr(told))


@pytest.mark.long
def test_limits_only_narrow(home: Path, url: str) -> None:
    """A limit of numbers and a ceiling of money hold although more is approved."""
    assert run(home, approve_up_to="max", limit=7).success
    assert len(charged(url)) == 7
    assert run(home, approve_up_to="max", max_spend="0.05 EUR").success
    assert len(charged(url)) == 12


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"limit": -3}, "limit must be from 1 to 1,000,000,000, not -3"),
    ({"limit": 0}, "limit must be from 1"),
    ({"limit": 2**64}, "limit must be from 1"),
    ({"max_spend": "5 eur"}, "max_spend: '5 eur' is not a price; write amount and currency"),
    ({"max_spend": "-5 EUR"}, "max_spend: expected an amount that is not negative, not -5.00 EUR"),
    ({"approve_up_to": "all"}, "approve_up_to: 'all' is not a price"),
    ({"countries": ["XX"]}, "'XX' is not a country"),
    ({"sources": ["nobody"]}, "there is no source 'nobody'; configured: crm"),
]


@pytest.mark.parametrize(("limits", "sentence"), NONSENSE)
def test_limits_that_make_no_sense_are_told_in_a_sentence(
    limits: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    """Dagster lets them pass, and the first asset says what is wrong instead of a library."""
    make_warehouse(tmp_path, [])
    config = environment.load(make_config(tmp_path, "http://127.0.0.1:1")).config
    with pytest.raises(ConfigError) as caught:
        Limits(**limits).narrow(config)
    assert sentence in str(caught.value)


@pytest.mark.long
def test_a_narrowed_run_leaves_older_approvals_alone(home: Path, url: str) -> None:
    """What was approved before and not bought waits for a run that is not narrowed."""
    assert run(home, job="quote", approve_up_to="max").success
    assert run(home, approve_up_to="max", limit=5).success
    assert len(charged(url)) == 5
    assert run(home).success
    assert len(charged(url)) == 60


def test_a_missing_secret_stops_the_purchase_before_anything_is_spent(home: Path, url: str) -> None:
    """Quoting works without credentials; buying names the variables and sends nothing."""
    (home / ".env").unlink()
    assert run(home, job="quote").success
    result = run(home, approve_up_to="max")
    assert not result.success
    assert "INFOBIP_API_KEY" in failure(result)
    assert charged(url) == []


def progress(folder: Path) -> tuple[str, str]:
    """Phase and note of the only launch."""
    with ledgers.open_ledger(folder / "home").store.read() as connection:
        row = connection.exec_driver_sql("SELECT phase, note FROM progress").one()
    return row[0], row[1]


def test_a_wrong_key_is_one_clear_sentence(home: Path, url: str) -> None:
    """Refused credentials stop the provider after one request; the run is red and says it, and so does the launch."""
    (home / ".env").write_text("INFOBIP_API_KEY=wrong-key\n", encoding="utf-8")
    result = run(home, approve_up_to="max")
    assert not result.success
    sentence = failure(result)
    assert sentence.startswith("infobip refused the credentials (HTTP 401): check INFOBIP_API_KEY")
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    assert failed.step_key == "ringfence__lookups"
    assert progress(home) == ("failed", sentence)
    assert charged(url) == []


def test_what_was_paid_before_a_provider_said_no_is_served(home: Path, tmp_path: Path) -> None:
    """An account whose credit ends in the midst of a run: red, and the answers of before can be read all the same."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(NO_CREDIT, encoding="utf-8")
    with running(Settings(provider="infobip", scenario=str(scenario))) as urls:
        make_config(home, urls["infobip"], batch=10)
        result = run(home, approve_up_to="max")
        assert not result.success
        paid = charged(urls["infobip"])
    assert 0 < len(paid) < 60
    assert failure(result) == progress(home)[1]
    assert "infobip" in failure(result)
    assert rows(home, "SELECT count(*) FROM lookups") == [(len(paid),)]
    assert rows(home, "SELECT count(*) > 0 FROM phone_numbers WHERE validity <> 'unknown'") == [(True,)]
    reasons = rows(home, "SELECT DISTINCT answer_status FROM phone_facts ORDER BY 1")
    assert {("answered",), ("provider_failed",)} <= set(reasons)
    assert "phone_facts" not in materialized(result)


@pytest.mark.long
def test_a_quote_says_what_to_paste_to_buy_it(home: Path, url: str) -> None:
    """The run configuration of `next` approves and buys exactly that quote; pictures and table say its money."""
    told = metadata(run(home, job="quote", limit=12), "quote")
    (block,) = re.findall(r"```yaml\n(.*?)```", told["next"], re.DOTALL)
    assert "| first | infobip | query | NL | 12 | 0.12 EUR |" in told["lines"]
    assert {name: texts(told[name])[0] for name in ("money", "savings")} == {
        "money": "At most 0.12 EUR",
        "savings": f"Not spent: {told['saved']:.2f} EUR",
    }
    assert (told["numbers"], told["max"], told["first_run"]) == (12, 0.12, 0.12)
    assert told["steady_month"] > 0
    limits = yaml.safe_load(block)["resources"]["limits"]["config"]
    assert run(home, **limits).success
    assert len(charged(url)) == 12


def texts(markdown: str) -> list[str]:
    """The texts of the picture in a metadata value."""
    svg = unquote(markdown.partition("data:image/svg+xml,")[2].removesuffix(")"))
    return [each.text or "" for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


def test_a_quote_of_sources_that_were_never_read_says_so(home: Path) -> None:
    """Materialized by itself on a new home, it does not claim that nothing is due."""
    result = run(home, job="quote", only=["quote"])
    assert "launch job quote" in metadata(result, "quote")["next"]


def checked(result: dg.ExecuteInProcessResult, *names: str) -> dict[str, tuple[bool, str]]:
    """Whether checks passed, and what they say; none is worse than a warning."""
    found = {each.check_name: each for each in result.get_asset_check_evaluations() if each.check_name in names}
    assert {each.severity for each in found.values()} <= {dg.AssetCheckSeverity.WARN}
    return {name: (each.passed, each.description or "") for name, each in found.items()}


def test_what_stands_in_the_way_of_the_next_purchase_is_amber(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price that ends soon, a stop and an announced end are warned of beside a green quote, each with what to do."""
    names = ("prices", "stops", "sunset")
    assert checked(run(home, job="quote"), *names) == dict.fromkeys(names, (True, "nothing to do"))
    ledger = ledgers.open_ledger(home / "home")
    switch.stop(ledger, "", who="anna", why="the bill looks odd")
    day = datetime.now(UTC).date() + timedelta(days=5)
    card = "provider,product,country,mccmnc,outcome,price,currency,valid_from,valid_to\n"
    (home / "prices.csv").write_text(f"{card}infobip,query,,,,0.01,EUR,2026-01-01,{day}\n", encoding="utf-8")
    path = home / "ringfence.yaml"
    text = path.read_text(encoding="utf-8").replace('    price: {query: "0.01 EUR"}\n', "")
    path.write_text(f"{text}prices: prices.csv\n", encoding="utf-8")
    monkeypatch.setattr(type(provider("infobip")), "sunset", day, raising=False)
    result = run(home, job="quote")
    assert result.success
    found = checked(result, *names)
    assert [passed for passed, _ in found.values()] == [False, False, False]
    assert "prices.csv" in found["prices"][1]
    assert "ringfence resume" in found["stops"][1]
    assert f"end of infobip: it answers until {day}" in found["sunset"][1]


def launched(home: Path, launch: str, *only: str, **limits: str) -> None:
    """A run of a launch that approves five numbers; all of it that buys, or only these assets."""
    only = only or ("phone_map", "distinct_phones", "quote", "lookups")
    defs = definitions(str(home / "ringfence.yaml"))
    config = {"resources": {"limits": {"config": {"approve_up_to": "0.05 EUR", **limits}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {LAUNCH_TAG: launch}
        done = defs.resolve_job_def("enrich").execute_in_process(
            instance=instance,
            run_config=config,
            tags=tags,
            asset_selection=[dg.AssetKey(["ringfence", name]) for name in only],
        )
    assert done.success


def caps(ledger: Ledger) -> list[int]:
    """What is approved, in cents, in the order of the approvals."""
    with ledger.store.read() as connection:
        found = connection.exec_driver_sql("SELECT cap FROM approval ORDER BY approved_at").scalars().all()
    return [cap // 10_000_000 for cap in found]


def test_a_consent_is_given_once(home: Path, url: str) -> None:
    """Trying again goes on with what was approved; the same again beside a launch that lives approves nothing more."""
    make_config(home, url, batch=1)
    ledger = ledgers.open_ledger(home / "home")
    for _ in range(2):
        launched(home, "one")
        assert len(charged(url)) == 5
    with working(ledger, "one"):
        launched(home, "two")
        assert caps(ledger) == [5]
        launched(home, "two", "quote", max_spend="1 EUR")
    assert (len(charged(url)), caps(ledger)) == (5, [5, 5])
    launched(home, "three", "quote", "lookups")
    assert caps(ledger) == [5, 5, 5]


@pytest.mark.parametrize("cents", [0, 1])
def test_what_a_person_has_lowered_stays_so(home: Path, url: str, cents: int) -> None:
    """A run that is tried again does not approve again; a new one may, and may name the quote."""
    make_config(home, url, batch=1)
    ledger = ledgers.open_ledger(home / "home")
    launched(home, "one", "phone_map", "distinct_phones", "quote")
    with ledger.store.read() as connection:
        (quote_id,) = approvals.approved(connection, ledger.store.clock())
    approvals.approve(ledger, quote_id, Money(cents * 10_000_000, "EUR"), who="ada", why="enough")
    launched(home, "one")
    assert (len(charged(url)), caps(ledger)) == (cents, [cents])
    launched(home, "two", "quote", "lookups", quote=quote_id)
    assert (len(charged(url)), caps(ledger)) == (5, [5])


def test_a_backfill_is_one_launch(home: Path, url: str) -> None:
    """The runs of a backfill share their quote: what one of them quotes and approves, a later one buys."""
    defs = definitions(str(home / "ringfence.yaml"))
    limits = {"resources": {"limits": {"config": {"limit": 7, "approve_up_to": "max"}}}}
    keys = [dg.AssetKey(["ringfence", name]) for name in ("phone_map", "distinct_phones", "quote", "lookups")]
    with dg.DagsterInstance.ephemeral() as instance:
        for chosen in (keys[:3], keys[3:]):
            assert defs.resolve_job_def("enrich").execute_in_process(
                instance=instance, asset_selection=chosen, run_config=limits, tags={"dagster/backfill": "abcdefgh"}
            )
    assert len(charged(url)) == 7


@pytest.mark.long
def test_figures_of_cells_add_up(home: Path) -> None:
    """The sources' rows, the classes of cells, the reasons and the quote count cells one way."""
    result = run(home)
    told = metadata(result, "phone_map")
    assert told["cells_read"] == len(CELLS)
    assert told["cells_read"] == told["cells_parsed"] + told["cells_rejected"] + told["cells_empty"]
    reasons = [int(line.split("|")[2]) for line in told["rejected_by_reason"].splitlines()[2:]]
    assert sum(reasons) == told["cells_rejected"] > 0
    assert (told["cells_parsed"], told["numbers_in_cells"]) == (80, 80)


@pytest.mark.long
def test_the_rows_of_partitions_add_up(home: Path) -> None:
    """Each bucket says its own rows, not those of all."""
    result = run(home)
    events = [e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == "distinct_phones"]
    counts = {e.partition: e.materialization.metadata["dagster/partition_row_count"].value for e in events}
    assert len(counts) == 16
    assert sum(counts.values()) == 60
    assert not any("dagster/row_count" in event.materialization.metadata for event in events)


@pytest.mark.long
def test_every_write_to_the_lake_is_under_the_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever run writes a table holds the lock of publishers: two at once cannot conflict."""
    written: dict[str, bool] = {}

    def watch(method: str) -> None:
        write = getattr(Lake, method)

        def watched(lake: Lake, *values: Any, **others: Any) -> None:
            name = values[0] if isinstance(values[0], str) else "lookups"
            with (lake.home / "publish.lock").open("ab") as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                written[name] = False
            written.setdefault(name, True)
            write(lake, *values, **others)

        monkeypatch.setattr(Lake, method, watched)

    watch("overwrite")
    watch("append_settled")
    assert run(home, approve_up_to="max").success
    assert written == dict.fromkeys(TABLES, True)


@pytest.mark.long
def test_an_asset_can_be_selected_alone(home: Path) -> None:
    """What is written together can be selected apart, and only what was selected says that it is materialized."""
    assert run(home).success
    for name in ("phone_facts", "phone_changes", "phone_numbers", "coverage"):
        result = run(home, only=[name])
        assert result.success, name
        assert materialized(result) == {name}


@pytest.mark.long
def test_columns_say_what_they_mean(home: Path) -> None:
    """Every column of every served relation is described: before it is built, after, and in the file itself."""
    result = run(home)
    served = rows(
        home,
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal",
    )
    assert [row for row in served if not row[2]] == []
    meanings = {(table, column): comment for table, column, comment in served}
    specs = definitions(str(home / "ringfence.yaml")).resolve_all_asset_specs()
    for spec in specs:
        if spec.group_name != "served":
            continue
        name = spec.key.path[-1]
        built = {column.name: column for column in metadata(result, name)["dagster/column_schema"].columns}
        assert {column: each.description for column, each in built.items()} == {
            column: meaning for (table, column), meaning in meanings.items() if table == name
        }
        planned = {column.name: column.description for column in spec.metadata["dagster/column_schema"].columns}
        assert planned
        assert set(built) - set(planned) <= {"id"}
        assert all(built[column].description == meaning for column, meaning in planned.items())


@pytest.mark.long
def test_coverage_is_told_as_it_is_served(home: Path) -> None:
    """The metadata of coverage are the rows of the view."""
    result = run(home, approve_up_to="max")
    told = metadata(result, "coverage")
    found = rows(home, "SELECT fact, wanted, answered, share FROM coverage")
    assert {fact for fact, *_ in found} == {"carrier", "validity"}
    assert {fact: told[f"coverage_{fact}"] for fact, *_ in found} == {f: round(float(s), 4) for f, _, _, s in found}


def test_a_missing_ledger_is_one_sentence(home: Path) -> None:
    """Without a ledger nothing runs, and the failure says how to create one."""
    (home / "home" / "ledger.sqlite").unlink()
    assert "ringfence ledger create" in failure(run(home))


def test_the_ledger_stays_sound_and_collect_buys_nothing(home: Path, url: str) -> None:
    """Job collect publishes without purchases, also when something is approved and due."""
    assert run(home, approve_up_to="0.10 EUR").success
    assert run(home, job="collect").success
    assert len(charged(url)) == 10
    ledger = ledgers.open_ledger(home / "home")
    with ledger.store.read() as connection:
        assert violations(connection) == []


def test_a_mistake_in_one_source_is_told_before_any_is_read(home: Path) -> None:
    """Every source is resolved first: nothing is in the lake when the second one does not exist."""
    path = home / "ringfence.yaml"
    text = path.read_text(encoding="utf-8")
    other = "  other:\n    warehouse: duckdb:///crm.duckdb\n    relation: nowhere\n    key: [id]\n    phones: [phone]\n"
    path.write_text(text.replace("providers:", f"{other}    want: {{validity: once}}\nproviders:"), encoding="utf-8")
    assert "nowhere" in failure(run(home))
    assert not (home / "home" / "lake").exists()


@pytest.mark.parametrize(
    ("error", "mendable"),
    [(OSError(28, "No space left on device", "/full"), True), (KeyError("+31612341000"), False)],
)
def test_a_defect_is_not_told_as_the_users_mistake(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, *, mendable: bool
) -> None:
    """A full disk is a sentence that the launch keeps; anything unforeseen is a masked traceback and no sentence."""

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("assets.phones.wanted.phone_map", broken)
    result = run(home)
    told = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    ledger = ledgers.open_ledger(home / "home")
    with ledger.store.read() as connection:
        phase, note = connection.exec_driver_sql("SELECT phase, note FROM progress").one()
    assert (phase, note) == (("failed", "/full: No space left on device") if mendable else ("phone_map", ""))
    assert "612341000" not in repr(told)
