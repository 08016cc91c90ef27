"""What Kaleyra says that a batch cost: one number for all of it, in no currency, exact and split without loss.

Source: the page "GET API Lookup", whose sample has `"price": 0.80000000000000004` for four numbers: a binary fraction
printed with seventeen digits. It is read as text and rounded to millionths; no float touches it.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from ringfence.money.amount import LARGEST

_AMOUNT = re.compile(r"\d{1,9}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
# Far coarser than the noise of a double, far finer than any price of a lookup.
_MILLIONTH = Decimal("1e-6")
# Holds every amount of this form without rounding it before the millionths.
_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)


def stated(value: object) -> bool:
    """Whether a price is told at all: null and empty texts tell none."""
    return value is not None and not (isinstance(value, str) and value.strip().lower() in ("", "null"))


def batch_price(value: object) -> int | None:
    """The price of a batch in nanos, from the text of a JSON number; None for whatever is no amount."""
    sent = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(sent, str) or not _AMOUNT.fullmatch(sent.strip()):
        return None
    read = int(Decimal(sent).quantize(_MILLIONTH, context=_EXACT).scaleb(9, context=_EXACT))
    return read if read <= LARGEST else None


def shares(price: int, parts: int) -> Sequence[int]:
    """A price in so many parts that differ by a nano at most and add up to it, the larger ones first."""
    each, over = divmod(price, parts)
    return [each + (place < over) for place in range(parts)]
