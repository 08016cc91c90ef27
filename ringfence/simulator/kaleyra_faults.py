"""The faults that need Kaleyra's words: results changed, details that never come.

Counts and price stay those of what was asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ringfence.simulator.kaleyra_items import FIELDS, pending
from ringfence.simulator.vendor import Answer, Payload

# Outside every country's numbering plan (+882 is shared by international networks), so that nobody has asked for it.
_UNASKED = "88299900000001"
# A network that there is not: the test network of ITU-T E.212.
_ELSEWHERE = {"current_mcc": "001", "current_mnc": "01"}


def _changed(payload: Payload, change: Callable[[list[Payload]], list[Payload]]) -> Payload:
    if isinstance(payload["data"], dict):
        return payload | {"data": payload["data"] | {"data": change(payload["data"]["data"])}}
    return payload | {"data": change(payload["data"])}


def _each(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    return _changed(payload, lambda results: [change(result) for result in results])


def _more(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    """The payload with a changed copy of its first result, where it has one."""
    return _changed(payload, lambda results: [*results, *map(change, results[:1])])


def _contrary(result: Payload) -> Payload:
    """The same number on another network; accepted as another lookup where there are no networks yet."""
    if "current_mcc" in result:
        return result | _ELSEWHERE
    return result | {"lookup_id": f"{result['lookup_id']}0"}


def _drifted(result: Payload) -> Payload:
    """Numbers for strings, strings for numbers, null for nothing; an MNC, which may begin with zero, stays a string."""
    codes = {key: int(result[key]) for key in ("current_mcc", "original_mcc") if result.get(key)}
    empty = {key: None for key in FIELDS if result.get(key) == ""}
    called = {"country_code": str(result["country_code"])} if "country_code" in result else {}
    return result | codes | empty | called | {"mobile_number": int(result["mobile_number"])}


def _never(answer: Answer) -> Answer:
    """Details that are never ready; every other answer as it is."""
    payload = answer.payload
    if answer.charges or answer.status != 200:
        return answer
    if isinstance(payload["data"], dict):
        return replace(answer, payload=payload | {"data": pending(payload["data"])})
    return replace(answer, payload=_each(payload, pending))


def _failing(payload: Payload) -> Payload:
    """A code that nobody knows in the place of the one of success."""
    if isinstance(payload["data"], dict):
        return payload | {"data": payload["data"] | {"code": "LKP999"}}
    return payload | {"code": "LKP999"}


DISTORTIONS: Mapping[str, Callable[[Payload], Payload]] = {
    "reordered": lambda payload: _changed(payload, lambda results: results[::-1]),
    "one_missing": lambda payload: _changed(payload, lambda results: results[:-1]),
    "one_twice": lambda payload: _more(payload, lambda result: result),
    "one_conflicting": lambda payload: _more(payload, _contrary),
    "one_unasked": lambda payload: _more(payload, lambda result: result | {"mobile_number": _UNASKED}),
    "echo_plus": lambda payload: _each(payload, lambda each: each | {"mobile_number": f"+{each['mobile_number']}"}),
    "echo_double_zero": lambda payload: _each(
        payload, lambda each: each | {"mobile_number": f"00{each['mobile_number']}"}
    ),
    "unknown_status": _failing,
    "drifted_types": lambda payload: _each(payload, _drifted),
}
REWORDINGS: Mapping[str, Callable[[Answer], Answer]] = {"not_ready_ever": _never}
