"""Which parts of a Number Insight body tell what the privacy rules forbid to keep, and how they are cut out of it.

Of reachability only `bad_number` tells validity, so a marker in `reachable` keeps that alone. No rules here, they are
given.
"""

import json
from collections.abc import Mapping

from ringfence.numbers.phone import Phone
from ringfence.providers.batch_privacy import Forbidden, words_of
from ringfence.providers.reading import field, number
from ringfence.providers.vonage_facts import WITHHELD, WITHHELD_BAD_NUMBER, is_bad
from ringfence.providers.vonage_item import read_exact
from ringfence.providers.withholding import cut_bytes, cut_values

# What the names of the rules are called in a body; the flattened caller fields among them, and the `firs_name` of XML.
# Roaming is known only of a handset that was reached. `real_time_data` and its `handset_status` are deprecated.
_WORDS: Mapping[str, frozenset[str]] = {
    "imsi": frozenset({"imsi"}),
    "serving_msc": frozenset({"msc"}),
    "caller_name": frozenset({"caller", "firstname", "firsname", "lastname"}),
    "roaming": frozenset({"roaming"}),
    "reachability": frozenset({"reachable", "reachability", "realtimedata", "handsetstatus", "roaming"}),
}


def withhold(body: bytes, forbidden: Forbidden) -> bytes:
    """Cut what the number that a body names demands; one that names none, or is no object, follows nobody's rule.

    A body in which nothing is forbidden stays as it came, to the byte.
    """
    document = read_exact(body)
    named = number(field(document, "international_format_number"))
    names = forbidden(Phone(f"+{named}") if named else None)
    words = words_of(_WORDS, names)
    if document is None:
        return cut_bytes(body, words)
    cut = cut_values(document, words, lambda _word, _value: None)
    if isinstance(document, dict) and "reachability" in names:
        cut["reachable"] = WITHHELD_BAD_NUMBER if is_bad(document) else WITHHELD
    return body if cut == document else json.dumps(cut, separators=(",", ":")).encode()
