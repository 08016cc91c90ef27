"""The values that single keys of `ringfence.yaml` hold, each read from its text, with what is allowed instead."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from ringfence.config.addresses import proxy, public_url, url, webhook
from ringfence.config.countries import country
from ringfence.errors import MoneyError
from ringfence.money.amount import Money
from ringfence.numbers.normalise import KINDS

DAY = 86_400
NAMED_INTERVALS = {"daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY, "quarterly": 90 * DAY}
# An answer wanted once stays good for a century: long enough, and every age stays a plain number of seconds.
ONCE = 100 * 365 * DAY
# Assets and served relations of ours; a source is an asset beside them. Held against the folder of views by a test.
RESERVED = frozenset(
    {
        "phone_map",
        "distinct_phones",
        "quote",
        "lookups",
        "phone_facts",
        "phone_changes",
        "budget_status",
        "cost_per_fact",
        "cost_report",
        "coverage",
        "enriched",
        "fact_conflicts",
        "lookup_costs",
        "open_attempts",
        "phone_history",
        "phone_numbers",
        "provider_agreement",
        "quotes",
        "unusable_phones",
        "value_agreement",
    }
)
ENRICHED = "enriched_"  # and the name of a source: its served relation


def _interval(text: object) -> int:
    if text == "once":
        return ONCE
    if isinstance(text, str) and text in NAMED_INTERVALS:
        return NAMED_INTERVALS[text]
    match = re.fullmatch(r"([1-9]\d{0,4})d", str(text), re.ASCII)
    if not match:
        raise ValueError("expected once, daily, weekly, monthly, quarterly or a number of days such as 45d")
    return int(match[1]) * DAY


def _seconds(text: object) -> int:
    match = re.fullmatch(r"([1-9]\d{0,6})([smhd])", str(text), re.ASCII)
    if not match:
        raise ValueError("expected a time such as 60s, 15m, 2h or 7d")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": DAY}[match[2]]


def _money(text: object) -> Money:
    if isinstance(text, Money):
        return text
    try:
        money = Money.parse(str(text))
    except MoneyError as error:
        raise ValueError(str(error)) from None
    if money.amount < 0:
        raise ValueError("expected an amount that is not negative")
    return money


def _daily_money(text: object) -> Money:
    if text == "0":
        return Money(0, "EUR")
    amount, slash, window = str(text).partition("/")
    if not slash or window.strip() != "day":
        raise ValueError('expected 0 or an amount a day such as "5 EUR/day"')
    return _money(amount)


def _rate(text: object) -> int:
    match = re.fullmatch(r"([1-9]\d{0,4})\s*/\s*s", str(text), re.ASCII)
    if not match:
        raise ValueError("expected requests a second such as 20/s")
    return int(match[1])


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("expected a time zone of the IANA database such as Europe/Amsterdam")
    return text


def _schedule(text: str) -> str:
    fields = text.split()
    try:
        CronSim(text, datetime.now(UTC))
    except CronSimError:
        fields = []
    if len(fields) != 5:
        raise ValueError('expected five cron fields such as "0 5 * * *"')
    return " ".join(fields)


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", text):
        raise ValueError("expected a name of at most 41 of a-z, 0-9 and _ that begins with a letter")
    if text in RESERVED or text.startswith(ENRICHED):
        raise ValueError(f"'{text}' is a table of our own, or would be; give the source another name")
    return text


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("expected a currency as three capital letters (ISO 4217) such as EUR")
    return text


def _kind(text: str) -> str:
    if text not in KINDS:
        raise ValueError(f"expected one of {', '.join(sorted(KINDS))}")
    return text


def _share(value: object) -> int:
    text = str(value).strip().removesuffix("%").strip()
    if not re.fullmatch(r"[1-9][0-9]?|100", text):
        raise ValueError("expected a percentage from 1 to 100 such as 80")
    return int(text)


def _route(text: object) -> str:
    return "default" if text == "default" else country(text)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _once_each(names: list[Any]) -> list[Any]:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValueError(f"'{name}' stands twice; keep one")
    return names


def _routes(value: object) -> object:
    """Countries may be written in small letters, but each only once: none may silently replace another."""
    if isinstance(value, dict):
        _once_each([str(key) if key == "default" else str(key).upper() for key in value])
    return value


def _routes_kind(value: object) -> str:
    return "each" if isinstance(value, dict) else "auto"


def _auto(value: object) -> object:
    if value != "auto":
        raise ValueError("expected auto, or lists of providers with their countries, such as {default: [infobip]}")
    return value


def _file(text: str) -> str:
    if not text.strip():
        raise ValueError("expected the name of a CSV file; leave the key out where there is none")
    return text


Interval = Annotated[int, BeforeValidator(_interval)]
Seconds = Annotated[int, BeforeValidator(_seconds)]
Shares = Annotated[list[Annotated[int, BeforeValidator(_share)]], AfterValidator(_once_each), AfterValidator(sorted)]
Amount = Annotated[Money, BeforeValidator(_money)]
AmountPerDay = Annotated[Money, BeforeValidator(_daily_money)]
Rate = Annotated[int, BeforeValidator(_rate)]
Country = Annotated[str, BeforeValidator(country)]
Name = Annotated[str, AfterValidator(_name)]
Currency = Annotated[str, AfterValidator(_currency)]
Route = Annotated[str, BeforeValidator(_route)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Schedule = Annotated[str, AfterValidator(_schedule)]
Kind = Annotated[str, AfterValidator(_kind)]
File = Annotated[str, AfterValidator(_file)]
# Without user information or query: an address is printed, and holds no secret.
Url = Annotated[str, AfterValidator(url)]
PublicUrl = Annotated[str, AfterValidator(public_url)]
Webhook = Annotated[str, AfterValidator(webhook)]
Proxy = Annotated[str, AfterValidator(proxy)]
Names = Annotated[list[str], BeforeValidator(_one_or_many), Field(min_length=1), AfterValidator(_once_each)]
Routes = Annotated[
    Annotated[Literal["auto"], BeforeValidator(_auto), Tag("auto")]
    | Annotated[dict[Route, Names], BeforeValidator(_routes), Tag("each")],
    Discriminator(_routes_kind),
]
