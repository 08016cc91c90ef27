"""The faults that need Infobip's words, in an answer and in its callbacks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import uuid4

from ringfence.simulator.infobip_items import ERROR, STATUS, rejection
from ringfence.simulator.vendor import Answer, Callback, Payload

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "88299900000001"
_NEW_STATUS = {"groupId": 9, "groupName": "DEFERRED", "id": 9001, "name": "DEFERRED_NEW", "description": "New status"}


def _with(payload: Payload, results: list[Payload]) -> Payload:
    return payload | {"results": results}


def _each(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    return _with(payload, [change(result) for result in payload["results"]])


def _rejected(result: Payload, status: int) -> Payload:
    """What was not looked up; an acknowledgement keeps its id."""
    refused = rejection(result["to"], status)
    return refused | ({"messageId": result["messageId"]} if "messageId" in result else {})


def _contrary(result: Payload) -> Payload:
    """The same number, told to be dead if it was alive, alive if it was not."""
    alive = result["status"] == STATUS[5]
    return result | {"status": STATUS[9 if alive else 5], "error": ERROR[1 if alive else 0, 0]}


def _drifted(result: Payload) -> Payload:
    """Numbers for strings and strings for booleans and numbers."""
    drifted = result | {flag: str(result[flag]).lower() for flag in ("ported", "roaming") if flag in result}
    drifted["status"] = result["status"] | {"id": str(result["status"]["id"])}
    return drifted | ({"mccMnc": int(result["mccMnc"])} if "mccMnc" in result else {})


DISTORTIONS: Mapping[str, Callable[[Payload], Payload]] = {
    "reordered": lambda payload: _with(payload, payload["results"][::-1]),
    "one_missing": lambda payload: _with(payload, payload["results"][:-1]),
    "one_twice": lambda payload: _with(payload, [*payload["results"], payload["results"][0]]),
    "one_conflicting": lambda payload: _with(payload, [*payload["results"], _contrary(payload["results"][0])]),
    "one_unasked": lambda payload: _with(payload, [*payload["results"], payload["results"][0] | {"to": _UNASKED}]),
    "echo_plus": lambda payload: _each(payload, lambda result: result | {"to": "+" + result["to"]}),
    "echo_double_zero": lambda payload: _each(payload, lambda result: result | {"to": "00" + result["to"]}),
    "not_enabled": lambda payload: _each(payload, lambda result: _rejected(result, 19)),
    "no_credit": lambda payload: _each(payload, lambda result: _rejected(result, 12)),
    "unknown_status": lambda payload: _each(payload, lambda result: result | {"status": _NEW_STATUS}),
    "drifted_types": lambda payload: _each(payload, _drifted),
}


def _silent(answer: Answer) -> Answer:
    """What is refused in the acknowledgement is not called back."""
    return replace(answer, later=())


def _forged(answer: Answer) -> Answer:
    """Before each callback two that were never asked for: under another id, and about another number."""
    return replace(answer, later=tuple(each for one in answer.later for each in (*_forgeries(one), one)))


def _forgeries(callback: Callback) -> tuple[Callback, ...]:
    item = rejection(callback.number[1:], 52)
    wrong_id = {"bulkId": str(uuid4()), "results": [item | {"messageId": str(uuid4())}]}
    wrong_number = {"results": [item | {"to": _UNASKED}]}
    return tuple(
        replace(callback, body=json.dumps(body).encode(), content_type="application/json")
        for body in (wrong_id, wrong_number)
    )


REWORDINGS: Mapping[str, Callable[[Answer], Answer]] = {
    "not_enabled": _silent,
    "no_credit": _silent,
    "callback_forged": _forged,
}
