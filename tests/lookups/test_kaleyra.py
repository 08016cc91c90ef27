"""Kaleyra bought for real: accepted by POST, asked for by id until all is there, or told at once by GET."""

import re
from collections import Counter
from typing import Any

import pytest

from ringfence.lookups import collect as collecting
from ringfence.lookups import polling
from ringfence.lookups.collect import anything_to_collect, collect
from ringfence.money.breaker import LONGEST
from ringfence.simulator.subscribers import State, Subscribers
from tests.lookups.conftest import Build, House, numbers

DAY = 86_400_000_000
PRICE = 200_000_000
SOURCES = {
    "people": {
        "warehouse": "csv:///phones.csv",
        "key": "id",
        "phones": "phone",
        "want": {"carrier": "monthly", "ported": "monthly"},
    }
}
BY_GET = {"products": ["lookup_get"], "price": {"lookup_get": "0.20 EUR"}}


@pytest.fixture
def kaleyra(build: Build, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Houses that buy from Kaleyra: by POST in batches of ten unless told otherwise, and ask again soon."""
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)
    # Without a pause there is always more to ask about, where details never come.
    monkeypatch.setattr(collecting, "AT_MOST", 2)

    def make(phones: list[str], *rules: dict[str, Any], chaos: bool = False, **provider: Any) -> House:
        settings = {"batch": "10", "wait": "60s", **provider}
        return build(phones, *rules, chaos=chaos, vendor="kaleyra", provider=settings, sources=SOURCES)

    return make


def phones_with_invalid_ones(count: int, invalid: int) -> list[str]:
    """So many numbers of one country, of which some are none to Kaleyra though their form is right."""
    truth = Subscribers(1)
    found: dict[bool, list[str]] = {True: [], False: []}
    for one in numbers("NL", 3000):
        found[truth.find(one[1:]).state is State.UNALLOCATED].append(one)
    return sorted([*found[False][: count - invalid], *found[True][:invalid]])


def details(house: House) -> list[dict[str, Any]]:
    """The requests for details."""
    return [row for row in house.requests() if "/get-info/" in row["path"]]


def check(house: House) -> None:
    """What holds of the books and of the paid requests; details are asked for often, and are free."""
    paid = [row for row in house.requests() if "/get-info/" not in row["path"]]
    assert all(row["x_request_id"] is None for row in details(house))
    house.requests = lambda: paid  # type: ignore[method-assign]
    house.check()
    del house.requests


def test_numbers_are_accepted_and_their_details_come_when_they_are_ready(kaleyra: Build) -> None:
    """Each number is answered once, asked for at its own address until it is ready; the bill is met to the nano."""
    phones = phones_with_invalid_ones(30, 3)
    house = kaleyra(phones)
    assert house.run().numbers == len(phones)
    assert house.states() == ["settled"] * 3
    assert house.spent() == house.charged() == len(phones) * PRICE
    found = house.lookups()
    assert sorted(found["phone_e164"]) == phones
    assert Counter(found["outcome"])["rejected_number"] == 3
    assert {"likely_ported", "likely_not_ported", "unknown"} <= set(found["ported"])
    asked = Counter(row["path"] for row in details(house))
    assert set(asked.values()) == {1, 2, 3}
    assert len(asked) == 27
    assert all(re.fullmatch(r"/api/v1/key-of-a-test/lookup/get-info/[0-9a-f-]+:\d+", path) for path in asked)
    assert house.run("two").numbers == 0
    assert anything_to_collect(house.ledger) is None
    check(house)


def test_numbers_are_told_at_once_and_share_the_price(kaleyra: Build) -> None:
    """By GET all of a batch is settled with its reply, at the price that it states for all."""
    phones = phones_with_invalid_ones(23, 3)
    house = kaleyra(phones, **BY_GET)
    assert house.run().numbers == len(phones)
    assert set(house.states()) == {"settled"}
    assert house.spent() == house.charged() == len(phones) * PRICE
    assert len(details(house)) == 0
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert house.lookups()["outcome"].to_list().count("rejected_number") == 3
    assert house.lookups()["cost_basis"].unique().to_list() == ["reported"]
    check(house)


def test_both_ways_tell_the_same(kaleyra: Build) -> None:
    """What is known of a number does not depend on how it was asked for."""
    columns = ["phone_e164", "outcome", "validity", "ported", "current_carrier_mccmnc", "original_carrier_mccmnc"]
    told = []
    for provider in ({}, BY_GET):
        house = kaleyra(phones_with_invalid_ones(40, 2), **provider)
        house.run()
        told.append(house.lookups().select(columns).sort("phone_e164"))
    assert told[0].equals(told[1])


def test_details_that_never_come_end_in_doubt_with_their_money(kaleyra: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait, are not bought again, and after a quarter of an hour are in doubt; rejected numbers are settled."""
    house = kaleyra(
        phones_with_invalid_ones(10, 2), {"when": "always", "fault": "not_ready_ever"}, batch="100", wait="1s"
    )
    assert house.run().numbers == 0
    assert set(house.states()) == {"awaiting"}
    assert house.held() == house.charged() == 10 * PRICE
    assert details(house)
    assert house.run("two").numbers == 0
    check(house)
    clock = house.ledger.store.clock
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + 901_000_000)
    assert collect(house.setup, house.ledger, "test") == []
    house.publish()
    assert (house.spent(), house.held()) == (2 * PRICE, 8 * PRICE)
    assert set(house.lookups()["outcome"]) == {"rejected_number"}
    assert "awaiting" not in house.states()
    assert house.run("three").numbers == 0
    check(house)


