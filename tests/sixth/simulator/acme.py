"""Acme's double: every third number has no answer before its batch was asked for twice, every tenth never has one."""

import json
from collections.abc import Callable, Mapping
from typing import ClassVar
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import Account, Charge, Price, Prices
from ringfence.simulator.credentials import good
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer, Payload, Vendor


class Acme(Vendor):
    """`POST /v1/now`, `POST /v1/soon` and `GET /v1/batches/<id>`."""

    name: ClassVar[str] = "acme"
    port_offset: ClassVar[int] = 40
    list_prices: ClassVar[Prices] = {"now": Price(3_000_000, "EUR"), "soon": Price(1_000_000, "EUR")}
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]] = {}
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]] = {}

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        self._account = account
        self._batches: dict[str, list[str]] = {}
        self._asked: dict[str, int] = {}

    def answer(self, request: Request, body: bytes) -> Answer:
        """Answer, accept, or tell of a batch."""
        request_id = str(uuid4())
        if not good(request.headers.get("x-acme-key", "")):
            return self.refusal(401)
        if request.method == "GET":
            batch = request.url.path.rpartition("/")[2]
            self._asked[batch] = self._asked.get(batch, 0) + 1
            told = [one for one in self._batches[batch] if _ready(one, self._asked[batch])]
            return Answer(200, {"results": [self._item(one, "soon") for one in told]}, request_id)
        numbers: list[str] = json.loads(body)["numbers"]
        product = request.url.path.rpartition("/")[2]
        asked = tuple(f"+{one}" for one in numbers)
        charges = tuple(Charge(product, one, self._account.prices[product]) for one in asked)
        if product == "soon":
            self._batches[request_id] = numbers
            return Answer(200, {"batch": request_id}, request_id, asked, charges)
        return Answer(200, {"results": [self._item(one, product) for one in numbers]}, request_id, asked, charges)

    def refusal(self, status: int) -> Answer:
        """An empty document."""
        return Answer(status, {}, str(uuid4()))

    def _item(self, number: str, product: str) -> Payload:
        cost = self._account.prices[product].amount / 1e9
        return {"number": number, "reachable": int(number) % 2 == 0, "network": "20408", "cost": cost}


def _ready(number: str, times: int) -> bool:
    return int(number) % 10 != 9 and (int(number) % 3 != 0 or times > 2)


VENDOR = Acme
