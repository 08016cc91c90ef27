"""All planted bugs, and whether the tests that are to find them pass where none is planted."""

from collections.abc import Sequence

from tests.planted import answers, consent, doubts, frames, money, spending
from tests.planted.bug import PATIENCE, Bug, copy_of_the_tree, tried

BUGS: tuple[Bug, ...] = (*money.BUGS, *spending.BUGS, *answers.BUGS, *consent.BUGS, *doubts.BUGS, *frames.BUGS)


def clean_tests_fail(bugs: Sequence[Bug]) -> str:
    """The end of what the tests of these bugs say in a copy without any; empty where all of them pass."""
    tests = list(dict.fromkeys(test for each in bugs for test in each.found_by))
    with copy_of_the_tree() as copy:
        done = tried(tests, copy, PATIENCE * len(bugs))
    return done.stdout[-3000:] if done.returncode else ""
