"""One ASGI application per provider port over one shared state: the bill, the record of requests, the scenario.

Beside the provider's own paths every port serves, without credentials:

    GET  /_simulator/charges[?detail=0]   the bill, one row per charge; only the totals
    GET  /_simulator/requests             every request to a provider, refused and dropped ones included
    GET  /_simulator/callbacks            every callback to the customer, lost and refused ones included
    POST /_simulator/reset                forgets all three, and lets the scenario begin again; the seed stays
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from time import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ringfence.simulator.bill import Account, Bill, Prices, now
from ringfence.simulator.callbacks import Callbacks
from ringfence.simulator.faults import CALLBACKS, DIALECTS
from ringfence.simulator.journeys import Habits
from ringfence.simulator.scenario import Rule, Scenario
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer, Callback, Vendor
from ringfence.simulator.wire import hang_up, reply

_WITHOUT_STATUS = {"drop_unread", "drop_unanswered", "not_http"}


class World:
    """What all ports share: the truth, what goes wrong, the bill, what came in and what is sent out by itself."""

    def __init__(self, seed: int, scenario: Scenario, latency: float, habits: Habits, *, strict: bool) -> None:
        self.subscribers = Subscribers(seed)
        self.scenario = scenario
        self.latency = latency
        self.strict = strict
        self.bill = Bill()
        self.callbacks = Callbacks(seed, habits)
        self.requests: list[dict[str, Any]] = []
        self._vendors: list[Vendor] = []

    def app(self, vendor: type[Vendor], prices: Prices) -> ASGIApp:
        """The application of one provider's port."""
        one = vendor(self.subscribers, Account(vendor.name, prices, self.bill))
        self._vendors.append(one)
        return Starlette(
            routes=[
                Route("/_simulator/charges", self._charges),
                Route("/_simulator/requests", self._requests),
                Route("/_simulator/callbacks", self._callbacks),
                Route("/_simulator/reset", self._reset, methods=["POST"]),
                Mount("", app=_Port(self, one)),
            ]
        )

    def record(self, vendor: Vendor, request: Request, answer: Answer | None, status: int | None) -> None:
        """Note a request; the status is None when no status line left."""
        self.requests.append(
            {
                "provider": vendor.name,
                "method": request.method,
                "path": request.url.path,
                "numbers": answer.numbers if answer else (),
                "status": status,
                "request_id": answer.request_id if answer else None,
                "x_request_id": request.headers.get("x-request-id"),
                "at": now(),
            }
        )

    async def _charges(self, request: Request) -> JSONResponse:
        totals = {"totals": self.bill.totals()}
        return JSONResponse(
            totals if request.query_params.get("detail") == "0" else {"charges": self.bill.rows(), **totals}
        )

    async def _requests(self, _: Request) -> JSONResponse:
        return JSONResponse({"requests": self.requests})

    async def _callbacks(self, _: Request) -> JSONResponse:
        return JSONResponse({"callbacks": self.callbacks.rows()})

    async def _reset(self, _: Request) -> JSONResponse:
        await self.callbacks.clear()
        self.bill.clear()
        self.requests.clear()
        for vendor in self._vendors:
            vendor.reset()
        self.scenario.restart()
        return JSONResponse({})


class _Port:
    """Everything on a provider's port that is the provider's: answer, charge, record, and then the fault."""

    def __init__(self, world: World, vendor: Vendor) -> None:
        self._world = world
        self._vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        rule = self._world.scenario.next(self._vendor.name)
        if rule and rule.fault == "drop_unread":
            self._world.record(self._vendor, request, None, None)
            await hang_up(scope, receive, by=rule.by)
            return
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        answer = self._answer(request, body, rule)
        billed = rule is None or self._bills(rule)
        # Charged before any delay: a client that no longer waits has still been answered.
        if billed:
            self._world.bill.add(self._vendor.name, answer.request_id, answer.charges)
            self._vendor.billed(answer)
        later = answer.later if billed else ()
        if rule:
            answer = self._distorted(answer, rule)
        dropped = rule is not None and rule.fault in _WITHOUT_STATUS
        self._world.record(self._vendor, request, answer, None if dropped else answer.status)
        if rule and rule.fault == "callback_early":
            await self._world.callbacks.send_early(self._vendor, later)
            later = ()
        await asyncio.sleep(self._world.latency + (rule.seconds if rule and rule.fault == "late" else 0))
        try:
            await reply(scope, receive, send, answer=answer, rule=rule)
        finally:
            # What was accepted is answered, also to a client that never saw the acknowledgement.
            self._call_back(later, rule)

    def _answer(self, request: Request, body: bytes, rule: Rule | None) -> Answer:
        """What the vendor says, in the words of a fault that changes more than what is said."""
        complaint = self._vendor.strict(request, body) if self._world.strict else None
        if complaint:
            refused = self._vendor.refusal(400)
            return replace(refused, headers={**refused.headers, "x-simulator-complaint": complaint})
        answer = self._vendor.answer(request, body)
        reworded = self._vendor.rewordings.get(rule.fault) if rule else None
        return reworded(answer) if reworded else answer

    def _call_back(self, later: Sequence[Callback], rule: Rule | None) -> None:
        fault = rule.fault if rule and rule.fault in CALLBACKS else ""
        late = rule.seconds if rule and fault == "callback_late" else 0.0
        self._world.callbacks.call_back(self._vendor, later, fault, late)

    def _bills(self, rule: Rule) -> bool:
        """What the rule says, else as the vendor does: its refusals are free."""
        return rule.fault not in self._vendor.refusals if rule.billed is None else rule.billed

    def _distorted(self, answer: Answer, rule: Rule) -> Answer:
        """The answer in the words of a fault; what was asked and under which id stays."""
        if rule.fault == "status":
            refusal = self._vendor.refusal(rule.status)
            headers = {**refusal.headers, **_retry_after(rule)}
            return replace(answer, status=refusal.status, payload=refusal.payload, headers=headers)
        if rule.fault in self._vendor.refusals and answer.numbers:
            status, payload = self._vendor.refusals[rule.fault]
            return replace(answer, status=status, payload=payload)
        # A refusal has no results to distort; a dialect is spoken in refusals too.
        distortion = self._vendor.distortions.get(rule.fault)
        if distortion and (answer.charges or rule.fault in DIALECTS):
            return replace(answer, payload=distortion(answer.payload))
        return answer


def _retry_after(rule: Rule) -> Mapping[str, str]:
    if rule.retry_after_date is not None:
        return {"retry-after": formatdate(time() + rule.retry_after_date, usegmt=True)}
    return {"retry-after": rule.retry_after} if rule.retry_after is not None else {}
