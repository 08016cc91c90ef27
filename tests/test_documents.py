"""What the documents show is true: the configuration loads, and every key and command that exists is named."""

import re
from pathlib import Path

import pytest
import typer

from ringfence.cli.main import app
from ringfence.config import environment
from ringfence.config.model import Config, ProviderConfig, SourceConfig

ROOT = Path(__file__).parents[1]


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", ["README.md", "docs/configuration.md"])
def test_the_configuration_in_the_documents_loads(document: str, tmp_path: Path) -> None:
    """A reader may paste the configuration as it stands."""
    for block in blocks(document, "yaml"):
        path = tmp_path / "ringfence.yaml"
        path.write_text(block, encoding="utf-8")
        assert environment.load(path).config.providers


def test_every_key_of_the_configuration_is_documented() -> None:
    """No key of the file, of a source or of a provider is missing in the document."""
    (block,) = blocks("docs/configuration.md", "yaml")
    for model in (Config, SourceConfig, ProviderConfig):
        for name in model.model_fields:
            assert re.search(rf"\b{name}:", block), name


def test_the_commands_of_the_readme_exist() -> None:
    """Every `ringfence` command that the README types is one."""
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    typed = {
        line.split()[1]
        for block in blocks("README.md", "sh")
        for line in block.splitlines()
        if line.startswith("ringfence ")
    }
    assert typed
    assert typed <= known


def test_the_links_of_the_documents_lead_somewhere() -> None:
    """Relative links name files that are there."""
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
