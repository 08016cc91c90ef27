"""How large a test is: small in `make test`, whole in `make test-long`. The profile of Hypothesis says which.

What is drawn beside it is another in each run; a run says at its end with which `TEST_DICE` it is drawn again.
"""

import os
import random
import time
from collections.abc import Sequence
from typing import Any

import hypothesis

# Examples of each property in the profile of that name.
SMALL, WHOLE = 25, 250
DICE, BEGAN = "TEST_DICE", "TEST_BEGAN"


def whole() -> bool:
    """Whether tests are whole."""
    return hypothesis.settings.default.max_examples >= WHOLE


def share(percent: int) -> int:
    """So much of the examples that a property is tried with: for properties of which an example takes long."""
    return max(1, hypothesis.settings.default.max_examples * percent // 100)


def some(items: Sequence[Any], of: int) -> Sequence[Any]:
    """One of so many of these, others in each run; all of them where tests are whole."""
    return items if whole() else items[dice().randrange(min(of, len(items))) :: of]


def minutes() -> float:
    """How long the whole run of tests has lasted."""
    return (time.time() - float(os.environ[BEGAN])) / 60


def dice() -> random.Random:
    """The dice of the test that is running."""
    test, _, _ = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")
    return random.Random(f"{os.environ[DICE]} {test}")
