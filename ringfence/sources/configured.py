"""From a configured source to its specification: addresses become absolute, `env:NAME` is read from the environment."""

import glob
from pathlib import Path

from ringfence.config.environment import Setup
from ringfence.errors import ConfigError
from ringfence.sources.names import shown
from ringfence.sources.source import SourceSpec


def spec_of(setup: Setup, name: str) -> SourceSpec:
    """The specification of a configured source; raises ConfigError where its address cannot be used.

    Three slashes are relative to the configuration file (duckdb:///crm.duckdb), four are absolute.
    """
    section = setup.config.sources.get(name)
    if section is None:
        there = ", ".join(map(shown, setup.config.sources)) or "none"
        raise ConfigError(f"{setup.path}: there is no source '{shown(name)}'; configured are: {there}")
    return SourceSpec(
        name=name,
        warehouse=_absolute_address(setup, section.warehouse, f"sources.{name}.warehouse"),
        relation=section.relation,
        key=tuple(section.key),
        phones=tuple(section.phones),
        region_column=section.region.column,
        default_region=section.region.default,
        where=section.where,
    )


def spec_at(setup: Setup, name: str, address: str) -> SourceSpec:
    """A warehouse that a command names, as the configuration would: no relation, key or phone columns are known of it.

    Raises ConfigError where its address cannot be used.
    """
    warehouse = _absolute_address(setup, address, "--warehouse")
    return SourceSpec(name=name, warehouse=warehouse, relation=None, key=(), phones=())


def _absolute_address(setup: Setup, address: str, key: str) -> str:
    if address.startswith("env:"):
        variable = address.removeprefix("env:")
        if not variable.isidentifier():
            raise ConfigError(f"{setup.path}: {key} must name a variable after env:, as in env:CRM")
        address = setup.env.get(variable, "")
        if not address:
            raise ConfigError(f"{key} is read from {variable}, which is not set")
    kind, separator, path = address.partition(":///")
    if not separator or not path:
        # Nothing of the address is shown: it may hold a password anywhere.
        raise ConfigError(
            f"{setup.path}: {key} is not an address like duckdb:///crm.duckdb, "
            "parquet:///exports/*.parquet or csv:///lists/*.csv"
        )
    # The folder of the configuration is no pattern, only what the user wrote is one.
    folder = setup.path.parent if kind == "duckdb" else Path(glob.escape(str(setup.path.parent)))
    return f"{kind}:///{absolute(folder, path)}"


def absolute(folder: Path, path: str) -> str:
    """A path below a folder, without its leading slash, as an address wants it after three slashes."""
    return str(folder / path).removeprefix("/")
