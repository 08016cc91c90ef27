"""Every fault that the simulator can make, against one attempt: what the ledger says, and who is asked again."""

from typing import Any

import pytest

# Three batches of two numbers.
PAIRS = 3
SENTENCE = {
    "status": "HTTP {status}",
    "not_enabled": "check that Number Lookup is enabled",
    "no_credit": "no credit left",
}


def _status(code: int, **more: Any) -> dict[str, Any]:
    return {"fault": "status", "status": code, **more}


DOUBTED = [
    *(_status(code) for code in (408, 418, 425, 500, 502, 503, 504, 599)),
    _status(500, billed=True),
    *({"fault": fault, "by": by} for fault in ("drop_unread", "drop_unanswered") for by in ("reset", "close")),
    *({"fault": fault} for fault in ("drop_after_headers", "drop_in_body", "not_http")),
    *({"fault": fault, "seconds": 8} for fault in ("late", "drip")),
    *({"fault": fault} for fault in ("html", "empty", "gzip_bomb", "deep_json")),
]
SETTLED = [
    {"fault": fault}
    for fault in (
        *("wrong_type", "invalid_utf8", "bom", "reordered", "one_twice", "one_conflicting", "one_unasked"),
        *("echo_plus", "echo_double_zero", "unknown_status", "drifted_types"),
    )
]
STOPPED = [_status(code) for code in (401, 402, 403, 404, 405, 412)]


def _name(rule: dict[str, Any]) -> str:
    return "-".join(str(rule[key]) for key in ("fault", "status", "by", "billed") if key in rule)


@pytest.mark.usefixtures("impatient")
def test_what_may_have_cost_money_is_held_in_doubt_and_not_asked_again(build, numbers) -> None:
    """After each such fault the pair stays in doubt with its money, no second run buys it, and the run goes on."""
    rules = [{"when": {"nth": 2 * place + 1}, **rule} for place, rule in enumerate(DOUBTED)]
    house = build(numbers("NL", 4 * len(rules)), *rules)
    bought = house.run()
    states = house.states()
    assert {_name(rule): state for rule, state in zip(DOUBTED, states[::2], strict=True)} == {
        _name(rule): "in_doubt" for rule in DOUBTED
    }
    assert set(states[1::2]) == {"settled"}
    assert (bought.doubtful_numbers, bought.numbers, bought.failed) == (2 * len(rules), 2 * len(rules), 0)
    assert house.held() == 20_000_000 * len(rules)
    assert house.quote("two").numbers == 0
    assert house.run("three").numbers == 0
    assert len(house.requests()) == 2 * len(rules)
    house.check()


def test_a_reply_in_another_dress_settles_the_numbers_that_were_asked(build, numbers) -> None:
    """Each number is answered once, under its own attempt, and what was spent is the bill to the nano."""
    phones = numbers("NL", 2 * len(SETTLED))
    house = build(phones, *({"when": {"nth": place}, **rule} for place, rule in enumerate(SETTLED, 1)))
    house.run()
    assert dict(zip(map(_name, SETTLED), house.states(), strict=True)) == {_name(rule): "settled" for rule in SETTLED}
    assert sorted(house.lookups()["phone_e164"]) == phones
    assert house.lookups()["conflict"].sum() == 1
    assert house.spent() == house.charged() == 10_000_000 * len(phones)
    assert house.run("two").numbers == 0
    house.check()


def test_the_same_truth_is_read_from_every_dress(build, numbers) -> None:
    """Order, echo, encoding, content type and drifted types of a reply change no value of a number."""
    same = [rule for rule in SETTLED if rule["fault"] not in ("one_conflicting", "unknown_status")]
    phones = numbers("NL", 2 * len(same))
    dressed = build(phones, *({"when": {"nth": place}, **rule} for place, rule in enumerate(same, 1)))
    plain = build(phones)
    columns = ["phone_e164", "outcome", "validity", "reachability", "ported", "current_carrier_mccmnc"]
    answers = []
    for house in (dressed, plain):
        house.run()
        answers.append(house.lookups().select(columns).sort("phone_e164"))
    assert answers[0].equals(answers[1])
    assert set(answers[1]["validity"]) > {"valid"}


def test_a_missing_result_stays_in_doubt_alone(build, numbers) -> None:
    """The number that a reply leaves out moves with its money to a residue; the other one is paid and published."""
    house = build(numbers("NL", 2), {"when": "always", "fault": "one_missing"})
    bought = house.run()
    assert (bought.numbers, bought.doubtful_numbers, bought.spent, bought.in_doubt) == (1, 1, 10_000_000, 10_000_000)
    settled, residue = house.attempts()
    assert residue["residue_of"] == settled["attempt_id"]
    assert house.lookups().height == 1
    house.run("two")
    assert len(house.requests()) == 1
    house.check()


@pytest.mark.parametrize("rule", STOPPED, ids=_name)
def test_a_refusal_for_good_stops_the_provider_after_one_request(build, numbers, rule) -> None:
    """The attempt is void, nothing was spent or held, the others never go out, and the sentence says why."""
    house = build(numbers("NL", 2 * PAIRS), {"when": "always", **rule})
    bought = house.run()
    assert set(house.states()) == {"voided"}
    assert len(house.requests()) == 1
    assert (bought.spent, bought.in_doubt, bought.left, bought.failed) == (0, 0, 6, 6)
    assert f"HTTP {rule['status']}" in bought.why_not
    house.check()


