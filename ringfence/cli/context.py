"""What commands stand on: the configuration that environment or folder name, its ledger, and the served file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import typer

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lake import served as served_file
from ringfence.lake.tables import Lake
from ringfence.money.ledger import Ledger, open_ledger

# Neither may a missing table become a Python variable of that name, nor a time that of this machine. No other file is
# read or written, the log beside the served one included, which external access alone would leave open; so what does
# not fit into memory is refused, and not spilled.
LOCKS = (
    "python_enable_replacements = false",
    "TimeZone = 'UTC'",
    "temp_directory = ''",
    "enable_external_access = false",
    "disabled_filesystems = 'LocalFileSystem'",
    "lock_configuration = true",
)


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home."""

    setup: Setup
    ledger: Ledger
    lake: Lake


def setup() -> Setup:
    """The configuration: RINGFENCE_CONFIG, else ./ringfence.yaml. Raises ConfigError."""
    return environment.load(environment.config_path(os.environ))


def home() -> Home:
    """The configuration with its ledger and lake. Raises ConfigError and LedgerError."""
    found = setup()
    ledger = open_ledger(found.home)
    return Home(found, ledger, Lake(found.home, ledger.ledger_id))


@contextmanager
def served() -> Iterator[duckdb.DuckDBPyConnection]:
    """The served file, for reading only; what DuckDB refuses becomes one sentence. Raises RingfenceError."""
    path = setup().home / served_file.NAME
    if not path.exists():
        raise RingfenceError(f"{path} is not there yet; publish it with: ringfence serve")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            for setting in LOCKS:
                connection.execute(f"SET {setting}")
            yield connection
    except duckdb.Error as error:
        raise RingfenceError(" ".join(str(error).split("\n\nLINE")[0].split())) from None
    except RuntimeError as error:
        # So DuckDB says that Ctrl-C has ended a query.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def filled(value: str | None) -> str | None:
    """An option that is given and empty is a mistake, such as a variable of a script that is not set."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty: give it a value, or leave it out")
    return value
