"""Plays: houses whose runs are killed from outside, one for each way to buy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.crashes.theatre import Play, Stage
from tests.lookups.conftest import Build, build, numbers

__all__ = ["build"]

# How it is bought: numbers, at most so many in doubt by one kill, and what the house is made with.
SETTINGS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "plain": (12, 4, {"provider": {"batch": "2", "in_flight": "2"}}),
    "nolog": (12, 4, {"vendor": "messente", "provider": {"batch": "2", "in_flight": "2"}}),
    "poll": (8, 4, {"vendor": "kaleyra", "provider": {"batch": "2", "in_flight": "2", "wait": "20s"}}),
    "token": (4, 2, {"vendor": "kpn", "provider": {"batch": "1", "in_flight": "2"}}),
    "drip": (6, 2, {"provider": {"batch": "2", "in_flight": "1"}}),
    "doubt": (8, 2, {"provider": {"batch": "2", "in_flight": "1"}}),
}
RULES: dict[str, dict[str, Any]] = {
    "drip": {"when": {"nth": 2}, "fault": "drip", "seconds": 0.2},
    "doubt": {"when": {"nth": 2}, "fault": "drop_unanswered"},
}
Direct = Callable[..., Play]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The process that forks drivers."""
    found = Stage()
    yield found
    found.close()


@pytest.fixture
def direct(build: Build, stage: Stage) -> Direct:
    """A play in one of the settings; `serving` says whether any of its runs serves."""

    def make(setting: str, *, serving: bool = True) -> Play:
        count, within, given = SETTINGS[setting]
        rules = [RULES[setting]] if setting in RULES else []
        phones = numbers("NL", count)
        ruled = build(phones, *rules, **given)
        calm = build(phones, **given) if rules else ruled
        return Play(stage, ruled, calm, within, serving, spoiled=setting == "doubt")

    return make
