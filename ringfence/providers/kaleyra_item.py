"""One result of Kaleyra: what it says of a number.

Source: the page "GET API Lookup", of whose sample only country, country_code, current_mcc, current_mnc,
current_operator and original_mcc are known; original_mnc and original_operator are taken to be there by symmetry. The
page promises line type and roaming too, under names that are not known: both stay unknown. No envelope and no HTTP
here, and no privacy rules.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ringfence.numbers.phone import Phone
from ringfence.providers import e212
from ringfence.providers.iso3166 import alpha2
from ringfence.providers.lookup import Basis, Carrier, Lookup, Outcome, Ported, Reachability, Validity
from ringfence.providers.meaning import Meaning
from ringfence.providers.network import carrier
from ringfence.providers.reading import text, word

Item = Mapping[str, Any]

# A lookup_id is the id of the batch and a place in it: "...:1". No length is documented.
LONGEST_ID = 128
FIELDS = tuple(f"{which}_{part}" for which in ("current", "original") for part in ("mcc", "mnc", "operator"))
# Not seen in a lookup: codes of Kaleyra's delivery reports for text messages, and of the lookup before this one.
AWAITED, UNKNOWN_SUBSCRIBER, HANDSET_OFF = "AWAITED-DLR", "INVALID-SUB", "MOB-OFF"
STATUSES: Mapping[str, Meaning] = MappingProxyType(
    {
        UNKNOWN_SUBSCRIBER: Meaning(
            Outcome.COMPLETE, None, Validity.INVALID, Basis.NETWORK, Reachability.NOT_APPLICABLE
        ),
        HANDSET_OFF: Meaning(Outcome.COMPLETE, None, Validity.VALID, Basis.NETWORK, Reachability.ABSENT),
    }
)
# A network that has the number does not prove a subscriber behind it.
_ON_A_NETWORK = Meaning(Outcome.COMPLETE, None, Validity.LIKELY_VALID, Basis.INFERRED)


def is_final(item: Item) -> bool:
    """Whether a result says anything of a number yet: it has fields of a network, though empty, or a known status."""
    status = _status(item)
    return status != AWAITED and (status in STATUSES or any(name in item for name in FIELDS))


def lookup(item: Item, phone: Phone) -> Lookup:
    """Read a result; an empty string is not known. Whether the number was ported is told by its two networks."""
    status = _status(item)
    read = STATUSES.get(status or "") or _meaning(item)
    current, original = _network(item, "current"), _network(item, "original")
    return Lookup(
        phone=phone,
        outcome=read.outcome,
        validity=read.validity,
        validity_basis=read.basis,
        reachability=read.reachability,
        ported=Ported.UNKNOWN if read.validity is Validity.INVALID else _ported(current, original),
        current_carrier=current,
        original_carrier=original,
        result_ref=text(item.get("lookup_id"), LONGEST_ID),
        raw_status=status if status in (*STATUSES, AWAITED) else word(status),
    )


def rejected(phone: Phone) -> Lookup:
    """A number that was counted as invalid and has no result: nobody's network was asked."""
    return Lookup(
        phone=phone,
        outcome=Outcome.REJECTED_NUMBER,
        validity=Validity.INVALID,
        validity_basis=Basis.NUMBERING_PLAN,
        reachability=Reachability.NOT_APPLICABLE,
    )


def _status(item: Item) -> str | None:
    return (text(item.get("status")) or "").upper() or None


def _meaning(item: Item) -> Meaning:
    if _mcc(item.get("current_mcc")):
        return _ON_A_NETWORK
    blank = [item[name] in (None, "") for name in FIELDS if name in item]
    return Meaning(Outcome.NO_DATA if blank and all(blank) else Outcome.PARTIAL)


def _network(item: Item, which: str) -> Carrier:
    """The network with the country of its MCC, else the one that is stated for the number."""
    name, mcc, mnc = item.get(f"{which}_operator"), _mcc(item.get(f"{which}_mcc")), _mnc(item.get(f"{which}_mnc"))
    land = e212.country(mcc) or (alpha2(item.get("country")) if mcc or text(name) else None)
    return carrier(name, mcc + mnc if mcc and mnc else None, land)


def _mcc(value: object) -> str | None:
    sent = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    return sent if sent and re.fullmatch(r"[1-9]\d\d", sent, re.ASCII) else None


def _mnc(value: object) -> str | None:
    """Two or three digits. A number, not a text, may have lost a zero in front, unless it has three."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 100 <= value <= 999 else None
    sent = text(value)
    return sent if sent and re.fullmatch(r"\d{2,3}", sent, re.ASCII) else None


def _ported(current: Carrier, original: Carrier) -> Ported:
    if not current.mccmnc or not original.mccmnc:
        return Ported.UNKNOWN
    return Ported.LIKELY_NOT_PORTED if current.mccmnc == original.mccmnc else Ported.LIKELY_PORTED
