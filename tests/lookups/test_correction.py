"""A charge that shows after a void is booked beside it: in the budgets, in the journal, in the tables, and aloud."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import Connection

from ringfence.lake import views
from ringfence.lookups import collector
from ringfence.lookups.callback_address import callback_url
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.lookups.late import note_late
from ringfence.lookups.recover import assume_billed
from ringfence.lookups.replies import answered
from ringfence.lookups.serve import serve
from ringfence.money import decide as decisions
from ringfence.money import switch
from ringfence.money.amount import Money
from ringfence.money.correction import correct, corrections
from ringfence.money.decide import Decision
from ringfence.money.invariants import violations
from ringfence.money.moves import Answered, Settle, Stored, Void, apply, keep_replies
from ringfence.money.schema import JOURNAL
from tests.lookups.conftest import Build, House, numbers
from tests.lookups.receiving import receiving
from tests.lookups.test_serve import ask
from tests.lookups.test_traced import later, logs

CENT = 10_000_000
VOID = Decision(who="ada", because="not on the invoice", voided=True)
ASYNC = {"products": ["advanced_async"], "price": {"advanced_async": "0.04 EUR"}, "batch": "1", "wait": "1s"}


def journal(house: House, event: str) -> list[tuple[str, int, str]]:
    """What the journal has of a kind: by whom, what was spent, and why."""
    query = JOURNAL.select().where(JOURNAL.c.event == event).order_by(JOURNAL.c.seq)
    with house.ledger.store.read() as connection:
        return [(row.who, row.spent, row.why) for row in connection.execute(query)]


def test_a_callback_after_an_operators_void_is_booked_once(build: Build) -> None:
    """Its price counts in the budgets as overrun, its answer is published, and the alarm names attempt and amount."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "callback_lost"}, vendor="vonage", provider=ASYNC)
    with receiving(house.ledger, house.setup.config.privacy) as receiver:
        house.change(callbacks={"public_url": receiver.url})
        house.run()
        (attempt,) = house.attempts()
        decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
        assert (house.spent(), house.charged()) == (0, 4 * CENT)
        url = callback_url(receiver.url, house.ledger, "vonage", attempt["attempt_id"])
        body = {
            "status": 0,
            "request_id": attempt["request_ref"],
            "international_format_number": numbers("NL", 1)[0][1:],
            "request_price": "0.04000000",
            "valid_number": "valid",
            "reachable": "reachable",
        }
        assert httpx.post(url, content=json.dumps(body), trust_env=False).status_code == 200
    (told,) = collect(house.setup, house.ledger, "test")
    said = "was voided and is charged all the same: 0.04 EUR is booked as a correction"
    assert told == f"attempt {attempt['attempt_id']} {said}"
    assert collect(house.setup, house.ledger, "test") == []
    assert house.states() == ["voided", "settled"]
    assert house.spent() == house.charged() == 4 * CENT
    ((who, spent, why),) = journal(house, "correction")
    assert (who, spent) == ("test", 0)
    assert why == f"0.04 EUR was charged after it was voided; booked as attempt {house.attempts()[1]['attempt_id']}"
    with house.ledger.store.read() as connection:
        used = connection.exec_driver_sql("SELECT held, spent, overrun FROM counter").all()
    assert {tuple(row) for row in used} == {(0, 4 * CENT, 4 * CENT)}
    found = corrections(house.ledger)
    assert (found.attempts, list(found.amounts)) == (1, [Money(4 * CENT, "EUR")])
    assert corrections(house.ledger, house.ledger.store.clock()).attempts == 0
    house.publish()
    assert house.lookups()["validity"].to_list() == ["valid"]
    path = serve(house.setup, house.ledger, house.lake)
    assert [each.name for each in views.checks(path) if each.rows] == []
    costs = ask(path, "SELECT * FROM lookup_costs WHERE entry_type = 'correction'")
    assert [(row.phone_e164, row.amount.scaleb(9), row.basis) for row in costs] == [
        (numbers("NL", 1)[0], 4 * CENT, "reported")
    ]
    house.check()


