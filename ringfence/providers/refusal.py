"""What an HTTP status other than 200 says about money and about going on, the same for every provider.

Only what a provider refused before any work is void; the rest may have cost money. No bodies are read here.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from ringfence.http.exchange import Reply
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import moment

_WAIT = (1.0, 300.0)
_TOO_MANY = 429
_VOID = frozenset({301, 302, 307, 308, 400, 401, 402, 403, 404, 405, 412, _TOO_MANY})


def _stop(status: int, provider: str, secrets: Sequence[Sequence[str]]) -> str | None:
    if status == 401:
        names = ", or ".join(" and ".join(names) for names in secrets)
        return f"{provider} refused the credentials (HTTP 401): check {names}"
    if status == 402:
        return f"{provider} asks for payment (HTTP 402): check the balance of the account"
    if status == 403:
        return f"{provider} does not permit this request (HTTP 403): check the account's products and the key's rights"
    if 300 <= status < 400 or status in (404, 405, 412):
        return f"{provider} has nothing at this address (HTTP {status}): check providers.{provider}.base_url"
    return None


def refusal(reply: Reply, provider: str, secrets: Sequence[Sequence[str]], reason: str | None) -> Parsed | None:
    """The verdict of a status other than 200, None for 200. `reason` holds code words of the body alone.

    303 and 408 are in doubt, not void: the first may follow work that was done, the second work that was begun.
    """
    if reply.status == 200:
        return None
    throttled = reply.status == _TOO_MANY
    return Parsed(
        verdict="void" if reply.status in _VOID else "doubt",
        evidence=f"HTTP {reply.status}" + (f": {reason}" if reason else ""),
        stop=_stop(reply.status, provider, secrets),
        retry=throttled,
        retry_after=retry_after(reply.headers) if throttled else None,
        throttled=throttled,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, between 1 and 300 (RFC 9110, section 10.2.3); None when the header is missing or unreadable.

    A date is relative to the reply's own `Date`, so that neither clock needs to be right.
    """
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        until, now = (moment(each, parsedate_to_datetime) for each in (value, headers.get("date", "")))
        if until is None or now is None:
            return None
        seconds = (until - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, _WAIT[0]), _WAIT[1])


def dated(headers: Mapping[str, str], now: datetime) -> Mapping[str, str]:
    """The headers of a reply that came now, with its date where its server sent none that can be read.

    Whoever receives a message without one has to append it (RFC 9110, section 6.6.1); a Retry-After needs it.
    """
    if moment(headers.get("date", ""), parsedate_to_datetime) is not None:
        return headers
    return {**headers, "date": format_datetime(now, usegmt=True)}
