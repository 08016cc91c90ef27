"""What an exchange means: a defect of a parser is a doubt, never a lost run and never a voided purchase."""

from collections.abc import Sequence

import pytest

from ringfence.http.exchange import Failure, Reply
from ringfence.lookups.verdict import judge, move_for, net_price
from ringfence.money.moves import Doubt, Settle
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip import Infobip
from ringfence.providers.lookup import Billed, Lookup, Outcome
from ringfence.providers.provider import Parsed

PHONE = Phone("+31612345678")


class Broken(Infobip):
    """A provider whose parser has a defect."""

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Fail as code fails."""
        raise KeyError(asked[0].e164)


def test_a_parser_that_fails_leaves_the_attempt_in_doubt() -> None:
    """The reply is stored and held for; the evidence names no number."""
    parsed = judge(Broken(), "query", Reply(200, {}, b"{}"), [PHONE])
    assert (parsed.verdict, parsed.retry) == ("doubt", False)
    assert "KeyError" in parsed.evidence
    assert "612345" not in parsed.evidence


@pytest.mark.parametrize(
    ("failure", "verdict", "retry"),
    [
        (Failure("unsent", "refused"), "void", True),
        (Failure("unsent", "certificate", fatal=True), "void", False),
        (Failure("ambiguous", "reset"), "doubt", False),
    ],
)
def test_a_failure_is_judged_by_whether_a_byte_may_have_left(failure: Failure, verdict: str, *, retry: bool) -> None:
    """Only what provably never left is voided, and only that may be made anew."""
    parsed = judge(Infobip(), "query", failure, [PHONE])
    assert (parsed.verdict, parsed.retry) == (verdict, retry)


@pytest.mark.parametrize(
    ("price", "refund", "billed", "cost"),
    [
        (None, None, Billed.UNKNOWN, 10),
        (None, None, Billed.NO, 0),
        (50, None, Billed.YES, 50),
        (50, 10, Billed.YES, 40),
        (5, 5, Billed.REFUNDED, 0),
    ],
)
def test_a_number_costs_what_is_reported_else_list_price(
    price: int | None, refund: int | None, billed: Billed, cost: int
) -> None:
    """A refund is taken off, an unbilled answer is free, and silence means list price."""
    lookup = Lookup(phone=PHONE, outcome=Outcome.COMPLETE, price=price, refund=refund, billed=billed)
    assert net_price(lookup, 10) == cost


def test_a_reply_in_another_currency_is_not_settled() -> None:
    """An amount that cannot be compared is held, not guessed."""
    lookup = Lookup(phone=PHONE, outcome=Outcome.COMPLETE, price=5, currency="USD")
    parsed = Parsed("answered", "answered", lookups=[lookup])
    assert isinstance(
        move_for({"attempt_id": "a", "unit_price": 10, "currency": "EUR"}, parsed, {PHONE.e164: 1}), Doubt
    )
    same = Parsed("answered", "answered", lookups=[Lookup(phone=PHONE, outcome=Outcome.COMPLETE)])
    assert isinstance(move_for({"attempt_id": "a", "unit_price": 10, "currency": "EUR"}, same, {PHONE.e164: 1}), Settle)


def test_results_that_nobody_asked_for_are_told() -> None:
    """They are kept with the reply and never published; the evidence says that they are there."""
    lookup = Lookup(phone=PHONE, outcome=Outcome.COMPLETE)
    move = move_for(
        {"attempt_id": "a", "unit_price": 10, "currency": "EUR"},
        Parsed("answered", "answered", lookups=[lookup], unasked=2),
        {PHONE.e164: 1},
    )
    assert isinstance(move, Settle)
    assert "2 results that nobody asked for" in move.evidence
