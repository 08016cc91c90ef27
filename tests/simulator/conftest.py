"""Numbers to look up: valid by the numbering plan, invented, and asked of the simulator only."""

import random
from collections.abc import Callable
from functools import cache

import phonenumbers
import pytest

# Country calling code, and the first digits and the length of a national number.
PLANS = {"NL": ("31", "6", 9), "GB": ("44", "74", 10), "US": ("1", "", 10), "DE": ("49", "151", 11)}
LANDLINES = ["31207654321", "442079460000", "493012345678", "12025550166"]


@pytest.fixture(scope="session")
def mobiles() -> Callable[[int], list[str]]:
    """So many valid numbers, digits only, of the Netherlands, Britain, the United States and Germany in turn."""

    @cache
    def draw(count: int) -> list[str]:
        dice = random.Random(11)
        found: list[str] = []
        while len(found) < count:
            code, prefix, length = list(PLANS.values())[len(found) % len(PLANS)]
            rest = "".join(dice.choice("0123456789") for _ in range(length - len(prefix)))
            if phonenumbers.is_valid_number(phonenumbers.parse(f"+{code}{prefix}{rest}")):
                found.append(code + prefix + rest)
        return found

    return draw
