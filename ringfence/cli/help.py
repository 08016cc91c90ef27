"""How help reads: in plain text that pipes, commands under headings. Its heading is a command's `rich_help_panel`.

A group without a command shows its help: whoever says nothing wants that.
"""

from typing import Any

from typer.core import TyperGroup

# The headings of `ringfence --help`, in the order of a day's work.
BEGIN = "Begin"
BUY = "Quote and buy"
MONEY = "Money"
LOOK = "Results"
KEEP = "Running and keeping"
# Signs of the first sentence about a command; what is longer is cut.
_SENTENCE = 200


class Grouped(TyperGroup):
    """A group whose help has headings, in the order in which a command of each was registered first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Ask for help where nothing was asked for."""
        return super().parse_args(ctx, args or ["--help"])

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        """The names under each heading in turn."""
        headings = list(dict.fromkeys(map(_heading, self.commands.values())))
        return sorted(self.commands, key=lambda name: headings.index(_heading(self.commands[name])))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the headings with their commands, all in the same two columns."""
        commands = {name: self.commands[name] for name in self.list_commands(ctx) if not self.commands[name].hidden}
        widest = max(map(len, commands))
        for heading in dict.fromkeys(map(_heading, commands.values())):
            mine = {name: each for name, each in commands.items() if _heading(each) == heading}
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{name:<{widest}}", each.get_short_help_str(_SENTENCE)) for name, each in mine.items()]
                )


def _heading(command: Any) -> str:
    panel = getattr(command, "rich_help_panel", None)
    return panel if isinstance(panel, str) else "Commands"
