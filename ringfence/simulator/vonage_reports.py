"""Vonage's Reports API for Number Insight: a record of each charged lookup, by id or by the time it was received.

Sources: the Reports API reference and specification 2.1.14, and the page on pagination (`TRUNCATED` with a cursor).
What a record holds of a lookup that was not charged, and how soon it is there, is not documented: none here, and at
once. What the records cost is not simulated.
"""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.bill import decimal_text
from ringfence.simulator.credentials import basic
from ringfence.simulator.strictness import Form
from ringfence.simulator.vendor import Answer, Payload

PATH = "/v2/reports/records"
FORMS: Mapping[tuple[str, str], Form] = {
    ("GET", PATH): Form(
        parameters=frozenset({"account_id", "product", "id", "date_start", "date_end", "cursor", "iv"}),
    )
}
_PRODUCT = "NUMBER-INSIGHT"
MOST = 1000
_DAY = 86_400.0
_KEPT = 395 * _DAY
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?(?:[+-]\d\d:?\d\d|Z)", re.ASCII)
_CURSOR = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(slots=True)
class Reports:
    """The records, oldest first; `clock` gives seconds since 1970 UTC."""

    clock: Callable[[], float] = time.time
    _records: deque[tuple[float, Payload]] = field(default_factory=deque)

    def add(self, answer: Answer) -> None:
        """Note a lookup that was charged, with what is left of its price, and drop what is too old to be told."""
        now = self.clock()
        while self._records and self._records[0][0] < now - _KEPT:
            self._records.popleft()
        if not answer.charges:
            return
        total = sum(charge.price.amount for charge in answer.charges)
        charge, told = answer.charges[0], _facts(answer)
        carrier = told.get("current_carrier") or {}
        record = {
            "account_id": "abcdef01",
            "request_id": answer.request_id,
            "product_type": "HLR-LOOKUP" if charge.product.startswith("advanced") else charge.product.upper(),
            "number": charge.number.removeprefix("+"),
            "date_received": _text(now),
            "status": "Success",
            "response_code": str(told.get("status", 0)),
            "network": carrier.get("network_code"),
            "network_name": carrier.get("name"),
            "network_type": carrier.get("network_type"),
            "country": told.get("country_code"),
            "country_name": told.get("country_name"),
            "valid": told.get("valid_number"),
            "ported": told.get("ported"),
            "reachable": told.get("reachable"),
            "first_name": told.get("first_name"),
            "last_name": told.get("last_name"),
            "currency": charge.price.currency,
            # A JSON number, as the vendor writes it: the shortest text of a double has every digit of nanos.
            "total_price": float(decimal_text(total)),
        }
        self._records.append((now, record))

    def clear(self) -> None:
        """Forget the records."""
        self._records.clear()

    def answer(self, request: Request, refusal: Callable[[int], Answer]) -> Answer:
        """The records that a request chooses, or its refusal."""
        query = request.query_params
        if not basic(request.headers.get("authorization", "")):
            return refusal(401)
        ends = [_moment(query.get(name)) for name in ("date_start", "date_end")]
        by_id, by_time = "id" in query, None not in ends
        cursor = query.get("cursor", "0")
        if query.get("product") != _PRODUCT or by_id == by_time or not _CURSOR.fullmatch(cursor):
            return refusal(422)
        if by_id:
            wanted = set(query["id"].split(","))
            found = [record for _, record in self._records if record["request_id"] in wanted]
            missing = sorted(wanted - {record["request_id"] for record in found})
            return _report(found, 0, {"ids_not_found": ",".join(missing)} if missing else {})
        since, until = (end or 0.0 for end in ends)
        if not 0 <= until - since <= _DAY:
            return refusal(422)
        return _report([record for at, record in self._records if since <= at < until], int(cursor), {})


def _report(found: list[Payload], start: int, more: Payload) -> Answer:
    page, request_id = found[start : start + MOST], str(uuid4())
    head: Payload = {"request_id": request_id, "request_status": "SUCCESS", "received_at": _text(time.time())}
    if start + MOST < len(found):
        head |= {"request_status": "TRUNCATED", "cursor": str(start + MOST), "iv": uuid4().hex}
    told = {"price": 0.0, "currency": "EUR", "product": _PRODUCT, "items_count": len(page), "records": page}
    return Answer(200, head | told | more, request_id)


def _facts(answer: Answer) -> Mapping[str, Any]:
    """What was looked up: in the answer, or in the callback that follows it."""
    for callback in answer.later:
        if callback.content_type == "application/json":
            found: Mapping[str, Any] = json.loads(callback.body)
            return found
    return answer.payload


def _moment(text: str | None) -> float | None:
    if text is None or not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
