"""The lanes to the providers of a configuration: their clients, opened for the length of a run."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from ringfence.config.environment import Setup
from ringfence.http.client import Client
from ringfence.http.issuer import Issuer
from ringfence.lookups.lane import Lane
from ringfence.providers.registry import provider


@asynccontextmanager
async def open_lanes(setup: Setup, names: Iterable[str]) -> AsyncIterator[dict[str, Lane]]:
    """A lane for each of these providers; raises ConfigError or SecretMissingError for one that cannot be asked."""
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
                options=options,
                client=await stack.enter_async_context(client),
                in_flight=section.in_flight,
                per_second=section.rate or min(rates),
            )
        yield lanes
