"""The sections of `ringfence.yaml`: every key with its meaning and default. How they fit together is in `model`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ringfence.config.scalars import (
    DAY,
    Amount,
    AmountPerDay,
    Country,
    Interval,
    Kind,
    Names,
    Proxy,
    PublicUrl,
    Rate,
    Seconds,
    Shares,
    Url,
    Webhook,
)
from ringfence.money.amount import Money
from ringfence.providers.lookup import Fact
from ringfence.providers.registry import providers


class Section(BaseModel):
    """A part of the file; an unknown key is an error, and no message repeats a value that may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class Region(Section):
    """The region that national numbers are read in: a column of country codes, a default, or both."""

    column: str | None = Field(
        default=None, description="column of the relation that holds a country code for each row"
    )
    default: Country | None = Field(
        default=None, description="country of numbers whose row names none; they are quoted apart"
    )


class SourceConfig(Section):
    """One warehouse relation with phone columns, and which facts are wanted of its numbers, how fresh."""

    warehouse: str = Field(
        description="where it is: `duckdb:///crm.duckdb`, `parquet:///exports/*.parquet`, `csv:///lists/*.csv`; three "
        "slashes are relative to this file, four absolute; `env:NAME` reads the address from the environment"
    )
    relation: str | None = Field(
        default=None, description='table or view of a DuckDB file; quote odd names: `"a.b"."c d"`'
    )
    key: Names = Field(description="columns that identify a row")
    phones: Names = Field(description="columns that hold phone numbers: texts, integers, decimals, or lists of them")
    region: Region = Field(default=Region(), description="how numbers without a country code are read")
    where: str | None = Field(default=None, description="an SQL condition on the relation")
    want: dict[Fact, Interval] = Field(
        min_length=1,
        description="which facts, how fresh: `once`, `daily`, `weekly`, `monthly` (30 days), `quarterly` (90 days) or "
        "`45d`; daily is bought thirty times a month",
    )


class ProviderConfig(Section):
    """How one provider is used: products by preference, list prices, pace, where it is, and the provider's choices."""

    # A choice is a key of its own (`auth: query`); which there are, each provider states, and `model` holds it to that.
    model_config = ConfigDict(extra="allow")

    products: Names = Field(description="products that may be bought, in order of preference")
    price: dict[str, Amount] = Field(
        default={}, description='list price a number for each product, such as `"0.01 EUR"`'
    )
    rate: Rate | None = Field(
        default=None, description="requests a second over all processes, such as `20/s`; default: ours"
    )
    wait: Seconds = Field(
        default=60, description="how long a run waits for answers that come later, before it leaves them to `collect`"
    )
    in_flight: int = Field(default=4, ge=1, le=256, description="requests at a time")
    batch: int | None = Field(default=None, ge=1, description="numbers in a request, up to the provider's own limit")
    base_url: Url | None = Field(default=None, description="where it is; default: the vendor's own address")
    trusted_hosts: list[str] = Field(default=[], description="other hosts that live mode may talk to")
    proxy: Proxy | None = Field(
        default=None, repr=False, description="an HTTP proxy with its port, without user or password"
    )

    @property
    def chosen(self) -> dict[str, object]:
        """The choices of how requests are written that the file makes: every key that is not one of the above."""
        return dict(self.model_extra or {})

    def options(self, name: str) -> dict[str, str]:
        """How this provider's requests are written: what is chosen here, else its own default."""
        return {option: str(self.chosen.get(option, values[0])) for option, values in providers()[name].options.items()}


class BudgetConfig(Section):
    """A cap over a calendar window; scopes narrow it. All budgets that match a purchase must hold."""

    window: Literal["day", "month", "total", "quote"] = Field(description="what the cap is counted over")
    cap: Amount = Field(description='the most that may be held and spent in it, such as `"500 EUR"`')
    provider: str | None = Field(default=None, description="only purchases from this provider")
    country: Country | None = Field(default=None, description="only numbers of this country")
    source: str | None = Field(default=None, description="only numbers that this source asks for first")


class Approval(Section):
    """What may be bought without anybody's approval."""

    unattended: AmountPerDay = Field(
        default=Money(0, "EUR"), description='an amount a day, such as `"5 EUR/day"`; 0: nothing'
    )


class Privacy(Section):
    """Facts that may be stored: forbidden by default are imsi, serving_msc, caller_name and roaming."""

    allow: dict[Literal["imsi", "serving_msc", "caller_name", "roaming"], list[Country]] = Field(
        default={}, description="countries that let in what is forbidden everywhere by default"
    )
    forbid: dict[Literal["reachability"], list[Country]] = Field(
        default={}, description="countries that shut a fact out"
    )


class Numbers(Section):
    """Which numbers count: by libphonenumber's judgement and by type of line."""

    accept: Literal["valid", "possible"] = Field(
        default="valid", description="what libphonenumber must say of a number"
    )
    types: list[Kind] = Field(
        default=["mobile", "fixed_or_mobile", "landline"], description="kinds of line that are bought"
    )
    vanity: bool = Field(default=False, description="read letters as digits")
    bare_international: bool = Field(
        default=False, description="read digits without + or 00 as beginning with a country code"
    )


class Callbacks(Section):
    """Where providers send answers that come later; without it products that answer by callback are not bought."""

    public_url: PublicUrl | None = Field(
        default=None,
        description="address under which `ringfence callbacks` is reached from outside, such as "
        "`https://hooks.example.com/ringfence`",
    )


class InDoubt(Section):
    """What becomes of lookups of unknown outcome."""

    assume_billed_after: Seconds = Field(
        default=7 * DAY,
        description="age at which one counts as spent: what it holds, or more where its acknowledgement says so",
    )
    repay_lost: bool = Field(
        default=False,
        description="buy again what was paid for in vain: what was counted as spent, and its answer never came",
    )


class Alerts(Section):
    """When people are told about budgets, and where: a webhook gets each of them once, beside the asset checks."""

    shares: Shares = Field(default=[50, 80, 100], description="percents of a cap; each is told when it is reached")
    webhook: Webhook | None = Field(
        default=None,
        repr=False,
        description="https address that gets a POST with JSON for each; `env:NAME` reads it from the environment, as "
        "one with a secret in it should be",
    )
