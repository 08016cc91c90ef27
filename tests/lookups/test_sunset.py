"""Vendors that end: who is warned of from when, and what is said to do about it."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringfence.config.model import Config
from ringfence.lookups import sunset
from ringfence.providers.registry import provider, providers

VONAGE = {"vonage": {"products": ["advanced"], "price": {"advanced": "0.04 EUR"}}}
SUCCESSOR = {"vonage_insights": {"products": ["insights"], "price": {"insights": "0.02 EUR"}}}
MESSENTE = {"messente": {"products": ["hlr_sync"], "price": {"hlr_sync": "0.002 EUR"}}}
END = date(2027, 2, 4)


def config(named: dict[str, Any], routes: Any = "auto") -> Config:
    """A configuration of these providers."""
    return Config.model_validate({"mode": "simulate", "providers": named, "routes": routes})


@given(st.integers(-200, 200))
def test_from_ninety_days_before_the_end(days: int) -> None:
    """Not a day earlier, and for ever after; a vendor that announced nothing is never warned of."""
    on = END - timedelta(days=days)
    found = list(sunset.endings(config(VONAGE | MESSENTE), on))
    assert [each.provider for each in found] == (["vonage"] if days <= 90 else [])
    assert [each.over for each in found] == ([days <= 0] if days <= 90 else [])
    assert len(sunset.warnings(config(VONAGE | MESSENTE), on)) == len(found)


def test_the_sentence_names_the_day_and_what_to_do() -> None:
    """The move is a matter of the configuration alone, as far as it is not made yet."""
    (told,) = sunset.warnings(config(VONAGE), date(2026, 11, 21))
    assert told == (
        "end of vonage: it answers until 2027-02-04, 75 days from now; add vonage_insights, its successor, "
        "to providers with a price, then take vonage out of providers; what that does not tell, ask of another provider"
    )
    (told,) = sunset.warnings(config(VONAGE | SUCCESSOR, {"default": ["vonage"]}), END)
    assert told == (
        "end of vonage: it has not answered since 2027-02-04; take vonage out of providers, "
        "and put vonage_insights in its place in routes"
    )
    assert not sunset.warnings(config(SUCCESSOR | MESSENTE), END)


def test_a_successor_exists_and_goes_on() -> None:
    """Whoever is named to take over is a provider, and does not end itself."""
    for each in providers().values():
        assert each.successor is None or provider(each.successor).sunset is None
