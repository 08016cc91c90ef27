"""The house that is bought from: that of the tests of buying."""

from tests.lookups.conftest import build

__all__ = ["build"]
