"""The lanes to the providers of a configuration: their clients, opened for the length of a run."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from ringfence.config.environment import Setup
from ringfence.http.client import Client
from ringfence.http.issuer import Issuer
from ringfence.lookups.lane import Lane
from ringfence.money.store import keyed_hash
from ringfence.providers.registry import provider


@asynccontextmanager
async def open_lanes(setup: Setup, names: Iterable[str], key: bytes) -> AsyncIterator[dict[str, Lane]]:
    """A lane for each of these providers; raises ConfigError or SecretMissingError for one that cannot be asked.

    `key` is the ledger's.
    """
    async with AsyncExitStack() as stack:
        lanes = {}
        for name in sorted(names):
            section = setup.config.providers[name]
            kind = provider(name)
            rates = [kind.products[product].rate for product in section.products]
            options = section.options(name)
            auth = kind.auth(setup.secrets(name), options)
            base_url = setup.base_url(name)
            client = Client(
                in_flight=section.in_flight,
                headers=auth.headers,
                query=auth.query,
                path=auth.path,
                issuer=Issuer(auth.token, base_url) if auth.token else None,
                proxy=section.proxy,
            )
            lanes[name] = Lane(
                provider=kind,
                base_url=base_url,
                account=account_of(setup, name, key),
                options=options,
                client=await stack.enter_async_context(client),
                in_flight=section.in_flight,
                per_second=section.rate or min(rates),
            )
        yield lanes


def account_of(setup: Setup, name: str, key: bytes) -> str:
    """A keyed digest of as whom a provider is asked; raises SecretMissingError where that is nobody.

    It is the first of the credentials: a name, or all there is. A password that is renewed leaves it as it is.
    """
    return keyed_hash(key, b"account", next(iter(setup.secrets(name).values())).encode())
