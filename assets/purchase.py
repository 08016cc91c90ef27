"""`quote` and `lookups`: what could be bought, and what was. The ledger decides; Dagster only starts it."""

import asyncio

import dagster as dg

from assets.described import OWNERS, plain_money, table_metadata, upstream
from assets.launch import PREFIX, PURCHASING_TAG, House, Launch, Limits, launchpad, step
from assets.quoted import quote_metadata
from assets.recipes import APPROVE, BUY, CEILING, EVERYTHING, FIRST_TEN, ONE_COUNTRY, UP_TO, described
from ringfence.errors import RingfenceError
from ringfence.http import redact
from ringfence.lookups import alerts
from ringfence.lookups.buy import Order, buy, open_for_spending, require_fit
from ringfence.lookups.collect import collect
from ringfence.lookups.outcome import Bought
from ringfence.lookups.outcome import bought as bought_by
from ringfence.lookups.publish import publish_facts, publish_settled
from ringfence.lookups.quote import make_quote
from ringfence.lookups.recover import assume_billed
from ringfence.lookups.serve import serve
from ringfence.money import approvals, quotes
from ringfence.money.amount import Money
from ringfence.money.quotes import Quote
from ringfence.money.who import who

QUOTE = described(
    "The dry run: which due facts would be bought from whom for how much. It costs nothing and ends in an id.",
    EVERYTHING,
    ONE_COUNTRY,
    FIRST_TEN,
    UP_TO,
)
LOOKUPS = described(
    "Every answer about a number that was bought: reserved, sent once, kept raw, parsed and settled.",
    "Bought are approved quotes, then what `approval.unattended` covers; a budget is a limit and never consent.",
    APPROVE,
    BUY,
    CEILING,
)


class ProviderRefusedError(RingfenceError):
    """A provider said no to all of us, as to a wrong key or an account without credit: the message is its sentence."""


