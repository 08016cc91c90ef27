"""The closed list of reasons why nothing is bought for a cell or a number; gate, reading and normalise decide."""

from enum import StrEnum


class Reject(StrEnum):
    """Why a cell, or a number in it, cannot be bought. EMPTY and PLACEHOLDER say that there was nothing to reject.

    too_long, too_short: of the cell (64 characters) or of the number in its country. precision_lost: the digits are
    gone (4.477E+11, or 2**53 and above). ambiguous: more than one reading, or numbers run together. fax: labelled as a
    fax line, where no subscriber answers. service_code: for the handset or its network (*#06#). short_code: reached
    inside its country only. no_country: names none, and no region hint does. unknown_region: a hint that is no ISO
    3166-1 code with a numbering plan. local_only: lacks its area code. not_possible: no number of its country has this
    length. not_valid: right length, but outside the numbering plan. type_not_wanted: a line type that the policy does
    not list. characters: signs that no number is written with. The others are what their names say.
    """

    EMPTY = "empty"
    PLACEHOLDER = "placeholder"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    CONTROL_CHARACTERS = "control_characters"
    CHARACTERS = "characters"
    LETTERS = "letters"
    FAX = "fax"
    DATE = "date"
    IP_ADDRESS = "ip_address"
    CARD_NUMBER = "card_number"
    NOT_FINITE = "not_finite"
    NOT_INTEGRAL = "not_integral"
    PRECISION_LOST = "precision_lost"
    SERVICE_CODE = "service_code"
    EMERGENCY = "emergency"
    SHORT_CODE = "short_code"
    AMBIGUOUS = "ambiguous"
    NO_COUNTRY = "no_country"
    UNKNOWN_REGION = "unknown_region"
    UNKNOWN_COUNTRY_CODE = "unknown_country_code"
    LOCAL_ONLY = "local_only"
    NOT_POSSIBLE = "not_possible"
    NOT_VALID = "not_valid"
    TYPE_NOT_WANTED = "type_not_wanted"