@pytest.mark.parametrize("provider", [{}, BY_GET], ids=["post", "get"])
@pytest.mark.parametrize(
    "fault", ["reordered", "one_twice", "one_unasked", "echo_plus", "echo_double_zero", "drifted_types", "wrong_type"]
)
def test_replies_in_another_dress_settle_what_was_asked(kaleyra: Build, fault: str, provider: dict[str, Any]) -> None:
    """Order, echo, repetition and drifting types change neither an answer nor what is spent."""
    phones = phones_with_invalid_ones(9, 0)
    house = kaleyra(phones, {"when": {"nth": 1}, "fault": fault}, **provider)
    house.run()
    assert house.states() == ["settled"]
    assert house.spent() == house.charged() == 9 * PRICE
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert not house.lookups()["conflict"].any()
    check(house)


@pytest.mark.parametrize("provider", [{}, BY_GET], ids=["post", "get"])
def test_a_number_that_no_count_explains_is_in_doubt(
    kaleyra: Build, provider: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others settle for their own price, and its money stays held."""
    house = kaleyra(phones_with_invalid_ones(9, 0), {"when": {"nth": 1}, "fault": "one_missing"}, wait="3s", **provider)
    if not provider:
        # What waits for the last number alone is given up with the patience of the product.
        house.run()
        clock = house.ledger.store.clock
        monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + DAY)
        collect(house.setup, house.ledger, "test")
        house.publish()
    else:
        house.run()
    assert sorted(house.states()) == ["in_doubt", "settled"]
    assert (house.spent(), house.held(), house.charged()) == (8 * PRICE, PRICE, 9 * PRICE)
    assert house.lookups().height == 8
    check(house)


@pytest.mark.parametrize("provider", [{}, BY_GET], ids=["post", "get"])
@pytest.mark.parametrize(
    ("fault", "state", "later"),
    [
        ("internal_error", "in_doubt", None),
        ("unknown_status", "in_doubt", None),
        ("html", "in_doubt", None),
        ("no_credit", "voided", "balance"),
        ("not_enabled", "voided", "products"),
        ("too_many", "voided", "HTTP 400"),
    ],
)
def test_what_is_no_success_is_never_an_answer(
    kaleyra: Build, provider: dict[str, Any], fault: str, state: str, later: str | None
) -> None:
    """A code that is not documented is in doubt, a refusal by HTTP status cost nothing, and neither is repeated."""
    house = kaleyra(numbers("NL", 4), {"when": {"nth": 1}, "fault": fault}, **provider)
    bought = house.run()
    assert (bought.numbers, house.states()) == (0, [state])
    assert house.held() == (4 * PRICE if state == "in_doubt" else 0)
    if later:
        assert later in house.attempts()[0]["evidence"] + "".join(str(bought))
    check(house)


def test_a_throttled_lookup_is_made_anew_and_failing_details_are_asked_again(kaleyra: Build) -> None:
    """A 429 cost nothing; a detail that fails on its way is free, and comes when it is asked for again."""
    faults = [
        {"when": {"nth": 1}, "fault": "throttled"},
        *({"when": {"nth": place}, "fault": "status", "status": 503} for place in (3, 4)),
        {"when": {"nth": 5}, "fault": "html"},
        {"when": {"nth": 6}, "fault": "drop_in_body"},
        {"when": {"nth": 7}, "fault": "drop_unread"},
    ]
    phones = phones_with_invalid_ones(9, 0)
    house = kaleyra(phones, *faults)
    house.run()
    assert house.states() == ["voided", "settled"]
    assert house.spent() == house.charged() == 9 * PRICE
    assert sorted(house.lookups()["phone_e164"]) == phones
    check(house)


@pytest.mark.parametrize("provider", [{}, BY_GET], ids=["post", "get"])
def test_chaos_loses_no_money_and_no_answer(
    kaleyra: Build, provider: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong, every attempt ends final or in doubt, the books hold, and no number is answered twice."""
    phones = phones_with_invalid_ones(120, 6)
    house = kaleyra(phones, chaos=True, batch="3", wait="3s", **provider)
    clock, gone = house.ledger.store.clock, [0]
    monkeypatch.setattr(house.ledger.store, "clock", lambda: clock() + sum(gone))
    # Three failures in a row stop a run; the next one begins when no pause lasts any more.
    for run in range(4):
        house.run(str(run))
        gone.append(LONGEST)
    check(house)
    gone.append(DAY)
    # An asking may fail each time, and is made again when the longest pause is over.
    for _ in range(30):
        collect(house.setup, house.ledger, "test")
        if "awaiting" not in house.states():
            break
        gone.append(LONGEST)
    house.publish()
    assert set(house.states()) <= {"settled", "voided", "in_doubt"}
    answered = house.lookups()["phone_e164"]
    assert answered.is_unique().all()
    assert len(answered) > 60
    check(house)
