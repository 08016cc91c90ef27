"""One result of Messente: what it says of a number, and what of it may be kept.

Sources: the tutorial "Number Lookup API" (ONLINE, OFFLINE), the SDK's model SyncNumberLookupResult (true, false) and
RingCentral's copy of the documentation (ON, OFF, `type`). No batches and no HTTP here, and no privacy rules.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ringfence.numbers.phone import Phone
from ringfence.numbers.reading import readings
from ringfence.providers.batch_privacy import words_of
from ringfence.providers.lookup import (
    Basis,
    Carrier,
    ErrorClass,
    LineType,
    Lookup,
    Outcome,
    Ported,
    Reachability,
    Roaming,
    Validity,
)
from ringfence.providers.meaning import Meaning
from ringfence.providers.network import carrier
from ringfence.providers.reading import code, field, flag, text, word
from ringfence.providers.withholding import cut_values

Item = Mapping[str, Any]


def _network(validity: Validity, reachability: Reachability = Reachability.UNKNOWN) -> Meaning:
    return Meaning(Outcome.COMPLETE, None, validity, Basis.NETWORK, reachability)


_SILENT = Meaning(Outcome.PARTIAL)
_FAILED = Meaning(Outcome.FAILED, ErrorClass.PROVIDER_ERROR)
_ONLINE = _network(Validity.VALID, Reachability.REACHABLE)
_OFFLINE = _network(Validity.VALID, Reachability.ABSENT)
_INVALID = _network(Validity.INVALID, Reachability.NOT_APPLICABLE)
# Live toll-free numbers that take no messages have been seen as INVALID.
_INVALID_TOLL_FREE = Meaning(
    Outcome.COMPLETE, None, Validity.LIKELY_INVALID, Basis.INFERRED, Reachability.NOT_APPLICABLE
)
# What is kept in the place of ONLINE and OFFLINE where reachability may not be.
ONLINE_OR_OFFLINE = "ONLINE_OR_OFFLINE"
WITHHELD = "WITHHELD"
# The SDK's `true` and `false` are what YAML makes of ON and OFF.
STATUSES: Mapping[str, Meaning] = MappingProxyType(
    {
        **dict.fromkeys(("ONLINE", "ON", "TRUE"), _ONLINE),
        **dict.fromkeys(("OFFLINE", "OFF", "FALSE"), _OFFLINE),
        "INVALID": _INVALID,
        "UNKNOWN": _SILENT,
        ONLINE_OR_OFFLINE: _network(Validity.VALID),
    }
)
_PORTED = {True: Ported.PORTED, False: Ported.NOT_PORTED, None: Ported.UNKNOWN}
_LINE_TYPES = {"MOBILE": LineType.MOBILE, "LANDLINE": LineType.LANDLINE}

# What the names of the rules are called in a reply; of the first three none is documented.
WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "imsi": frozenset({"imsi"}),
        "serving_msc": frozenset({"msc"}),
        "caller_name": frozenset({"callername", "cnam"}),
        "roaming": frozenset({"roaming"}),
        "reachability": frozenset({"status", "error"}),
    }
)
# All that is kept of a result beside its status when reachability may not be: not roaming is known only of a handset
# that is online.
_APART_FROM_REACHABILITY = ("number", "currentNetwork", "ported", "portedNetwork", "originalNetwork", "type")


def lookup(item: Item, phone: Phone) -> Lookup:
    """Read a result. Its booleans count only where the network knows the subscriber; nothing tells what is billed."""
    status = _status(item)
    read = _meaning(item, status, phone)
    known = read.validity is Validity.VALID
    roaming = _roaming(item, read)
    answered = read is not _FAILED
    return Lookup(
        phone=phone,
        outcome=read.outcome,
        error_class=read.error_class,
        validity=read.validity,
        validity_basis=read.basis,
        reachability=read.reachability,
        ported=_PORTED[flag(item.get("ported")) if known else None],
        roaming=roaming,
        line_type=_LINE_TYPES.get((text(item.get("type")) or "").upper() if answered else "", LineType.UNKNOWN),
        current_carrier=_current(item) if answered else Carrier(),
        original_carrier=_carrier(item, "originalNetwork") if answered else Carrier(),
        roaming_carrier=_carrier(item, "roamingNetwork") if roaming is Roaming.ROAMING else Carrier(),
        raw_status=status if status and word(status.upper()) else None,
        raw_error=_raw_error(item.get("error")),
    )


def kept(item: Item, names: frozenset[str]) -> Item:
    """What may be kept of a result when the rules forbid these names."""
    rest: Item = cut_values(item, words_of(WORDS, names), lambda _word, _value: None)
    if "reachability" not in names:
        return rest
    apart = {key: rest[key] for key in _APART_FROM_REACHABILITY if key in rest}
    status = (_status(item) or "").upper()
    if not status:
        return {**apart, "error": WITHHELD} if item.get("error") else apart
    # INVALID and UNKNOWN tell nothing of a handset; a word that is not documented might.
    told = status if status in ("INVALID", "UNKNOWN") else ONLINE_OR_OFFLINE if status in STATUSES else WITHHELD
    return {**apart, "status": told}


def _status(item: Item) -> str | None:
    """The status as sent, a JSON boolean as its word; None where none was sent."""
    sent = item.get("status")
    return str(sent).lower() if isinstance(sent, bool) else text(sent)


def _meaning(item: Item, status: str | None, phone: Phone) -> Meaning:
    if status is None:
        return _FAILED if item.get("error") else _SILENT
    read = STATUSES.get(status.upper(), _SILENT)
    return _INVALID_TOLL_FREE if read is _INVALID and _is_toll_free(phone) else read


def _is_toll_free(phone: Phone) -> bool:
    return any(reading.line_type == "toll_free" for reading in readings([(phone.e164, None)]).values())


def _roaming(item: Item, read: Meaning) -> Roaming:
    """An absent handset has no network that serves it, so that its `false` says nothing."""
    sent = flag(item.get("roaming"))
    if sent and read.validity is Validity.VALID:
        return Roaming.ROAMING
    return Roaming.NOT_ROAMING if sent is False and read is _ONLINE else Roaming.UNKNOWN


def _current(item: Item) -> Carrier:
    """The ported network, unless the number is not ported or the network is not named; then the current one.

    A ported number has been seen with null as its ported and its original network.
    """
    ported = _carrier(item, "portedNetwork") if flag(item.get("ported")) is not False else Carrier()
    return ported if ported.name or ported.mccmnc else _carrier(item, "currentNetwork")


def _carrier(item: Item, which: str) -> Carrier:
    return carrier(*(field(item, which, key) for key in ("networkName", "mccmnc", "countryCode")))


def _raw_error(error: object) -> str | None:
    """The code of an error, or the code word that it is; its sentence stays in the reply."""
    sent = error.get("code") if isinstance(error, Mapping) else error
    number = code(sent)
    return word(sent) if number is None else str(number)
