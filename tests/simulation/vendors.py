"""The providers, without a network: the simulator's own answers, its own bill, and what may go wrong with either."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
from starlette.requests import Request

from ringfence.http.exchange import Exchange, Failure, Reply
from ringfence.simulator.bill import Account, Bill, Price
from ringfence.simulator.subscribers import Subscriber, Subscribers
from ringfence.simulator.vendor import Answer, Callback, Vendor, vendors
from tests.simulation.script import KINDS

# What may become of a request, with its weight in a seed that has faults; the others are answered as they should be.
UNCHARGED = {"unsent": 3, "lost_before": 4, "throttled": 4, "busy": 2, "refused": 1, "unpaid": 1, "broken_free": 3}
CHARGED = {"lost_after": 5, "cut": 2, "broken": 4, "timeout": 2, "html": 1, "empty": 1}
DISTORTED = {
    **dict.fromkeys(("reordered", "one_missing", "one_twice", "one_unasked", "one_conflicting", "echo_plus"), 2),
    **dict.fromkeys(("drifted_types", "unknown_status", "echo_double_zero"), 1),
}
# Those that change nothing of what is answered about the numbers that were asked.
HARMLESS = frozenset({"", "late", "dearer", "reordered", "one_twice", "echo_plus", "echo_double_zero"})
MENU = {**UNCHARGED, **CHARGED, **DISTORTED, "late": 4, "dearer": 2}
_STATUS = {"throttled": 429, "broken": 503, "broken_free": 500, "refused": 401, "unpaid": 402, "busy": 429}
# A bill above the price in use, in quarters of it, for the products whose every reply says what it cost.
DEARER = 5
# The replies to these only say that they were accepted.
ANSWERED_LATER = frozenset({"lookup", "notify"})
STATES_PRICE = frozenset({"standard", "advanced"})


@dataclass(slots=True)
class Taken:
    """A request that has reached its provider: what it cost number by number, and whether its reply tells all of that.

    `listed` is what it would have cost at the price in use.
    """

    attempt_id: str
    provider: str
    product: str
    fault: str
    charged: dict[str, int] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    answered: bool = False

    @property
    def amount(self) -> int:
        """What was charged for it, in nanos."""
        return sum(self.charged.values())


class _Known(Subscribers):
    """The truth about subscribers, remembered: it is a function of the number."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._found: dict[str, Subscriber] = {}

    def find(self, digits: str) -> Subscriber:
        found = self._found.get(digits)
        if found is None:
            found = self._found[digits] = super().find(digits)
        return found


@cache
def _subscribers() -> Subscribers:
    return _Known(1)


class Vendors:
    """The providers of one simulation. `bill` is theirs alone: nothing of ours writes it."""

    def __init__(self, dice: random.Random, names: Sequence[str], clock: Callable[[], float]) -> None:
        self.bill: list[Taken] = []
        self._dice = dice
        self._balance = Bill()
        kinds = vendors_by_name()
        prices = {name: dict(kinds[name].list_prices) for name in names}
        for name, product, price, _ in KINDS:
            if name in prices:
                prices[name][product] = Price(price, "EUR")
        self._accounts = {name: Account(name, prices[name], self._balance) for name in names}
        self._vendors: dict[str, Vendor] = {name: kinds[name](_subscribers(), self._accounts[name]) for name in names}
        if infobip := self._vendors.get("infobip"):
            infobip._log.clock = clock  # type: ignore[attr-defined]

    def take(self, taken: Taken, request: httpx.Request) -> tuple[Exchange, Sequence[Callback]]:
        """Receive a request, charge it, and say what its sender gets to see of that; the last are callbacks to come."""
        fault, account = taken.fault, self._accounts[taken.provider]
        dear = fault == "dearer" and taken.product in STATES_PRICE
        listed = account.prices
        if dear:
            raised = {name: Price(one.amount * DEARER // 4, one.currency) for name, one in listed.items()}
            account.prices = raised
        answer = self._answer(taken.provider, request)
        account.prices = listed
        if fault in _STATUS:
            refusal = self._vendors[taken.provider].refusal(_STATUS[fault])
            charges = answer.charges if fault == "broken" else ()
            answer = replace(refusal, charges=charges, numbers=answer.numbers)
            if fault == "throttled":
                answer = replace(answer, headers={**answer.headers, "retry-after": str(self._dice.randint(1, 9))})
        for charge in answer.charges:
            amount = charge.price.amount
            taken.charged[charge.number] = taken.charged.get(charge.number, 0) + amount
            taken.listed[charge.number] = taken.listed.get(charge.number, 0) + (
                amount * 4 // DEARER if dear else amount
            )
        if answer.charges:
            self._balance.add(taken.provider, answer.request_id, answer.charges)
        self.bill.append(taken)
        callbacks = answer.later if answer.status == 200 or answer.charges else ()
        return self._seen(taken, answer), callbacks

    def tell(self, name: str, request: httpx.Request, fault: str) -> Exchange:
        """Answer a request that is free."""
        if fault in CHARGED or fault in ("unsent", "lost_before"):
            return Failure("ambiguous", "sent, but ReadError")
        answer = self._answer(name, request)
        if fault in _STATUS:
            answer = self._vendors[name].refusal(_STATUS[fault])
        return _written(answer)

    def _answer(self, name: str, request: httpx.Request) -> Answer:
        scope: dict[str, Any] = {
            "type": "http",
            "method": request.method,
            "path": request.url.path,
            "query_string": request.url.query,
            "headers": [(key.lower(), value) for key, value in request.headers.raw],
        }
        return self._vendors[name].answer(Request(scope), request.read())

    def _seen(self, taken: Taken, answer: Answer) -> Exchange:
        """What of an answer comes back through the network."""
        fault, vendor = taken.fault, self._vendors[taken.provider]
        change = vendor.distortions.get(fault)
        if change and answer.charges:
            answer = replace(answer, payload=change(answer.payload))
        reply = _written(answer)
        if fault in ("lost_after", "timeout"):
            return Failure("ambiguous", "sent, but ReadError")
        if fault == "cut":
            return Failure("ambiguous", "sent, but cut", status=reply.status, body=reply.body[: len(reply.body) // 2])
        if fault == "html":
            return replace(reply, headers={"content-type": "text/html"}, body=b"<html>Gateway</html>")
        if fault == "empty":
            return replace(reply, body=b"")
        at_once = taken.product not in ANSWERED_LATER
        taken.answered = at_once and reply.status == 200 and (fault in HARMLESS or not change)
        return reply


def _written(answer: Answer) -> Reply:
    body = answer.markup(answer.payload) if answer.markup else json.dumps(answer.payload).encode()
    return Reply(answer.status, {"content-type": "application/json", **answer.headers}, body)


@cache
def vendors_by_name() -> dict[str, type[Vendor]]:
    """Every simulated provider."""
    return vendors()
