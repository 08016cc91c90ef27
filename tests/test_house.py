"""The house keeps its own rules: sizes, names, no floats in money, no number or secret type that prints itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = [path for floor in ("ringfence", "assets", "pipelines") for path in sorted((ROOT / floor).rglob("*.py"))]
MODULES = [path for path in CODE if "migrations" not in path.parts]


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    """No module is longer than about two hundred lines, and no function than about forty."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 205
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            # A function that only holds decorated assets is a list of them.
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            if len(inner) < 2:
                assert node.end_lineno - node.lineno <= 45, f"{node.name} is too long"


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_says_what_it_holds(path: Path) -> None:
    """Every module opens with a paragraph about itself, and none is a drawer for odds and ends."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert path.stem not in {"utils", "helpers", "common", "misc"}


def test_no_float_touches_money() -> None:
    """In the money wing floats stand only for seconds, and for shares that a person reads."""
    seconds_and_shares = {"rate.py", "health.py", "store.py"}
    for path in sorted((ROOT / "ringfence" / "money").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Name) and node.id == "float"
            assert path.name in seconds_and_shares or not (literal or named), path.name


def test_the_definitions_load_without_any_environment() -> None:
    """Importing the definitions reads no variable, opens no connection and prints no warning of ours."""
    program = "import pipelines.definitions as d; print(sorted(j.name for j in d.defs.jobs))"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['collect', 'enrich', 'quote', 'serve']"
    assert not done.stderr


def test_one_module_sends() -> None:
    """Only the spend loop calls a client's `send`; the client itself does for a `poll`, which is a GET and free."""
    sending = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send":
                sending.add(path.relative_to(ROOT).as_posix())
    assert sending == {"ringfence/lookups/spend.py", "ringfence/http/client.py"}
