"""How large a test is: small in `make test`, whole in `make test-long`. The profile of Hypothesis says which."""

import hypothesis


def share(percent: int) -> int:
    """So much of the examples that a property is tried with: for properties of which an example takes long."""
    return max(1, hypothesis.settings.default.max_examples * percent // 100)
