"""`ringfence collect`: decide what is open, without buying anything."""

import typer
from sqlalchemy import func, select

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.launch import launch
from ringfence.cli.watching import Watch
from ringfence.money.amount import Money
from ringfence.money.schema import ATTEMPT
from ringfence.money.states import OPEN


def collect() -> None:
    """Decide what earlier runs left open, merge and publish. Buys nothing.

    Example: ringfence collect
    """
    home = context.home()
    with Watch(home) as watch:
        launch(home, "collect", {}, watch)
    typer.echo(_open(home))


def _open(home: Home) -> str:
    """What is still open, in a sentence."""
    query = (
        select(ATTEMPT.c.currency, func.count(), func.sum(ATTEMPT.c.numbers), func.sum(ATTEMPT.c.held))
        .where(ATTEMPT.c.state.in_(OPEN))
        .group_by(ATTEMPT.c.currency)
    )
    with home.ledger.store.read() as connection:
        found = connection.execute(query).tuples().all()
    told = [
        f"{requests:,} requests about {numbers:,} numbers are still open, with {Money(held, currency)} held"
        for currency, requests, numbers, held in found
    ]
    return f"{'; '.join(told)}: ringfence attempts says what comes of them" if told else "collected: nothing is open"
