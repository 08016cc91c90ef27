"""The help: complete, with examples that can be typed, in plain text of 80 columns."""

import re
import shlex
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from ringfence.cli.main import app
from tests.cli.commands import ringfence

MAIN: Any = typer.main.get_command(app)
EXAMPLE = re.compile(r"^ *Example: (ringfence .+)$", re.MULTILINE)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command and group with the words that call it."""
    for name, command in group.commands.items():
        here = (*path, name)
        yield " ".join(here), command
        if hasattr(command, "commands"):
            yield from commands(command, here)


COMMANDS = dict(commands(MAIN))
LEAVES = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]


def help_of(name: str) -> str:
    """The help of a command as a terminal of 80 columns shows it."""
    command = COMMANDS[name]
    context = command.make_context(f"ringfence {name}", [], resilient_parsing=True, terminal_width=80)
    return str(command.get_help(context))


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_shows_an_example_that_parses(name: str) -> None:
    """Each example stands on one line, so that it can be copied, and its words and options exist."""
    examples = EXAMPLE.findall(COMMANDS[name].help or "")
    assert examples, f"{name} has no example"
    for example in examples:
        assert example in help_of(name), f"an example of {name} is too long for one line"
        words = shlex.split(re.split(r" [|<>] ?", example)[0])[1:]
        assert " ".join(words).startswith(name)
        COMMANDS[name].make_context(name, words[len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_is(name: str) -> None:
    """No command, argument or option stands without a sentence, and no line is longer than 80 signs."""
    shown = help_of(name)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert all(getattr(each, "help", None) for each in COMMANDS[name].params), f"{name} has an unexplained option"
    assert COMMANDS[name].get_short_help_str(200)


def test_the_main_help_groups_commands_and_says_what_ends_mean(tmp_path: Path) -> None:
    """`ringfence` alone is help: every command under a heading, exit codes, and where the configuration is."""
    shown = ringfence(tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    run = CliRunner().invoke
    text = " ".join(shown.stdout.split())
    assert " ".join(run(app, ["--help"], prog_name="ringfence").stdout.split()) == text
    assert run(app, ["ledger"]).stdout == run(app, ["ledger", "--help"]).stdout
    for told in ("Exit codes: 0 done; 1 a check or a purchase failed; 2 a mistake", "RINGFENCE_CONFIG"):
        assert told in text
    headings = re.findall(r"^(\w[\w ]*):$", shown.stdout, re.MULTILINE)
    assert "Commands" not in headings, "a command is registered without rich_help_panel"
    assert set(MAIN.commands) <= set(re.findall(r"^  ([a-z]+)  ", shown.stdout, re.MULTILINE))


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    """`ringfence --version` needs nothing but the program."""
    assert ringfence(tmp_path, "--version").stdout == f"ringfence {metadata.version('ringfence')}\n"
