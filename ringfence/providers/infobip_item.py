"""One result item of Infobip: what it says of a number.

Source: Infobip OpenAPI 3.210.0, `POST /number/1/query`. No batches and no HTTP here, and no privacy rules.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringfence.numbers.phone import Phone
from ringfence.providers.e212 import country
from ringfence.providers.infobip_codes import (
    GROUP_DELIVERED,
    GROUP_REJECTED,
    GROUP_UNDELIVERABLE,
    SILENT,
    STATUS_NAMES,
    STATUSES,
    Code,
    meaning,
)
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
from ringfence.providers.reading import code, digits, field, flag, text, word

Item = Mapping[str, Any]

# The key of the marker that `infobip_privacy` leaves where a status and an error may not be kept.
WITHHELD = "withheld"
_PORTED = {True: Ported.PORTED, False: Ported.NOT_PORTED, None: Ported.UNKNOWN}
_ROAMING = {True: Roaming.ROAMING, False: Roaming.NOT_ROAMING, None: Roaming.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and an error, read. `network`: the network answered, so that `ported` may be believed."""

    meaning: Meaning
    network: bool = False
    delivered: bool = False
    status: str | None = None
    error: str | None = None
    permanent: str | None = None


def rejected(item: Item) -> bool:
    """Whether an item is of group REJECTED, whatever its id; behind a marker, as far as its outcome tells."""
    if WITHHELD in item:
        read = answer(item).meaning
        accounts = (ErrorClass.QUOTA_EXHAUSTED, ErrorClass.NOT_ENABLED)
        return read.outcome in (Outcome.REJECTED_NUMBER, Outcome.NO_COVERAGE) or read.error_class in accounts
    group = code(field(item, "status", "groupId"))
    named = STATUS_NAMES.get(str(field(item, "status", "name")))
    return (group if group is not None or named is None else named[0]) == GROUP_REJECTED


def lookup(item: Item, phone: Phone) -> Lookup:
    """Read an item. A REJECTED, expired or pending item carries `false` and empty networks, so only its status counts.

    Nothing is documented about what is billed, so `billed` stays unknown.
    """
    found = answer(item)
    read = found.meaning
    ported = _PORTED[flag(item.get("ported")) if found.network else None]
    roaming = _ROAMING[flag(item.get("roaming")) if found.delivered else None]
    current, original = _carriers(item, ported) if found.network else (Carrier(), Carrier())
    return Lookup(
        phone=phone,
        outcome=read.outcome,
        error_class=read.error_class,
        validity=read.validity,
        validity_basis=read.basis,
        reachability=read.reachability,
        ported=ported,
        roaming=roaming,
        line_type=LineType.MOBILE if _is_mobile(item, found) else LineType.UNKNOWN,
        current_carrier=current,
        original_carrier=original,
        roaming_carrier=Carrier(_network_name(item, "roamingNetwork")) if roaming is Roaming.ROAMING else Carrier(),
        result_ref=text(item.get("messageId")),
        raw_status=found.status,
        raw_error=found.error,
        raw_permanent=found.permanent,
    )


def answer(item: Item) -> Answer:
    """Read the status and the error of an item, or the marker that took their place."""
    if isinstance(item.get(WITHHELD), Mapping):
        return _from_marker(item[WITHHELD])
    status, error = _code(item.get("status")), _code(item.get("error"))
    if status is None:
        name = field(item, "status", "name")
        status = STATUS_NAMES.get(name) if isinstance(name, str) else None
    read = meaning(status, error)
    believed = status in STATUSES and read.outcome in (Outcome.COMPLETE, Outcome.PARTIAL)
    group = status[0] if status and believed else None
    permanent = flag(field(item, "error", "permanent"))
    return Answer(
        meaning=read,
        network=group in (GROUP_UNDELIVERABLE, GROUP_DELIVERED),
        delivered=group == GROUP_DELIVERED,
        status=_raw(item.get("status")),
        error=_raw(item.get("error")),
        permanent=None if permanent is None else str(permanent).lower(),
    )


def _from_marker(marker: Mapping[str, Any]) -> Answer:
    outcome, error_class, validity, basis = (marker.get(k) for k in ("outcome", "error_class", "validity", "basis"))
    try:
        read = Meaning(
            outcome=Outcome(str(outcome)),
            error_class=None if error_class is None else ErrorClass(str(error_class)),
            validity=Validity(str(validity)),
            basis=Basis(str(basis)),
        )
    except ValueError:
        return Answer(SILENT)
    return Answer(read, network=flag(marker.get("network")) is True, status=WITHHELD)


def _code(value: object) -> Code | None:
    group, id_ = code(field(value, "groupId")), code(field(value, "id"))
    return None if group is None or id_ is None else (group, id_)


def _raw(value: object) -> str | None:
    """The codes, and a name that is a code word, such as `1/27 EC_ABSENT_SUBSCRIBER`; None where nothing was sent."""
    parts = (code(field(value, "groupId")), code(field(value, "id")), word(field(value, "name")))
    if parts == (None, None, None):
        return None
    group, id_ = ("?" if part is None else part for part in parts[:2])
    return f"{group}/{id_} {parts[2] or ''}".rstrip()


def _is_mobile(item: Item, found: Answer) -> bool:
    """Whether the network's answer shows a mobile line: a SIM, a switch that serves it, or a handset that was reached.

    A reached handset is status 3/5 alone: after an error the answer must show more.
    """
    handset = found.delivered and found.meaning.reachability is Reachability.REACHABLE
    return found.network and (handset or _imsi(item) is not None or bool(item.get("servingMSC")))


def _imsi(item: Item) -> str | None:
    """The IMSI or what is left of it, at least MCC and MNC."""
    imsi = digits(item.get("imsi"))
    return imsi if imsi and len(imsi) >= 5 else None


def plausible_mccmnc(item: Item) -> str | None:
    """The top-level `mccMnc` where it is plausible: five or six digits that begin with an MCC of a country."""
    value = item.get("mccMnc")
    plain = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    return plain if plain and re.fullmatch(r"[2-7]\d{4,5}", plain, re.ASCII) else None


def _network_name(item: Item, which: str) -> str | None:
    return text(field(item, which, "networkName"))


def _carriers(item: Item, ported: Ported) -> tuple[Carrier, Carrier]:
    """The current and the original network.

    `mccMnc` is the current network's when the number is not ported or when the IMSI begins with it; of a ported number
    Infobip has been seen to give the original network's (the example of OpenAPI 3.210.0: 22801 beside Sunrise).
    """
    mccmnc = plausible_mccmnc(item)
    home = (mccmnc, country(mccmnc))
    original_name = _network_name(item, "originalNetwork")
    if ported is Ported.NOT_PORTED:
        carrier = Carrier(original_name, *home)
        return carrier, carrier
    current_name = _network_name(item, "portedNetwork") if ported is Ported.PORTED else None
    imsi = _imsi(item)
    if mccmnc and imsi and imsi.startswith(mccmnc):
        return Carrier(current_name, *home), Carrier(original_name)
    return Carrier(current_name), Carrier(original_name, *home)
