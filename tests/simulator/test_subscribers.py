"""The truth about subscribers, and the table of networks that it draws on."""

import random
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.simulator.networks import ALPHA_3, NETWORKS
from ringfence.simulator.subscribers import Line, State, Subscribers


def dutch_mobiles(count: int) -> list[str]:
    """Numbers of the range +31 6 1, all of it allocated to mobiles."""
    return [f"31610{number:06d}" for number in random.Random(7).sample(range(10**6), count)]


@given(st.text(max_size=300) | st.from_regex(r"[1-9][0-9]{5,15}", fullmatch=True), st.integers())
def test_truth_is_a_function_of_seed_and_number(text: str, seed: int) -> None:
    """Whatever is asked, the same seed says the same of it, before and after other questions."""
    subscribers = Subscribers(seed)
    first = subscribers.find(text)
    subscribers.find("31612345678")
    assert subscribers.find(text) == first == Subscribers(seed).find(text)


def test_another_seed_is_another_world() -> None:
    """Seeds change the state of numbers, not only their ornaments."""
    numbers = dutch_mobiles(300)
    worlds = [[Subscribers(seed).find(number).state for number in numbers] for seed in (1, 2)]
    assert worlds[0] != worlds[1]


def test_mix_is_that_of_a_maintained_database() -> None:
    """Of mobile numbers about 78 % are reachable, 8 % absent, 4 % unassigned, 12 % ported and 2 % roaming."""
    found = [Subscribers(1).find(number) for number in dutch_mobiles(6000)]
    share = Counter(subscriber.state for subscriber in found)
    assert set(share) == set(State)
    assert 0.76 < share[State.REACHABLE] / 6000 < 0.80
    assert 0.065 < share[State.ABSENT] / 6000 < 0.095
    assert 0.03 < share[State.UNASSIGNED] / 6000 < 0.05
    known = [s for s in found if s.state in (State.REACHABLE, State.ABSENT, State.REFUSED, State.HANDED_OVER)]
    assert 0.10 < sum(s.ported for s in known) / len(known) < 0.14
    attached = [s for s in found if s.state is State.REACHABLE]
    assert 0.01 < sum(s.roaming is not None for s in attached) / len(attached) < 0.03
    assert not any(s.ported or s.roaming for s in found if s.state is State.UNASSIGNED)


@pytest.mark.parametrize(
    ("digits", "state"),
    [
        ("", State.UNALLOCATED),
        ("not a number", State.UNALLOCATED),
        ("0031612345678", State.UNALLOCATED),
        ("2100000000", State.UNALLOCATED),  # no country has calling code 210
        ("31600000", State.UNALLOCATED),  # too short for the Netherlands
        ("٣١٦١٢٣٤٥٦٧٨", State.UNALLOCATED),  # digits, but not those of E.164
        ("3120" + "7654321", State.UNCOVERED),  # an Amsterdam landline: no HLR to ask
    ],
)
def test_numbering_plan_comes_before_the_dice(digits: str, state: State) -> None:
    """What is no number is unallocated and what is no mobile is uncovered, under every seed."""
    assert {Subscribers(seed).find(digits).state for seed in range(20)} == {state}


@pytest.mark.parametrize(
    ("digits", "line"),
    [
        ("31612000011", Line.MOBILE),
        ("31207654321", Line.LANDLINE),
        ("448001111111", Line.TOLL_FREE),
        ("319001234567", Line.PREMIUM),
        ("2100000000", Line.OTHER),
    ],
)
def test_line_is_that_of_the_numbering_plan(digits: str, line: Line) -> None:
    """What the plan says of a number is so under every seed."""
    assert {Subscribers(seed).find(digits).line for seed in range(20)} == {line}


def test_a_north_american_number_is_a_mobile_if_its_network_can_be_asked() -> None:
    """Where the plan does not tell mobile from landline, only what no network can be asked about is a landline."""
    found = [Subscribers(1).find(f"1202555{number:04d}") for number in range(2000)]
    assert {(s.line, s.state is State.UNCOVERED) for s in found} == {(Line.MOBILE, False), (Line.LANDLINE, True)}


def test_imsi_names_the_current_network() -> None:
    """An IMSI is 15 digits (E.212) and begins with the network that serves the subscription, ported or not."""
    found = [Subscribers(1).find(number) for number in dutch_mobiles(500)]
    assert any(subscriber.ported for subscriber in found)
    for subscriber in found:
        assert subscriber.current is not None
        assert len(subscriber.imsi) == 15
        assert subscriber.imsi.startswith(subscriber.current.mccmnc)


def test_a_number_block_belongs_to_one_operator() -> None:
    """Numbers that share country and first three digits were first given to the same network."""
    found = [Subscribers(1).find(number) for number in dutch_mobiles(200)]
    assert len({subscriber.original for subscriber in found}) == 1


def test_networks_are_e212() -> None:
    """Codes have 5 or 6 digits, no MCC belongs to two countries, every region has a calling code and a choice."""
    country_of: dict[str, str] = {}
    for region, (_, networks) in NETWORKS.items():
        assert phonenumbers.country_code_for_region(region)
        assert len(networks) > 1
        for code in networks:
            assert code.isdigit()
            assert len(code) in (5, 6)
            assert country_of.setdefault(code[:3], region) == region
    assert len(NETWORKS) >= 30
    assert list(ALPHA_3) == list(NETWORKS)
    assert len({code[:3] for code in ALPHA_3.values()}) == len(NETWORKS)
