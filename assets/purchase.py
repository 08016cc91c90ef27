"""`quote` and `lookups`: what could be bought, and what was. The ledger decides; Dagster only starts it."""

import dagster as dg

from assets.described import OWNERS, plain_money, table_metadata, upstream
from assets.launch import PREFIX, PURCHASING_TAG, House, Launch, Limits, step, who
from ringfence.lookups.buy import Order, buy, open_for_spending
from ringfence.lookups.estimate import by_country
from ringfence.lookups.outcome import Bought
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.quote import make_quote
from ringfence.lookups.recover import assume_billed
from ringfence.money import quotes
from ringfence.money.amount import Money, decimal_text
from ringfence.money.quotes import Quote


def purchase_assets(buckets: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The dry run and the purchase."""

    @dg.asset(
        key_prefix=PREFIX,
        deps=upstream("distinct_phones"),
        group_name="purchase",
        owners=OWNERS,
        kinds={"polars", "sqlite"},
    )
    def quote(context: dg.AssetExecutionContext, house: House, limits: Limits) -> dg.MaterializeResult:
        """The dry run: which due facts would be bought from whom for how much. It costs nothing and ends in an id."""
        with step(house, context, "quote") as launch:
            open_for_spending(launch.setup, launch.ledger)
            publish_settled(launch.ledger, launch.lake)
            publish_facts(launch.lake)
            made = _quote(launch, limits)
            if limits.approve_up_to and made.numbers:
                # Nothing is approved that could not be bought: a missing credential is said before, not after.
                for name in {line.provider for line in made.lines}:
                    launch.setup.base_url(name)
                    launch.setup.secrets(name)
                up_to = None if limits.approve_up_to == "max" else Money.parse(limits.approve_up_to)
                quotes.approve(launch.ledger, made.quote_id, up_to, who=who(), why=f"run {context.run.run_id}")
            return dg.MaterializeResult(metadata=_quote_metadata(made))

    @dg.asset(
        key_prefix=PREFIX,
        deps=upstream("quote"),
        partitions_def=buckets,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="purchase",
        owners=OWNERS,
        kinds={"http", "deltalake"},
        metadata=table_metadata("lookups"),
    )
    def lookups(context: dg.AssetExecutionContext, house: House, limits: Limits) -> dg.MaterializeResult:
        """Every answer about a number that was bought: reserved, sent once, kept raw, parsed and settled."""
        with step(house, context, "lookups") as launch:
            if context.run.tags.get(PURCHASING_TAG) == "off":
                lost = assume_billed(launch.ledger, launch.setup.config.in_doubt.assume_billed_after)
                publish_settled(launch.ledger, launch.lake)
                return dg.MaterializeResult(metadata={"bought": 0, "counted_as_spent": lost})
            chosen = frozenset(int(each) for each in context.partition_keys)
            whole = len(chosen) == launch.ledger.buckets
            order = Order(
                launch.launch_id,
                quote_id=limits.quote,
                max_spend=limits.ceiling(),
                buckets=None if whole else chosen,
                own_only=limits.narrows,
            )
            try:
                bought = buy(launch.setup, launch.ledger, launch.lake, launch.worker, order)
            finally:
                publish_settled(launch.ledger, launch.lake)
            context.log.info(bought.why_not)
            return dg.MaterializeResult(metadata=_bought_metadata(bought))

    return [quote, lookups]


def _quote(launch: Launch, limits: Limits) -> Quote:
    if limits.quote:
        with launch.ledger.store.read() as connection:
            return quotes.load(connection, limits.quote)
    narrow = limits.narrow(launch.setup.config)
    return make_quote(launch.setup, launch.ledger, launch.lake, narrow, launch.launch_id)


def _quote_metadata(made: Quote) -> dict[str, dg.MetadataValue | str | int | float]:
    summary = made.summary
    body = "\n".join(
        f"| {name} | {product} | {country} | {count:,} | {decimal_text(amount)} |"
        for name, product, country, _, count, amount in by_country(made.lines)
    )
    saved = summary["saved"]
    return {
        "quote_id": made.quote_id,
        "numbers": made.numbers,
        "max": plain_money(summary["max"]),
        "currency": summary["currency"],
        "saved": plain_money(sum(saved.values())),
        "saved_by_rejection": plain_money(saved["rejection"]),
        "saved_by_dedupe": plain_money(saved["dedupe"]),
        "saved_by_freshness": plain_money(saved["freshness"]),
        "lines": dg.MetadataValue.md(
            f"| provider | product | country | numbers | {summary['currency']} |\n|---|---|---|---:|---:|\n{body}"
        ),
        "next": _next(made),
    }


def _next(made: Quote) -> str:
    if made.numbers:
        return f"ringfence approve {made.quote_id}"
    return "; ".join(f"{count:,} numbers: {why}" for why, count in made.summary["no_route"].items()) or "nothing is due"


def _bought_metadata(bought: Bought) -> dict[str, dg.MetadataValue | str | int | float]:
    return {
        "bought": bought.numbers,
        "spent": plain_money(bought.spent),
        "in_doubt": plain_money(bought.in_doubt),
        "currency": bought.currency,
        "not_bought": bought.left,
        "why_not_more": bought.why_not,
    }
