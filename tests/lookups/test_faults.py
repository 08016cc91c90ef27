"""What faults mean for a whole run: what a second run buys, what reaches the lake, and what is told to the user.

Which fault means what for an attempt is tested row by row, for each kind of provider, in tests/faults.
"""

from typing import Any

import pytest

# Three batches of two numbers.
PAIRS = 3


def _status(code: int, **more: Any) -> dict[str, Any]:
    return {"fault": "status", "status": code, **more}


DOUBTED = [
    _status(500, billed=True),
    {"fault": "drop_unanswered", "by": "reset"},
    {"fault": "drop_in_body"},
    {"fault": "html"},
    {"fault": "late", "seconds": 8},
]
DRESSES = (
    *("wrong_type", "invalid_utf8", "bom", "reordered", "one_twice", "one_unasked"),
    *("echo_plus", "echo_double_zero", "drifted_types"),
)


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


def test_the_same_truth_is_read_from_every_dress(build, numbers) -> None:
    """Order, echo, encoding, content type and drifted types of a reply change no value of a number, and no price."""
    phones = numbers("NL", 2 * len(DRESSES))
    dressed = build(phones, *({"when": {"nth": place}, "fault": fault} for place, fault in enumerate(DRESSES, 1)))
    plain = build(phones)
    columns = ["phone_e164", "outcome", "validity", "reachability", "ported", "current_carrier_mccmnc"]
    answers = []
    for house in (dressed, plain):
        house.run()
        answers.append(house.lookups().select(columns).sort("phone_e164"))
        assert house.spent() == house.charged() == 10_000_000 * len(phones)
        house.check()
    assert answers[0].equals(answers[1])
    assert answers[0]["phone_e164"].to_list() == phones
    assert set(answers[1]["validity"]) > {"valid"}
    assert dressed.run("two").numbers == 0


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


def test_a_refusal_for_good_stops_the_provider_after_one_request(build, numbers) -> None:
    """The attempt is void, nothing was spent or held, the others never go out, and the sentence says why."""
    house = build(numbers("NL", 2 * PAIRS), {"when": "always", **_status(403)})
    bought = house.run()
    assert set(house.states()) == {"voided"}
    assert len(house.requests()) == 1
    assert (bought.spent, bought.in_doubt, bought.left, bought.failed) == (0, 0, 6, 6)
    assert "HTTP 403" in bought.why_not
    house.check()


def test_a_refused_connection_is_proof_that_nothing_was_sent(build, numbers) -> None:
    """Nobody listens: every attempt is void as never sent, tries are bounded, and the sentence says what failed."""
    house = build(numbers("NL", 8), provider={"base_url": "http://127.0.0.1:1", "in_flight": "4"})
    bought = house.run()
    assert set(house.states()) == {"voided"}
    assert 5 <= len(house.attempts()) <= 40
    assert all(row["evidence"].startswith(("not sent", "never sent")) for row in house.attempts())
    assert (bought.spent, bought.in_doubt, bought.failed) == (0, 0, 8)
    assert "not sent" in bought.why_not
    house.check()


def test_a_burst_of_throttling_counts_as_one_try(build, numbers) -> None:
    """Eight requests that are throttled at once do not use up the tries: all are made anew and answered."""
    burst = [{"when": {"nth": place}, **_status(429)} for place in range(1, 9)]
    house = build(numbers("NL", 16), *burst, latency=0.05, provider={"in_flight": "8"})
    bought = house.run()
    assert (bought.numbers, bought.left) == (16, 0)
    assert sorted(house.states()) == ["settled"] * 8 + ["voided"] * 8
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
