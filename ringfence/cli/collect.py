"""`ringfence collect`: decide what is open, without buying anything."""

import typer

from ringfence.cli import context
from ringfence.cli.launch import launch
from ringfence.cli.watching import Watch


def collect() -> None:
    """Decide what earlier runs left open, merge and publish. Buys nothing.

    Example: ringfence collect
    """
    home = context.home()
    with Watch(home) as watch:
        launch(home, "collect", {}, watch)
    typer.echo("collected")
