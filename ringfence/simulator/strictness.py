"""What `--strict` looks at: whether a request holds only what its vendor documents, written as the vendor wants it.

A double is lenient where a vendor's own behaviour is not documented; here a request is measured by the documents alone.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

JSON, XML, FORM = "application/json", "application/xml", "application/x-www-form-urlencoded"
# A name that may be repeated in a header: nothing that a client could have put a number or a line break into.
_NAME = re.compile(r"[A-Za-z_.-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """What a vendor documents of one request.

    `parameters`: names in the query, and in the body where that is a form. `keys`: names in a JSON body. `sends` and
    `accepts`: media types; one of `accepts` must be named, unless there are none. `numbers`: the names that hold phone
    numbers, each of which must match `number`.
    """

    parameters: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    sends: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    number: re.Pattern[str] = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)


def complaint(forms: Mapping[tuple[str, str], Form], request: Request, body: bytes) -> str | None:
    """What is not as documented, in one sentence without a value; None for a request that is nobody's form."""
    form = forms.get((request.method, request.url.path))
    if form is None:
        return None
    sent = _media_type(request.headers.get("content-type", ""))
    if body and sent not in form.sends:
        return f"the body is of a type that is not documented; documented: {_listed(form.sends)}"
    if form.keys and not body:
        return "a body is missing"
    written = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True) if sent == FORM else []
    members = _members(body) if sent == JSON else []
    return (
        _about([*request.query_params.multi_items(), *written], form.parameters, form)
        or _about(members, form.keys, form)
        or _unasked(form, request)
    )


def _about(fields: Iterable[tuple[str, Any]], known: frozenset[str], form: Form) -> str | None:
    for name, value in fields:
        if name not in known:
            told = f"'{name}'" if _NAME.fullmatch(name) else "a name"
            return f"{told} is not documented here; documented: {_listed(known)}"
        if name in form.numbers:
            each = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str) and form.number.fullmatch(one) for one in each):
                return f"'{name}' holds what is not written as a phone number is here"
    return None


def _unasked(form: Form, request: Request) -> str | None:
    """Whether the reply is asked for in a form that exists."""
    wanted = {_media_type(each) for each in request.headers.get("accept", "").split(",")}
    return None if not form.accepts or wanted & form.accepts else f"Accept names none of {_listed(form.accepts)}"


def _members(body: bytes) -> list[tuple[str, Any]]:
    """The members of a JSON object; none of a body that is none, which the vendor itself refuses."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return list(document.items()) if isinstance(document, dict) else []


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
