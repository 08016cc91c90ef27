"""What Kaleyra says that a batch cost: one number for all of it, in no currency, exact and split without loss.

Source: the page "GET API Lookup", whose sample has `"price": 0.80000000000000004` for four numbers: a binary fraction
printed with seventeen digits. It is read as text and rounded to millionths; no float touches it.
"""

from collections.abc import Sequence
from decimal import Decimal

from ringfence.providers.reading import amount

# Far coarser than the noise of a double, far finer than any price of a lookup.
_MILLIONTH = Decimal("1e-6")


def batch_price(value: object) -> int | None:
    """The price of a batch in nanos, from the text of a JSON number; None for whatever is no amount."""
    return amount(value, _MILLIONTH)


def shares(price: int, parts: int) -> Sequence[int]:
    """A price in so many parts that differ by a nano at most and add up to it, the larger ones first."""
    each, over = divmod(price, parts)
    return [each + (place < over) for place in range(parts)]
