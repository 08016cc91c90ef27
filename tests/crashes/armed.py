"""The product's definitions in a process of Dagster's that kills itself at a place of `points`."""

import os

from tests.crashes.points import arm

arm(os.environ["POINT"])

# What takes a function by its name has to take the one that kills.
from pipelines.definitions import definitions  # noqa: E402

defs = definitions(os.environ.get("RINGFENCE_CONFIG"))
