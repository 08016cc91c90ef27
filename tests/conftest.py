"""What holds for every test: nothing leaves loopback, and no variable of the machine reaches the code under test."""

import os
import signal

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts
from sqlalchemy import Connection

from ringfence.http import redact
from ringfence.money import ledger as ledgers
from tests import sizes

pytest_plugins = ["tests.figures"]

# A shell that starts the tests in the background has them, and every process that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something of the machine and nothing of the code. `make test-long` tries more of them.
hypothesis.settings.register_profile("small", deadline=None, max_examples=sizes.SMALL)
hypothesis.settings.register_profile("whole", deadline=None, max_examples=sizes.WHOLE)
hypothesis.settings.load_profile("small")

PREFIXES = ("RINGFENCE_", "INFOBIP_", "VONAGE_", "KALEYRA_", "KPN_", "MESSENTE_", "DAGSTER_")


# In these a single test takes longest.
FIRST = tuple(f"tests/{name}" for name in ("test_browser", "leaks/", "crashes/", "simulation/", "cli/test_commands"))


# Of these as many are tried as there is time for.
LAST = "tests/simulation/test_simulation.py::test_no_seed_breaks_a_promise"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or one process goes on alone at the end; the rest stays as it was shuffled."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("long"):
        return 2 if item.nodeid.startswith(LAST) else 0
    return 0 if item.nodeid.startswith(FIRST) else 1


@pytest.fixture(autouse=True)
def _only_loopback() -> None:
    """Refuse every connection of this process that is not to loopback."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine's environment would tell the code under test."""
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a test registers as a secret be masked in that test alone: "user" is a plain word in the next one."""
    monkeypatch.setattr(redact, "_secrets", set(redact._secrets))
    monkeypatch.setattr(redact, "_pattern", redact._pattern)


_migrate = ledgers._migrate
_made: list[str] = []


def _born_alike(connection: Connection) -> None:
    """Migrate; from the second new ledger of this process on by the very statements that made the first."""
    if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
        return _migrate(connection)
    if not _made:
        _migrate(connection)
        named = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        _made.extend(
            connection.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE {named} ORDER BY rowid").scalars()
        )
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        _made.append(f"INSERT INTO alembic_version VALUES ('{revision}')")
        return None
    for statement in _made:
        connection.exec_driver_sql(statement)
    return None


@pytest.fixture(autouse=True)
def _quick_births(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process migrate one new ledger, and make the others alike: alembic takes longer than most tests."""
    monkeypatch.setattr(ledgers, "_migrate", _born_alike)
