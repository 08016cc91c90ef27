"""What was found and what is allowed instead, in our words, not pydantic's. Lines of the file are not known here."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ringfence.config.model import Config
from ringfence.http.redact import redact

_EXPECTED: Mapping[str, str] = {
    "missing": "this key is required",
    "string": "expected a text",
    "list": "expected a list such as [a, b]",
    "dict": "expected keys with values, such as a: b",
    "model": "expected keys with values, such as a: b",
    "bool": "expected true or false",
    "int": "expected a whole number",
    "greater": "expected a number of at least {ge}",
    "less": "expected a number of at most {le}",
    "too": "expected at least {min_length}",
    "literal": "expected {expected}",
    "enum": "expected {expected}",
}
# Keys whose value may be a secret, or hold one, where a person puts it in the wrong place.
_NEVER_SHOWN = frozenset(
    {
        "warehouse",
        "base_url",
        "proxy",
        "where",
        "auth",
        "trusted_hosts",
        "simulator_hosts",
        "home",
        "prices",
        "fx",
        "public_url",
        "webhook",
    }
)
# Signs of a value, or of a key, that are shown.
_SHOWN = 40


def problem(error: ErrorDetails) -> str:
    """What is wrong, as a sentence; it repeats nothing that stands in the file, but for our own validators' words."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return _no_such_key(error.get("ctx", {}).get("at", error["loc"]))
    if kind in ("value_error", "at"):
        return error["msg"].removeprefix("Value error, ")
    told = _EXPECTED.get(kind.partition("_")[0], "this value is not allowed here")
    return told.format_map(error.get("ctx", {})).replace("'", "")


def found(at: Sequence[int | str], value: object, told: str) -> str:
    """What stands at a place, masked and shortened, where it is one value, no secret, and was not told already."""
    if not _NEVER_SHOWN.isdisjoint(at) or not isinstance(value, str | None):
        return ""
    if value is None:
        return "; found: nothing"
    return "" if told.startswith("'") or f"'{value}'" in told else f"; found: '{one_line(redact(value))}'"


def one_line(text: str) -> str:
    """The beginning of a text on one line, with every sign that is not seen as itself written as an escape."""
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in shown)


def _no_such_key(place: tuple[int | str, ...]) -> str:
    allowed = list(_section(place[:-1]).model_fields)
    close = get_close_matches(str(place[-1]), allowed)
    return f"there is no such key; {'closest are' if close else 'there are'}: {', '.join(close or allowed)}"


def _section(place: tuple[int | str, ...]) -> type[BaseModel]:
    """The part of the model that stands at a place, names of sources and numbers of budgets among it."""
    section: type[BaseModel] = Config
    parts = iter(place)
    for part in parts:
        annotation = section.model_fields[str(part)].annotation
        section = _models(annotation)[0]
        if get_origin(annotation) in (dict, list):
            next(parts, None)
    return section


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for each in get_args(annotation) for found in _models(each)]
