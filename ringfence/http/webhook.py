"""A message to an address of the user's own: one POST of JSON that costs nothing and carries no credentials of ours.

No provider is reached by it: it goes to one configured address, follows no redirect, takes no proxy or certificate from
the environment, is sent once, and its reply is not read. What may be in a message is up to whoever writes it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Literal

import httpx

# Seconds for all of it: nobody who buys waits for it, but the end of a run does.
TOTAL = 10.0


async def post(
    address: str, document: Mapping[str, object], *, verify: ssl.SSLContext | Literal[True] = True
) -> str | None:
    """Send a document as JSON; None when it was taken (a status from 200 to 299), else why not.

    The address is in no reason, for it may be a secret. `verify` is True or a context with other roots; certificates
    are always verified.
    """
    tls = httpx.create_ssl_context(trust_env=False) if verify is True else verify
    try:
        request = httpx.Request("POST", address, json=document, headers={"User-Agent": "ringfence"})
        async with asyncio.timeout(TOTAL), httpx.AsyncHTTPTransport(verify=tls, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            status = response.status_code
            await response.aclose()
    except TimeoutError:
        return f"no answer within {TOTAL:g} s"
    except Exception as error:  # noqa: BLE001 - whatever broke, it is only a message, and it is sent again later
        return type(error).__name__
    if 300 <= status < 400:
        return f"it answered HTTP {status}, and redirects are not followed"
    return None if 200 <= status < 300 else f"it answered HTTP {status}"
