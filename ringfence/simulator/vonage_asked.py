"""What a Number Insight request asks, and with which status it is refused before its number is looked up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import phonenumbers
from starlette.requests import Request

from ringfence.simulator.credentials import basic, good
from ringfence.simulator.strictness import FORM, Form

_NUMBER = re.compile(r"[0-9+()\s-]+", re.ASCII)
ASYNC = "advanced/async"
_PARAMETERS = frozenset({"number", "country", "cnam", "api_key", "api_secret", "ip", "real_time_data"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One number at one level; `digits` of the international number are empty where it is none.

    `names_caller` is whether the caller's name was asked for too; `callback` where an asynchronous answer goes.
    """

    level: str
    sent: str
    digits: str
    names_caller: bool
    callback: str

    @property
    def product(self) -> str:
        """The product, as the bill names it."""
        return self.level.replace("/", "_")

    @property
    def priced_as(self) -> str:
        """The name of its price: the caller's name costs more, found or not."""
        return f"{self.product}_cnam" if self.names_caller else self.product


def asked(level: str, request: Request, body: bytes) -> Asked | int:
    """What a request asks, or the status that refuses it."""
    parameters = sent_with(request, body)
    if parameters is None:
        return unreadable(level)
    authorization = request.headers.get("authorization", "")
    pair = (parameters.get("api_key", ""), parameters.get("api_secret", ""))
    if not (basic(authorization) if authorization else good(*pair)):
        return 4
    return of(level, parameters)


def unreadable(level: str) -> int:
    """The status that refuses a body which is no form."""
    return 999 if level.startswith("advanced") else 3


def of(level: str, parameters: Mapping[str, str]) -> Asked | int:
    """What these parameters ask, whoever sends them, or the status that refuses them."""
    sent, callback = parameters.get("number", ""), parameters.get("callback", "")
    if not sent or (level == ASYNC and not callback):
        return 3
    names_caller = level != "basic" and parameters.get("cnam", "").lower() == "true"
    return Asked(level, sent, _digits(sent, parameters.get("country", "")), names_caller, callback)


def documented() -> dict[tuple[str, str], Form]:
    """What the reference documents of each request, by method and path."""
    return {
        (method, f"/ni/{level}/{form}"): Form(
            parameters=_PARAMETERS | ({"callback"} if level == ASYNC else set()),
            sends=frozenset({FORM}) if method == "POST" else frozenset(),
            numbers=frozenset({"number"}),
        )
        for method in ("GET", "POST")
        for level in ("basic", "standard", "advanced", ASYNC)
        for form in ("json", "xml")
    }


def sent_with(request: Request, body: bytes) -> Mapping[str, str] | None:
    """The parameters of the query and of a form; None for a body that is no form."""
    parameters = dict(request.query_params)
    if request.method != "POST" or not body:
        return parameters
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    try:
        return parameters | dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        return None


def _digits(number: str, country: str) -> str:
    """The digits of the international number; empty for none, or for one that is not of the country stated."""
    if not _NUMBER.fullmatch(number):
        return ""
    if not country:
        return re.sub(r"\D", "", number)
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return found if phonenumbers.region_code_for_number(parsed) == country else ""
