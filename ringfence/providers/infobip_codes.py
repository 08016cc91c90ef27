"""Infobip's status and error codes as data: what each (group id, id) says about the number that was asked.

Sources: Infobip OpenAPI 3.210.0 and the page "Response status and error codes". No reading of replies here. Codes
decide and names do not ("OK" and "Ok", ACCEPTED and OK are in use); ids repeat between groups, so the key is both.
`permanent` is not here: it means "sending again fails the same way", and has changed over the years.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ringfence.providers.lookup import Basis, ErrorClass, Outcome, Reachability, Validity
from ringfence.providers.meaning import Meaning

Code = tuple[int, int]


def _failed(error_class: ErrorClass) -> Meaning:
    return Meaning(Outcome.FAILED, error_class)


def _network(validity: Validity, reachability: Reachability = Reachability.UNKNOWN) -> Meaning:
    return Meaning(Outcome.COMPLETE, None, validity, Basis.NETWORK, reachability)


SILENT = Meaning(Outcome.PARTIAL)
_PENDING = Meaning(Outcome.PENDING)
_NO_CREDIT = _failed(ErrorClass.QUOTA_EXHAUSTED)
_NOT_ENABLED = _failed(ErrorClass.NOT_ENABLED)
_BAD_REQUEST = _failed(ErrorClass.BAD_REQUEST)
_PROVIDER_FAULT = _failed(ErrorClass.PROVIDER_ERROR)
_NO_ANSWER = _failed(ErrorClass.NETWORK_ERROR)
_NO_SUCH_NUMBER = Meaning(
    Outcome.REJECTED_NUMBER, None, Validity.INVALID, Basis.NUMBERING_PLAN, Reachability.NOT_APPLICABLE
)
_LISTED = Meaning(Outcome.REJECTED_NUMBER, reachability=Reachability.BLOCKED)

_STATUS_ROWS: tuple[tuple[int, int, str, Meaning], ...] = (
    (0, 0, "MESSAGE_ACCEPTED", _PENDING),
    (1, 1, "PENDING_TIME_VIOLATION", _PENDING),
    (1, 3, "PENDING_WAITING_DELIVERY", _PENDING),
    (1, 7, "PENDING_ENROUTE", _PENDING),
    (1, 26, "PENDING_ACCEPTED", _PENDING),
    # Group 2: the error decides; what stands here holds where the error says nothing.
    (2, 4, "UNDELIVERABLE_REJECTED_OPERATOR", SILENT),
    (2, 9, "UNDELIVERABLE_NOT_DELIVERED", SILENT),
    (2, 31, "UNDELIVERABLE_NOT_SENT", _PROVIDER_FAULT),
    (3, 2, "DELIVERED_TO_OPERATOR", _network(Validity.LIKELY_VALID)),
    (3, 5, "DELIVERED_TO_HANDSET", _network(Validity.VALID, Reachability.REACHABLE)),
    (4, 15, "EXPIRED_EXPIRED", _NO_ANSWER),
    (4, 22, "EXPIRED_UNKNOWN", _NO_ANSWER),
    (4, 29, "EXPIRED_DLR_UNKNOWN", _NO_ANSWER),
    (5, 6, "REJECTED_NETWORK", Meaning(Outcome.NO_COVERAGE)),
    (5, 8, "REJECTED_PREFIX_MISSING", _NO_SUCH_NUMBER),
    (5, 10, "REJECTED_DND", _LISTED),
    (5, 11, "REJECTED_SOURCE", _NOT_ENABLED),
    (5, 12, "REJECTED_NOT_ENOUGH_CREDITS", _NO_CREDIT),
    (5, 13, "REJECTED_SENDER", _NOT_ENABLED),
    (5, 14, "REJECTED_DESTINATION_BLOCKLISTED", _LISTED),
    (5, 16, "REJECTED_NOT_REACHABLE", _NO_ANSWER),
    (5, 17, "REJECTED_PREPAID_PACKAGE_EXPIRED", _NO_CREDIT),
    (5, 18, "REJECTED_DESTINATION_NOT_REGISTERED", _NOT_ENABLED),
    (5, 19, "REJECTED_ROUTE_NOT_AVAILABLE", _NOT_ENABLED),
    (5, 20, "REJECTED_FLOODING_FILTER", _failed(ErrorClass.THROTTLED)),
    (5, 21, "REJECTED_SYSTEM_ERROR", _PROVIDER_FAULT),
    (5, 23, "REJECTED_DUPLICATE_MESSAGE_ID", _BAD_REQUEST),
    (5, 24, "REJECTED_INVALID_UDH", _BAD_REQUEST),
    (5, 25, "REJECTED_MESSAGE_TOO_LONG", _BAD_REQUEST),
    (5, 51, "MISSING_TO", _BAD_REQUEST),
    (5, 52, "REJECTED_DESTINATION", _NO_SUCH_NUMBER),
    (5, 87, "SIGNALS_BLOCKED", _LISTED),
    (5, 100, "UNDELIVERABLE_REJECTED_PLATFORM", _PROVIDER_FAULT),
)
STATUSES: Mapping[Code, Meaning] = MappingProxyType({(group, id_): said for group, id_, _, said in _STATUS_ROWS})
# Replies that carry the names without the ids have been seen.
STATUS_NAMES: Mapping[str, Code] = MappingProxyType({name: (group, id_) for group, id_, name, _ in _STATUS_ROWS})

_ABSENT = _network(Validity.VALID, Reachability.ABSENT)
_BLOCKED = _network(Validity.VALID, Reachability.BLOCKED)
_REACHABLE = _network(Validity.VALID, Reachability.REACHABLE)
_UNDELIVERABLE = _network(Validity.VALID, Reachability.UNDELIVERABLE)
_GONE = _network(Validity.INVALID, Reachability.NOT_APPLICABLE)
_LIKELY_GONE = _network(Validity.LIKELY_INVALID)


def _error_rows() -> Iterator[tuple[Code, Meaning]]:
    for group, said, ids in (
        (0, Meaning(Outcome.PARTIAL, reachability=Reachability.UNDELIVERABLE), (0,)),  # refused, no reason given
        (1, _GONE, (1,)),  # EC_UNKNOWN_SUBSCRIBER
        (1, _ABSENT, (6, 27, 33)),  # EC_ABSENT_SUBSCRIBER(_SM), EC_MESSAGE_WAITING_LIST_FULL
        (1, _BLOCKED, (9, 12, 13, 573)),  # illegal subscriber or equipment, call barred
        (1, _REACHABLE, (31,)),  # EC_SUBSCRIBER_BUSY_FOR_MT_SMS
        (1, _UNDELIVERABLE, (7, 8, 11, 21, 32, *range(256, 263), 565, 581, 628, 629)),  # no service, no memory
        (2, _LIKELY_GONE, (351,)),  # EC_INVALID_DESTINATION_ADDRESS
        (2, _NO_SUCH_NUMBER, (352,)),  # EC_INVALID_REQUEST_DESTINATION: no such country code
        (2, _BLOCKED, (2049,)),  # EC_IMSI_BLACKLISTED
        (2, Meaning(Outcome.PARTIAL, reachability=Reachability.BLOCKED), (2052,)),
        (2, _GONE, (3041,)),  # EC_DEACTIVATED_LIST
        (3, _UNDELIVERABLE, (10, 24, 568)),  # bearer or SMS not provisioned, no radio resource
        (3, _BLOCKED, (15, 566, 569)),  # closed user group, blocked or suspended by the operator
        (3, _LIKELY_GONE, (345,)),  # EC_OPERATOR_NOT_FOUND
        (3, Meaning(Outcome.PARTIAL, reachability=Reachability.BLOCKED), (2050,)),  # the operator's do-not-disturb list
    ):
        yield from (((group, id_), said) for id_ in ids)


# Only the codes that say something of the subscriber; time-outs, routing and message faults (the other hundred) do not.
ERRORS: Mapping[Code, Meaning] = MappingProxyType(dict(_error_rows()))

GROUP_UNDELIVERABLE, GROUP_DELIVERED, GROUP_REJECTED = 2, 3, 5
_NOT_SENT = (GROUP_UNDELIVERABLE, 31)
_NO_ERROR = (0, 0)
_MONTHLY_LIMIT_REACHED = (2, 4099)


def meaning(status: Code | None, error: Code | None) -> Meaning:
    """What a status and its error say together; a status that is not in the table says nothing."""
    if error == _MONTHLY_LIMIT_REACHED:
        return _NO_CREDIT
    if status is None or status not in STATUSES:
        return SILENT
    known = STATUSES[status]
    if status[0] != GROUP_UNDELIVERABLE or error is None or (status == _NOT_SENT and error == _NO_ERROR):
        return known
    return ERRORS.get(error, known)
