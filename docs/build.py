"""Writes what the documents say of the code from the code: keys of the configuration, served relations, products.

Each stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->` in a document. `make docs` writes them, and a test
holds the documents to what this would write.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ringfence.config.model import Config
from ringfence.config.scalars import ONCE, Seconds
from ringfence.lake.views import views
from ringfence.providers.provider import Provider
from ringfence.providers.registry import providers

FOLDER = Path(__file__).parent
# What a key has that is a time: a default is written as it may be written.
(_TIMED,) = get_args(Seconds)[1:]


def keys() -> str:
    """Every key of `ringfence.yaml`: default and meaning, a table a section."""
    return "\n\n".join(_section(place, model) for place, model in _sections(Config, ""))


def relations() -> str:
    """Every served relation: what a row of it is, and its columns."""
    parts = []
    for view in sorted(views(), key=lambda view: view.name):
        name = "enriched_&lt;source&gt;" if view.name == "enriched" else view.name
        rows = "\n".join(f"| `{column}` | {meaning} |" for column, meaning in view.columns.items())
        parts.append(f"### {name}\n\n{view.meaning}\n\n| column | meaning |\n|---|---|\n{rows}")
    return "\n\n".join(parts)


def products() -> str:
    """Every product of every provider: what it answers, and how it is bought."""
    rows = [
        f"| {name} | {product.name} | {product.mode} | {product.limit} | {_facts(product.facts - product.plan_only)} "
        f"| {_facts(product.plan_only)} | {product.rate}/s |"
        for name, known in providers().items()
        for product in known.products.values()
    ]
    head = "| provider | product | mode | numbers a request | facts | only by the numbering plan | default rate |"
    return "\n".join([head, "|---|---|---|---:|---|---|---|", *rows])


def accounts() -> str:
    """Every provider: its address, credentials, currency, choices and end."""
    head = "| provider | address | credentials | bills in | choices | ends |"
    return "\n".join([head, "|---|---|---|---|---|---|", *(_account(known) for known in providers().values())])


PARTS: Mapping[str, Callable[[], str]] = {
    "keys": keys,
    "relations": relations,
    "products": products,
    "accounts": accounts,
}


def built(text: str) -> str:
    """A document with every generated part written anew."""
    for name, part in PARTS.items():
        marks = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        text = marks.sub(lambda found, part=part: f"{found[1]}\n{part()}\n\n{found[2]}", text)
    return text


def _account(known: Provider) -> str:
    secrets = ", or ".join(" and ".join(f"`{name}`" for name in names) for names in known.secrets)
    choices = "; ".join(f"`{option}`: {' or '.join(values)}" for option, values in known.options.items())
    currency = known.currency or "the account's"
    return f"| {known.name} | {known.base_url} | {secrets} | {currency} | {choices} | {known.sunset or ''} |"


def _facts(facts: frozenset[Any]) -> str:
    return ", ".join(sorted(facts))


def _sections(model: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield place, model
    for name, field in model.model_fields.items():
        kind = get_origin(field.annotation)
        inside = {dict: f"{name}.<name>", list: f"{name}[]"}.get(kind, name) if kind in (dict, list) else name
        for part in _models(field.annotation):
            yield from _sections(part, f"{place}.{inside}".removeprefix("."))


def _section(place: str, model: type[BaseModel]) -> str:
    title = f"### `{place}`\n\n{(model.__doc__ or '').partition(chr(10))[0]}\n\n" if place else ""
    rows = "\n".join(
        f"| `{name}` | {_default(field.default, timed=_TIMED in field.metadata)} | {field.description} |"
        for name, field in model.model_fields.items()
    )
    return f"{title}| key | default | meaning |\n|---|---|---|\n{rows}"


def _default(value: object, *, timed: bool) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ([], {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, int) and (timed or value >= 86_400):
        return _seconds(value)
    return str(value)


def _seconds(value: int) -> str:
    if value == ONCE:
        return "once"
    return f"{value}s" if value % 86_400 else f"{value // 86_400}d"


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for each in get_args(annotation) for found in _models(each)]


def main() -> None:
    """Write every document that has a generated part."""
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if built(text) != text:
            path.write_text(built(text), encoding="utf-8")


if __name__ == "__main__":
    main()
