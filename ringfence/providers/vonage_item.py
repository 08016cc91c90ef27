"""The body of a Number Insight answer as one lookup: whose it is, what its status means, and what it cost.

Source: Vonage's Number Insight reference and specification 1.1.2. Every field but `status` may be missing. The fields
that tell facts are read in `vonage_facts`. KPN sells the same body. No HTTP here, and no privacy rules.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Basis, Billed, ErrorClass, Lookup, Outcome, Reachability, Validity
from ringfence.providers.reading import code, number
from ringfence.providers.vonage_facts import Body, facts, stated, withheld
from ringfence.providers.vonage_price import CURRENCY, charged

# Of 43, 44 and 45 Vonage says "live mobile lookup not returned": billed, with what there is.
_SUCCESS, _WITHOUT_LIVE_LOOKUP = 0, frozenset({43, 44, 45})
WITH_FACTS = frozenset({_SUCCESS, *_WITHOUT_LIVE_LOOKUP})
_INVALID, _INTERNAL, _UNPARSEABLE = 3, 5, 999
# The statuses that answer for a number: with facts, or with a failure that is not billed.
SETTLED = frozenset({*WITH_FACTS, _INVALID, _INTERNAL, _UNPARSEABLE})
# `lookup_outcome`: 1 is partial, and 2 that nothing could be determined, for which the price is given back.
_WHOLE, _FAILED = 0, 2
_NUMBER_FORMAT = re.compile(r"number\s+format", re.IGNORECASE)


def about(body: Body, asked: Sequence[Phone]) -> Phone | None:
    """Which of the numbers that were asked the body is about; where it names none, the only one."""
    named = body.get("international_format_number")
    if stated(named) is None:
        return asked[0] if len(asked) == 1 else None
    return next((phone for phone in asked if phone.digits == number(named)), None)


def lookup(body: Body, status: int, product: str, phone: Phone) -> Lookup:
    """Read a body whose status is of `SETTLED`."""
    sent = body.get("lookup_outcome")
    outcome = _WHOLE if stated(sent) is None else code(sent)
    if status not in WITH_FACTS:
        read = _failure(body, status, phone)
    elif outcome == _FAILED:
        read = Lookup(phone=phone, outcome=Outcome.NO_DATA)
    else:
        read = facts(body, product, phone, whole=status == _SUCCESS and outcome == _WHOLE)
    raw = str(status) if stated(sent) is None else f"{status}/{'?' if outcome is None else outcome}"
    return replace(_paid(read, body), raw_status=raw)


def _paid(read: Lookup, body: Body) -> Lookup:
    """The lookup with what it cost: where no price is stated, as in a basic body, list price holds."""
    charge = charged(body)
    price, refund = charge.price, charge.refund
    if read.outcome is Outcome.NO_DATA:
        billed = Billed.REFUNDED
        price = refund = price or 0
    elif read.outcome in (Outcome.FAILED, Outcome.REJECTED_NUMBER) and not charge.net:
        return replace(read, billed=Billed.NO)
    else:
        billed = Billed.REFUNDED if refund and not charge.net else Billed.YES
    return replace(read, billed=billed, price=price, refund=refund, currency=None if price is None else CURRENCY)


def _failure(body: Body, status: int, phone: Phone) -> Lookup:
    """Status 3 is about the number where its text says so, and about the request else."""
    texts = (body.get("status_message"), body.get("error_text"))
    if status == _INVALID and any(isinstance(each, str) and _NUMBER_FORMAT.search(each) for each in texts):
        return Lookup(
            phone=phone,
            outcome=Outcome.REJECTED_NUMBER,
            validity=Validity.INVALID,
            validity_basis=Basis.NUMBERING_PLAN,
            reachability=Reachability.UNKNOWN if withheld(body) else Reachability.NOT_APPLICABLE,
        )
    error = ErrorClass.PROVIDER_ERROR if status == _INTERNAL else ErrorClass.BAD_REQUEST
    return Lookup(phone=phone, outcome=Outcome.FAILED, error_class=error)
