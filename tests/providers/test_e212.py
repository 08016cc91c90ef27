"""The table of mobile country codes."""

import phonenumbers
import pytest

from ringfence.providers.e212 import COUNTRIES, country


@pytest.mark.parametrize(
    ("mccmnc", "expected"),
    [
        ("22801", "CH"),
        ("20404", "NL"),
        ("310260", "US"),
        ("311480", "US"),
        ("316011", "US"),
        ("302220", "CA"),
        ("23410", "GB"),
        ("23591", "GB"),
        ("405840", "IN"),
        ("330110", "PR"),
        ("90128", None),
        ("34001", None),
        ("99999", None),
        ("", None),
        (None, None),
    ],
)
def test_country(mccmnc: str | None, expected: str | None) -> None:
    """The MCC decides, and a code of several countries or of none is not known."""
    assert country(mccmnc) == expected


def test_every_entry_is_a_country_of_the_numbering_plan() -> None:
    """Each code is three digits of a geographic zone, each country one that libphonenumber knows."""
    assert len(COUNTRIES) > 220
    assert all(code.isdecimal() and len(code) == 3 and code[0] in "234567" for code in COUNTRIES)
    assert set(COUNTRIES.values()) <= set(phonenumbers.SUPPORTED_REGIONS)
