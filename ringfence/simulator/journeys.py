"""How callbacks travel: when each sets out, whether it is lost, sent twice or overtaken.

A pure function of the seed, the number and which callback about that number it is, so that a run can be repeated.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

# Seconds by which callbacks may overtake each other, at least, and that lie between two copies of one, at most.
_SPREAD = 0.2
_DENOMINATOR = 1 << 32


@dataclass(frozen=True, slots=True)
class Habits:
    """What happens to callbacks that no rule of a scenario is about.

    `delay`: seconds from the acknowledgement, least and most. `loss` and `twice`: the shares (0 to 1) that never leave
    and that are sent two times. `shuffle`: callbacks overtake each other.
    """

    delay: tuple[float, float] = (0.05, 0.05)
    loss: float = 0.0
    twice: float = 0.0
    shuffle: bool = False


def journey(habits: Habits, seed: int, number: str, nth: int, fault: str = "", late: float = 0.0) -> tuple[float, ...]:
    """When the copies of a callback set out, in seconds after the acknowledgement; none when it is lost.

    `nth` counts the callbacks about a number, the first is 0. A fault of the scenario decides instead of the habits;
    `late` is added to all.
    """
    dice = _dice(seed, number, nth)
    lost, doubled, waits, overtakes, follows = (next(dice) for _ in range(5))
    if fault == "callback_lost" or (not fault and lost < habits.loss):
        return ()
    least, most = habits.delay
    first = late + least + waits * (most - least)
    if habits.shuffle:
        first += overtakes * max(most, _SPREAD)
    if fault == "callback_twice" or (not fault and doubled < habits.twice):
        return (first, first + follows * _SPREAD)
    return (first,)


def _dice(seed: int, number: str, nth: int) -> Iterator[float]:
    """Fractions from 0 to below 1, independent of each other."""
    digest = hashlib.blake2b(f"{seed}/{number}/{nth}".encode(), digest_size=40).digest()
    for start in range(0, len(digest), 4):
        yield int.from_bytes(digest[start : start + 4]) / _DENOMINATOR
