"""What Infobip demands of a request: credentials, path, types and body; what it would refuse beyond that (`--strict`).

Sources: Infobip OpenAPI 3.210.0 (tag Number Lookup) and the pages "Number Lookup over API", "Asynchronous request" and
"Sent lookup logs".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from ringfence.simulator.credentials import basic, good
from ringfence.simulator.strictness import JSON, XML, Form

QUERY, NOTIFY, LOGS = "/number/1/query", "/number/1/notify", "/number/1/logs"
_METHODS = {QUERY: "POST", NOTIFY: "POST", LOGS: "GET"}
_TYPES = frozenset({JSON, XML})
FORMS: Mapping[tuple[str, str], Form] = {
    ("POST", QUERY): Form(keys=frozenset({"to"}), sends=frozenset({JSON}), accepts=_TYPES, numbers=frozenset({"to"})),
    ("POST", NOTIFY): Form(
        keys=frozenset({"to", "notifyUrl", "notifyContentType"}),
        sends=frozenset({JSON}),
        accepts=_TYPES,
        numbers=frozenset({"to"}),
    ),
    ("GET", LOGS): Form(
        parameters=frozenset(
            {"to", "bulkId", "messageId", "generalStatus", "sentSince", "sentUntil", "limit", "mcc", "mnc"}
        ),
        accepts=_TYPES,
        numbers=frozenset({"to"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The body of a query or a notification request, read; no `to` where it could not be."""

    to: tuple[str, ...] = ()
    notify_url: str | None = None
    notify_type: str = JSON


def fault_of(request: Request) -> int | None:
    """The status with which a request is refused before its body is looked at."""
    headers = request.headers
    if not _authorized(headers.get("authorization", "")):
        return 401
    method = _METHODS.get(request.url.path)
    if method is None:
        return 404
    if request.method != method:
        return 405
    if reply_type(request) is None:
        return 406
    return None if method == "GET" or headers.get("content-type", "").partition(";")[0].strip().lower() == JSON else 400


def reply_type(request: Request) -> str | None:
    """The type in which the answer is wanted: JSON where that is taken, XML where only that is, None for neither."""
    accepted = request.headers.get("accept", "*/*").lower()
    if any(kind in accepted for kind in ("*/*", "application/*", JSON)):
        return JSON
    return XML if XML in accepted else None


def _authorized(header: str) -> bool:
    """`Basic` and `App` of the OpenAPI document."""
    scheme, _, credential = header.partition(" ")
    return good(credential.strip()) if scheme.lower() == "app" else basic(header)


def read(body: bytes) -> Asked:
    """The members of a body; `to` is a list of strings, or one bare string."""
    try:
        query: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Asked()
    if not isinstance(query, dict):
        return Asked()
    to, url, kind = query.get("to"), query.get("notifyUrl"), query.get("notifyContentType", JSON)
    numbers: Any = [to] if isinstance(to, str) else to
    known = isinstance(numbers, list) and all(isinstance(text, str) for text in numbers)
    if not known or not isinstance(url, str | None) or kind not in _TYPES:
        return Asked()
    return Asked(tuple(numbers), url, kind)
