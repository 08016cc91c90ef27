"""KPN against its simulator: tokens that end or are not taken, quotas, and what the user is told about them."""

import json
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ringfence.http import tokens
from ringfence.http.client import Client
from ringfence.lookups.lane import Lane
from ringfence.providers.registry import provider
from tests.lookups.conftest import House

TOKEN = "/oauth/client_credential/accesstoken"
LOOKUP = "/communication/nexmo/number-insight/advanced"
Make = Callable[..., House]


@pytest.fixture(name="kpn")
def _kpn(build: Make, numbers: Callable[[str, int], list[str]]) -> Make:
    """A house that buys so many numbers from KPN under these rules."""

    def make(count: int, *rules: dict[str, Any], in_flight: int = 1, latency: float = 0, **provider: str) -> House:
        own = {"batch": "1", "in_flight": str(in_flight), **provider}
        return build(numbers("NL", count), *rules, vendor="kpn", latency=latency, provider=own)

    return make


def asked(house: House, path: str) -> list[int | None]:
    """The statuses of the requests to a path, in their order."""
    return [row["status"] for row in house.requests() if row["path"] == path]


def unsent(house: House) -> int:
    """How many attempts are void because there was no token, or because the one before had none."""
    (first, *others) = [row["evidence"] for row in house.attempts("voided")]
    assert first.startswith("not sent: no token came")
    assert all(evidence.startswith(("not sent: no token came", "never sent: ")) for evidence in others)
    return 1 + len(others)


def rule(fault: str, *places: int, **more: Any) -> list[dict[str, Any]]:
    """A fault at these requests, the first of which is the one for a token; always when there are none."""
    return [{"when": {"nth": place} if place else "always", "fault": fault, **more} for place in places or (0,)]


def test_a_run_needs_one_token(kpn: Make) -> None:
    """All requests carry the same token, fetched once; what was spent is the bill to the nano; a rerun asks nothing."""
    house = kpn(30, in_flight=6, latency=0.01)
    bought = house.run()
    assert (bought.numbers, bought.in_doubt, bought.left) == (30, 0, 0)
    assert (asked(house, TOKEN), asked(house, LOOKUP)) == ([200], [200] * 30)
    assert house.spent() == house.charged() > 0
    assert house.run("two").numbers == 0
    house.check()


def test_a_second_run_of_the_process_takes_the_same_token(kpn: Make) -> None:
    """One token a process, not one a run."""
    house = kpn(4)
    house.run("one", numbers=2)
    house.run("two")
    assert (asked(house, TOKEN), asked(house, LOOKUP)) == ([200], [200] * 4)


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed(kpn: Make) -> None:
    """The attempt is void, its number is asked once more with another token, and nothing is paid twice."""
    house = kpn(8, *rule("token_expired", 5))
    bought = house.run()
    assert (bought.numbers, bought.left) == (8, 0)
    assert asked(house, TOKEN) == [200, 200]
    assert asked(house, LOOKUP) == [200, 200, 200, 401, *[200] * 5]
    (void,) = house.attempts("voided")
    (again,) = [row for row in house.attempts("settled") if row["retry_of"]]
    assert again["retry_of"] == void["attempt_id"]
    assert house.spent() == house.charged()
    house.check()


def test_all_that_were_out_with_the_same_token_are_asked_again(kpn: Make) -> None:
    """Six requests are refused with one token: one other token is fetched, and all six go out anew."""
    house = kpn(12, *rule("token_expired", 2, 3, 4, 5, 6, 7), in_flight=6, latency=0.2)
    bought = house.run()
    assert (bought.numbers, bought.left, bought.refused) == (12, 0, "")
    assert asked(house, TOKEN) == [200, 200]
    assert sorted(asked(house, LOOKUP)) == [200] * 12 + [401] * 6
    assert len(house.attempts("voided")) == 6
    house.check()


