"""A length of time in words."""

import pytest

from ringfence.lookups.duration import lasting


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (90, "1 min 30 s"),
        (7_200, "2 h"),
        (7_201, "2 h"),
        (90_061, "1 d 1 h"),
        (7 * 86_400, "7 d"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: int, told: str) -> None:
    """What is nothing is left out, and nothing at all is 0 s."""
    assert lasting(seconds) == told
