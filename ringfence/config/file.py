"""Reading `ringfence.yaml`: every scalar as a string first, every error with file, line and key.

As strings, because YAML would read the country NO as false and the price 0.10 as a float.
"""

from pathlib import Path
from typing import cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ringfence.config.model import Config
from ringfence.config.wording import found, one_line, problem
from ringfence.errors import ConfigError
from ringfence.http.redact import redact

Key = tuple[str | int, ...]


def load(path: Path) -> Config:
    """Read and validate a configuration file; raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: cannot be read (No such file or directory); begin one with ringfence init WAREHOUSE, or name the "
            "file in RINGFENCE_CONFIG"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({cause(error)}); name the file in RINGFENCE_CONFIG") from None
    lines: dict[Key, int] = {}
    try:
        _refuse_references(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        values = {} if root is None else _plain(root, (), lines)
    except yaml.YAMLError as error:
        told = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise ConfigError(f"{path}:{_line(error, text)}: not valid YAML ({told})") from None
    except RecursionError:
        raise ConfigError(f"{path}: not valid YAML (nested too deep)") from None
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(path, lines, values, each) for each in error.errors())) from None


def cause(error: Exception) -> str:
    """Why a file cannot be read as text."""
    return getattr(error, "strerror", None) or "not UTF-8 text"


def _line(error: yaml.YAMLError, text: str) -> int:
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _refuse_references(text: str) -> None:
    """Aliases let a file of a few hundred bytes stand for gigabytes."""
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            told = "anchors and aliases (& and *) are not allowed; quote a text that begins with one"
            raise yaml.MarkedYAMLError(problem=told, problem_mark=cast("yaml.error.Mark", event.start_mark))


def _text(node: yaml.ScalarNode) -> str:
    """A scalar that a path, a name and a file can hold: escapes can write a NUL, and half of a character."""
    text = str(node.value)
    if "\0" in text or (not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)):
        raise yaml.MarkedYAMLError(problem="a character that no text can hold", problem_mark=node.start_mark)
    return text


def _plain(node: yaml.Node, at: Key, lines: dict[Key, int]) -> object:
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a plain word", problem_mark=key_node.start_mark)
            key = _text(key_node)
            if key in result:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{one_line(redact(key))}' stands twice", problem_mark=key_node.start_mark
                )
            result[key] = _plain(value_node, (*at, key), lines)
            lines[(*at, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, (*at, index), lines) for index, each in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)  # noqa: S101  the composer knows three kinds of node
    return None if node.value == "" and node.style is None else _text(node)


def _sentence(path: Path, lines: dict[Key, int], values: object, error: ErrorDetails) -> str:
    # pydantic adds members of unions and "[key]" to a place: only what the file has is shown, and a key it should have.
    at: Key = ()
    for part in error.get("ctx", {}).get("at", error["loc"]):
        if (*at, part) in lines or error["type"] == "missing":
            at = (*at, part)
    line = lines.get(at) or lines.get(at[:-1], 1)
    key = ".".join(one_line(redact(str(part))) for part in at) or "the file"
    told = redact(problem(error))
    # Where a key is wrong, or a section is missing, the value is something that nobody asked for.
    if error["type"].partition("_")[0] not in ("missing", "extra", "dict", "model") and "[key]" not in error["loc"]:
        told += found(at, _at(values, at), told)
    return f"{path}:{line}: {key}: {told}"


def _at(values: object, at: Key) -> object:
    for part in at:
        values = cast("dict[str | int, object]", values)[part]
    return values