def test_tokens_may_end_again_and_again(kpn: Make) -> None:
    """As long as something is answered in between, each is renewed."""
    house = kpn(6, *rule("token_expired", 3, 6, 9, 12))
    bought = house.run()
    assert (bought.numbers, bought.left) == (6, 0)
    assert asked(house, TOKEN) == [200] * 5
    house.check()


@pytest.mark.parametrize("in_flight", [1, 5])
def test_a_second_token_that_is_refused_ends_the_run(kpn: Make, in_flight: int) -> None:
    """Two tokens in a row that are not taken are no expiry: nothing more goes out, and the sentence says what to do."""
    house = kpn(12, *rule("token_expired"), in_flight=in_flight, latency=0.1)
    bought = house.run()
    assert (bought.numbers, bought.failed, bought.spent, bought.in_doubt) == (0, 12, 0, 0)
    assert asked(house, TOKEN) == [200, 200]
    assert len(asked(house, LOOKUP)) <= 2 * in_flight
    sentence = "check in the API Store that the project of KPN_CLIENT_ID is approved and has the product Number Insight"
    assert sentence in bought.why_not
    assert sentence in bought.refused
    assert set(house.states()) == {"voided"}
    house.check()


def test_a_late_refusal_of_an_old_token_is_no_second_one() -> None:
    """What was out with the old token is refused after the new one was taken: it gets its new attempt all the same."""
    dropped: list[int] = []
    client = cast("Client", SimpleNamespace(drop_token=dropped.append))
    lane = Lane(provider("kpn"), "", "account", {}, client, in_flight=4, per_second=5)
    assert [lane.renews(1), lane.renews(1)] == [True, True]
    lane.answered()
    assert [lane.renews(1), lane.renews(2)] == [True, False]
    lane.answered()
    assert [lane.renews(2), lane.renews(None)] == [True, False]
    assert dropped == [1, 1, 1, 2]


def test_whatever_goes_wrong_nothing_paid_is_lost(kpn: Make) -> None:
    """Tokens, quotas and every fault of a connection at once: the books add up against the simulator's bill."""
    faults = ["token_expired", "drop_in_body", "quota_used", "token_error", "empty", "sunset", "throttled"]
    rules = [{"when": {"every": 11 + 4 * place}, "fault": each} for place, each in enumerate(faults)]
    house = kpn(40, *rules, in_flight=5)
    for launch in ("one", "two"):
        house.run(launch)
    assert len(house.attempts("settled")) > 20
    house.check()


@pytest.mark.parametrize("fault", ["token_error", "credentials"])
def test_refused_credentials_send_nothing(kpn: Make, fault: str) -> None:
    """No token, no request: the attempt is void with that for evidence, and both variables are named."""
    house = kpn(5, *(rule("token_error") if fault == "token_error" else []))
    if fault == "credentials":
        (house.path.parent / ".env").write_text("KPN_CLIENT_ID=wrong-id\nKPN_CLIENT_SECRET=wrong-secret\n")
    bought = house.run()
    assert (bought.numbers, bought.failed, bought.spent, house.held()) == (0, 5, 0, 0)
    assert (len(asked(house, TOKEN)), asked(house, LOOKUP)) == (1, [])
    assert "check KPN_CLIENT_ID and KPN_CLIENT_SECRET" in bought.refused
    assert unsent(house) == len(house.attempts())
    house.check()


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 503},
        {"fault": "status", "status": 429, "retry_after": "1"},
        {"fault": "drop_unanswered"},
        {"fault": "empty"},
        {"fault": "html"},
    ],
    ids=lambda fault: f"{fault['fault']}-{fault.get('status', '')}",
)
def test_a_token_that_does_not_come_is_asked_for_again(kpn: Make, fault: dict[str, Any]) -> None:
    """Whatever happens to that request, no number was in it: nothing is in doubt, and the run goes on."""
    house = kpn(3, {"when": {"nth": 1}, **fault})
    bought = house.run()
    assert (bought.numbers, bought.in_doubt, bought.left) == (3, 0, 0)
    assert len(asked(house, TOKEN)) == 2
    assert asked(house, LOOKUP) == [200] * 3
    assert unsent(house) == len(house.attempts()) - 3
    house.check()


