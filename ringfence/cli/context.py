"""What commands stand on: the configuration that the environment or the folder names, and the ledger in its home."""

import os
from dataclasses import dataclass

from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.lake.tables import Lake
from ringfence.money.ledger import Ledger, open_ledger


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
