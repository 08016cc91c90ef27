"""YAML files that a user gives to the simulator: prices and scenarios. What is wrong in one is said in one line."""

from pathlib import Path
from typing import Any

import yaml

from ringfence.errors import RingfenceError


def read_yaml(file: Path, what: str, loader: type[yaml.BaseLoader | yaml.SafeLoader]) -> Any:
    """What stands in a file of `what`; raises RingfenceError that names the file, and the line where it is no YAML."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise RingfenceError(f"cannot read the {what} in {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RingfenceError(f"cannot read the {what} in {file}: not UTF-8 text") from None
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - one of two loaders that make plain values only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RingfenceError(f"cannot read the {what} in {file}{_line(error, text)}: {_problem(error)}") from None


def _line(error: Exception, text: str) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f", line {text.count(chr(10), 0, error.position) + 1}"
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not valid YAML (nested too deep)"
    if isinstance(error, yaml.YAMLError):
        told = getattr(error, "problem", None) or "a character that YAML does not allow"
        return f"not valid YAML ({' '.join(told.split())})"
    # What the safe loader finds in a scalar that only looks like a day or a number.
    return f"not valid YAML ({error})"
