"""What KPN's gateway says before and beside any answer: tokens, refusals, quota, and the end of an API.

Source: KPN's documentation of the API Store (authentication, "HTTP response headers") and the error schema of its
definitions. The gateway is Apigee, whose own faults look otherwise: both are read. Nothing of Number Insight here.
"""

import re
from dataclasses import replace

from ringfence.http.exchange import Reply
from ringfence.http.token import NoToken, Token
from ringfence.providers import kpn_quota
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import decoded, field, load, word
from ringfence.providers.refusal import refusal, retry_after

SECRETS = (("KPN_CLIENT_ID", "KPN_CLIENT_SECRET"),)
TOKEN_PATH = "/oauth/client_credential/accesstoken"  # noqa: S105 - a path
HEADERS = kpn_quota.HEADERS
_PROJECT = "check in the API Store that the project of KPN_CLIENT_ID is approved and has the product Number Insight"
# RFC 6750, section 2.1: what a bearer token consists of.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*", re.ASCII)
# The documentation's example says 3599. A token that ends earlier is refused, which costs nothing, and then renewed.
_SECONDS = 3599
_LONGEST = 86_400
# Said under HTTP 500 as well: it is about who asks, and nothing was looked up.
_ABOUT_WHO_ASKS = re.compile(
    r"invalid[\s_.-]*(?:client|(?:access[\s_-]*)?token)|access[\s_-]*token[\s_-]*(?:expired|not[\s_-]*approved)",
    re.IGNORECASE,
)
_SUCCESS = frozenset({200, 201, 202})
_NAMES = (("name",), ("error", "name"), ("fault", "detail", "errorcode"), ("ErrorCode",), ("error",))


def read_token(reply: Reply) -> Token | NoToken:
    """The token in a reply of the token endpoint, whose numbers are strings."""
    reason = _reason(reply)
    if reply.status in (400, 401) or _about_who_asks(reply):
        names = " and ".join(SECRETS[0])
        refused = f"kpn gives no token to these credentials (HTTP {reply.status}): check {names}"
        return NoToken(f"no token came (HTTP {reply.status}{reason})", refused=refused)
    parsed = refusal(reply, "kpn", SECRETS, None)
    if parsed:
        return NoToken(f"no token came (HTTP {reply.status}{reason})", parsed.stop, retry_after(reply.headers))
    document = load(reply.body)
    value = field(document, "access_token")
    if not isinstance(value, str) or not _BEARER.fullmatch(value):
        return NoToken("no token came (HTTP 200 without an access_token)")
    return Token(f"Bearer {value}", _seconds(field(document, "expires_in")))


def refused(reply: Reply) -> Parsed | None:
    """The verdict of a reply that is no answer of Number Insight; None where HTTP says that it is one.

    KPN's return codes have 201 and 202 beside 200 as success.
    """
    if reply.status in _SUCCESS:
        return None
    reason = _reason(reply).removeprefix(": ")
    evidence = f"HTTP {reply.status}" + (f": {reason}" if reason else "")
    if reply.status == 401 or (reply.status >= 500 and _about_who_asks(reply)):
        stop = f"kpn takes no token of ours (HTTP {reply.status}): {_PROJECT}"
        return Parsed("void", evidence, stop=stop, token_refused=True)
    parsed = refusal(reply, "kpn", SECRETS, reason)
    if parsed and reply.status == 403:
        return replace(parsed, stop=f"kpn does not permit this request (HTTP 403): {_PROJECT}")
    if parsed and parsed.retry:
        return replace(parsed, retry_after=parsed.retry_after or kpn_quota.until_reset(reply.headers))
    return parsed


def with_quota(parsed: Parsed, reply: Reply) -> Parsed:
    """The verdict with what the headers say: a pause while the quota is used up, and what the user should know."""
    return replace(parsed, pause=kpn_quota.pause(reply.headers), notes=kpn_quota.notes(reply.headers))


def _about_who_asks(reply: Reply) -> bool:
    return reply.status != 200 and bool(_ABOUT_WHO_ASKS.search(decoded(reply.body[:4096])))


def _reason(reply: Reply) -> str:
    """The name of an error as a code word, after a colon; empty where there is none."""
    document = load(reply.body) if reply.status != 200 else None
    for path in _NAMES:
        said = field(document, *path)
        code = word(re.sub(r"[^A-Za-z0-9]+", "_", said).strip("_").upper()) if isinstance(said, str) else None
        if code:
            return f": {code}"
    return ""


def _seconds(value: object) -> float:
    """Whole seconds, sent as a string or a number; the documented life for what says none."""
    found = re.fullmatch(r"[1-9]\d{0,8}", str(value).strip(), re.ASCII) if isinstance(value, str | int) else None
    return float(min(int(found[0]), _LONGEST)) if found else _SECONDS
