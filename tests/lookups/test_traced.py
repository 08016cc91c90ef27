"""Requests whose reply never came: their provider's log is asked, and by its bill they are settled, or free again."""

import json
import zlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from ringfence.config.sections import Privacy
from ringfence.http.client import Client
from ringfence.http.exchange import Exchange, Failure, Reply
from ringfence.lookups import collect as collecting
from ringfence.lookups import polling
from ringfence.lookups.asking import asks
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.lookups.imported_rows import Raw
from ringfence.lookups.imports import import_replies, importing_of
from ringfence.lookups.prospects import prospect
from ringfence.lookups.recover import assume_billed
from ringfence.lookups.replies import answered, numbers_of
from ringfence.money import breaker, switch
from ringfence.money import decide as decisions
from ringfence.money.decide import Decision
from ringfence.money.moves import Stored, keep_replies
from ringfence.money.store import unpack
from ringfence.providers import infobip_traces, windows
from ringfence.providers.registry import provider
from ringfence.simulator import infobip_log
from tests.lookups.conftest import Build, House, numbers

MINUTE = 60_000_000
CENT = 10_000_000


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two calls of the log, neither ours nor the vendor's, and a short one of a breaker."""
    monkeypatch.setattr(polling, "LOGS_A_SECOND", 1000)
    monkeypatch.setattr(infobip_log, "CALLS", 1_000_000)
    monkeypatch.setattr(collecting, "AT_MOST", 30)
    monkeypatch.setattr(collecting, "LOOK", 0.01)
    monkeypatch.setattr(breaker, "PAUSE", breaker.SECOND // 10)


def later(house: House, monkeypatch: pytest.MonkeyPatch, minutes: float, skew: float = 1e9) -> None:
    """Let time pass for the ledger, whose clock is then ahead of the simulator's; so much of it is borne."""
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + int(minutes * MINUTE))
    monkeypatch.setattr(windows, "_SKEW", windows.timedelta(seconds=min(skew, 1e8)))


def logs(house: House) -> list[dict[str, Any]]:
    """The calls of the log, or of the reports."""
    return [row for row in house.requests() if row["path"] in ("/number/1/logs", "/v2/reports/records")]


def nexts(house: House) -> set[str]:
    """What becomes of the open attempts by themselves."""
    now = house.ledger.store.clock()
    with house.ledger.store.read() as connection:
        return {prospect(connection, house.setup, house.ledger.key, each, now) for each in house.attempts("in_doubt")}


# What happens to a request, and whether it is charged.
LOST = {
    "unread": ({"fault": "drop_unread"}, False),
    "unanswered": ({"fault": "drop_unanswered"}, True),
    "cut": ({"fault": "drop_in_body"}, True),
    "free 503": ({"fault": "status", "status": 503}, False),
    "paid 500": ({"fault": "status", "status": 500, "billed": True}, True),
    "html": ({"fault": "html"}, True),
}