def test_a_token_endpoint_that_stays_away_ends_the_run(kpn: Make) -> None:
    """After a few tries in a row the provider is left for this run, with all its numbers unpaid."""
    house = kpn(3, *rule("status", status=503))
    bought = house.run()
    assert (bought.numbers, bought.failed, bought.in_doubt) == (0, 3, 0)
    assert asked(house, LOOKUP) == []
    assert "no token came (HTTP 503" in bought.why_not
    house.check()


def test_a_product_outside_the_project_ends_the_run_at_once(kpn: Make) -> None:
    """A 403 with a good token is about the product: one request, no other token."""
    house = kpn(4, *rule("product_not_in_project"))
    bought = house.run()
    assert (asked(house, TOKEN), asked(house, LOOKUP)) == ([200], [403])
    assert (bought.failed, bought.spent) == (4, 0)
    assert "does not permit this request (HTTP 403)" in bought.refused
    house.check()


def moments(house: House) -> list[datetime]:
    """When each lookup arrived."""
    return [datetime.fromisoformat(row["at"]) for row in house.requests() if row["path"] == LOOKUP]


@pytest.mark.parametrize("fault", ["quota_used", "429"])
def test_a_quota_that_is_used_up_is_waited_for(kpn: Make, fault: str) -> None:
    """After the reply that says so nothing goes out until its reset, and then the rest is bought."""
    rules = rule("quota_used", 4) if fault == "quota_used" else rule("status", 4, status=429)
    house = kpn(6, *rules)
    bought = house.run()
    assert (bought.numbers, bought.left) == (6, 0)
    at = moments(house)
    pauses = [(after - before).total_seconds() for before, after in pairwise(at)]
    assert pauses[2] >= 0.95
    house.check()


def test_what_the_gateway_tells_is_told(kpn: Make) -> None:
    """The quota as it was last, and an announced end: once each, however many replies say it."""
    house = kpn(5, *rule("sunset", 3, 5))
    notes = house.run().notes
    assert len(notes) == 2
    assert notes[0].startswith("kpn: 5 of the quota of 1,000,000 requests a day are used; it begins anew at ")
    assert notes[1] == (
        "kpn announces that this API ends on 2027-02-04 (its sunset header): move to another provider before"
    )


def test_a_reply_reads_the_same_from_the_ledger(kpn: Make) -> None:
    """The headers that were read are stored beside the body."""
    house = kpn(1, *rule("sunset", 2))
    house.run()
    with house.ledger.store.read() as connection:
        (headers,) = connection.exec_driver_sql("SELECT headers FROM reply").scalars().all()
    kept = json.loads(headers)
    assert kept["sunset"] == "Thu, 04 Feb 2027 00:00:00 GMT"
    assert kept.keys() >= {"quota-limit", "quota-used", "quota-reset-utc", "date"}
    assert "authorization" not in kept


def test_no_token_and_no_secret_is_left_behind(kpn: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the credentials nor a token stand in any file of the home, or in what was logged."""
    house = kpn(6, *rule("token_expired", 4), *rule("status", 7, status=500))
    (house.path.parent / ".env").write_text("KPN_CLIENT_ID=my-client-id-1\nKPN_CLIENT_SECRET=my-client-secret-1\n")
    house.run()
    (held,) = tokens._shared.values()  # the one door to a token that is in use
    kept = held._kept
    assert kept is not None
    secrets = [kept.header.removeprefix("Bearer "), "my-client-id-1", "my-client-secret-1"]
    files = [file for file in house.ledger.store.path.parent.rglob("*") if file.is_file()]
    assert len(files) > 3
    for secret in secrets:
        assert secret not in caplog.text
        for file in files:
            assert secret.encode() not in file.read_bytes(), file.name
