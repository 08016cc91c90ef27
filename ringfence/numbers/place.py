"""Which country a number in E.164 belongs to, by the rule that cells are read by."""

import phonenumbers

from ringfence.numbers.reading import country_in


def country_of(e164: str) -> str:
    """ISO 3166-1 alpha-2; empty for a number that belongs to none, that several share, or that is impossible."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ""
    return country_in(number, number.country_code or 0, valid=phonenumbers.is_valid_number(number)) or ""
