"""How a quote looks in Dagster: its lines, pictures, numbers that plot, and what to paste to approve it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import dagster as dg

from assets.charts import Bar, bars, picture
from assets.described import plain_money
from assets.recipes import run_config
from ringfence.lookups.estimate import by_country, told_step
from ringfence.money.amount import Money
from ringfence.money.quotes import Quote

# Bars of a picture that is shown where it stands; the rest is added up.
SHOWN = 5
AMOUNTS = ("low", "expected", "max", "first_run", "steady_month")
SAVED = {"rejection": "rejected cells", "dedupe": "asked once", "freshness": "still fresh"}


def quote_metadata(made: Quote, launchpad: str | None) -> dict[str, Any]:
    """Everything that a quote says; one that was made by an earlier version says less of later months.

    `launchpad` is the path of the page that launches job enrich, where it is known.
    """
    summary, saved, currency = made.summary, made.summary["saved"], made.summary["currency"]
    notes = (("expected_rests_on", "expected_notes"), ("in_a_steady_month", "steady_notes"), ("warnings", "warnings"))
    return {
        "next": _next(made, launchpad),
        **{name: _list(summary[notes]) for name, notes in notes if summary.get(notes)},
        "money": picture(bars(f"At most {Money(summary['max'], currency)}", _money(made)), "money by country"),
        "lines": _lines(made),
        "savings": _savings(made),
        "quote_id": made.quote_id,
        "currency": currency,
        "numbers": made.numbers,
        **{name: plain_money(summary[name]) for name in AMOUNTS if name in summary},
        "requests": summary["requests"],
        "seconds": summary["seconds"],
        "saved": plain_money(sum(saved.values())),
        **{f"saved_by_{name}": plain_money(saved[name]) for name in SAVED},
    }


def _savings(made: Quote) -> dg.MetadataValue | str:
    amounts = {label: Money(made.summary["saved"][name], made.summary["currency"]) for name, label in SAVED.items()}
    total = Money(sum(amount.amount for amount in amounts.values()), made.summary["currency"])
    rows = [Bar(label, plain_money(amount.amount), str(amount)) for label, amount in amounts.items()]
    return picture(bars(f"Not spent: {total}", rows), "savings") if total.amount else "nothing yet"


def _list(sentences: Sequence[str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {each}" for each in sentences))


def _money(made: Quote) -> Sequence[Bar]:
    rows = by_country(made.lines)
    shown = [
        Bar(
            f"{country or 'no country'} {name}{', if still unknown' if step else ''}",
            plain_money(nanos),
            f"{_plain(nanos)} for {count:,}",
        )
        for step, name, _, country, _, count, nanos in rows[:SHOWN]
    ]
    rest = rows[SHOWN:]
    nanos, count = sum(row[6] for row in rest), sum(row[5] for row in rest)
    more = [Bar(f"{len(rest)} more", plain_money(nanos), f"{_plain(nanos)} for {count:,}")] if rest else []
    return [*shown, *more]


def _plain(nanos: int) -> str:
    return str(Money(nanos, "")).strip()


def _lines(made: Quote) -> dg.MetadataValue:
    body = "\n".join(
        f"| {told_step(step)} | {name} | {product} | {country or '-'} | {count:,} | {Money(amount, currency)} |"
        for step, name, product, country, currency, count, amount in by_country(made.lines)
    )
    head = "| step | provider | product | country | numbers | at most |\n|---|---|---|---|---:|---:|\n"
    return dg.MetadataValue.md(head + body)


def _next(made: Quote, launchpad: str | None) -> dg.MetadataValue | str:
    """What to do now: the run configuration that approves exactly this quote, or why there is nothing to approve."""
    if made.total is None:
        if not made.summary["cells"]["read"]:
            return "no source was read yet: launch job quote, which reads them first"
        no_route = made.summary["no_route"].items()
        return "; ".join(f"{count:,} numbers: {why}" for why, count in no_route) or "nothing is due"
    approving = run_config(quote=made.quote_id, approve_up_to=str(made.total))
    page = f"[Open it there]({launchpad}/setup?config={quote(approving)}), or type" if launchpad else "Or type"
    return dg.MetadataValue.md(
        f"To approve and buy it, launch job `enrich` with this run configuration:\n```yaml\n{approving}```\n"
        f"{page}: `ringfence approve {made.quote_id}`, then `ringfence enrich`"
    )
