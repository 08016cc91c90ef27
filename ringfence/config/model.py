"""The model of `ringfence.yaml` as a whole: its keys, and how its sections must fit together. Reading is in `file`."""

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ringfence.config.scalars import Currency, File, Interval, Name, Routes, Schedule, Timezone
from ringfence.config.sections import (
    Alerts,
    Approval,
    BudgetConfig,
    Callbacks,
    InDoubt,
    Numbers,
    Privacy,
    ProviderConfig,
    Section,
    SourceConfig,
)
from ringfence.providers.provider import Provider
from ringfence.providers.registry import providers


class Config(Section):
    """The whole file."""

    home: str = Field(
        default="./ringfence-home", description="folder of ledger, lake and served file; RINGFENCE_HOME overrides"
    )
    mode: Literal["simulate", "live"] = Field(description="written into the ledger when it is created, and stays so")
    timezone: Timezone = Field(default="UTC", description="of budget windows, price dates and the schedule")
    currency: Currency = Field(default="EUR", description="of reports")
    sources: dict[Name, SourceConfig] = Field(
        default={}, description="relations with phone columns, by a name of yours"
    )
    providers: dict[str, ProviderConfig] = Field(default={}, description="who may be asked, by the provider's name")
    prices: File | None = Field(default=None, description="rate card (CSV) where one price for a product is not enough")
    fx: File | None = Field(
        default=None,
        description="rates of other currencies (CSV): columns currency, rate (units of `currency` for one of it), "
        "valid_from, valid_to",
    )
    routes: Routes = Field(
        default="auto",
        description="`auto`: the cheapest set of products that answers; or lists of providers for `default` and for "
        "countries, asked in order",
    )
    budgets: list[BudgetConfig] = Field(default=[], description="caps; a purchase needs an unscoped month or total cap")
    approval: Approval = Field(default=Approval(), description="consent in advance")
    privacy: Privacy = Field(default=Privacy(), description="what may be stored")
    unknown_for: Interval | None = Field(
        default=None,
        description="how long a fact that was asked and stayed unknown is not asked again, such as `7d`; default: as "
        "long as an answer would be fresh",
    )
    numbers: Numbers = Field(default=Numbers(), description="which numbers count")
    callbacks: Callbacks = Field(default=Callbacks(), description="answers that come later")
    in_doubt: InDoubt = Field(default=InDoubt(), description="lookups of unknown outcome")
    alerts: Alerts = Field(default=Alerts(), description="being told about budgets")
    simulator_hosts: list[str] = Field(default=[], description="hosts besides loopback that simulate mode may talk to")
    schedule: Schedule | None = Field(
        default=None, description="five cron fields for job enrich; off until switched on in Dagster"
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of budget windows and schedules."""
        return ZoneInfo(self.timezone)

    @model_validator(mode="after")
    def _names_agree(self) -> "Config":
        known = providers()
        for name, section in self.providers.items():
            _require("provider", name, known, "providers", name)
            for product in section.products:
                _require("product", product, known[name].products, "providers", name, "products")
            priced = dict.fromkeys((*known[name].products, *known[name].priced_names))
            for product in section.price:
                _require("product", product, priced, "providers", name, "price")
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
    for option, value in section.chosen.items():
        allowed = known.options.get(option, ())
        if not allowed and not any(option in other.options for other in providers().values()):
            raise PydanticCustomError("extra_forbidden", "no such key", {"at": ("providers", name, option)})
        if value not in allowed:
            told = f"takes {option}: {' or '.join(allowed)}" if allowed else f"has no choice of {option}: leave it out"
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
