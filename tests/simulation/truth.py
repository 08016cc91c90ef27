"""What a provider answers about one number that is asked alone and without any fault: what a published row must say."""

import json
import random
from functools import cache
from typing import Any

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Ask
from ringfence.providers.registry import provider
from tests.simulation.script import KINDS
from tests.simulation.vendors import Taken, Vendors
from tests.simulation.wire import dress_of

COLUMNS = ("outcome", "validity", "validity_basis", "current_carrier_mccmnc", "current_carrier_name", "ported")
Facts = tuple[str, ...]


@cache
def truth(name: str, product: str, number: str) -> Facts | None:
    """What such a row says in `COLUMNS`; None where the provider says nothing of the number."""
    kind, phones = provider(name), [Phone(number)]
    options = {option: values[0] for option, values in kind.options.items()}
    request = dress_of(name).put_on(kind.request(Ask(product, phones, "", "http://127.0.0.1:1", options)), None)
    request.read()
    vendors = Vendors(random.Random(0), sorted({each[0] for each in KINDS}), lambda: 0.0)
    exchange, _ = vendors.take(Taken("alone", name, product, ""), request)
    if not isinstance(exchange, Reply):
        raise TypeError(json.dumps(exchange.reason))
    lookups = kind.parse(product, exchange, phones).lookups
    return said(lookups[0]) if lookups else None


def said(lookup: Any) -> Facts:
    """The facts of an answer, as a row has them."""
    carrier = lookup.current_carrier
    told = (lookup.outcome, lookup.validity, lookup.validity_basis, carrier.mccmnc, carrier.name, lookup.ported)
    return tuple("" if each is None else str(each) for each in told)


def published(row: dict[str, Any]) -> Facts:
    """The facts of a published row."""
    return tuple("" if row[name] is None else str(row[name]) for name in COLUMNS)
