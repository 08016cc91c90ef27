"""In whose name something is approved, decided or stopped: what the journal keeps of a person."""

import getpass

from ringfence.numbers.phone import mask_numbers


def who() -> str:
    """The person in whose name this process runs."""
    try:
        return mask_numbers(getpass.getuser())
    except (KeyError, OSError):
        return "unknown"
