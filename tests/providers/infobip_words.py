"""Infobip's documents for tests: items, acknowledgements and log entries, in JSON and in XML. All of it is invented."""

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ringfence.numbers.phone import Phone

ONE, TWO, THREE = Phone("+41790000101"), Phone("+31600000202"), Phone("+447400000303")
BULK, IDS = "bulk-1", {ONE: "message-1", TWO: "message-2", THREE: "message-3"}


def item(phone: Phone = ONE, status: tuple[Any, Any] = (3, 5), error: tuple[Any, Any] = (0, 0), **more: Any) -> Any:
    """A result item with these codes."""
    return {
        "to": phone.digits,
        "status": {"groupId": status[0], "id": status[1], "name": "STATUS"},
        "error": {"groupId": error[0], "id": error[1], "name": "ERROR", "permanent": False},
    } | more


def entry(phone: Phone = ONE, status: tuple[int, int] = (3, 5), price: str = "0.01", **more: Any) -> Any:
    """A log entry with this price; `done` is a moment in winter."""
    return (
        item(phone, status)
        | {
            "bulkId": BULK,
            "messageId": IDS[phone],
            "sentAt": "2026-02-24T11:40:30.893+0100",
            "doneAt": "2026-02-24T11:40:30.917+0100",
            "price": {"pricePerLookup": price, "currency": "EUR"},
        }
        | more
    )


def acknowledgement(*phones: Phone, **more: Any) -> dict[str, Any]:
    """What accepts these numbers."""
    pending = {"groupId": 1, "groupName": "PENDING", "id": 3, "name": "PENDING_WAITING_DELIVERY"}
    results = [{"to": phone.digits, "status": pending, "messageId": IDS[phone]} for phone in phones]
    return {"results": results, **({"bulkId": BULK} if len(phones) > 1 else {}), **more}


def as_json(document: Any) -> bytes:
    """The document in JSON."""
    return json.dumps(document).encode()


def as_xml(document: Mapping[str, Any]) -> bytes:
    """The document in XML: a list of results has each in an element `result`."""
    inside = "".join(_element(name, value) for name, value in document.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><response>{inside}</response>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inside = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("result", each) for each in value)
    elif isinstance(value, bool):
        inside = str(value).lower()
    else:
        inside = "" if value is None else escape(str(value))
    return f"<{name}>{inside}</{name}>"
