"""The command `ringfence`: its subcommands, and how an error ends."""

import sys

import typer
from click.exceptions import Abort, ClickException

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
        code = app(standalone_mode=False)
    except RingfenceError as error:
        code = _told(redact.redact(str(error)), 2)
    except LaunchError as error:
        code = _told(str(error), 1)
    except ClickException as error:
        error.show()
        code = error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = _told(redact.redact(f"{where}{error.strerror or error}; nothing was lost, mend it and run again"), 2)
    except (Abort, KeyboardInterrupt):
        code = _told("stopped; what was out is in doubt until it is decided", 130)
    sys.exit(code or 0)


def _told(sentence: str, code: int) -> int:
    typer.echo(f"ringfence: {sentence}", err=True)
    return code
