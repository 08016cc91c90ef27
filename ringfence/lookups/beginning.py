"""The beginning of a home: configuration, credentials of the simulator and ledger, together or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError, LedgerError
from ringfence.lake.tables import usable
from ringfence.money import ledger as ledgers
from ringfence.money.ledger import Ledger
from ringfence.money.store import FILE_NAME
from ringfence.providers.registry import provider
from ringfence.sources.configured import spec_of
from ringfence.sources.registry import open_source

# The simulator takes every credential that does not begin with "wrong".
CREDENTIAL = "simulated"


def refuse_second(path: Path) -> None:
    """Raise ConfigError or LedgerError where a configuration or its ledger is already there, or cannot be made."""
    if os.path.lexists(path):
        raise ConfigError(f"{path} is there already and is never overwritten: name another file with --config")
    if not path.parent.is_dir():
        raise ConfigError(f"{path.parent} is not a folder; make it, or name another file with --config")
    home = Setup(path, Config(mode="simulate")).home
    usable(home)
    if (home / FILE_NAME).exists():
        raise LedgerError(
            f"{home / FILE_NAME} is there already: a new configuration needs a home of its own, named in RINGFENCE_HOME"
        )


def begin(path: Path, text: str) -> tuple[Setup, Ledger]:
    """Write the configuration, check that its sources can be read, and create the ledger.

    In simulate mode `.env` beside it gets the simulator's credentials, where there is none. What was written is taken
    back where anything fails. Raises ConfigError, SourceError, LakeError and LedgerError.
    """
    made: list[Path] = []
    try:
        made.append(_new(path, text, 0o666))
        setup = environment.load(path)
        for name in setup.config.sources:
            open_source(spec_of(setup, name)).check()
        usable(setup.home)
        beside = path.parent / ".env"
        if setup.config.mode == "simulate" and not os.path.lexists(beside):
            made.append(_new(beside, _credentials(setup), 0o600))
            # Read anew: what was read before the file was there is remembered.
            setup = environment.load(path)
        had_home = setup.home.exists()
        try:
            return setup, ledgers.create(setup.home, mode=setup.config.mode)
        except BaseException:
            if not had_home:
                with suppress(OSError):
                    setup.home.rmdir()
            raise
    except BaseException:
        for each in made:
            each.unlink(missing_ok=True)
        raise


def _new(path: Path, text: str, mode: int) -> Path:
    """Write a file that is not there yet, durably; what could not be written whole is taken away."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise ConfigError(
            f"{path} is there already and is never overwritten: name another file with --config"
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _credentials(setup: Setup) -> str:
    names = [name for each in setup.config.providers for name in provider(each).secrets[0]]
    told = '# Credentials of `ringfence simulate`, which takes any that does not begin with "wrong".\n'
    return told + "".join(f"{name}={simulated(name)}\n" for name in names)


def simulated(variable: str) -> str:
    r"""A value for a credential of the simulator, as `.env` holds it; of a private key a new one, on a line with `\n`.

    The simulator believes every signature, but there has to be a key to sign with.
    """
    if not variable.endswith("PRIVATE_KEY"):
        return CREDENTIAL
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return '"' + pem.strip().replace("\n", "\\n") + '"'
