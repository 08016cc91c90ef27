"""A Number Insight answer in the words that KPN's definition has, where it has fewer than Vonage's."""

from dataclasses import replace
from typing import Any

from ringfence.simulator.vendor import Answer

# KPN's definition knows no `inferred` words: what Vonage has only inferred is not known there.
_VALID = {"inferred": "unknown", "inferred_not_valid": "unknown"}
_MONEY = ("request_price", "refund_price", "remaining_balance")


def in_kpns_words(answer: Answer) -> Answer:
    """The answer with no null, with `roaming` always as an object, and with prices as numbers in every other one.

    The definition types prices as numbers, its examples show strings. What Vonage calls back stays in Vonage's words.
    """
    payload = {key: _plain(value) for key, value in answer.payload.items() if key != "real_time_data"}
    if "roaming" in payload and not isinstance(payload["roaming"], dict):
        payload["roaming"] = {"status": "unknown"}
    if "valid_number" in payload:
        payload["valid_number"] = _VALID.get(payload["valid_number"], payload["valid_number"])
    if answer.numbers and answer.numbers[0][-1] in "02468":
        payload |= {key: float(payload[key]) for key in _MONEY if key in payload}
    return replace(answer, payload=payload)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return "unknown" if value in (None, "null") else value
