"""`ringfence stop` and `ringfence resume`: the kill switch, for everything or one provider."""

from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.money import switch
from ringfence.money.decide import open_attempts
from ringfence.money.who import who
from ringfence.providers.registry import provider as known

ProviderOption = Annotated[
    str | None, typer.Option("--provider", help="only this one; else all of them", callback=context.filled)
]
BecauseOption = Annotated[
    str | None,
    typer.Option("--because", help="why; it is journalled, and told to every run", callback=context.filled),
]


def stop(provider: ProviderOption = None, because: BecauseOption = None) -> None:
    """Stop buying: no process sends another request, what is out is awaited. It holds until `ringfence resume`.

    Example: ringfence stop --provider vonage --because "the invoice looks odd"
    """
    name = switch.EVERYTHING if provider is None else known(provider).name
    home = context.home()
    earlier = switch.stop(home.ledger, name, who=who(), why=because or "")
    if earlier and not because:
        typer.echo(f"nothing changed: {earlier}")
        return
    with home.ledger.store.read() as connection:
        told = switch.stops(connection)[name]
        out = sum(row["state"] == "sent" and name in ("", row["provider"]) for row in open_attempts(connection))
    typer.echo(told)
    if earlier:
        typer.echo(f"until now: {earlier}")
    if out:
        typer.echo(f"{out:,} requests are out and awaited")


def resume(provider: ProviderOption = None, because: BecauseOption = None) -> None:
    """Take a stop back; the next run goes on where buying was stopped.

    With --provider, a provider that is left alone because it fails is asked again at once, too.

    A provider that billed above the price in use needs --because: see that the price is at least what was billed.

    Example: ringfence resume --provider vonage --because "the price is right now"
    """
    home = context.home()
    name = _stopped(home, provider)
    found = switch.resume(home.ledger, name, who=who(), why=because or "")
    what = name or "buying"
    typer.echo(f"{what} goes on with the next run" if found else f"{what} was not stopped")
    with home.ledger.store.read() as connection:
        for other in switch.stops(connection).values():
            typer.echo(f"still: {other}")


def _stopped(home: Home, provider: str | None) -> str:
    """The name to resume: what is stopped may be a provider that this version does not know any more."""
    with home.ledger.store.read() as connection:
        stops = switch.stops(connection)
    if provider is None:
        return switch.EVERYTHING
    return provider if provider in stops else known(provider).name