def purchase_assets(buckets: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The dry run and the purchase."""

    @dg.asset(
        key_prefix=PREFIX,
        deps=upstream("distinct_phones"),
        group_name="purchase",
        owners=OWNERS,
        kinds={"polars", "sqlite"},
        description=QUOTE,
    )
    def quote(context: dg.AssetExecutionContext, house: House, limits: Limits) -> dg.MaterializeResult:
        """The dry run: which due facts would be bought from whom for how much. It costs nothing and ends in an id."""
        with step(house, context, "quote") as launch:
            open_for_spending(launch.setup, launch.ledger)
            publish_settled(launch.ledger, launch.lake)
            publish_facts(launch.lake)
            made, approved = _quote(launch, limits, again=context.run.root_run_id is not None)
            if limits.approve_up_to and made.numbers and not approved:
                _approve(launch, limits, made, context)
            return dg.MaterializeResult(metadata=quote_metadata(made, launchpad(context.run)))

    @dg.asset(
        key_prefix=PREFIX,
        # Bucket by bucket too: a backfill goes from partitions to partitions, and would end at an unpartitioned quote.
        deps=upstream("distinct_phones", "quote"),
        partitions_def=buckets,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="purchase",
        owners=OWNERS,
        kinds={"http", "deltalake"},
        description=LOOKUPS,
        metadata=table_metadata("lookups"),
    )
    def lookups(context: dg.AssetExecutionContext, house: House, limits: Limits) -> dg.MaterializeResult:
        """Every answer about a number that was bought: reserved, sent once, kept raw, parsed and settled."""
        buying = context.run.tags.get(PURCHASING_TAG) != "off"
        with step(house, context, "lookups" if buying else "collect") as launch:
            if not buying:
                require_fit(launch.setup, launch.ledger)
                for told in collect(launch.setup, launch.ledger, launch.worker.worker_id):
                    context.log.warning(told)
                lost = assume_billed(launch.ledger, launch.setup.config.in_doubt.assume_billed_after)
                _tell_of_budgets(launch, context)
                publish_settled(launch.ledger, launch.lake)
                return dg.MaterializeResult(metadata={"bought": 0, "counted_as_spent": lost})
            chosen = frozenset(int(each) for each in context.partition_keys)
            whole = len(chosen) == launch.ledger.buckets
            order = Order(
                launch.launch_id,
                quote_id=limits.quote,
                max_spend=limits.ceiling(),
                buckets=None if whole else chosen,
                narrowed=limits.narrows,
                tell=context.log.info,
            )
            before = bought_by(launch.ledger, launch.launch_id)
            try:
                bought = buy(launch.setup, launch.ledger, launch.lake, launch.worker, order)
            finally:
                publish_settled(launch.ledger, launch.lake)
            if bought.lookups == before.lookups:
                _tell_of_budgets(launch, context)
            context.log.info(bought.why_not)
            for note in bought.notes:
                context.log.warning(note)
            if bought.refused:
                _publish_what_was_paid(launch, bought, context)
                raise ProviderRefusedError(bought.refused)
            return dg.MaterializeResult(metadata=_bought_metadata(bought, before))

    return [quote, lookups]


def _approve(launch: Launch, limits: Limits, made: Quote, context: dg.AssetExecutionContext) -> None:
    """Give the consent that a run's configuration gives: once, however often it is clicked."""
    # Nothing is approved that could not be bought: a missing credential is said before, not after.
    for name in {line.provider for line in made.lines}:
        launch.setup.base_url(name)
        launch.setup.secrets(name)
    up_to = None if limits.approve_up_to in (None, "max") else Money.parse(limits.approve_up_to)
    try:
        why = f"run {context.run.run_id}"
        approvals.approve(launch.ledger, made.quote_id, up_to, who=who(), why=why, once=not limits.quote)
    except approvals.TwiceError as told:
        context.log.warning(str(told))


def _tell_of_budgets(launch: Launch, context: dg.AssetExecutionContext) -> None:
    """Tell what is to be told of budgets; a run that buys does so by itself."""
    for told in asyncio.run(alerts.tell(launch.setup, launch.ledger)):
        context.log.warning(told)


def _publish_what_was_paid(launch: Launch, bought: Bought, context: dg.AssetExecutionContext) -> None:
    """Merge and serve what this run paid for before it ends red: the steps that do so are skipped then."""
    if not bought.numbers:
        return
    try:
        publish_facts(launch.lake)
        serve(launch.setup, launch.ledger, launch.lake)
    except (RingfenceError, OSError) as error:
        # The run fails for what the provider said; what is not published now, the next run publishes first.
        context.log.warning("what was bought is kept and not served yet: %s", redact.redact(str(error)))


def _quote(launch: Launch, limits: Limits, *, again: bool) -> tuple[Quote, bool]:
    """What is to be bought, and whether an earlier try of this run has approved it: then that is not done again."""
    at = launch.ledger.store.clock()
    with launch.ledger.store.read() as connection:
        if limits.quote:
            return quotes.load(connection, limits.quote), again and approvals.exists(connection, limits.quote)
        before = approvals.given(connection, launch.launch_id, limits.asked, at) if limits.approve_up_to else None
        if before:
            return quotes.load(connection, before), True
    narrow = limits.narrow(launch.setup.config)
    made = make_quote(launch.setup, launch.ledger, launch.lake, narrow, launch.launch_id, asked=limits.asked)
    return made, False


def _bought_metadata(bought: Bought, before: Bought) -> dict[str, dg.MetadataValue | str | int | float]:
    """What this try of a launch has bought; what is open, or left, is the whole launch's."""
    return {
        "bought": bought.numbers - before.numbers,
        "spent": plain_money(bought.spent - before.spent),
        "in_doubt": plain_money(bought.in_doubt),
        "currency": bought.currency,
        "not_bought": bought.left,
        "why_not_more": bought.why_not,
        **({"notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in bought.notes))} if bought.notes else {}),
    }
