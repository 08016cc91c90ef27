"""Which countries there are: those whose numbers libphonenumber knows, by their two letters."""

from phonenumbers import SUPPORTED_REGIONS

# What people write, and what ISO 3166-1 calls it.
_MEANT = {"UK": "GB"}


def country(text: object) -> str:
    """A country as its two capital letters (ISO 3166-1 alpha-2); raises ValueError for anything else."""
    upper = str(text).upper()
    if upper in SUPPORTED_REGIONS:
        return upper
    if upper in _MEANT:
        raise ValueError(f"'{text}' is no country; write {_MEANT[upper]}")
    raise ValueError(f"{str(text)[:40]!r} is no country; expected two letters (ISO 3166-1 alpha-2) such as NL")
