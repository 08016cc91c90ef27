"""The command `ringfence`: its subcommands, and how an error ends."""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from ringfence.cli import (
    approve,
    attempts,
    callbacks,
    collect,
    costs,
    doctor,
    enrich,
    explain,
    import_,
    init,
    ledger,
    quote,
    quotes,
    reparse,
    serve,
    simulate,
    sql,
    stop,
    watch,
)
from ringfence.cli.help import BEGIN, BUY, KEEP, LOOK, MONEY, Grouped
from ringfence.cli.launch import LaunchError, StoppedError
from ringfence.errors import RingfenceError
from ringfence.http import redact

# What a shell reports of a program that Ctrl-C or a closed pipe has ended.
INTERRUPTED, PIPE_CLOSED = 130, 141

app = typer.Typer(
    name="ringfence",
    cls=Grouped,
    help="Enrich the phone numbers of a warehouse through paid lookup providers, inside a budget.",
    epilog="The configuration is the file that RINGFENCE_CONFIG names, else ringfence.yaml in this folder. "
    "Exit codes: 0 done; 1 a check or a purchase failed; 2 a mistake, said in one line with how to mend it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# What a shell makes of a pattern without quotes is told of by the command itself.
app.command("init", rich_help_panel=BEGIN, context_settings={"allow_extra_args": True})(init.init)
app.command("doctor", rich_help_panel=BEGIN)(doctor.doctor)
app.add_typer(ledger.app, name="ledger", cls=Grouped, rich_help_panel=BEGIN)
app.command("simulate", rich_help_panel=BEGIN)(simulate.simulate)
app.command("quote", rich_help_panel=BUY)(quote.quote)
app.command("quotes", rich_help_panel=BUY)(quotes.quotes)
app.command("approve", rich_help_panel=BUY)(approve.approve)
app.command("enrich", rich_help_panel=BUY)(enrich.enrich)
app.command("collect", rich_help_panel=BUY)(collect.collect)
app.command("costs", rich_help_panel=MONEY)(costs.costs)
app.add_typer(attempts.app, name="attempts", rich_help_panel=MONEY)
app.command("explain", rich_help_panel=LOOK)(explain.explain)
app.command("sql", rich_help_panel=LOOK)(sql.sql)
app.command("serve", rich_help_panel=LOOK)(serve.serve)
app.command("callbacks", rich_help_panel=KEEP)(callbacks.callbacks)
app.command("import", rich_help_panel=KEEP)(import_.import_)
app.command("reparse", rich_help_panel=KEEP)(reparse.reparse)
app.command("watch", rich_help_panel=KEEP)(watch.watch)
app.command("stop", rich_help_panel=KEEP)(stop.stop)
app.command("resume", rich_help_panel=KEEP)(stop.resume)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"ringfence {metadata.version('ringfence')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What is asked of no command."""


def main() -> None:
    """Run a command. Exit code 0: done; 1: a check or a purchase failed; 2: a mistake that the user can mend."""
    redact.install()
    sys.excepthook = _masked
    _make_streams_usable()
    try:
        _refuse_undecodable(sys.argv[1:])
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        # Here, and not when Python ends: only here a full disk or a closed pipe can be told.
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Who reads has read enough; typer and rich leave by SystemExit then.
        _drop_output()
        code = PIPE_CLOSED
    except RingfenceError as error:
        code = _told(redact.redact(str(error)), 2)
    except typer.TyperException as error:
        code = _told(_usage(error), 2)
    except LaunchError as error:
        code = _told(str(error), 1)
    except OSError as error:
        _drop_output()
        where = error.filename or "the machine says"
        code = _told(redact.redact(f"{where}: {error.strerror or error}; nothing was lost, mend it and run again"), 2)
    except (StoppedError, typer.Abort, KeyboardInterrupt) as stopped:
        code = _told(str(stopped) or "stopped", INTERRUPTED)
    sys.exit(code or 0)


def _make_streams_usable() -> None:
    """Let no sign that a stream cannot encode, and no stream that whoever started us has closed, end a command."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refuse_undecodable(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if not argument.isascii() and argument != argument.encode("utf-8", "ignore").decode("utf-8"):
            told = argument.encode("utf-8", "backslashreplace").decode("utf-8")
            raise RingfenceError(
                f"the argument '{told}' is not text: write it in {sys.getfilesystemencoding().upper()}"
            )


def _drop_output() -> None:
    """Let go what could not be written: Python would try it once more when it ends, and say so at length."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(sentence: str, code: int) -> int:
    typer.echo(f"ringfence: {sentence}", err=True)
    return code


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the words of a command, and where it says how they are."""
    context = getattr(error, "ctx", None)
    help_of = context.command_path if context else "ringfence"
    told = error.format_message().replace("Value error, ", "").rstrip(".")
    return redact.redact(f"{told}; how it is used: {help_of} --help")


def _masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours keeps its traceback, but texts of libraries may quote a cell or a number."""
    sys.stderr.write(redact.redact("".join(traceback.format_exception(kind, error, trace))))
