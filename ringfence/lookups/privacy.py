"""What may be stored of a number, by its country: forbidden everywhere unless allowed, allowed unless forbidden."""

from collections.abc import Callable, Mapping

import phonenumbers
import polars as pl

from ringfence.config.sections import Privacy
from ringfence.lake.columns import FACTS
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Fact

# Identifiers of a subscriber, and where somebody is: kept only in countries that `privacy.allow` names.
FORBIDDEN_BY_DEFAULT = ("imsi", "serving_msc", "caller_name", "roaming")
# What the served relations show of a number only where it may be shown.
SHOWN = (*FACTS, "caller_name")


def forbidden(privacy: Privacy, country: str | None) -> frozenset[str]:
    """The names that may not be kept of a number of this country; None is a country that nobody knows."""
    shut = {name for name in FORBIDDEN_BY_DEFAULT if country not in privacy.allow.get(name, [])}  # type: ignore[call-overload]
    return frozenset(shut | {name for name, countries in privacy.forbid.items() if country in countries or not country})


def allowed(privacy: Privacy) -> list[tuple[str, str]]:
    """Every fact, and the caller's name, with every country in which it may be shown; '' is one that nobody knows.

    A country that is not listed at all is one that no number has: what is not allowed here is forbidden.
    """
    countries = sorted({*phonenumbers.SUPPORTED_REGIONS, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY, ""})
    return [(fact, country) for country in countries for fact in SHOWN if fact not in forbidden(privacy, country)]


def by_phone(privacy: Privacy, countries: Mapping[str, str]) -> Callable[[Phone | None], frozenset[str]]:
    """The rule as a provider wants it: a function of the number, given the numbers' countries."""
    return lambda phone: forbidden(privacy, countries.get(phone.e164) if phone else None)


def may_store(fact: Fact, privacy: Privacy) -> pl.Expr:
    """Whether a fact of the number in this row may be stored, from its column `country` (NULL: nobody knows it)."""
    if fact is Fact.ROAMING:
        return pl.col("country").is_in(privacy.allow.get("roaming", [])).fill_null(value=False)
    if fact is Fact.REACHABILITY and "reachability" in privacy.forbid:
        return ~pl.col("country").is_in(privacy.forbid["reachability"]).fill_null(value=True)
    return pl.lit(value=True)
