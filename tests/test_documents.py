"""What the documents show is true: configurations load, queries and commands run, and what exists is named."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

from docs.build import built
from ringfence.config import environment
from ringfence.config.model import Config
from ringfence.config.sections import ProviderConfig, SourceConfig
from ringfence.simulator.server import Settings, running

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# A block of commands, with the comment before it that says in which test it runs or why it does not.
_SHELL = re.compile(r"(?:<!-- (run|not run): ([^>]+) -->\n)?^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Commands:
    """A block of commands of a document."""

    document: str
    kind: str | None
    label: str
    text: str


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> list[Commands]:
    """Every block of commands, in the order of reading."""
    return [
        Commands(path.name, *found.groups())
        for path in DOCUMENTS
        for found in _SHELL.finditer(path.read_text(encoding="utf-8"))
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: crm.duckdb with a table of customers, some of whose cells are no numbers."""
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE customers (customer_id BIGINT PRIMARY KEY, name VARCHAR, phone VARCHAR, mobile VARCHAR, "
            "country VARCHAR)"
        )
    grow(tmp_path, 0)
    return tmp_path


def grow(folder: Path, first: int) -> None:
    """Sixty more customers: two share a number, one in six has no number where one should stand."""
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        for place in range(first, first + 60):
            phone = ("n/a", "06 1234 1", "12.5")[place % 3] if place % 6 == 5 else f"+3161234{1000 + place // 2 * 2}"
            mobile = f"07400 12{3000 + place}" if place % 2 else None
            row = [place, f"Customer {place}", phone, mobile, "GB" if place % 2 else "NL"]
            connection.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", row)


@pytest.fixture
def shell(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader who has followed the README: the command on the PATH, and a simulator."""
    with running(Settings()) as urls:
        yield {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "RINGFENCE_WORKSPACE": str(ROOT / "workspace.yaml"),
            **{f"RINGFENCE_{name.upper()}_BASE_URL": url for name, url in urls.items()},
        }


def run(folder: Path, env: dict[str, str], text: str) -> subprocess.CompletedProcess[str]:
    """Run commands as a reader types them; the first that fails ends them."""
    script = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(script, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=200)


def newest_quote(folder: Path, env: dict[str, str]) -> str:
    """What a reader copies from the screen in the place of QUOTE_ID."""
    listed = run(folder, env, "ringfence quotes --format csv | sed -n 2p").stdout
    return re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)[0]  # type: ignore[index]


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_commands_of_the_documents_run_in_the_order_of_reading(folder: Path, shell: dict[str, str]) -> None:
    """From a table to enriched rows by the documents alone; then every query of the documents runs on what came out."""
    for place, block in enumerate(each for each in commands() if each.kind == "run"):
        if place:
            grow(folder, place * 60)
        text = block.text
        if "QUOTE_ID" in text:
            first, rest = text.split("QUOTE_ID", 1)
            start = first.rfind("\n") + 1
            done = run(folder, shell, first[:start] or "true")
            assert done.returncode == 0, (block.document, done.stdout, done.stderr)
            text = (first[start:] + "QUOTE_ID" + rest).replace("QUOTE_ID", newest_quote(folder, shell))
        done = run(folder, shell, text)
        assert done.returncode == 0, (block.document, text, done.stdout, done.stderr)
    queries = blocks(ROOT / "docs" / "sql.md", "sql")
    assert len(queries) >= 10
    with duckdb.connect(str(folder / "ringfence-home" / "ringfence.duckdb"), read_only=True) as connection:
        connection.execute("SET python_enable_replacements = false")
        for query in queries:
            rows = connection.execute(query).fetchall()
            # Nothing has changed or contradicts itself in a first purchase; every other question has an answer.
            assert rows or "phone_changes" in query, query


def test_every_block_of_commands_runs_in_a_test_or_says_why_not() -> None:
    """No document shows commands that nobody has tried."""
    silent = [(block.document, block.text) for block in commands() if block.kind is None]
    assert not silent
    assert {block.label for block in commands() if block.kind == "run"} == {"own table"}


@pytest.mark.parametrize("document", ["README.md", "docs/configuration.md"])
def test_the_configuration_in_the_documents_loads(document: str, tmp_path: Path) -> None:
    """A reader may paste the configuration as it stands."""
    (tmp_path / "prices.csv").write_text(
        "provider,product,country,price,currency,valid_from\nvonage,basic,,0,EUR,2026-01-01\n", encoding="utf-8"
    )
    for block in blocks(ROOT / document, "yaml"):
        path = tmp_path / "ringfence.yaml"
        path.write_text(block, encoding="utf-8")
        assert environment.load(path).config.providers


def test_the_run_config_in_the_documents_is_run_config() -> None:
    """What a reader pastes into the launchpad has keys that the limits know."""
    from assets.launch import Limits

    (block,) = blocks(ROOT / "docs" / "money.md", "yaml")
    Limits(**yaml.safe_load(block)["resources"]["limits"]["config"])


def test_the_rate_card_in_the_documents_is_read(tmp_path: Path) -> None:
    """A reader may paste the rate card as it stands."""
    (block,) = blocks(ROOT / "docs" / "money.md", "csv")
    (tmp_path / "prices.csv").write_text(block, encoding="utf-8")
    (tmp_path / "ringfence.yaml").write_text("mode: simulate\nprices: prices.csv\n", encoding="utf-8")
    assert environment.load(tmp_path / "ringfence.yaml").rates is not None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_generated_is_what_the_code_says(path: Path) -> None:
    """The parts that `make docs` writes are up to date: every key, served column and product is in them."""
    text = path.read_text(encoding="utf-8")
    assert built(text) == text, "run: make docs"


def test_every_key_of_the_configuration_is_shown() -> None:
    """No key of the file, of a source or of a provider is missing in the example."""
    (block,) = blocks(ROOT / "docs" / "configuration.md", "yaml")
    for model in (Config, SourceConfig, ProviderConfig):
        for name in model.model_fields:
            assert re.search(rf"\b{name}:", block), name


def test_the_links_of_the_documents_lead_somewhere() -> None:
    """Relative links name files that are there."""
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
