"""`ringfence callbacks`: the receiver of answers that come later."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from ringfence.cli import context
from ringfence.cli.context import Home
from ringfence.config.addresses import PLAIN, plain_path
from ringfence.config.wording import one_line
from ringfence.errors import LedgerError, RingfenceError
from ringfence.lookups.inbox import Inbox
from ringfence.lookups.receiver import listening, serve


def callbacks(
    host: Annotated[str, typer.Option(help="address to listen on; TLS is a reverse proxy's")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8910,
    path: Annotated[
        list[str] | None,
        typer.Option(
            help="a path that a proxy leaves before ours, such as /hooks; that of callbacks.public_url is known"
        ),
    ] = None,
) -> None:
    """Receive the answers that providers send later, and keep each on disk before it is confirmed.

    Runs until Ctrl-C. Jobs enrich and collect read what came; GET /healthz says whether the ledger can be reached.

    Example: ringfence callbacks --port 8910
    """
    home = context.home()
    if home.ledger.mode != home.setup.config.mode:
        raise LedgerError(
            f"{home.ledger.store.path} is a ledger for mode {home.ledger.mode}, the configuration says "
            f"{home.setup.config.mode}: use another home"
        )
    public_url = home.setup.callbacks_url
    prefixes = [_prefix(each) for each in (urlsplit(public_url or "").path, *(path or ()))]
    inbox = Inbox(home.ledger, home.setup.config.privacy)
    with listening(inbox, host, port, prefixes) as receiver:
        serve(receiver, lambda: _ready(home, receiver.url, public_url))
    told = f"kept {inbox.counts.kept:,} callbacks"
    if inbox.counts.suspect:
        told += f"; refused {inbox.counts.suspect:,}, of which {inbox.counts.quarantined:,} are in quarantine"
    typer.echo(told)


def _prefix(path: str) -> str:
    if not plain_path(path):
        raise RingfenceError(
            f"a provider may ask for --path {one_line(path)} in another way than it is written; {PLAIN}"
        )
    bare = path.strip("/")
    return f"/{bare}" if bare else ""


def _ready(home: Home, url: str, public_url: str | None) -> None:
    typer.echo(f"listening on {url}")
    if public_url:
        typer.echo(f"providers send to {public_url}, which must lead here")
    else:
        typer.echo(
            f"no callbacks.public_url in {home.setup.path}: no provider is asked to send anything, and only what was "
            "asked for earlier can come"
        )
