"""Every fault that a scenario can order, and the scenarios that have a name.

What a fault does is in wire.py, and in the vendors where it needs their words.
"""

from typing import Any

# Each with whether the request is charged unless the rule says otherwise; None is as the vendor does.
FAULTS: dict[str, bool | None] = {
    # instead of the answer: an HTTP status, with the vendor's own error document
    "status": False,
    # the connection ends (by: reset | close)
    "drop_unread": False,
    "drop_unanswered": True,
    "drop_after_headers": True,
    "drop_in_body": True,
    "not_http": True,
    # time (seconds)
    "late": True,
    "drip": True,
    # another body, or the same in another dress
    "html": True,
    "empty": True,
    "wrong_type": True,
    "invalid_utf8": True,
    "bom": True,
    "gzip_bomb": True,
    "deep_json": True,
    # in the vendor's own words; without effect where a vendor has no such answer
    "reordered": True,
    "one_missing": True,
    "one_twice": True,
    "one_conflicting": True,
    "one_unasked": True,
    "echo_plus": True,
    "echo_double_zero": True,
    "echo_bare": True,
    "unknown_status": True,
    "drifted_types": True,
    "sdk_dialect": True,
    # a refusal in the vendor's own words, which some say per number and bill
    "not_enabled": None,
    "no_credit": None,
    "throttled": None,
    "too_many": None,
    "internal_error": None,
    # what is told when it is asked for: never
    "not_ready_ever": None,
    # of a gateway before the vendor: a token that is no longer taken, one that cannot be had, a product that the token
    # is not for, a quota that is used up, and the end of an API announced
    "token_expired": None,
    "token_error": None,
    "product_not_in_project": None,
    "quota_used": None,
    "sunset": None,
    # what is sent later, by the vendor itself: never, twice, before its own acknowledgement, late (seconds), beside
    # others that were never asked for, and with nothing determined
    "callback_lost": None,
    "callback_twice": None,
    "callback_early": None,
    "callback_late": None,
    "callback_forged": None,
    "callback_outcome_2": None,
}

# Ways of speaking: refusals are worded in them too.
DIALECTS = {"sdk_dialect"}

# They change nothing of the answer itself.
CALLBACKS = {fault for fault in FAULTS if fault.startswith("callback_")}

SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "chaos": [
        {"when": {"every": 61}, "fault": "drop_after_headers"},
        {"when": {"every": 59}, "fault": "gzip_bomb"},
        {"when": {"every": 53}, "fault": "one_conflicting"},
        {"when": {"every": 47}, "fault": "one_unasked"},
        {"when": {"every": 43}, "fault": "html"},
        {"when": {"every": 41}, "fault": "drop_unread"},
        {"when": {"every": 37}, "fault": "status", "status": 500, "billed": True},
        {"when": {"every": 31}, "fault": "drop_in_body"},
        {"when": {"every": 29}, "fault": "drop_unanswered", "by": "close"},
        {"when": {"every": 23}, "fault": "status", "status": 503},
        {"when": {"every": 19}, "fault": "one_missing"},
        {"when": {"every": 17}, "fault": "unknown_status"},
        {"when": {"every": 13}, "fault": "status", "status": 429, "retry_after": "1"},
        {"provider": "vonage", "when": {"every": 11}, "fault": "throttled"},
        {"provider": "messente", "when": {"every": 11}, "fault": "too_many"},
        {"when": {"every": 11}, "fault": "one_twice"},
        {"when": {"every": 7}, "fault": "drifted_types"},
        {"provider": "messente", "when": {"every": 5}, "fault": "echo_bare"},
        {"when": {"every": 5}, "fault": "echo_plus"},
        {"when": {"every": 3}, "fault": "reordered"},
    ],
    "outage": [{"when": "always", "fault": "status", "status": 503}],
    "no-credit": [{"when": "always", "fault": "no_credit"}],
    "not-enabled": [{"when": "always", "fault": "not_enabled"}],
    "callbacks": [
        {"when": {"every": 19}, "fault": "callback_outcome_2"},
        {"when": {"every": 17}, "fault": "callback_forged"},
        {"when": {"every": 13}, "fault": "callback_early"},
        {"when": {"every": 11}, "fault": "callback_late", "seconds": 2},
        {"when": {"every": 5}, "fault": "callback_twice"},
        {"when": {"every": 4}, "fault": "callback_lost"},
    ],
    "slow": [{"when": "always", "fault": "late", "seconds": 2}],
    # For the vendors' own SDKs: that of Messente refuses the words of Messente's documentation.
    "sdk-dialect": [{"provider": "messente", "when": "always", "fault": "sdk_dialect"}],
}
