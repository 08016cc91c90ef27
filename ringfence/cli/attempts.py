"""`ringfence attempts`: what is open, with its age and money, and the decision of a person about it."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.cli.output import Format, FormatOption, print_rows, time_text
from ringfence.errors import MoneyError, RingfenceError
from ringfence.lookups.buy import require_fit
from ringfence.lookups.duration import lasting
from ringfence.lookups.prospects import prospect
from ringfence.lookups.replies import answered
from ringfence.money import decide as decisions
from ringfence.money import switch
from ringfence.money.amount import Money, decimal_text
from ringfence.money.crosscheck import hints
from ringfence.money.decide import Decided, Decision
from ringfence.money.who import who
from ringfence.money.workers import lives
from ringfence.providers.registry import provider as known

LIST_PRICE = "list"
COLUMNS = (
    *("attempt_id", "state", "age", "provider", "product", "country", "source", "numbers"),
    *("held", "currency", "asked_at", "why", "next"),
)

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def attempts(called: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List what is open: requests that are out, awaited or in doubt, and what becomes of each by itself.

    `attempts decide` ends a doubt.

    Example: ringfence attempts --format json
    """
    if called.invoked_subcommand:
        return
    home = context.home()
    with home.ledger.store.read() as connection:
        found = decisions.open_attempts(connection)
        told = hints(connection, [each["attempt_id"] for each in found])
        rows = [_row(home, connection, each, told.get(each["attempt_id"])) for each in found]
    print_rows(rows, form, title="open attempts", columns=COLUMNS)


@app.command()
def decide(
    because: Annotated[str, typer.Option(help="why; it is journalled with your name")],
    attempt_id: Annotated[str | None, typer.Argument(metavar="ID", help="one attempt, as `attempts` lists it")] = None,
    provider: Annotated[str | None, typer.Option(help="all in doubt or awaited of this one; needs --before")] = None,
    before: Annotated[
        str | None, typer.Option(help="asked before this time (of the configuration's zone): 2026-11-20T12:00")
    ] = None,
    settled: Annotated[
        str | None, typer.Option(help='billed: all of the attempt together, "0.04 EUR"; or list: what each holds')
    ] = None,
    voided: Annotated[bool, typer.Option("--voided", help="not billed: its numbers may be bought again")] = False,  # noqa: FBT002
) -> None:
    """Decide what is in doubt or awaited: as billed, and not asked again in its time to live, or as not billed.

    It is final. What was billed above the price in use stops its provider.

    Example: ringfence attempts decide ID --settled "0.04 EUR" --because "invoice"
    """
    if bool(settled) == voided:
        raise RingfenceError('say one of the two: --settled "0.04 EUR" (or --settled list), or --voided')
    if not because.strip():
        raise RingfenceError("--because is empty: say why, it is all that the journal will know")
    if bool(attempt_id) == bool(provider) or bool(provider) != bool(before):
        raise RingfenceError("say what to decide: the ID of one attempt, or --provider with --before")
    cost = _money(settled) if settled and settled != LIST_PRICE else None
    if provider and cost:
        raise RingfenceError("several attempts are decided at what each holds: --settled list, or --voided")
    home = context.home()
    require_fit(home.setup, home.ledger)
    decision = Decision(who=who(), because=because.strip(), cost=cost, voided=voided)
    stopped = _stops(home)
    if attempt_id:
        done = decisions.decide(home.ledger, attempt_id, decision, answered)
    else:
        done = decisions.decide_all(
            home.ledger, known(provider or "").name, _moment(home, before or ""), decision, answered
        )
    _print(done, voided=voided)
    for sentence in _stops(home) - stopped:
        typer.echo(sentence)


def _row(home: Home, connection: Connection, attempt: dict[str, Any], hint: str | None) -> dict[str, Any]:
    why, now = f"{attempt['evidence']}; {hint}" if hint else attempt["evidence"], home.ledger.store.clock()
    if attempt["state"] == "sent":
        living = lives(home.setup.home, attempt["worker_id"])
        why = "it is out" if living else "its run has ended without a word: ringfence collect decides it"
    return {
        "attempt_id": attempt["attempt_id"],
        "state": attempt["state"],
        "age": lasting((now - attempt["reserved_at"]) // 1_000_000),
        **{name: attempt[name] for name in ("provider", "product", "country", "source", "numbers")},
        "held": decimal_text(attempt["held"]),
        "currency": attempt["currency"],
        "asked_at": time_text(attempt["reserved_at"]),
        "why": why,
        "next": prospect(connection, home.setup, home.ledger.key, attempt, now),
    }


def _money(settled: str) -> Money:
    try:
        return Money.parse(settled)
    except MoneyError as error:
        raise RingfenceError(f"--settled: {error}") from None


def _moment(home: Home, text: str) -> int:
    """A time in microseconds UTC; one without a zone is of the configured one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RingfenceError(f"--before takes a time such as 2026-11-20T12:00, not '{text}'") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=home.setup.config.zone)).timestamp()) * 1_000_000


def _stops(home: Home) -> set[str]:
    with home.ledger.store.read() as connection:
        return set(switch.stops(connection).values())


def _print(done: Decided, *, voided: bool) -> None:
    if done.answered:
        typer.echo(f"{done.answered:,} attempts had been answered meanwhile, and are settled by that")
    if not done.attempts:
        typer.echo("nothing decided: nothing of it is in doubt or awaited")
        return
    money = " and ".join(map(str, done.amounts))
    told = f"decided {done.attempts:,} attempts with {done.numbers:,} numbers: {money}"
    typer.echo(f"{told} given back" if voided else f"{told} counted as spent")
    typer.echo("the served tables show it after: ringfence collect")
