"""What may be kept of a Kaleyra reply when the privacy rules forbid something. All numbers are invented."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.numbers.phone import Phone
from ringfence.providers.kaleyra import PROVIDER
from tests.providers.kaleyra_replies import DOCUMENT, ONE, TWO, acknowledgement, answer, receipt, result

EVERYTHING = frozenset({"imsi", "serving_msc", "caller_name", "roaming", "reachability"})
SECRETS = {
    "imsi": "404700123456789",
    "serving_MSC": "919000000001",
    "caller_name": "A. Person",
    "roaming": True,
    "roaming_mcc": "262",
    "currentRoamingOperator": "Telekom",
}


def kept(document: Any, forbidden: Any) -> Any:
    """The document after cutting; a function of the number, or the same for all."""
    rule = forbidden if callable(forbidden) else lambda _: frozenset(forbidden)
    return json.loads(PROVIDER.withhold(json.dumps(document).encode(), rule))


@pytest.mark.parametrize("wrap", [answer, lambda one: {"data": one, "error": {}}, lambda one: one])
def test_what_is_forbidden_is_cut_wherever_a_result_stands(wrap: Any) -> None:
    """In a list, in an object or bare, at any depth of the result; the rest is as it was."""
    plain = result(ONE)
    told = json.dumps(kept(wrap(plain | SECRETS | {"network": dict(SECRETS)}), EVERYTHING))
    for secret in ("404700123456789", "919000000001", "A. Person", "262", "Telekom", "true"):
        assert secret not in told
    empty = dict.fromkeys(SECRETS)
    assert json.loads(told) == wrap(plain | empty | {"network": empty})


def test_each_result_follows_the_rule_of_its_own_number() -> None:
    """Roaming may be kept in one country and not in another; what names no number follows nobody's rule."""

    def rule(phone: Phone | None) -> frozenset[str]:
        return frozenset({"imsi"}) if phone == TWO else EVERYTHING

    document = answer(result(ONE, roaming=True, imsi="1"), result(TWO, roaming=True, imsi="1"), roaming=True)
    cut = kept(document, rule)
    assert [each["roaming"] for each in cut["data"]] == [None, True]
    assert [each["imsi"] for each in cut["data"]] == [None, None]
    assert cut["roaming"] is None


@pytest.mark.parametrize(
    ("status", "left"),
    [("MOB-OFF", None), ("DELIVERED", None), ("INVALID-SUB", "INVALID-SUB"), ("AWAITED-DLR", "AWAITED-DLR")],
)
def test_a_status_that_tells_of_a_handset_is_cut_with_reachability(status: str, left: str | None) -> None:
    """What says that there is no subscriber, or nothing yet, says nothing of a handset."""
    assert kept(answer(result(ONE, status=status)), {"reachability"})["data"][0]["status"] == left
    assert kept(answer(result(ONE, status=status)), {"roaming"})["data"][0]["status"] == status


def test_what_holds_nothing_forbidden_stays_as_it_came() -> None:
    """To the byte, with the price as it was printed; so does an acknowledgement, also one that is no JSON."""
    body = json.dumps(answer(result(ONE)), indent=1).replace('"id"', '"price": 0.80000000000000004, "id"').encode()
    assert PROVIDER.withhold(body, lambda _: EVERYTHING) == body
    body = json.dumps(acknowledgement(receipt(ONE))).encode()
    assert PROVIDER.withhold(body, lambda _: EVERYTHING) == body
    assert PROVIDER.withhold(body[:-1], lambda _: EVERYTHING) == body[:-1]


def test_what_is_no_json_is_cut_by_nobodys_rule() -> None:
    """Evidence is lost rather than a secret kept."""
    broken = json.dumps(answer(result(ONE, imsi="404700123456789")))[:-1].encode()
    assert b"404700123456789" not in PROVIDER.withhold(broken, lambda _: EVERYTHING)


def test_the_price_is_read_the_same_after_a_cut() -> None:
    """The text of a fraction is kept as it was sent."""
    document = answer(result(ONE, imsi="404700123456789"))
    body = json.dumps(document).replace('"id"', '"price":0.20000000000000001,"id"', 1).encode()
    cut = PROVIDER.withhold(body, lambda _: EVERYTHING)
    assert cut != body
    assert b"0.20000000000000001" in cut


@given(
    st.binary(max_size=200) | DOCUMENT.map(lambda document: json.dumps(document).encode()),
    st.sets(st.sampled_from(sorted(EVERYTHING))).map(frozenset),
)
def test_cutting_bears_anything_and_once_is_enough(body: bytes, names: frozenset[str]) -> None:
    """No body makes it raise, what was cut is not cut again, and without rules nothing is."""
    cut = PROVIDER.withhold(body, lambda _: names)
    assert PROVIDER.withhold(cut, lambda _: names) == cut
    assert PROVIDER.withhold(body, lambda _: frozenset()) == body