def test_a_bad_request_is_void_and_not_repeated(build, numbers) -> None:
    """HTTP 400 costs nothing and would come again: its numbers are left, the others are asked."""
    house = build(numbers("NL", 2 * PAIRS), {"when": {"nth": 1}, **_status(400)})
    bought = house.run()
    assert house.states() == ["voided", "settled", "settled"]
    assert (bought.numbers, bought.failed, len(house.requests())) == (4, 2, 3)
    house.check()


@pytest.mark.parametrize("fault", ["not_enabled", "no_credit"])
def test_an_account_that_rejects_everything_stops_the_provider(build, numbers, fault) -> None:
    """A whole reply of REJECTED for the account's sake settles what it billed, and nothing more goes out."""
    house = build(numbers("NL", 2 * PAIRS), {"when": "always", "fault": fault})
    bought = house.run()
    assert len(house.requests()) == 1
    assert house.spent() == house.charged()
    assert bought.failed == 4
    assert SENTENCE[fault] in bought.why_not
    house.check()


@pytest.mark.parametrize("header", [{"retry_after": 1}, {"retry_after_date": 1}, {"retry_after": "soon"}, {}])
def test_a_throttled_request_is_made_anew_and_paid_once(build, numbers, header) -> None:
    """HTTP 429 voids the attempt; a new one that names it in retry_of buys the same numbers."""
    house = build(numbers("NL", 2), {"when": {"nth": 1}, **_status(429, **header)})
    bought = house.run()
    first, second = house.attempts()
    assert (first["state"], second["state"]) == ("voided", "settled")
    assert second["retry_of"] == first["attempt_id"]
    assert first["subjects"] == second["subjects"]
    assert (bought.numbers, bought.left, house.spent(), house.charged()) == (2, 0, 20_000_000, 20_000_000)
    house.check()


def test_a_burst_of_throttling_counts_as_one_try(build, numbers) -> None:
    """Eight requests that are throttled at once do not use up the tries: all are made anew and answered."""
    burst = [{"when": {"nth": place}, **_status(429)} for place in range(1, 9)]
    house = build(numbers("NL", 16), *burst, latency=0.05, provider={"in_flight": "8"})
    bought = house.run()
    assert (bought.numbers, bought.left) == (16, 0)
    assert sorted(house.states()) == ["settled"] * 8 + ["voided"] * 8
    house.check()


def test_throttling_without_end_stops_after_bounded_tries(build, numbers) -> None:
    """A provider that only says 429 is given up, with nothing spent and every attempt void."""
    house = build(numbers("NL", 2), {"when": "always", **_status(429)})
    bought = house.run()
    assert house.states() == ["voided"] * 5
    assert (bought.spent, bought.in_doubt, bought.failed) == (0, 0, 2)
    assert "429" in bought.why_not
    house.check()


@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_refused_connection_is_proof_that_nothing_was_sent(build, numbers, in_flight) -> None:
    """Nobody listens: every attempt is void as never sent, tries are bounded, and the sentence says what failed."""
    house = build(numbers("NL", 8), provider={"base_url": "http://127.0.0.1:1", "in_flight": str(in_flight)})
    bought = house.run()
    assert set(house.states()) == {"voided"}
    assert 5 <= len(house.attempts()) <= 10 * in_flight
    assert all(row["evidence"].startswith(("not sent", "never sent")) for row in house.attempts())
    assert (bought.spent, bought.in_doubt, bought.failed) == (0, 0, 8)
    assert "not sent" in bought.why_not
    assert house.requests() == []
    house.check()


def test_three_doubts_in_a_row_stop_the_provider(build, numbers) -> None:
    """An outage costs at most three requests of unknown outcome a run."""
    house = build(numbers("NL", 20), {"when": "always", **_status(503)})
    bought = house.run()
    assert house.states() == ["in_doubt"] * 3 + ["voided"]
    assert house.attempts("voided")[0]["evidence"].startswith("never sent")
    assert len(house.requests()) == 3
    assert (bought.doubtful_numbers, bought.failed) == (6, 14)
    assert "3 requests in a row ended in doubt" in bought.why_not
    house.check()


def test_doubts_apart_do_not_stop_the_provider(build, numbers) -> None:
    """A settled reply between them begins the count of doubts anew."""
    house = build(numbers("NL", 24), {"when": {"every": 3}, **_status(503)})
    house.run()
    assert house.states() == ["settled", "settled", "in_doubt"] * 4
    house.check()


def test_chaos_loses_nothing(build, numbers) -> None:
    """Under every fault at once, spent <= charged <= spent + held, and each number has at most one answer."""
    house = build(numbers("NL", 130), chaos=True, provider={"in_flight": "4"})
    house.run()
    assert {"settled", "in_doubt", "voided"} <= set(house.states())
    assert house.spent() <= house.charged()
    assert house.lookups()["phone_e164"].is_unique().all()
    house.check()
