"""The fields of a Number Insight body that tell facts, and what each of their values means.

Source: Vonage's Number Insight reference and specification 1.1.2. A value that is not documented is unknown, and so is
null, which comes as a word too. No statuses and no prices here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import (
    Basis,
    Carrier,
    LineType,
    Lookup,
    Outcome,
    Ported,
    Reachability,
    Roaming,
    Validity,
)
from ringfence.providers.network import carrier
from ringfence.providers.reading import field, text, word

Body = Mapping[str, Any]

BAD_NUMBER = "bad_number"
# What `vonage_privacy` leaves in `reachable` where it may not be kept, the second one where it was `bad_number`.
WITHHELD, WITHHELD_BAD_NUMBER = "withheld", "withheld_bad_number"
_NOT_KNOWN = frozenset({"unknown", "null", ""})
_VALID_NUMBER = {
    "valid": (Validity.VALID, Basis.NETWORK),
    "not_valid": (Validity.INVALID, Basis.NETWORK),
    "inferred": (Validity.LIKELY_VALID, Basis.INFERRED),
    "inferred_not_valid": (Validity.LIKELY_INVALID, Basis.INFERRED),
}
_WITHOUT_LIVE_LOOKUP = {Validity.VALID: Validity.LIKELY_VALID, Validity.INVALID: Validity.LIKELY_INVALID}
_REACHABLE = {
    "reachable": Reachability.REACHABLE,
    "undeliverable": Reachability.UNDELIVERABLE,
    "absent": Reachability.ABSENT,
    "blacklisted": Reachability.BLOCKED,
}
_NO_REACHABILITY = frozenset({BAD_NUMBER, WITHHELD, WITHHELD_BAD_NUMBER})
_PORTED = {
    "ported": Ported.PORTED,
    "not_ported": Ported.NOT_PORTED,
    "assumed_ported": Ported.LIKELY_PORTED,
    "assumed_not_ported": Ported.LIKELY_NOT_PORTED,
}
_ROAMING = {"roaming": Roaming.ROAMING, "not_roaming": Roaming.NOT_ROAMING}
_NETWORK_TYPE = {
    "mobile": LineType.MOBILE,
    "landline": LineType.LANDLINE,
    "landline_premium": LineType.PREMIUM,
    "landline_tollfree": LineType.TOLL_FREE,
    "virtual": LineType.VIRTUAL,
    "pager": LineType.PAGER,
}
# Under which a network has its name, code and country.
_HOME = ("name", "network_code", "country")
_VISITED = ("roaming_network_name", "roaming_network_code", "roaming_country_code")
# `valid_number` and `reachable` are "applicable to mobile numbers only": here they repeat the numbering plan.
_FIXED = frozenset({LineType.LANDLINE, LineType.PREMIUM, LineType.TOLL_FREE, LineType.VIRTUAL})


def stated(value: object) -> str | None:
    """A value in lower case, "" for what is no text; None where it says itself that it is not known."""
    said = value.strip().lower() if isinstance(value, str) else ""
    return None if value is None or (isinstance(value, str) and said in _NOT_KNOWN) else said


def facts(body: Body, product: str, phone: Phone, *, whole: bool) -> Lookup:
    """What a level tells. `whole`: the answer came from the live lookup, and nothing that it looks up is missing.

    A basic answer says that the number's format and prefix exist, a standard one adds its networks, and only an
    advanced one asks the network about the subscriber.
    """
    plan = (Validity.LIKELY_VALID, Basis.NUMBERING_PLAN) if whole else (Validity.UNKNOWN, Basis.NONE)
    if product == "basic":
        return Lookup(phone=phone, outcome=_outcome(plan[0], whole=whole), validity=plan[0], validity_basis=plan[1])
    line = _line_type(body)
    validity, basis = _validity(body, line, whole=whole) if product == "advanced" else plan
    roaming = _ROAMING.get(stated(_roaming_status(body)) or "", Roaming.UNKNOWN)
    return Lookup(
        phone=phone,
        outcome=_outcome(validity, whole=whole),
        validity=validity,
        validity_basis=basis,
        reachability=_reachability(body, validity, line) if product == "advanced" else Reachability.UNKNOWN,
        ported=_PORTED.get(stated(body.get("ported")) or "", Ported.UNKNOWN),
        roaming=roaming,
        line_type=line,
        current_carrier=_carrier(body.get("current_carrier"), *_HOME),
        original_carrier=_carrier(body.get("original_carrier"), *_HOME),
        roaming_carrier=_carrier(body.get("roaming"), *_VISITED) if roaming is Roaming.ROAMING else Carrier(),
        caller_name=caller_name(body),
        raw_error=" ".join(_undocumented(body, product)) or None,
        conflict=product == "advanced" and is_bad(body) and stated(body.get("valid_number")) == "valid",
    )


def caller_name(body: Body) -> str | None:
    """Who has the number: the name as it stands flat or in `caller_identity`, else the two parts of it."""
    for place in (body, body.get("caller_identity")):
        whole, *parts = (_said(place, each) for each in ("caller_name", "first_name", "last_name"))
        name = whole or " ".join(part for part in parts if part)
        if name:
            return name
    return None


def _said(place: object, name: str) -> str | None:
    said = field(place, name)
    return text(said) if stated(said) else None


def is_bad(body: Body) -> bool:
    """Whether `reachable` says that there is no such number: the one of its values that tells validity."""
    return stated(body.get("reachable")) in (BAD_NUMBER, WITHHELD_BAD_NUMBER)


def withheld(body: Body) -> bool:
    """Whether reachability was cut out of the body, so that none may be told, a derived one neither."""
    return stated(body.get("reachable")) in (WITHHELD, WITHHELD_BAD_NUMBER)


def _outcome(validity: Validity, *, whole: bool) -> Outcome:
    return Outcome.COMPLETE if whole and validity is not Validity.UNKNOWN else Outcome.PARTIAL


def _validity(body: Body, line: LineType, *, whole: bool) -> tuple[Validity, Basis]:
    """Only a live lookup's word is the network's; what is said without one is an inference."""
    said = stated(body.get("valid_number"))
    validity, basis = _VALID_NUMBER.get(said or "", (Validity.UNKNOWN, Basis.NONE))
    if is_bad(body):
        validity, basis = Validity.INVALID, Basis.NETWORK
    elif not whole and basis is Basis.NETWORK:
        validity, basis = _WITHOUT_LIVE_LOOKUP[validity], Basis.INFERRED
    return validity, Basis.NUMBERING_PLAN if line in _FIXED and basis is not Basis.NONE else basis


def _reachability(body: Body, validity: Validity, line: LineType) -> Reachability:
    if withheld(body):
        return Reachability.UNKNOWN
    if validity is Validity.INVALID:
        return Reachability.NOT_APPLICABLE
    said = None if validity is Validity.LIKELY_INVALID else stated(body.get("reachable"))
    nothing = Reachability.NOT_APPLICABLE if line in _FIXED else Reachability.UNKNOWN
    return _REACHABLE.get(said or "", nothing)


def _line_type(body: Body) -> LineType:
    """The current network's type, the original one's where the current one has none."""
    types = (stated(field(body, role, "network_type")) for role in ("current_carrier", "original_carrier"))
    return next((_NETWORK_TYPE[one] for one in types if one in _NETWORK_TYPE), LineType.UNKNOWN)


def _roaming_status(body: Body) -> object:
    """An object with a status, or the status itself."""
    said = body.get("roaming")
    return said.get("status") if isinstance(said, Mapping) else said


def _carrier(network: object, *keys: str) -> Carrier:
    """A network; a name may say itself that it is not known."""
    name, code, land = (field(network, key) for key in keys)
    return carrier(name if stated(name) else None, code, land)


def _undocumented(body: Body, product: str) -> Iterator[str]:
    """The values that no table has, as `field=value`; `?` for what is not a code word."""
    roles = ("current_carrier", "original_carrier")
    fields: list[tuple[str, object, frozenset[str]]] = [
        ("ported", body.get("ported"), frozenset(_PORTED)),
        ("roaming", _roaming_status(body), frozenset(_ROAMING)),
        *((f"{role}.network_type", field(body, role, "network_type"), frozenset(_NETWORK_TYPE)) for role in roles),
    ]
    if product == "advanced":
        fields += [
            ("valid_number", body.get("valid_number"), frozenset(_VALID_NUMBER)),
            ("reachable", body.get("reachable"), frozenset(_REACHABLE) | _NO_REACHABILITY),
        ]
    for name, value, known in fields:
        said = stated(value)
        if said is not None and said not in known:
            yield f"{name}={(word(said.upper()) or '?').lower()}"
