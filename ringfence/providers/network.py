"""A mobile network as replies name it: its E.212 code (MCC and MNC in one) and its country."""

import re

from ringfence.providers.e212 import country
from ringfence.providers.iso3166 import alpha2
from ringfence.providers.lookup import Carrier
from ringfence.providers.reading import text


def carrier(name: object, code: object, land: object) -> Carrier:
    """A network from what was sent as its name, its code (text or integer) and its country (two or three letters).

    A code such as "US-FIXED" is none of E.212; a country that is not named, or is none of ISO 3166, is that of the
    code.
    """
    plain = str(code) if isinstance(code, int) and not isinstance(code, bool) else text(code)
    mccmnc = plain if plain and re.fullmatch(r"\d{5,6}", plain, re.ASCII) else None
    return Carrier(text(name), mccmnc, alpha2(land) or country(mccmnc))
