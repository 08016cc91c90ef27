"""The text of a new `ringfence.yaml`: every key with a word on what it does, for a person to read and change.

Every name and value that was found somewhere is quoted, in comments too: none can become another key or line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.money.amount import NANOS, Money
from ringfence.providers.lookup import Fact
from ringfence.providers.registry import provider, providers
from ringfence.simulator.vendor import vendors

# The first port of `ringfence simulate`; each provider has its own after it.
FIRST_PORT = 8900
_WANTED = {Fact.CARRIER: "monthly", Fact.PORTED: "monthly", Fact.VALIDITY: "quarterly"}
# A cap in EUR where the numbers could not be counted, and the smallest one.
_UNCOUNTED, _SMALLEST = 100, 10
_PLAIN = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
# What a reader of YAML 1.1 takes for a truth value or nothing.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSource:
    """A source as it is written. The notes stand as comments: what key, phones and region rest on, and what else is.

    `default_region` is left out where it is None; with `needs_region` it is a comment for the user to fill or confirm.
    """

    name: str
    warehouse: str
    relation: str | None
    key: Sequence[str]
    phones: Sequence[str]
    region_column: str | None = None
    default_region: str | None = None
    needs_region: bool = False
    key_note: str = ""
    phones_note: str = ""
    region_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The whole file. `count` is about how many numbers the sources hold, None where they were too many to count."""

    sources: Sequence[WrittenSource]
    live: bool
    timezone: str
    count: int | None
    bare_international: bool = False


def assumed() -> dict[str, dict[str, Money]]:
    """The simulator's list prices, which are no vendor's: the user's contract decides. The cheapest provider is first.

    Of each provider the products that ask a network about something, and need no receiver of callbacks.
    """
    doubles = vendors()
    found = {
        name: {
            product.name: Money(price.amount, price.currency)
            for product in known.products.values()
            if product.mode != "callback"
            and product.facts - product.plan_only
            and (price := doubles[name].list_prices[product.name])
        }
        for name, known in providers().items()
        if name in doubles
    }
    return dict(sorted(found.items(), key=lambda each: min(price.amount for price in each[1].values())))


def scalar(text: str) -> str:
    """A text as a YAML scalar on one line: plain where it is a plain name, else in double quotes."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    return '"' + _escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def month_cap(count: int | None) -> Money:
    """Room for a first run and a month after it at the cheapest assumed price, rounded up to 1, 2 or 5 and zeros."""
    if count is None:
        return Money(_UNCOUNTED * NANOS, "EUR")
    prices = [
        price.amount
        for name, products in assumed().items()
        for product, price in products.items()
        if _WANTED.keys() <= provider(name).products[product].facts - provider(name).products[product].plan_only
    ]
    step = _SMALLEST
    while step * NANOS < 2 * count * min(prices):
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return Money(step * NANOS, "EUR")


def config_text(written: Written) -> str:
    """The text of the file."""
    order = ", ".join(list(assumed())[:2])
    lines = [
        "# Ringfence looks up the phone numbers of a warehouse at paid providers. Written by `ringfence init`, yours",
        "# to change. No secret belongs here: credentials are read from the environment or from .env beside this file.",
        "home: ./ringfence-home   # ledger, lake and the served ringfence.duckdb; relative to this file",
        *_mode(written),
        f"timezone: {scalar(written.timezone)}   # of budget windows and of the schedule",
        "currency: EUR   # of reports",
        "",
        "sources:   # where the numbers are; `ringfence doctor` checks that each can be read",
        *(line for source in written.sources for line in _source(source)),
        "",
        *_providers(live=written.live),
        f"routes: auto   # the cheapest set that answers; or an order: {{default: [{order}]}}",
        "",
        "# Limits: all of them hold, and nothing is bought without a month or total cap. A limit is not consent.",
        f"# This one has room for {_counted(written.count)}.",
        "budgets:",
        f'  - {{window: month, cap: "{month_cap(written.count)}"}}',
        "# Consent: what may be spent a day without `ringfence approve` or `enrich --yes`. 0 buys nothing by itself.",
        'approval: {unattended: "0"}   # such as "5 EUR/day", once a schedule shall buy',
        '# schedule: "0 5 * * *"   # every day at five, once it is on in Dagster and its daemon runs',
    ]
    if written.bare_international:
        lines += ["", "# Digits without + that are a valid international number are one: numbers were found like that."]
        lines += ["numbers: {bare_international: true}"]
    return "\n".join(lines) + "\n"


def _mode(written: Written) -> list[str]:
    if written.live:
        return [
            "mode: live   # requests go to the vendors and cost money; a ledger is born simulate or live and stays so"
        ]
    return [
        "mode: simulate   # requests go to `ringfence simulate` on this machine; no money moves. A ledger is born",
        "                 # simulate or live and stays so: for live, set another home and remove every base_url below",
    ]


def _source(source: WrittenSource) -> list[str]:
    columns = [*_comment(source.key_note), f"key: {_list(source.key)}"]
    columns += [*_comment(source.phones_note), f"phones: {_list(source.phones)}", *_comment(source.region_note)]
    if source.region_column is not None:
        columns.append(f"region: {{column: {scalar(source.region_column)}}}")
    elif source.needs_region:
        region = scalar(source.default_region or "XX")
        columns.append(f"# region: {{default: {region}}}   # set the country of these numbers, and take the # away")
    elif source.default_region is not None:
        columns.append(f"region: {{default: {scalar(source.default_region)}}}")
    return [
        f"  {source.name}:",
        f"    warehouse: {scalar(source.warehouse)}",
        *([] if source.relation is None else [f"    relation: {scalar(source.relation)}"]),
        *(f"    {line}" for line in columns),
        "    want:   # facts, and how old an answer may get: once, daily, weekly, monthly, quarterly or 45d",
        *(f"      {fact}: {age}" for fact, age in _WANTED.items()),
        "      # reachability: monthly   # what the handset is now; daily would cost thirty times a month of this",
    ]


def _providers(*, live: bool) -> list[str]:
    lines = [
        "# Prices are ASSUMPTIONS, not offers: replace each by the one of your contract before you go live. What a",
        "# provider bills above its price stops it.",
        "providers:",
    ]
    for name, prices in assumed().items():
        known = provider(name)
        priced = ", ".join(f'{product}: "{price}"' for product, price in prices.items())
        ends = f"   # answers until {known.sunset}" if known.sunset else ""
        lines += [
            f"  {name}:{ends}",
            f"    # credentials: {', or '.join(' and '.join(names) for names in known.secrets)}",
            f"    products: [{', '.join(prices)}]",
            f"    price: {{{priced}}}   # a number, assumed",
        ]
        if not live:
            port = FIRST_PORT + vendors()[name].port_offset
            lines.append(f'    base_url: "http://127.0.0.1:{port}"   # ringfence simulate --port {FIRST_PORT}')
    return lines


def _counted(count: int | None) -> str:
    if count is None:
        return "numbers that were too many to count: see what `ringfence quote` says"
    return f"a first run over about {count:,} numbers and a month after it, rounded up"


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(map(scalar, names)) + "]"


def _comment(note: str) -> list[str]:
    return [f"# {_escaped(note)}"] if note else []


def _escaped(text: str) -> str:
    """In one line, with every sign that is not seen as itself written as an escape, which YAML and Python share."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)
