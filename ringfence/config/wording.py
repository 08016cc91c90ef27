"""What is allowed instead of what pydantic refused, in our words. Places in the file are not known here."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ringfence.config.model import Config

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


def problem(error: ErrorDetails) -> str:
    """One error as a sentence; it never repeats what stands in the file, but for our own validators' words."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return _no_such_key(error["loc"])
    if kind in ("value_error", "at"):
        return error["msg"].removeprefix("Value error, ")
    told = _EXPECTED.get(kind.partition("_")[0], "this value is not allowed here")
    return told.format_map(error.get("ctx", {})).replace("'", "")


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
