"""Bugs that are found from outside too: by the simulation, by processes that are killed, and by processes that race.

What proves the promises has to be able to fail. Each of these is planted elsewhere for a test of its own; here it is
those frames alone that have to find it.
"""

from collections.abc import Sequence
from dataclasses import replace

from tests.planted import answers, money, spending
from tests.planted.bug import Bug

SIMULATION = ("tests/simulation/test_simulation.py::test_no_seed_breaks_a_promise[0]",)
SWEEP = ("tests/crashes/test_sweep.py::test_killed_at_every_call[plain-socket-7-False]",)
LAKE = ("tests/crashes/test_sweep.py::test_killed_at_every_call[plain-lake/lookups-4-False]",)
POWER = ("tests/crashes/test_power.py::test_what_was_synced_suffices[31]",)
RACES = ("tests/races/test_races.py::test_sixteen_processes_charge_exactly_what_the_cap_allows[0]",)
_KNOWN = {each.name: each for each in (*money.BUGS, *spending.BUGS, *answers.BUGS)}


def _by(frame: str, tests: Sequence[str], *names: str) -> list[Bug]:
    return [replace(_KNOWN[name], name=f"{name} ({frame})", found_by=tests) for name in names]


BUGS = (
    *_by(
        "simulated",
        SIMULATION,
        "check-then-act budget: counters are not moved by the reserving transaction",
        "a cap lets one more through",
        "no claim is taken: a number may be asked twice at once",
        "what was asked since the quote is bought again",
        "held money is not released at the end",
        "auto-void of what was sent, at recovery",
        "recovery decides for a run that lives",
        "resend on ReadError: what is ambiguous is voided",
        "a reply is settled and never stored",
        "sent without ownership",
        "an old doubt is given back, not counted as paid",
        "a cap that is lowered on the way is not obeyed",
    ),
    *_by(
        "killed",
        SWEEP,
        "auto-void of what was sent, at recovery",
        "a reply is settled and never stored",
    ),
    *_by("killed", LAKE, "published twice: a commit does not say how far it goes"),
    *_by("killed", POWER, "a commit is not synced"),
    *_by("raced", RACES, "check-then-act budget: caps are read once a process, not in the reserving transaction"),
)
