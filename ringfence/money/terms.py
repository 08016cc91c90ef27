"""The conditions of a price: what an answer costs by its network and its outcome where the provider states no price.

They are kept as JSON, `[[mccmnc, outcome, nanos], ...]`: '' is any, and the first that fits an answer holds. Pure
functions; which prices there are is in the rate card.
"""

import json
from collections.abc import Iterable

# Network (MCC and MNC; '' any), outcome ('' any), nanos.
Condition = tuple[str, str, int]


def written(conditions: Iterable[Condition]) -> str | None:
    """The text of these conditions, the more special ones first; None where all of them are the same price."""
    ordered = list(conditions)
    if len({amount for *_, amount in ordered}) < 2:
        return None
    return json.dumps(ordered, separators=(",", ":"))


def price_of(terms: str | None, unit_price: int, *, outcome: str, mccmnc: str | None) -> int:
    """What an answer costs, in nanos; never more than the price in use. A network that is not known fits only any."""
    for network, result, amount in json.loads(terms) if terms else ():
        if network in ("", mccmnc) and result in ("", outcome):
            return min(int(amount), unit_price)
    return unit_price


def lowest(terms: str | None, unit_price: int) -> int:
    """The least that an answer can cost by its conditions, in nanos; one that is not billed costs nothing anyway."""
    return min((int(amount) for *_, amount in json.loads(terms)), default=unit_price) if terms else unit_price