@pytest.mark.parametrize("decision", [VOID, replace(VOID, voided=False)], ids=["voided", "billed"])
def test_a_decision_passes_over_no_answer_that_is_there(build: Build, decision: Decision) -> None:
    """What came and was not read yet is worth more than what somebody believes: it settles, and is published."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    assert _came(house, attempt, "response", _result(numbers("NL", 1)[0])) == []
    done = decisions.decide(house.ledger, attempt["attempt_id"], decision, answered)
    assert (done.attempts, done.answered, house.states()) == (0, 1, ["settled"])
    assert house.spent() == house.charged() == CENT
    house.publish()
    assert house.lookups()["outcome"].to_list() == ["complete"]
    house.check()


def test_what_is_answered_when_its_time_is_over_settles_by_its_answer(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that came when nobody looked any more is worth more than the time that is over."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    _came(house, attempt, "response", _result(numbers("NL", 1)[0]))
    later(house, monkeypatch, 8 * 24 * 60)
    assert assume_billed(house.ledger, 7 * 86_400) == 1
    house.publish()
    assert house.lookups()["outcome"].to_list() == ["complete"]
    house.check()


def test_a_log_that_comes_after_the_void_is_booked_by_number(build: Build) -> None:
    """What the log has is booked once, and what comes of the other number later by itself."""
    house = build(numbers("NL", 2), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    told = [_logged(house, phones) for phones in (numbers("NL", 1), numbers("NL", 2), numbers("NL", 2))]
    assert [len(each) for each in told] == [1, 1, 0]
    assert house.states() == ["voided", "settled", "settled"]
    assert house.spent() == house.charged() == 2 * CENT
    assert [spent for _, spent, _ in journal(house, "settled")] == [CENT, CENT]
    assert len(journal(house, "correction")) == 2
    house.check()


def test_an_operators_mistake_is_found_by_the_log(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody decided to be free is looked up all the same: what was charged is booked, and told once."""
    rules = [{"when": {"nth": 1}, "fault": "drop_unanswered"}, {"when": {"nth": 3}, "fault": "drop_unread"}]
    house = build(numbers("NL", 6), *rules)
    house.run()
    for attempt in house.attempts("in_doubt"):
        decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    assert anything_to_collect(house.ledger) is None
    later(house, monkeypatch, 25)
    assert anything_to_collect(house.ledger) == "2 requests can be asked about again"
    (told,) = collect(house.setup, house.ledger, "test")
    assert "is charged all the same: 0.02 EUR is booked as a correction" in told
    assert house.spent() == house.charged() == 4 * CENT
    assert (anything_to_collect(house.ledger), collect(house.setup, house.ledger, "test")) == (None, [])
    assert len(logs(house)) == 2
    house.check()


def test_an_answer_that_was_held_up_until_after_the_void_is_booked(build: Build) -> None:
    """A process that was stopped keeps the reply when it wakes, though its attempt was decided: it is not lost."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    (told,) = _came(house, attempt, "response", _result(numbers("NL", 1)[0]))
    assert "is charged all the same: 0.01 EUR is booked as a correction" in told
    assert note_late(house.ledger) == []
    assert house.states() == ["voided", "settled"]
    assert house.spent() == house.charged() == CENT
    house.publish()
    assert house.lookups()["phone_e164"].to_list() == numbers("NL", 1)
    house.check()


@pytest.mark.parametrize(
    ("source", "cost", "price", "more"),
    [
        ("response", None, None, 0),
        ("response", "0.03 EUR", None, 0),
        ("log", "0.02 EUR", "0.01", 0),
        ("log", None, "0.03", 2),
    ],
)
def test_an_answer_to_what_was_counted_as_lost_is_published(
    build: Build, source: str, cost: str | None, price: str | None, more: int
) -> None:
    """It costs nothing more, unless it states a price above what was counted: that is booked, and told."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    decision = replace(VOID, voided=False, cost=Money.parse(cost) if cost else None)
    decisions.decide(house.ledger, attempt["attempt_id"], decision, answered)
    spent = house.spent()
    result = _result(numbers("NL", 1)[0], price)
    stored = Stored(attempt["attempt_id"], source, 200, {}, result, complete=True)  # type: ignore[arg-type]
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [stored])
    found = "1 answers came after their requests were decided"
    assert anything_to_collect(house.ledger) == (found if source == "response" else None)
    said = f"was counted as lost and is charged more than was counted: 0.0{more} EUR is booked as a correction"
    told = [f"attempt {attempt['attempt_id']} {said}"] if more else []
    assert collect(house.setup, house.ledger, "test") == told
    assert (anything_to_collect(house.ledger), collect(house.setup, house.ledger, "test")) == (None, [])
    assert (house.states(), house.spent()) == (["settled", "settled"], spent + more * CENT)
    assert len(journal(house, "correction" if more else "late_reply")) == 1
    house.publish()
    assert house.lookups()["outcome"].to_list() == ["complete" if source == "response" else "partial"]
    path = serve(house.setup, house.ledger, house.lake)
    assert [each.name for each in views.checks(path) if each.rows] == []
    house.check()


