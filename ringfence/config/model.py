"""The model of `ringfence.yaml`: every key, its meaning and its default. Values only; reading files is in `file`."""

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ringfence.config.scalars import (
    DAY,
    Amount,
    AmountPerDay,
    Country,
    Currency,
    Interval,
    Kind,
    Name,
    Names,
    Proxy,
    Rate,
    Routes,
    Schedule,
    Seconds,
    Timezone,
    Url,
)
from ringfence.money.amount import Money
from ringfence.providers.lookup import Fact
from ringfence.providers.provider import Provider
from ringfence.providers.registry import providers


class Section(BaseModel):
    """A part of the file; an unknown key is an error, and no message repeats a value that may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class Region(Section):
    """The region that national numbers are read in: a column of country codes, a default, or both."""

    column: str | None = None
    default: Country | None = None


class SourceConfig(Section):
    """One warehouse relation with phone columns, and which facts are wanted of its numbers, how fresh."""

    warehouse: str
    relation: str | None = None
    key: Names
    phones: Names
    region: Region = Region()
    where: str | None = None
    want: dict[Fact, Interval] = Field(min_length=1)


class ProviderConfig(Section):
    """How one provider is used: products in order of preference, list prices, pace, and where it is."""

    products: Names
    price: dict[str, Amount] = {}
    rate: Rate | None = None
    in_flight: int = Field(4, ge=1, le=256)
    batch: int | None = Field(None, ge=1)
    base_url: Url | None = None
    trusted_hosts: list[str] = []
    proxy: Proxy | None = Field(None, repr=False)
    auth: str | None = None
    method: str | None = None

    def options(self, name: str) -> dict[str, str]:
        """How this provider's requests are written: what is chosen here, else its own default."""
        chosen = {"auth": self.auth, "method": self.method}
        return {option: chosen[option] or values[0] for option, values in providers()[name].options.items()}


class BudgetConfig(Section):
    """A cap over a calendar window; scopes narrow it. All budgets that match a purchase must hold."""

    window: Literal["day", "month", "total", "quote"]
    cap: Amount
    provider: str | None = None
    country: Country | None = None
    source: str | None = None


class Approval(Section):
    """What may be bought a day without anybody's approval; the default 0 buys nothing."""

    unattended: AmountPerDay = Money(0, "EUR")


class Privacy(Section):
    """Facts that may be stored: forbidden by default are imsi, serving_msc, caller_name and roaming."""

    allow: dict[Literal["imsi", "serving_msc", "caller_name", "roaming"], list[Country]] = {}
    forbid: dict[Literal["reachability"], list[Country]] = {}


class Numbers(Section):
    """Which numbers count: by libphonenumber's judgement and by type of line."""

    accept: Literal["valid", "possible"] = "valid"
    types: list[Kind] = ["mobile", "fixed_or_mobile", "landline"]
    vanity: bool = False
    bare_international: bool = False


class InDoubt(Section):
    """After how long a lookup of unknown outcome counts as spent at list price."""

    assume_billed_after: Seconds = 7 * DAY


class Config(Section):
    """The whole file."""

    home: str = "./ringfence-home"
    mode: Literal["simulate", "live"]
    timezone: Timezone = "UTC"
    currency: Currency = "EUR"
    sources: dict[Name, SourceConfig] = {}
    providers: dict[str, ProviderConfig] = {}
    prices: str | None = None
    routes: Routes = "auto"
    budgets: list[BudgetConfig] = []
    approval: Approval = Approval()
    privacy: Privacy = Privacy()
    numbers: Numbers = Numbers()
    in_doubt: InDoubt = InDoubt()
    simulator_hosts: list[str] = []
    schedule: Schedule | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of budget windows and schedules."""
        return ZoneInfo(self.timezone)

    @model_validator(mode="after")
    def _names_agree(self) -> "Config":
        known = providers()
        for name, section in self.providers.items():
            _require("provider", name, known, "providers", name)
            for key, products in (("products", section.products), ("price", section.price)):
                for product in products:
                    _require("product", product, known[name].products, "providers", name, key)
            _options_fit(name, section, known[name])
            limit = min(known[name].products[product].limit for product in section.products)
            if section.batch and section.batch > limit:
                raise _wrong(f"{name} takes at most {limit} numbers in a request", "providers", name, "batch")
        for country, names in () if self.routes == "auto" else self.routes.items():
            for name in names:
                _require("provider", name, self.providers, "routes", country)
        scopes = set()
        for place, budget in enumerate(self.budgets):
            _require("source", budget.source, self.sources, "budgets", place, "source")
            _require("provider", budget.provider, self.providers, "budgets", place, "provider")
            scope = (budget.window, budget.provider, budget.country, budget.source)
            if scope in scopes:
                raise _wrong(f"a cap for the same {budget.window} and scope stands above; keep one", "budgets", place)
            scopes.add(scope)
        return self


def _options_fit(name: str, section: ProviderConfig, known: Provider) -> None:
    for option, value in (("auth", section.auth), ("method", section.method)):
        allowed = known.options.get(option, ())
        if value is not None and value not in allowed:
            told = f"takes {' or '.join(allowed)}" if allowed else f"has no choice of {option}"
            raise _wrong(f"{name} {told}", "providers", name, option)
    for product, price in section.price.items():
        if known.currency and price.currency != known.currency:
            raise _wrong(f"{name} bills in {known.currency}: state its price so", "providers", name, "price", product)


def _require(kind: str, name: str | None, known: Mapping[str, object], *at: str | int) -> None:
    if name is not None and name not in known:
        raise _wrong(f"there is no {kind} '{name}'; there are: {', '.join(known) or 'none'}", *at)


def _wrong(problem: str, *at: str | int) -> PydanticCustomError:
    """An error of the whole model, which pydantic gives no place of its own."""
    return PydanticCustomError("at", "{problem}", {"problem": problem, "at": at})
