"""What libphonenumber makes of a candidate in a region: the one place that calls the parser, a column at a time.

Facts of the numbering plan only. Which of them are wanted is `normalise`'s policy; odd cells ended at the gate.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult
from phonenumbers.shortnumberinfo import is_emergency_number, is_possible_short_number

from ringfence.numbers.gate import LONGEST_BARE, LONGEST_INTERNATIONAL
from ringfence.numbers.reject import Reject

METADATA_VERSION: str = phonenumbers.__version__
"""The version of the numbering plans: the same cell may read differently under another one."""

LINE_TYPES = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "virtual",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.UNKNOWN: "unknown",
}

SHARED_CODES: frozenset[int] = frozenset(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
"""Country codes that are no country's, such as +800, +870 and +979."""

Pair = tuple[str, str | None]
"""A candidate's text, and the region hint that it stands under."""

_EXPLICIT = (CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN, CountryCodeSource.FROM_NUMBER_WITH_IDD)
# Up to this many digits a number may be an emergency or short one; a longer one has to be a subscriber's.
_LONGEST_SHORT = 6
_SHORTEST_INTERNATIONAL = 7
_UNPARSED = {
    NumberParseException.INVALID_COUNTRY_CODE: Reject.UNKNOWN_COUNTRY_CODE,
    NumberParseException.TOO_LONG: Reject.TOO_LONG,
}
_IMPOSSIBLE = {
    ValidationResult.INVALID_COUNTRY_CODE: Reject.UNKNOWN_COUNTRY_CODE,
    ValidationResult.TOO_SHORT: Reject.TOO_SHORT,
    ValidationResult.TOO_LONG: Reject.TOO_LONG,
    ValidationResult.INVALID_LENGTH: Reject.NOT_POSSIBLE,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Reject.LOCAL_ONLY,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One number as the plan of its country sees it. `reject` set: it is no number that could be looked up.

    explicit: it named its country by + or an international prefix. country: ISO 3166-1 alpha-2. flags:
    `assumed_prefix` (00 taken for + without a region), `country_code_without_plus`, `assumed_region` (no country code
    and no trunk prefix: only the hint says where it belongs), `national_without_trunk` (besides, its country writes
    one).
    """

    e164: str = ""
    reject: Reject | None = None
    valid: bool = False
    explicit: bool = False
    calling_code: int = 0
    national_length: int = 0
    country: str | None = None
    line_type: str = "unknown"
    flags: tuple[str, ...] = ()


def readings(pairs: Iterable[Pair]) -> dict[Pair, Reading]:
    """Read each distinct pair once.

    In sorted order, because libphonenumber compiles its patterns as it goes: `re` keeps 512, all the plans have more.
    """
    distinct = sorted(set(pairs), key=lambda pair: (pair[1] or "", pair[0]))
    return {(text, region): _read(text, region) for text, region in distinct}


def _read(text: str, region: str | None) -> Reading:
    known = region in phonenumbers.SUPPORTED_REGIONS
    if text[0] == "+":
        return _parse(text, None)
    international = _as_recommended_prefix(text)
    if not known:
        if international:
            return _parse(international, None, "assumed_prefix")
        return Reading(reject=_without_region(text, region))
    reading = _parse(text, region)
    # Singapore dials 0[0-3]x and Thailand 00x: `0049...` there has a second, quite different reading.
    if international and reading.explicit and reading.valid:
        other = _parse(international, None)
        if other.valid and other.e164 != reading.e164:
            return Reading(reject=Reject.AMBIGUOUS, explicit=True)
    return reading


def _as_recommended_prefix(text: str) -> str | None:
    """The text with + for a leading 00, the international prefix that ITU-T E.164 recommends to all countries.

    That holds where nothing says otherwise, and is flagged. 0011 is left alone: Australia dials it before the code of
    a country, and what follows 00 there would be read as a number of country code 1.
    """
    return "+" + text[2:] if text.startswith("00") and not text.startswith("0011") else None


def _without_region(text: str, region: str | None) -> Reject:
    if text.startswith("00"):
        return Reject.AMBIGUOUS
    return Reject.UNKNOWN_REGION if region else Reject.NO_COUNTRY


def _parse(text: str, region: str | None, *flags: str) -> Reading:
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException as failed:
        return Reading(reject=_UNPARSED.get(failed.error_type, Reject.TOO_SHORT), explicit=text[0] == "+")
    code = number.country_code or 0
    national = phonenumbers.national_significant_number(number)
    explicit = number.country_code_source in _EXPLICIT
    # A number has a type exactly if it is valid: is_valid_number asks the same patterns a second time.
    kind = phonenumbers.number_type(number)
    valid = kind != PhoneNumberType.UNKNOWN
    reject = _impossible(number, f"{code}{national}", valid=valid)
    if not explicit and len(text) > LONGEST_BARE:
        reject = Reject.AMBIGUOUS
    if len(national) <= _LONGEST_SHORT:
        reject = _short(number, national, valid=valid) or reject
    return Reading(
        e164=f"+{code}{national}",
        reject=reject,
        valid=valid,
        explicit=explicit,
        calling_code=code,
        national_length=len(national),
        country=country_in(number, code, valid=valid),
        line_type=LINE_TYPES.get(kind, "unknown"),
        flags=(*flags, *_inferred(text, national, number)),
    )


def _impossible(number: PhoneNumber, digits: str, *, valid: bool) -> Reject | None:
    if not valid and (reject := _IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(number))):
        return reject
    # Some plans know longer and shorter numbers than the 7 to 15 digits, country code included, of a `Phone`.
    if len(digits) > LONGEST_INTERNATIONAL:
        return Reject.TOO_LONG
    return Reject.TOO_SHORT if len(digits) < _SHORTEST_INTERNATIONAL else None


def _short(number: PhoneNumber, national: str, *, valid: bool) -> Reject | None:
    if is_emergency_number(national, phonenumbers.region_code_for_country_code(number.country_code or 0)):
        return Reject.EMERGENCY
    return Reject.SHORT_CODE if not valid and is_possible_short_number(number) else None


def country_in(number: PhoneNumber, code: int, *, valid: bool) -> str | None:
    """ISO 3166-1 alpha-2; a number that is only possible has one if nobody shares its country code."""
    if valid:
        region = phonenumbers.region_code_for_number(number)
    else:
        regions = phonenumbers.region_codes_for_country_code(code)
        region = regions[0] if len(regions) == 1 else None
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region


def _inferred(text: str, national: str, number: PhoneNumber) -> tuple[str, ...]:
    if number.country_code_source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN:
        return ("country_code_without_plus",)
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY or text != national:
        return ()
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = phonenumbers.normalize_digits_only(written)
    return ("assumed_region", "national_without_trunk") if digits != national else ("assumed_region",)
