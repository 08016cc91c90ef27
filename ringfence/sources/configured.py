"""From a configured source to its specification: addresses become absolute, `env:NAME` is read from the environment."""

from pathlib import Path
from urllib.parse import urlsplit

from ringfence.config.environment import Setup
from ringfence.errors import ConfigError
from ringfence.sources.source import SourceSpec


def spec_of(setup: Setup, name: str) -> SourceSpec:
    """The specification of a configured source; raises ConfigError where its address cannot be used.

    Three slashes are relative to the configuration file (duckdb:///crm.duckdb), four are absolute.
    """
    section = setup.config.sources[name]
    address = section.warehouse
    if address.startswith("env:"):
        variable = address.removeprefix("env:")
        address = setup.env.get(variable, "")
        if not address:
            raise ConfigError(f"sources.{name}.warehouse is read from {variable}, which is not set")
    kind, separator, path = address.partition(":///")
    if not separator or not path:
        shown = urlsplit(address).scheme or "no scheme"
        raise ConfigError(
            f"{setup.path}: sources.{name}.warehouse ({shown}) is not an address like duckdb:///crm.duckdb, "
            "parquet:///exports/*.parquet or csv:///lists/*.csv"
        )
    return SourceSpec(
        name=name,
        warehouse=f"{kind}:///{absolute(setup.path.parent, path)}",
        relation=section.relation,
        key=tuple(section.key),
        phones=tuple(section.phones),
        region_column=section.region.column,
        default_region=section.region.default,
        where=section.where,
    )


def absolute(folder: Path, path: str) -> str:
    """A path below a folder, without its leading slash, as an address wants it after three slashes."""
    return str(folder / path).removeprefix("/")
