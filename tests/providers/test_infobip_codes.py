"""Every documented status and error code of Infobip, and what each may and may not say."""

import pytest

from ringfence.providers.infobip_codes import ERRORS, STATUSES, meaning
from ringfence.providers.lookup import Basis, ErrorClass, Outcome, Reachability, Validity

# group/id -> outcome, error class, validity, basis, reachability; group 2 stands for a status without an error.
STATUS_TABLE = """
0/0   pending - unknown none unknown
1/1   pending - unknown none unknown
1/3   pending - unknown none unknown
1/7   pending - unknown none unknown
1/26  pending - unknown none unknown
2/4   partial - unknown none unknown
2/9   partial - unknown none unknown
2/31  failed provider_error unknown none unknown
3/2   complete - likely_valid network unknown
3/5   complete - valid network reachable
4/15  failed network_error unknown none unknown
4/22  failed network_error unknown none unknown
4/29  failed network_error unknown none unknown
5/6   no_coverage - unknown none unknown
5/8   rejected_number - invalid numbering_plan not_applicable
5/10  rejected_number - unknown none blocked
5/11  failed not_enabled unknown none unknown
5/12  failed quota_exhausted unknown none unknown
5/13  failed not_enabled unknown none unknown
5/14  rejected_number - unknown none blocked
5/16  failed network_error unknown none unknown
5/17  failed quota_exhausted unknown none unknown
5/18  failed not_enabled unknown none unknown
5/19  failed not_enabled unknown none unknown
5/20  failed throttled unknown none unknown
5/21  failed provider_error unknown none unknown
5/23  failed bad_request unknown none unknown
5/24  failed bad_request unknown none unknown
5/25  failed bad_request unknown none unknown
5/51  failed bad_request unknown none unknown
5/52  rejected_number - invalid numbering_plan not_applicable
5/87  rejected_number - unknown none blocked
5/100 failed provider_error unknown none unknown
"""
# Error group, ids -> validity, reachability, under a status of group 2.
ERROR_TABLE = """
0 unknown undeliverable 0
1 invalid not_applicable 1
1 valid absent 6 27 33
1 valid blocked 9 12 13 573
1 valid reachable 31
1 valid undeliverable 7 8 11 21 32 256 257 258 259 260 261 262 565 581 628 629
1 unknown unknown 2 5 34 35 36 255 500 502 503 504 507 508 509 1024 1025 1026 1027 1028 1029 1030 1031
1 unknown unknown 1152 1153 1154 1155 1156 1157 1158 1159 1160 1161 1162 1163 1164 1165 1166
1 unknown unknown 1281 1282 1283 1284 1536 1537 1538 1539 1540 1541 1792 1793 1794 1795 1796
2 invalid not_applicable 352 3041
2 likely_invalid unknown 351
2 valid blocked 2049
2 unknown blocked 2052
2 unknown unknown 323 355 368 433 541 542 572 577 578 579 580 594 597 598 601 603 604 607 608 609
2 unknown unknown 2053 4096 4099 4100 4101 4102 4103 4104 4202
3 valid undeliverable 10 24 568
3 valid blocked 15 566 569
3 likely_invalid unknown 345
3 unknown blocked 2050
3 unknown unknown 20 51 71 375 488 501 560 561 562 563 564 571 574 592 630 631 632 633 810 811 815
3 unknown unknown 2048 2051 4097 4098 4102 5492
"""


def code(text: str) -> tuple[int, int]:
    """The code written "3/5"."""
    group, _, id_ = text.partition("/")
    return int(group), int(id_)


STATUS_ROWS = [line.split() for line in STATUS_TABLE.split("\n") if line]
ERROR_ROWS = [
    ((int(group), int(id_)), validity, reachability)
    for group, validity, reachability, *ids in (line.split() for line in ERROR_TABLE.split("\n") if line)
    for id_ in ids
]


@pytest.mark.parametrize("row", STATUS_ROWS, ids=lambda row: row[0])
def test_status(row: list[str]) -> None:
    """Each documented status has its one meaning."""
    said = meaning(code(row[0]), None)
    assert row[1:] == [said.outcome, said.error_class or "-", said.validity, said.basis, said.reachability]


@pytest.mark.parametrize(("error", "validity", "reachability"), ERROR_ROWS, ids=str)
def test_error_explains_an_undeliverable_status(error: tuple[int, int], validity: str, reachability: str) -> None:
    """Each documented error says its validity and reachability, complete only when the validity is known."""
    said = meaning((2, 9), error)
    assert (said.validity, said.reachability) == (validity, reachability)
    if error == (2, 4099):
        assert (said.outcome, said.error_class) == (Outcome.FAILED, ErrorClass.QUOTA_EXHAUSTED)
    elif error == (2, 352):
        assert (said.outcome, said.basis) == (Outcome.REJECTED_NUMBER, Basis.NUMBERING_PLAN)
    elif validity == "unknown":
        assert (said.outcome, said.basis) == (Outcome.PARTIAL, Basis.NONE)
    else:
        assert (said.outcome, said.basis) == (Outcome.COMPLETE, Basis.NETWORK)


def test_the_tables_hold_nothing_else() -> None:
    """No code is in the tables that is not documented, and all 33 statuses and 146 errors are covered here."""
    assert set(STATUSES) == {code(row[0]) for row in STATUS_ROWS}
    assert len(ERROR_ROWS) == len({error for error, *_ in ERROR_ROWS}) == 146
    assert set(ERRORS) <= {error for error, *_ in ERROR_ROWS}


@pytest.mark.parametrize("status", [code(row[0]) for row in STATUS_ROWS if row[0][0] != "2"], ids=str)
@pytest.mark.parametrize("error", [(0, 0), (1, 1), (1, 27)], ids=str)
def test_an_error_beside_any_other_status_decides_nothing(status: tuple[int, int], error: tuple[int, int]) -> None:
    """Only group 2 is explained by its error: an EXPIRED with "absent subscriber" is still no answer."""
    assert meaning(status, error) == meaning(status, None)


@pytest.mark.parametrize("status", [None, (3, 77), (2, 77), (9, 1), (5, 0)], ids=str)
@pytest.mark.parametrize("error", [None, (0, 0), (1, 1), (1, 27)], ids=str)
def test_an_unknown_status_says_nothing(status: tuple[int, int] | None, error: tuple[int, int] | None) -> None:
    """A status outside the table leaves everything unknown, in a known group and with a telling error too."""
    said = meaning(status, error)
    assert (said.outcome, said.validity, said.reachability) == (
        Outcome.PARTIAL,
        Validity.UNKNOWN,
        Reachability.UNKNOWN,
    )


@pytest.mark.parametrize("error", [None, (0, 0), (1, 34), (7, 7)], ids=str)
def test_not_sent_without_a_telling_error_is_a_failure(error: tuple[int, int] | None) -> None:
    """UNDELIVERABLE_NOT_SENT asked no network: without a reason it is not a refusal by one."""
    assert meaning((2, 31), error).error_class is ErrorClass.PROVIDER_ERROR
    assert meaning((2, 31), (1, 27)).reachability is Reachability.ABSENT


@pytest.mark.parametrize("status", [None, (2, 9), (5, 100), (3, 5)], ids=str)
def test_a_reached_monthly_limit_is_no_answer(status: tuple[int, int] | None) -> None:
    """Error 2/4099 is about the account, whatever status it comes with."""
    assert meaning(status, (2, 4099)).error_class is ErrorClass.QUOTA_EXHAUSTED