@pytest.mark.usefixtures("quick")
def test_what_was_charged_settles_and_what_was_not_is_bought_again(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way of losing a reply ends by what the simulator has billed: never lost, and never bought twice."""
    rules = [{"when": {"nth": 2 * place}, **rule} for place, (rule, _) in enumerate(LOST.values(), 1)]
    house = build(numbers("NL", 26), *rules)
    house.run()
    doubtful = house.attempts("in_doubt")
    assert len(doubtful) == len(LOST)
    assert anything_to_collect(house.ledger) is None
    assert collect(house.setup, house.ledger, "test") == []
    assert logs(house) == []
    later(house, monkeypatch, 25)
    assert anything_to_collect(house.ledger) == f"{len(LOST)} requests can be asked about again"
    assert collect(house.setup, house.ledger, "test") == []
    ended = {row["attempt_id"]: row for row in house.attempts()}
    expected = ["settled" if charged else "voided" for _, charged in LOST.values()]
    assert [ended[row["attempt_id"]]["state"] for row in doubtful] == expected
    assert house.spent() == house.charged() == sum(row["numbers"] for row in house.attempts("settled")) * CENT
    assert (house.held(), anything_to_collect(house.ledger)) == (0, None)
    house.publish()
    found = house.lookups()
    traced = found.filter(found["cost_basis"] == "reported_late")
    assert set(traced["outcome"]) <= {"partial", "rejected_number", "no_coverage", "failed"}
    assert "valid" in set(traced["validity"])
    assert set(traced["current_carrier_mccmnc"]) == {None}
    house.run("two")
    assert sorted(house.lookups()["phone_e164"]) == numbers("NL", 26)
    assert house.spent() == house.charged() == 26 * CENT
    assert all(not any(phone[1:] in row["path"] for phone in numbers("NL", 26)) for row in logs(house))
    house.check()


@pytest.mark.usefixtures("quick")
def test_a_number_that_the_reply_left_out_is_looked_up_by_itself(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A residue is traced too: the one that was billed and not told of settles at its own price."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "one_missing"}, provider={"batch": "4"})
    house.run()
    assert house.states() == ["settled", "in_doubt"]
    later(house, monkeypatch, 25)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["settled", "settled"]
    assert house.spent() == house.charged() == 4 * CENT
    house.check()


@pytest.mark.usefixtures("quick")
def test_a_full_page_is_asked_for_in_halves(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pages of three entries a log of twenty is read whole, so that what is not in it is free again."""
    monkeypatch.setattr(infobip_traces, "PAGE", 3)
    monkeypatch.setattr(infobip_log, "MOST", 3)
    rules = [{"when": {"nth": 4}, "fault": "drop_unread"}, {"when": {"nth": 15}, "fault": "drop_unanswered"}]
    house = build(numbers("NL", 20), *rules, latency=0.06)
    house.run()
    later(house, monkeypatch, 25)
    collect(house.setup, house.ledger, "test")
    states = Counter(house.states())
    assert (states["voided"], states["in_doubt"]) == (1, 0)
    assert house.spent() == house.charged() == 18 * CENT
    assert len(logs(house)) > 10
    house.check()


async def _broken(_client: Client, _request: httpx.Request) -> Exchange:
    return Failure("ambiguous", "sent, but no reply")


async def _busy(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(429, {"retry-after": "30"}, b"")


async def _down(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(503, {}, b'{"results": []}')


async def _odd(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(200, {}, b"<html>")


async def _dateless(_client: Client, _request: httpx.Request) -> Exchange:
    return Reply(200, {}, b'{"results": []}')


@pytest.mark.parametrize("said", [_broken, _busy, _down, _odd, _dateless])
def test_a_log_that_does_not_tell_concludes_nothing(build: Build, monkeypatch: pytest.MonkeyPatch, said: Any) -> None:
    """Whatever a vendor answers instead of its log, what may have been charged keeps its money; it is asked again."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    later(house, monkeypatch, 25)
    with monkeypatch.context() as patched:
        patched.setattr(Client, "poll", said)
        collect(house.setup, house.ledger, "test")
    assert house.states() == ["in_doubt", "settled"]
    assert house.held() == 2 * CENT
    later(house, monkeypatch, 30)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["voided", "settled"]


def test_clocks_that_differ_conclude_nothing(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the vendor's clock is not ours a request may lie outside of the time that is looked at: it stays held."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    later(house, monkeypatch, 25, skew=30)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["in_doubt", "settled"]
    assert len(logs(house)) == 1


def test_the_same_log_concludes_when_the_clocks_agree(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with the very bytes of an earlier one that proved nothing proves what it says at its own time."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    real = Client.poll

    async def of_a_slow_clock(client: Client, request: httpx.Request) -> Exchange:
        told = await real(client, request)
        return replace(told, headers={**told.headers, "date": format_datetime(datetime.now(UTC) - timedelta(hours=10))})

    later(house, monkeypatch, 25, skew=30_000)
    with monkeypatch.context() as patched:
        patched.setattr(Client, "poll", of_a_slow_clock)
        collect(house.setup, house.ledger, "test")
    assert house.states() == ["in_doubt", "settled"]
    later(house, monkeypatch, 7 * 60, skew=30_000)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["voided", "settled"]
    house.check()


def test_a_request_that_was_sent_by_a_wrong_clock_is_not_looked_up(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of another hour than that of the sending says nothing; a reply near it tells that the clock was wrong."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unanswered"})
    with monkeypatch.context() as patched:
        later(house, patched, 40, skew=30)
        house.run()
    assert house.states() == ["in_doubt", "settled"]
    later(house, monkeypatch, 90, skew=30)
    collect(house.setup, house.ledger, "test")
    assert (house.states(), logs(house)) == (["in_doubt", "settled"], [])


@pytest.mark.parametrize("jump", [8, -8])
def test_a_request_in_a_leap_of_the_clock_is_not_looked_up(
    build: Build, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    """The clock was wrong for this one request alone: it lies not between those before and after it."""
    house = build(
        numbers("NL", 5), {"when": {"nth": 3}, "fault": "drop_unread"}, provider={"batch": "1", "in_flight": 1}
    )
    house.run()
    assert house.states().count("in_doubt") == 1
    with house.ledger.store.write() as connection:
        sql = "UPDATE attempt SET reserved_at = reserved_at + ? WHERE state = 'in_doubt'"
        connection.exec_driver_sql(sql, (jump * MINUTE,))
    later(house, monkeypatch, 40, skew=30)
    collect(house.setup, house.ledger, "test")
    assert (house.states().count("in_doubt"), logs(house)) == (1, [])


def test_a_request_of_another_account_is_not_looked_up(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of whoever the provider is asked as now has nothing of what somebody else was charged."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    later(house, monkeypatch, 25)
    secrets = house.path.parent / ".env"
    kept = secrets.read_text()
    secrets.write_text("INFOBIP_API_KEY=another\n")
    collect(house.setup, house.ledger, "test")
    assert (house.states(), logs(house)) == (["in_doubt", "settled"], [])
    (told,) = nexts(house)
    assert told.startswith("needs a decision: it was sent with other credentials of infobip than there are now; ")
    secrets.write_text(kept)
    later(house, monkeypatch, 60 * 7)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["voided", "settled"]
    house.check()


def test_a_request_of_nobody_knows_whom_is_not_looked_up(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older ledger does not say as whom it asked: the log of today's account is no evidence of no charge."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    with house.ledger.store.write() as connection:
        connection.exec_driver_sql("UPDATE attempt SET account = NULL WHERE state = 'in_doubt'")
    later(house, monkeypatch, 25)
    collect(house.setup, house.ledger, "test")
    assert (house.states(), logs(house)) == (["in_doubt", "settled"], [])
    (told,) = nexts(house)
    assert told.startswith("needs a decision: nobody noted with which credentials infobip was asked; counts as spent")


def test_what_a_reply_left_out_has_the_account_that_asked(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A residue is looked up as whoever sent its request, and as nobody else."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "one_missing"}, provider={"batch": "4"})
    house.run()
    later(house, monkeypatch, 25)
    secrets = house.path.parent / ".env"
    kept = secrets.read_text()
    secrets.write_text("INFOBIP_API_KEY=another\n")
    collect(house.setup, house.ledger, "test")
    assert (house.states(), logs(house)) == (["settled", "in_doubt"], [])
    secrets.write_text(kept)
    later(house, monkeypatch, 60 * 7)
    collect(house.setup, house.ledger, "test")
    assert (house.states(), len(logs(house))) == (["settled", "settled"], 1)


@pytest.mark.parametrize("price", [{"pricePerLookup": "-5", "currency": "EUR"}, {"pricePerLookup": 5.0}], ids=str)
def test_nothing_settles_by_a_price_that_is_none(build: Build, price: dict[str, Any]) -> None:
    """An entry with a price that cannot be read proves that the number was looked up, and not what it cost: held."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    entry = {"to": numbers("NL", 1)[0][1:], "status": {"groupId": 3, "id": 5}, "price": price}
    body = json.dumps({"results": [entry], "entries": 1}).encode()
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [Stored(attempt["attempt_id"], "log", 200, {}, body, complete=True)])
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["in_doubt"]


def test_an_entry_of_another_request_settles_nothing(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """What bears the id of a request that was answered is about that one, though it names the number and the time."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    (doubt,), (other,) = house.attempts("in_doubt"), house.attempts("settled")
    with house.ledger.store.read() as connection:
        phone = next(iter(numbers_of(connection, unpack(doubt["subjects"])).values()))
    sent_at = datetime.fromtimestamp(doubt["reserved_at"] / 1e6, UTC)

    async def told(_client: Client, _request: httpx.Request) -> Exchange:
        entry = {
            "to": phone[1:],
            "bulkId": other["request_ref"],
            "messageId": "of-it",
            "status": {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"},
            "sentAt": f"{sent_at:%Y-%m-%dT%H:%M:%S}.000+0000",
            "price": {"pricePerLookup": 0.01, "currency": "EUR"},
        }
        return Reply(200, {"date": format_datetime(datetime.now(UTC))}, json.dumps({"results": [entry]}).encode())

    assert other["request_ref"]
    later(house, monkeypatch, 25)
    monkeypatch.setattr(Client, "poll", told)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["voided", "settled"]
    house.check()


def test_a_number_that_is_spelled_otherwise_is_not_taken_for_free(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply answers for a number that nobody asked for, and the log for none that was: it stays in doubt, held."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, "fault": "one_missing"})
    parse = type(provider("infobip")).parse

    async def nothing(_client: Client, _request: httpx.Request) -> Exchange:
        return Reply(200, {"date": format_datetime(datetime.now(UTC))}, b'{"results":[]}')

    def respelled(one: Any, product: str, reply: Reply, asked: Any) -> Any:
        document = json.loads(reply.body)
        for item in document.get("results", [])[:1]:
            document["results"].append({**item, "to": "525512345678"})
        return parse(one, product, replace(reply, body=json.dumps(document).encode()), asked)

    monkeypatch.setattr(type(provider("infobip")), "parse", respelled)
    house.run()
    assert house.states() == ["settled", "in_doubt"]
    later(house, monkeypatch, 25)
    monkeypatch.setattr(Client, "poll", nothing)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["settled", "in_doubt"]
    house.check()
    monkeypatch.setattr(type(provider("infobip")), "parse", parse)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["settled", "voided"], "the same log is evidence where the reply left it out"


def test_an_imported_reply_hides_no_charge(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer that was lost is imported under its own id: the log's entry with that id settles the request still."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    (doubt,) = house.attempts("in_doubt")
    with house.ledger.store.read() as connection:
        phones = list(numbers_of(connection, unpack(doubt["subjects"])).values())
    status = {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"}
    lost = {"bulkId": "of-the-lost", "results": [{"to": each[1:], "status": status} for each in phones]}
    importing = importing_of(house.ledger, provider("infobip"), "query", "EUR", "people", "ada")
    raw = Raw(json.dumps(lost).encode(), doubt["reserved_at"])
    assert import_replies(house.ledger, importing, Privacy(), iter([raw])).replies == 1
    sent_at = datetime.fromtimestamp(doubt["reserved_at"] / 1e6, UTC)
    price = {"pricePerLookup": 0.01, "currency": "EUR"}
    about = {
        "bulkId": "of-the-lost",
        "status": status,
        "sentAt": f"{sent_at:%Y-%m-%dT%H:%M:%S}.000+0000",
        "price": price,
    }
    body = json.dumps({"results": [{**about, "to": each[1:]} for each in phones]}).encode()

    async def told(_client: Client, _request: httpx.Request) -> Exchange:
        return Reply(200, {"date": format_datetime(datetime.now(UTC))}, body)

    later(house, monkeypatch, 25)
    monkeypatch.setattr(Client, "poll", told)
    collect(house.setup, house.ledger, "test")
    assert {row["state"] for row in house.attempts() if not row["origin"]} == {"settled"}
    assert house.spent() == 2 * CENT
    house.check()


def test_entries_of_another_time_and_of_others_are_not_kept(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of the same number sent at another time settles nothing, and those of strangers are not stored."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    (doubt,) = house.attempts("in_doubt")
    stranger = "31699999999"

    async def told(_client: Client, _request: httpx.Request) -> Exchange:
        status = {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"}
        shared = {"status": status, "sentAt": "2020-01-01T00:00:00.000+0000"}
        entries = [{"to": each, **shared} for each in (stranger, *(phone[1:] for phone in numbers("NL", 4)))]
        return Reply(200, {}, json.dumps({"results": entries}).encode())

    later(house, monkeypatch, 25)
    monkeypatch.setattr(Client, "poll", told)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["in_doubt", "settled"]
    with house.ledger.store.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT ref, body FROM reply WHERE source = 'log'").all()
        mine = {phone[1:] for phone in numbers_of(connection, unpack(doubt["subjects"])).values()}
    body = json.loads(zlib.decompress(kept.body))
    assert {each["to"] for each in body["results"]} == mine
    assert body["entries"] == 5
    assert not any(phone in kept.ref for phone in mine)


VONAGE = {"products": ["advanced"], "price": {"advanced": "0.04 EUR"}, "batch": "1"}


def test_vonage_is_asked_where_that_is_chosen(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `reports: on` a charged request settles at its record's price; what has no record is held for a person."""
    rules = [{"when": {"nth": 2}, "fault": "drop_unanswered"}, {"when": {"nth": 4}, "fault": "drop_unread"}]
    house = build(numbers("NL", 6), *rules, vendor="vonage", provider={**VONAGE, "reports": "on"})
    house.run()
    monkeypatch.setattr(polling, "LOGS_A_SECOND", 1000)
    later(house, monkeypatch, 80)
    collect(house.setup, house.ledger, "test")
    assert Counter(house.states()) == {"settled": 5, "in_doubt": 1}
    assert house.spent() == house.charged()
    (told,) = nexts(house)
    assert told.startswith("needs a decision: its provider's log does not tell; counts as spent from 20")
    asked = len(logs(house))
    assert asked == 2
    later(house, monkeypatch, 60 * 24)
    collect(house.setup, house.ledger, "test")
    assert len(logs(house)) == asked
    house.publish()
    assert set(house.lookups()["cost_basis"]) == {"reported", "reported_late"}
    house.check()


@pytest.mark.parametrize(("whom", "voided"), [("", False), ("vonage", False), ("vonage", True)])
def test_reports_that_cost_wait_for_the_kill_switch(
    build: Build, monkeypatch: pytest.MonkeyPatch, whom: str, *, voided: bool
) -> None:
    """While somebody has stopped Vonage, or everything, no report is paid for; afterwards it is asked."""
    rule = {"when": {"nth": 1}, "fault": "drop_unanswered"}
    house = build(numbers("NL", 2), rule, vendor="vonage", provider={**VONAGE, "reports": "on"})
    house.run()
    if voided:
        (doubt,) = house.attempts("in_doubt")
        void = Decision(who="ada", because="not on the invoice", voided=True)
        decisions.decide(house.ledger, doubt["attempt_id"], void, answered)
    switch.stop(house.ledger, whom, who="ada", why="a strange invoice")
    later(house, monkeypatch, 80)
    collect(house.setup, house.ledger, "test")
    assert logs(house) == []
    for told in nexts(house):
        assert told.startswith("is asked about, which costs, when vonage is no longer stopped; counts as spent from ")
    switch.resume(house.ledger, whom, who="ada", why="it was another's")
    later(house, monkeypatch, 60 * 8)
    collect(house.setup, house.ledger, "test")
    assert (len(logs(house)), house.attempts("in_doubt"), house.spent()) == (1, [], house.charged())
    house.check()


def test_vonage_is_not_asked_unless_that_is_chosen(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reports cost by the record: without a word of the configuration none is asked for, and that is told."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, "fault": "drop_unanswered"}, vendor="vonage", provider=VONAGE)
    house.run()
    later(house, monkeypatch, 80)
    collect(house.setup, house.ledger, "test")
    assert (logs(house), len(house.attempts("in_doubt"))) == ([], 1)
    (told,) = nexts(house)
    assert told.startswith("needs a decision, or providers.vonage.reports: on, which may cost; counts as spent from ")
    assert anything_to_collect(house.ledger) is None


@pytest.mark.parametrize("vendor", ["infobip", "messente", "kpn", "kaleyra"])
def test_what_comes_by_itself_is_told(build: Build, monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    """Of each doubt: whether its provider is asked, until when, or that somebody has to decide."""
    rule = {"when": {"nth": 2}, "fault": "drop_unanswered"}
    want = {"warehouse": "csv:///phones.csv", "key": "id", "phones": "phone", "want": {"carrier": "monthly"}}
    house = build(numbers("NL", 4), rule, vendor=vendor, provider={"batch": "1"}, sources={"people": want})
    house.run()
    (told,) = nexts(house)
    asked = vendor == "infobip"
    assert told.startswith("is asked about from 20" if asked else "needs a decision: its provider cannot be asked; ")
    assert "; counts as spent from 20" in told
    later(house, monkeypatch, 25)
    (told,) = nexts(house)
    assert told.startswith("is asked about until 20" if asked else "needs a decision")
    with house.ledger.store.read() as connection:
        (attempt,) = house.attempts("in_doubt")
        found = asks(
            connection, provider(vendor), house.url, {}, attempt, house.ledger.store.clock(), attempt["account"]
        )
    assert bool(found.polls) == asked
    later(house, monkeypatch, 60 * 48)
    (told,) = nexts(house)
    assert told.startswith("needs a decision")
    later(house, monkeypatch, 60 * 24 * 7)
    assert assume_billed(house.ledger, 7 * 86_400) == 1


def test_a_provider_that_is_gone_is_left_alone(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its credentials nothing is asked; it is said once a collecting run, and none is started for it again."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    later(house, monkeypatch, 25)
    secrets = house.path.parent / ".env"
    kept = secrets.read_text()
    secrets.write_text("")
    assert anything_to_collect(house.ledger)
    (told,) = collect(house.setup, house.ledger, "test")
    assert "INFOBIP_API_KEY" in told
    assert anything_to_collect(house.ledger) is None
    secrets.write_text(kept)
    later(house, monkeypatch, 60 * 7)
    assert anything_to_collect(house.ledger)
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["voided", "settled"]
