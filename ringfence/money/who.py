"""In whose name something is approved, decided or stopped: what the journal keeps of a person."""

import getpass


def who() -> str:
    """The person in whose name this process runs."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