@pytest.mark.parametrize("decision", [None, VOID], ids=["by the log", "voided, and by the log"])
def test_a_whole_answer_after_what_the_log_told_is_published(
    build: Build, monkeypatch: pytest.MonkeyPatch, decision: Decision | None
) -> None:
    """The log tells no network: the answer itself, held up until then, is published at no more than was counted."""
    (phone,) = numbers("NL", 2)[1:]
    house = build([phone], {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    if decision:
        decisions.decide(house.ledger, attempt["attempt_id"], decision, answered)
    later(house, monkeypatch, 25)
    collect(house.setup, house.ledger, "test")
    house.publish()
    assert house.lookups()["outcome"].to_list() == ["partial"]
    booked = len(house.attempts())
    assert _came(house, attempt, "response", _result(phone)) == []
    assert (len(house.attempts()), house.attempts()[-1]["state"]) == (booked + 1, "settled")
    assert _came(house, attempt, "response", _result(phone, "0.01")) == []
    assert (len(house.attempts()), house.spent()) == (booked + 1, house.charged())
    house.publish()
    assert sorted(house.lookups()["outcome"]) == ["complete", "partial"]
    path = serve(house.setup, house.ledger, house.lake)
    assert [each.name for each in views.checks(path) if each.rows and "correction" not in each.name] == []
    house.check()


def test_a_whole_answer_that_states_no_price_costs_what_the_log_told(build: Build) -> None:
    """The log told the price of this very request: no list price is booked beside it."""
    (phone,) = numbers("NL", 2)[1:]
    house = build([phone], {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    assert len(_logged(house, [phone], price="0.008")) == 1
    assert (_came(house, attempt, "response", _result(phone)), house.spent()) == ([], 8_000_000)
    assert note_late(house.ledger) == []
    house.publish()
    assert sorted(house.lookups()["outcome"]) == ["complete", "partial"]


@pytest.mark.parametrize(("stated", "more"), [("0.04", 0), ("0.03", 0), ("0.07", 3 * CENT)])
def test_a_whole_answer_costs_what_it_states_above_what_was_counted(build: Build, stated: str, more: int) -> None:
    """What was answered in part is answered whole by a second callback; a dearer one stops its provider."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "callback_lost"}, vendor="vonage", provider=ASYNC)
    house.change(callbacks={"public_url": "http://127.0.0.1:9"})
    house.run()
    (attempt,) = house.attempts()
    phone = numbers("NL", 1)[0][1:]
    common = {"request_id": attempt["request_ref"], "international_format_number": phone}
    facts = {"valid_number": "valid", "reachable": "reachable", "ported": "not_ported"}
    part = common | {"status": 44, "request_price": "0.04"}
    whole = common | {"status": 0, "request_price": stated} | facts
    assert _came(house, attempt, "callback", json.dumps(part).encode()) == []
    collect(house.setup, house.ledger, "test")
    assert (house.states(), house.spent()) == (["settled"], 4 * CENT)
    told = _came(house, attempt, "callback", json.dumps(whole).encode())
    said = "answered in part and is charged more than was counted: 0.03 EUR is booked as a correction"
    assert [each.partition(" was ")[2] for each in told] == ([said] if more else [])
    assert (house.states(), house.spent()) == (["settled", "settled"], 4 * CENT + more)
    with house.ledger.store.read() as connection:
        assert ("vonage" in switch.stops(connection)) == bool(more)
    assert note_late(house.ledger) == []
    house.publish()
    assert sorted(house.lookups()["outcome"]) == ["complete", "partial"]
    house.check()


def test_a_whole_answer_to_what_was_left_out_is_published(build: Build) -> None:
    """What the reply left out was settled by the log: what comes of it under the request itself is published too."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "one_missing"}, provider={"batch": "4"})
    house.run()
    (residue,) = house.attempts("in_doubt")
    (phone,) = _asked(house, residue)
    (origin,) = (each for each in house.attempts() if each["attempt_id"] == residue["residue_of"])
    entry = {"to": phone[1:], "status": {"groupId": 3, "id": 5}, "price": {"pricePerLookup": "0.01", "currency": "EUR"}}
    body = json.dumps({"results": [entry]}).encode()
    with house.ledger.store.write() as connection:
        log = Stored(residue["attempt_id"], "log", 200, {}, body, complete=True, ref="late")
        keep_replies(connection, house.ledger, [log])
    collect(house.setup, house.ledger, "test")
    assert house.states() == ["settled", "settled"]
    spent = house.spent()
    _came(house, origin, "response", _result(phone))
    house.publish()
    outcomes = house.lookups().filter(pl.col("phone_e164") == phone)["outcome"]
    assert (sorted(outcomes), house.spent()) == (["complete", "partial"], spent)
    assert note_late(house.ledger) == []
    house.check()


def test_what_comes_between_the_reading_and_the_void_is_booked(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log proves that nothing was charged, and before that is written the answer of a stopped process is there."""
    house = build(numbers("NL", 1), {"when": {"nth": 1}, "fault": "drop_unread"})
    house.run()
    (attempt,) = house.attempts()
    later(house, monkeypatch, 25)
    real = collector.apply

    def late(connection: Connection, *args: Any) -> int:
        stored = Stored(attempt["attempt_id"], "response", 200, {}, _result(numbers("NL", 1)[0]), complete=True)
        keep_replies(connection, house.ledger, [stored])
        return real(connection, *args)

    monkeypatch.setattr(collector, "apply", late)
    (told,) = collect(house.setup, house.ledger, "test")
    assert "was voided and is charged all the same: 0.01 EUR is booked as a correction" in told
    house.publish()
    assert house.lookups()["phone_e164"].to_list() == numbers("NL", 1)
    assert house.states() == ["voided", "settled"]


def test_what_comes_before_the_void_is_not_stepped_over(build: Build) -> None:
    """Whoever compares late answers just then waits for the request, which is still open: it is looked at again."""
    house = build(numbers("NL", 1), {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    assert _came(house, attempt, "response", _result(numbers("NL", 1)[0])) == []
    with house.ledger.store.write() as connection:
        # By somebody who had looked before it came.
        assert apply(connection, house.ledger, [Void(attempt["attempt_id"], "not charged", read_to=0)], "test") == 1
    (told,) = note_late(house.ledger)
    assert "was voided and is charged all the same: 0.01 EUR is booked as a correction" in told
    house.check()


@pytest.mark.parametrize("early", [True, False])
def test_a_callback_to_a_request_that_was_refused_is_published(build: Build, *, early: bool) -> None:
    """Whether it came before the refusal or after it: it is booked, and what is published is not the refusal."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"}, vendor="vonage", provider=ASYNC)
    with receiving(house.ledger, house.setup.config.privacy) as receiver:
        house.change(callbacks={"public_url": receiver.url})
        house.run()
    (attempt,) = house.attempts()
    body = {
        "status": 0,
        "international_format_number": numbers("NL", 1)[0][1:],
        "request_price": "0.04000000",
        "valid_number": "valid",
        "reachable": "reachable",
    }
    refused = Stored(attempt["attempt_id"], "response", 403, {}, b"{}", complete=True)
    called = Stored(attempt["attempt_id"], "callback", 200, {}, json.dumps(body).encode(), complete=True)
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [called] if early else [])
        keep_replies(connection, house.ledger, [refused])
        apply(connection, house.ledger, [Void(attempt["attempt_id"], "HTTP 403")], "test")
        keep_replies(connection, house.ledger, [] if early else [called])
    (told,) = note_late(house.ledger)
    assert "0.04 EUR is booked as a correction" in told
    assert note_late(house.ledger) == []
    house.publish()
    assert house.lookups()["validity"].to_list() == ["valid"]
    assert house.spent() == 4 * CENT


def test_what_comes_of_a_residue_is_published_by_itself(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that the reply left out, which a person then took for free: its entry in the log is booked once."""
    house = build(numbers("NL", 4), {"when": {"nth": 1}, "fault": "one_missing"}, provider={"batch": "4"})
    house.run()
    (residue,) = house.attempts("in_doubt")
    decisions.decide(house.ledger, residue["attempt_id"], VOID, answered)
    later(house, monkeypatch, 25)
    (told,) = collect(house.setup, house.ledger, "test")
    assert "0.01 EUR is booked as a correction" in told
    assert collect(house.setup, house.ledger, "test") == []
    house.publish()
    assert sorted(house.lookups()["phone_e164"]) == numbers("NL", 4)
    assert house.spent() == house.charged() == 4 * CENT
    house.check()


def test_a_correction_counts_in_its_own_window_and_scope(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found two months later it counts in the month of its request, and in no limit of another country."""
    house = build([*numbers("NL", 1), *numbers("DE", 1)], {"when": {"nth": 1}, "fault": "drop_unanswered"})
    house.run(countries=["NL"])
    (lost,) = house.attempts("in_doubt")
    decisions.decide(house.ledger, lost["attempt_id"], VOID, answered)
    limits = [{"window": "month", "cap": "5 EUR", "country": country} for country in ("NL", "DE")]
    house.change(budgets=[{"window": "month", "cap": "10 EUR"}, *limits])
    house.run("two")
    later(house, monkeypatch, 62 * 24 * 60)
    house.run("three")
    before = _counters(house)
    (told,) = _came(house, lost, "response", _result(numbers("NL", 1)[0]))
    assert "is booked as a correction" in told
    after = _counters(house)
    month = datetime.fromtimestamp(lost["reserved_at"] / 1e6, UTC).strftime("%Y-%m")
    changed = {key for key, spent in after.items() if spent != before[key]}
    assert {key for key in changed if key[0].startswith("limit/")} == {
        ("limit/month", month),
        ("limit/month/country=NL", month),
    }


def _counters(house: House) -> dict[tuple[str, str], int]:
    with house.ledger.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT budget_id, window_start, spent FROM counter").all()
    return {(row.budget_id, row.window_start): row.spent for row in rows}


def test_a_correction_counts_in_a_limit_that_is_younger_than_the_void(build: Build) -> None:
    """What was charged in its window counts in it, whether it was there at the time or not."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, "fault": "drop_unanswered"}, provider={"batch": "1"})
    house.run()
    (lost,) = house.attempts("in_doubt")
    (phone,) = _asked(house, lost)
    decisions.decide(house.ledger, lost["attempt_id"], VOID, answered)
    house.change(budgets=[{"window": "month", "cap": "10 EUR"}, {"window": "month", "cap": "5 EUR", "country": "NL"}])
    house.run("two")
    (told,) = _came(house, lost, "response", _result(phone))
    assert "is booked as a correction" in told
    with house.ledger.store.read() as connection:
        used = connection.exec_driver_sql("SELECT spent FROM counter WHERE budget_id LIKE 'limit/%'").all()
    assert house.states() == ["voided", "settled", "settled", "settled"]
    assert [row.spent for row in used] == [house.spent()] * 2 == [3 * CENT] * 2
    with house.ledger.store.read() as connection:
        assert violations(connection) == []


def test_a_correction_above_the_price_in_use_stops_its_provider(build: Build) -> None:
    """The log is the only place where Infobip states a price: dearer than what is held, nothing more is bought."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, "fault": "drop_unanswered"}, provider={"batch": "1"})
    house.run(numbers=1)
    (attempt,) = house.attempts()
    (phone,) = _asked(house, attempt)
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    assert _logged(house, [phone], price="0.03")
    with house.ledger.store.read() as connection:
        why = switch.stops(connection)["infobip"]
    assert "billed 0.03 EUR for a number, the price of query in use is 0.01 EUR" in why
    assert house.run("two").numbers == 0


def test_an_answer_for_nothing_is_no_alarm(build: Build) -> None:
    """What a log tells at a price of 0 after a void is kept as an answer, and nobody is told of a charge."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unread"})
    house.run()
    (attempt,) = house.attempts()
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    assert _logged(house, numbers("NL", 1), price="0") == []
    assert (house.states(), house.spent(), corrections(house.ledger).attempts) == (["voided", "settled"], 0, 0)
    assert len(journal(house, "late_reply")) == 1
    assert journal(house, "correction") == []
    house.check()


def test_what_is_open_holds_no_correction_back(build: Build) -> None:
    """A doubt with a callback that cannot be read may last for days: another one's charge is booked at once."""
    house = build(numbers("NL", 2), {"when": "always", "fault": "drop_unanswered"}, provider={"batch": "1"})
    house.run()
    first, second = house.attempts()
    (phone,) = _asked(house, first)
    _came(house, second, "callback", b"\xff")
    decisions.decide(house.ledger, first["attempt_id"], VOID, answered)
    (told,) = _came(house, first, "response", _result(phone))
    assert "is booked as a correction" in told
    assert note_late(house.ledger) == []
    assert sorted(house.states()) == ["in_doubt", "settled", "voided"]
    house.check()


def _result(phone: str, price: str | None = None) -> bytes:
    status = {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"}
    priced = {"price": {"pricePerLookup": price, "currency": "EUR"}} if price else {}
    return json.dumps({"results": [{"to": phone[1:], "status": status, **priced}]}).encode()


def _asked(house: House, attempt: dict[str, Any]) -> list[str]:
    query = "SELECT phone_e164 FROM claim JOIN subject USING (subject_id) WHERE attempt_id = ?"
    with house.ledger.store.read() as connection:
        return [row[0] for row in connection.exec_driver_sql(query, (attempt["attempt_id"],))]


def _came(house: House, attempt: dict[str, Any], source: Any, body: bytes, ref: str = "") -> list[str]:
    """What is told after this came of an attempt."""
    stored = Stored(attempt["attempt_id"], source, 200, {}, body, complete=True, ref=ref)
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [stored])
    return note_late(house.ledger)


def _logged(house: House, phones: list[str], price: str = "0.01") -> list[str]:
    """What is told after a page of the log came that has these numbers."""
    status = {"groupId": 3, "id": 5, "name": "DELIVERED_TO_HANDSET"}
    priced = {"pricePerLookup": price, "currency": "EUR"}
    entries = [{"to": phone[1:], "status": status, "price": priced} for phone in phones]
    (attempt, *_) = house.attempts()
    body = json.dumps({"results": entries, "entries": len(house.attempts())}).encode()
    return _came(house, attempt, "log", body, "late")


def test_a_charge_in_another_currency_is_told_and_not_booked(build: Build) -> None:
    """What the books cannot hold is a sentence for somebody, and no guess."""
    house = build(numbers("NL", 1), {"when": "always", "fault": "drop_unanswered"})
    house.run()
    (attempt,) = house.attempts()
    decisions.decide(house.ledger, attempt["attempt_id"], VOID, answered)
    entry = {
        "to": numbers("NL", 1)[0][1:],
        "status": {"groupId": 3, "id": 5},
        "price": {"pricePerLookup": "0.01", "currency": "USD"},
    }
    body = json.dumps({"results": [entry]}).encode()
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [Stored(attempt["attempt_id"], "log", 200, {}, body, complete=True)])
    (told,) = note_late(house.ledger)
    assert "another currency than EUR, and nothing is booked: compare with the provider's bill" in told
    assert (house.states(), note_late(house.ledger)) == (["voided"], [])


def test_only_what_is_voided_is_corrected(build: Build) -> None:
    """What is settled, or open, has its money on the books already."""
    house = build(numbers("NL", 4), {"when": {"nth": 2}, "fault": "drop_unanswered"})
    house.run()
    with house.ledger.store.write() as connection:
        for attempt in house.attempts():
            move = Settle(attempt_id=attempt["attempt_id"], answers=[Answered(1, "complete", CENT)], evidence="so")
            assert correct(connection, house.ledger, move, "test") is None
    assert corrections(house.ledger).attempts == 0
    house.check()
