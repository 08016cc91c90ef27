"""The command `ringfence`: its subcommands, and how an error ends."""

import sys

import typer
from click.exceptions import Exit

from ringfence.cli import approve, collect, costs, enrich, ledger, quote, quotes, serve, simulate, sql
from ringfence.cli.launch import LaunchError
from ringfence.errors import RingfenceError
from ringfence.http import redact

app = typer.Typer(
    name="ringfence",
    help="Enrich the phone numbers of a warehouse through paid lookup providers, inside a budget.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(ledger.app, name="ledger")
app.command("quote")(quote.quote)
app.command("quotes")(quotes.quotes)
app.command("approve")(approve.approve)
app.command("enrich")(enrich.enrich)
app.command("collect")(collect.collect)
app.command("serve")(serve.serve)
app.command("costs")(costs.costs)
app.command("sql")(sql.sql)
app.command("simulate")(simulate.simulate)


def main() -> None:
    """Run a command. Exit code 0: done; 1: a check or a purchase failed; 2: a mistake that the user can mend."""
    redact.install()
    try:
        app(standalone_mode=True)
    except RingfenceError as error:
        typer.echo(f"ringfence: {redact.redact(str(error))}", err=True)
        sys.exit(2)
    except LaunchError as error:
        typer.echo(f"ringfence: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("ringfence: stopped; what was out is in doubt until it is decided", err=True)
        raise Exit(130) from None
