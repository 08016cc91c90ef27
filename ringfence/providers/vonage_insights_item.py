"""An Identity Insights answer as one lookup: what each insight tells, and what its status code means.

Source: Vonage's Identity Insights specification 1.0.0 and its guides of the insights. Each insight is processed by
itself and has a status of its own; what is not documented is unknown. No HTTP here.
"""

from collections.abc import Mapping
from typing import Any

from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import (
    Basis,
    Billed,
    Carrier,
    ErrorClass,
    LineType,
    Lookup,
    Outcome,
    Ported,
    Validity,
)
from ringfence.providers.network import carrier
from ringfence.providers.reading import field, flag, word

Insights = Mapping[str, Any]

FORMAT, ORIGINAL, CURRENT = ASKED = ("format", "original_carrier", "current_carrier")
_OK, _BAD_NUMBER, _NO_MOBILE = "OK", "INVALID_NUMBER_FORMAT", "UNSUPPORTED_NETWORK_TYPE"
# The second is of an older specification: what could be found is there.
_WITH_DATA = frozenset({_OK, "PARTIAL_SUCCESS"})
# A landline has no current mobile network, and a number of no plan none at all: nothing is missing then.
_NOTHING_TO_TELL = frozenset({_NO_MOBILE, _BAD_NUMBER})
_FAILED = {
    "UNAUTHORIZED": ErrorClass.NOT_ENABLED,
    "INVALID_PURPOSE": ErrorClass.BAD_REQUEST,
    "SUPPLIER_ERROR": ErrorClass.PROVIDER_ERROR,
    "INTERNAL_ERROR": ErrorClass.PROVIDER_ERROR,
}
_WITHOUT_DATA = {"NO_COVERAGE": Outcome.NO_COVERAGE, "NOT_FOUND": Outcome.NO_DATA, _NO_MOBILE: Outcome.NO_DATA}
_NETWORK_TYPE = {
    "MOBILE": LineType.MOBILE,
    "LANDLINE": LineType.LANDLINE,
    "TOLLFREE": LineType.TOLL_FREE,
    "PREMIUM": LineType.PREMIUM,
    "VIRTUAL": LineType.VIRTUAL,
}


def lookup(insights: Insights, phone: Phone) -> Lookup:
    """What the insights tell of a number. No price is stated: list price holds for whatever was answered."""
    codes = {name: _code(insights, name) for name in ASKED}
    validity = _validity(insights, codes[FORMAT])
    outcome, error = _outcome(codes, validity)
    original, current = _carrier(insights, ORIGINAL), _carrier(insights, CURRENT)
    return Lookup(
        phone=phone,
        outcome=outcome,
        error_class=error,
        validity=validity,
        validity_basis=Basis.NONE if validity is Validity.UNKNOWN else Basis.NUMBERING_PLAN,
        ported=_ported(original, current),
        line_type=_line_type(insights),
        current_carrier=current,
        original_carrier=original,
        billed=Billed.YES if outcome in (Outcome.COMPLETE, Outcome.PARTIAL) else Billed.UNKNOWN,
        raw_status=" ".join(f"{name}={_shown(code)}" for name, code in codes.items()),
    )


def unauthorized(insights: Insights) -> list[str]:
    """The insights that the application was not authorized for, at least for this number."""
    return [name for name in ASKED if _code(insights, name) == "UNAUTHORIZED"]


def _code(insights: Insights, name: str) -> str | None:
    """The status code of an insight, "" for one that is no text; None of an insight that is missing."""
    if field(insights, name) is None:
        return None
    code = field(insights, name, "status", "code")
    return code.strip().upper() if isinstance(code, str) else ""


def _shown(code: str | None) -> str:
    return "missing" if code is None else word(code) or "?"


def _told(insights: Insights, name: str, key: str) -> object:
    """A value of an insight that has data; None of one that has not."""
    return field(insights, name, key) if _code(insights, name) in _WITH_DATA else None


def _validity(insights: Insights, code: str | None) -> Validity:
    """The format is a matter of the numbering plan: it says nothing of a subscriber."""
    if code == _BAD_NUMBER:
        return Validity.INVALID
    said = flag(_told(insights, FORMAT, "is_format_valid"))
    return {True: Validity.LIKELY_VALID, False: Validity.INVALID, None: Validity.UNKNOWN}[said]


def _outcome(codes: Mapping[str, str | None], validity: Validity) -> tuple[Outcome, ErrorClass | None]:
    """What the codes make of the answer as a whole."""
    told = list(codes.values())
    if any(code in _WITH_DATA for code in told):
        whole = (
            validity is not Validity.UNKNOWN
            and codes[ORIGINAL] in {_OK, *([_BAD_NUMBER] if validity is Validity.INVALID else [])}
            and codes[CURRENT] in {_OK, *_NOTHING_TO_TELL}
        )
        return (Outcome.COMPLETE if whole else Outcome.PARTIAL), None
    if _BAD_NUMBER in told:
        return Outcome.REJECTED_NUMBER, None
    for code, error in _FAILED.items():
        if code in told:
            return Outcome.FAILED, error
    for code, outcome in _WITHOUT_DATA.items():
        if code in told:
            return outcome, None
    return Outcome.FAILED, ErrorClass.CONTRACT


def _carrier(insights: Insights, name: str) -> Carrier:
    return carrier(*(_told(insights, name, key) for key in ("name", "network_code", "country_code")))


def _ported(original: Carrier, current: Carrier) -> Ported:
    """Inferred from two codes: there is no insight that says it."""
    if original.mccmnc is None or current.mccmnc is None:
        return Ported.UNKNOWN
    return Ported.LIKELY_NOT_PORTED if original.mccmnc == current.mccmnc else Ported.LIKELY_PORTED


def _line_type(insights: Insights) -> LineType:
    types = (_told(insights, name, "network_type") for name in (ORIGINAL, CURRENT))
    known = (_NETWORK_TYPE.get(each.strip().upper()) for each in types if isinstance(each, str))
    return next((each for each in known if each), LineType.UNKNOWN)
