"""What holds for every test: nothing leaves loopback, and no variable of the machine reaches the code under test."""

import os
import signal

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

from ringfence.http import redact

pytest_plugins = ["tests.figures"]

# A shell that starts the tests in the background has them, and every process that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something of the machine and nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PREFIXES = ("RINGFENCE_", "INFOBIP_", "VONAGE_", "KALEYRA_", "KPN_", "MESSENTE_", "DAGSTER_")


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
