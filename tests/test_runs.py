"""Runs of a real Dagster service, asked for as its UI asks: twice at once, by two backfills, cancelled, tried again."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ringfence.config import environment
from ringfence.money.invariants import violations
from ringfence.money.ledger import Ledger, open_ledger
from tests.ui import COUNTS, Place, place

__all__ = ["place"]
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ALL = sum(COUNTS.values())
NANOS_OF_ALL = 80 * 10_000_000 + 20 * 2_000_000
LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "ringfence"}
CONFIG = {"resources": {"limits": {"config": {"approve_up_to": "max"}}}}
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
AGAIN = """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILLED = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status runs { id status startTime endTime } } } }"""
CANCEL = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


def asked(place: Place, query: str, **variables: Any) -> Any:
    """What the service answers, as it answers its own pages."""
    question = {"query": query, "variables": variables}
    found = httpx.post(f"{place.url}/graphql", json=question, trust_env=False, timeout=60)
    assert "errors" not in found.json(), found.text
    (answer,) = found.json()["data"].values()
    return answer


def launched(place: Place, job: str = "enrich") -> str:
    """The id of a new run of a job that approves what it quotes."""
    selector = {**LOCATION, "jobName": job}
    answer = asked(place, LAUNCH, params={"selector": selector, "runConfigData": CONFIG, "mode": "default"})
    return str(answer["run"]["runId"])


def backfilled(place: Place, buckets: range) -> str:
    """The id of a new backfill of these buckets of lookups."""
    names = [f"{bucket:02d}" for bucket in buckets]
    chosen = {"assetSelection": [{"path": ["ringfence", "lookups"]}], "partitionNames": names}
    return str(asked(place, BACKFILL, params=chosen)["backfillId"])


def until(done: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.2)
    return found


def end_of(place: Place, run_id: str) -> str:
    """How a run has ended, as soon as it has."""

    def ended() -> str:
        status = str(asked(place, STATUS, id=run_id)["status"])
        return status if status in ENDED else ""

    return str(until(ended))


def ledger_of(place: Place) -> Ledger:
    """The books of a place."""
    return open_ledger(environment.load(place.folder / "ringfence.yaml").home)


def requests(place: Place) -> int:
    """How many requests were reserved."""
    with ledger_of(place).store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM attempt").scalar_one())


def test_two_runs_at_once_share_the_work(place: Place) -> None:
    """A double click starts two runs: each number is bought once, and what it cost is spent once."""
    runs = [launched(place), launched(place)]
    assert [end_of(place, run) for run in runs] == ["SUCCESS", "SUCCESS"]
    judged(place, runs)


def test_two_backfills_that_overlap_share_the_work(place: Place) -> None:
    """Six buckets are in both backfills, which buy at the same time: each number is bought once."""
    quoted = launched(place, "quote")
    assert end_of(place, quoted) == "SUCCESS"
    backfills = [backfilled(place, range(11)), backfilled(place, range(5, 16))]

    def ended() -> list[dict[str, Any]]:
        found = [asked(place, BACKFILLED, id=each) for each in backfills]
        return found if all(each["status"].startswith("COMPLETED") for each in found) else []

    found = until(ended)
    assert [each["status"] for each in found] == ["COMPLETED_SUCCESS"] * 2
    (one,), (other,) = (each["runs"] for each in found)
    assert max(one["startTime"], other["startTime"]) < min(one["endTime"], other["endTime"])
    served = launched(place)
    assert end_of(place, served) == "SUCCESS"
    judged(place, [quoted, one["id"], other["id"], served])


def test_a_run_that_is_cancelled_and_tried_again_pays_once(place: Place) -> None:
    """Dagster's own cancel in the midst of buying, and its own trying again from there: nothing is bought twice."""
    first = launched(place)
    until(lambda: requests(place) >= 2)
    asked(place, CANCEL, id=first)
    assert end_of(place, first) in ("CANCELED", "FAILURE")
    assert requests(place) < 10
    again = asked(place, AGAIN, params={"parentRunId": first, "strategy": "FROM_FAILURE"})
    assert end_of(place, again["run"]["runId"]) == "SUCCESS"
    judged(place, [first, again["run"]["runId"]])


def judged(place: Place, runs: list[str]) -> None:
    """Every number was paid for once and is published once, by the books, the bill and the table."""
    ledger = ledger_of(place)
    with ledger.store.read() as connection:
        assert violations(connection) == []
        sql = "SELECT coalesce(sum(actual), 0), count(*), sum(numbers), count(DISTINCT state) FROM attempt"
        spent, _, bought, states = connection.exec_driver_sql(sql).one()
        owners = set(connection.exec_driver_sql("SELECT run_id FROM worker").scalars())
    assert (spent, bought, states) == (NANOS_OF_ALL, ALL, 1)
    assert owners <= {*runs, None}
    assert place.charged() == NANOS_OF_ALL
    assert len(place.published()) == len(set(place.published())) == ALL
