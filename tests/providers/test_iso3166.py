"""The table of country codes."""

import phonenumbers
import pytest

from ringfence.providers.e212 import COUNTRIES
from ringfence.providers.iso3166 import ALPHA2, alpha2


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("USA", "US"),
        ("EST", "EE"),
        ("est", "EE"),
        (" NLD ", "NL"),
        ("US", "US"),
        ("ee", "EE"),
        ("XKX", "XK"),
        ("UK", None),
        ("EUR", None),
        ("372", None),
        ("", None),
        (None, None),
        (372, None),
        (["US"], None),
    ],
)
def test_alpha2(code: object, expected: str | None) -> None:
    """Two and three letters are the same country, and what is no code of ISO 3166-1 is none."""
    assert alpha2(code) == expected


def test_the_table_is_whole() -> None:
    """It has every entry once, and every country that the numbering plan or a mobile network can name.

    Ascension and Tristan da Cunha have calling codes, and in ISO 3166-1 are parts of Saint Helena.
    """
    assert len(ALPHA2) == len(set(ALPHA2.values())) == 249 + 1
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in ALPHA2)
    assert phonenumbers.SUPPORTED_REGIONS - set(ALPHA2.values()) == {"AC", "TA"}
    assert set(COUNTRIES.values()) <= set(ALPHA2.values())
