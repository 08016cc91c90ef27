"""Bugs are planted in copies of the tree, one at a time, and the tests find each of them."""

import ast

import pytest

from tests import figures
from tests.planted.bug import ROOT, Bug, Edit, NotThereError, copy_of_the_tree, judged, plant
from tests.planted.bugs import BUGS, clean_tests_fail

# Those that are tried each time: quick ones, of budget, ownership and reading.
QUICK = (
    "check-then-act budget: counters are not moved by the reserving transaction",
    "resend on ReadError: what may have arrived counts as unsent",
    "a refund is ignored",
)
QUICKEST = ("tests/money/test_rate.py::test_providers_do_not_share_a_bucket_but_processes_do",)
SAMPLE = [each for each in BUGS if each.name in QUICK]


def _marked(planted: Bug) -> object:
    return pytest.param(planted, id=planted.name, marks=[] if planted in SAMPLE else [pytest.mark.long])


@pytest.mark.parametrize("planted", [_marked(each) for each in BUGS])
def test_a_planted_bug_is_found(planted: Bug) -> None:
    """One of the tests that are to find it fails."""
    verdict = judged(planted)
    figures.tell("planted bugs", planted=1, found=int(verdict.found_by is not None))
    assert verdict.found_by, verdict.told


@pytest.mark.parametrize(
    "bugs", [pytest.param(SAMPLE, id="sample"), pytest.param(BUGS, id="all", marks=pytest.mark.long)]
)
@pytest.mark.timeout(1_200)
def test_without_a_bug_these_tests_pass(bugs: list[Bug]) -> None:
    """In a copy too, so that what fails there is the bug's doing."""
    assert clean_tests_fail(bugs) == ""


def test_every_bug_can_be_planted() -> None:
    """What each replaces stands in the source exactly once, the result is Python, and the tests that it names exist."""
    assert len(SAMPLE) == len(QUICK)
    assert len({each.name for each in BUGS}) == len(BUGS)
    for planted in BUGS:
        texts: dict[str, str] = {}
        for edit in planted.edits:
            texts[edit.path] = edit.applied(texts.get(edit.path) or (ROOT / edit.path).read_text(encoding="utf-8"))
        for text in texts.values():
            ast.parse(text)
        for test in planted.found_by:
            path, _, name = test.partition("[")[0].partition("::")
            assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_what_is_planted_stays_in_the_copy() -> None:
    """The working tree keeps its bytes, and its files stay its own, though the copy is made of links."""
    planted = SAMPLE[0]
    path = planted.edits[0].path
    before = (ROOT / path).read_bytes()
    with copy_of_the_tree() as copy:
        assert (copy / path).read_bytes() == before
        plant(planted, copy)
        assert (copy / path).read_bytes() != before
    assert (ROOT / path).read_bytes() == before


def test_a_text_that_is_gone_is_said() -> None:
    """A mutation that no longer applies is an error, never a bug that nobody found."""
    for text in ("nothing of it", "here here"):
        with pytest.raises(NotThereError, match=r"this [02] times"):
            Edit("money.py", "here", "there").applied(text)


def test_a_bug_that_no_test_finds_survives() -> None:
    """A comment breaks nothing: the verdict names no test."""
    harmless = Bug(
        "harmless", (Edit("ringfence/money/rate.py", "TOKEN = 1_000_000", "TOKEN = 1_000_000  # so"),), QUICKEST
    )
    assert judged(harmless).found_by is None
