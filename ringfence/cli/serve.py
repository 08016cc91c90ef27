"""`ringfence serve`: publish the served tables, or go one back."""

from typing import Annotated

import typer

from ringfence.cli import context
from ringfence.cli.launch import launch
from ringfence.cli.watching import Watch
from ringfence.lookups.serve import serve_previous


def serve(
    previous: Annotated[bool, typer.Option("--previous", help="serve the file before this one")] = False,  # noqa: FBT002
) -> None:
    """Publish the tables that SQL users read.

    Readers of the old file keep it until they close it; the last three are kept.

    Example: ringfence serve
    """
    home = context.home()
    if previous:
        typer.echo(f"serving {serve_previous(home.setup.home)} again")
        return
    with Watch(home) as watch:
        launch(home, "serve", {}, watch)
    typer.echo(f"published {home.setup.home / 'ringfence.duckdb'}")
