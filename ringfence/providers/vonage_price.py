"""What a Number Insight body says that it cost, and what is left on the account: exact, in nanos of EUR.

Vonage sends decimal strings of varying scale, KPN sends JSON numbers, which `reading.read_exact` leaves as their
text. No float touches them. A price that is stated and cannot be read is told apart from one that is not stated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringfence.money.amount import Money
from ringfence.providers.reading import amount, field, is_stated

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Charge:
    """A price, None where none is stated, and what of it is given back; both in nanos.

    `unreadable`: what is stated says no amount, or gives back more than was asked, so that nothing may settle with it.
    """

    price: int | None
    refund: int | None
    unreadable: bool = False

    @property
    def net(self) -> int:
        """What is left to pay of the stated price; 0 where none is."""
        return (self.price or 0) - (self.refund or 0)


def charged(body: Mapping[str, Any]) -> Charge:
    """The price and its refund; a refund without a price is of nothing."""
    sent = (body.get("request_price"), body.get("refund_price"))
    price, refund = map(amount, sent)
    if any(is_stated(each) and read is None for each, read in zip(sent, (price, refund), strict=True)):
        return Charge(None, None, unreadable=True)
    if price is None or refund is None:
        return Charge(price, None)
    return Charge(price, refund) if refund <= price else Charge(None, None, unreadable=True)


def balance(body: object) -> Money | None:
    """What is left on the account (`remaining_balance`); None where none, or a debt, is stated."""
    left = amount(field(body, "remaining_balance"))
    return None if left is None else Money(left, CURRENCY)
