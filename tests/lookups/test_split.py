"""A batch that Messente refuses as too many numbers (103) is made once more in two halves, through the spend loop."""

from collections import Counter

import pytest

from ringfence.money.deferrals import deferred

PRICE = 2_000_000


def too_many(**when: int) -> dict[str, object]:
    """The rule by which the simulator refuses so; without `when` every request."""
    return {"when": when or "always", "fault": "too_many"}


def asked(house) -> list[tuple[str, ...]]:
    """The numbers of each request that reached the simulator, in order."""
    return [tuple(row["numbers"]) for row in house.requests()]


@pytest.mark.parametrize(("count", "sizes"), [(10, [10, 5, 5]), (7, [7, 3, 4]), (2, [2, 1, 1])])
def test_a_refused_batch_is_bought_in_two_halves(build, numbers, count, sizes) -> None:
    """Each half is an attempt of its own that names the refused one, and together they ask each number once more."""
    phones = numbers("NL", count)
    house = build(phones, too_many(nth=1), vendor="messente", provider={"batch": "10"})
    bought = house.run()
    assert (bought.numbers, bought.spent, bought.in_doubt, bought.left) == (count, count * PRICE, 0, 0)
    whole, first, second = house.attempts()
    assert [row["numbers"] for row in (whole, first, second)] == sizes
    assert house.states() == ["voided", "settled", "settled"]
    assert [row["retry_of"] for row in (whole, first, second)] == [None, whole["attempt_id"], whole["attempt_id"]]
    requests = asked(house)
    # Two at once: they may arrive in either order.
    assert requests[0] in ((*requests[1], *requests[2]), (*requests[2], *requests[1]))
    assert sorted(requests[0]) == sorted(phones)
    assert house.charged() == house.spent()
    assert house.lookups()["provider"].unique().to_list() == ["messente"]
    house.check()


def test_a_half_that_is_refused_too_is_not_split_again(build, numbers) -> None:
    """The second 103 ends as provider_failed without having cost anything; the next run may buy it."""
    phones = numbers("NL", 10)
    house = build(phones, too_many(nth=1), too_many(nth=2), vendor="messente", provider={"batch": "10"})
    bought = house.run()
    assert house.states() == ["voided", "voided", "settled"]
    assert (bought.numbers, bought.left, bought.failed, bought.spent) == (5, 5, 5, 5 * PRICE)
    assert "HTTP 400: error 103" in bought.why_not
    house.check()
    assert house.run("two").numbers == 5
    assert sorted(row["number"] for row in house.charges()) == sorted(phones)
    house.check()


def test_a_provider_that_always_refuses_is_asked_three_times_and_paid_nothing(build, numbers) -> None:
    """A batch and its halves are refused, a single number has no halves, and all of it is left as provider_failed."""
    house = build([*numbers("NL", 10), *numbers("DE", 1)], too_many(), vendor="messente", provider={"batch": "10"})
    bought = house.run()
    assert Counter(house.states()) == {"voided": 4}
    assert sorted(map(len, asked(house))) == [1, 5, 5, 10]
    assert (bought.numbers, bought.failed, bought.spent, house.held(), house.charges()) == (0, 11, 0, 0, [])
    (quote_id,) = {row["quote_id"] for row in house.attempts()}
    with house.ledger.store.read() as connection:
        left = deferred(connection, quote_id, "provider_failed")
    assert sorted(subject for _, subjects in left for subject in subjects) == list(range(1, 12))
    house.check()


def test_halves_of_batches_that_are_out_together_do_not_mix(build, numbers) -> None:
    """With several requests out and every third refused, each number is bought once or left, and sent on its own."""
    house = build(
        numbers("NL", 57),
        too_many(every=3),
        vendor="messente",
        latency=0.01,
        provider={"batch": "10", "in_flight": "3"},
    )
    bought = house.run()
    assert (bought.numbers + bought.failed, bought.left, bought.in_doubt) == (57, bought.failed, 0)
    attempts = {row["attempt_id"]: row for row in house.attempts()}
    assert len(asked(house)) == len(attempts)
    halves = Counter(row["retry_of"] for row in attempts.values() if row["retry_of"])
    assert set(halves.values()) == {2}
    assert all(attempts[whole]["state"] == "voided" and not attempts[whole]["retry_of"] for whole in halves)
    assert sum(attempts[whole]["numbers"] for whole in halves) == sum(
        row["numbers"] for row in attempts.values() if row["retry_of"]
    )
    assert house.charged() == house.spent() == bought.numbers * PRICE
    house.check()
