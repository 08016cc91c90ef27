"""The details of a lookup of Kaleyra, asked for by its id: whose they are, and whether they are there yet.

Source: the page "POST API Lookup", which names the address and shows no reply. Wrapping, errors and what is sent before
the details are there are not documented: whatever is no answer about the number is asked for again, which is free.
"""

from collections.abc import Mapping, Sequence

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.kaleyra_item import LONGEST_ID, is_final, lookup
from ringfence.providers.kaleyra_reply import NUMBER, envelope, is_success
from ringfence.providers.lookup import Lookup
from ringfence.providers.matching import one_of
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import number, text


def details(reply: Reply, ref: str, accepted: Sequence[Phone]) -> Parsed:
    """Read what was sent about the id `ref`, under which these numbers were accepted.

    Details are final when they have fields of a network, though empty ones. Those that name another number or another
    id are nobody's.
    """
    if not accepted:
        return Parsed("doubt", "details of a lookup that was not accepted here")
    if not is_success(reply):
        return Parsed("awaiting", f"HTTP {reply.status} about its details")
    found = envelope(reply.body)
    if found is None:
        return Parsed("doubt", f"HTTP {reply.status} with details that cannot be read")
    if found.failed or (found.code is not None and not found.succeeded):
        return Parsed("awaiting", f"HTTP {reply.status} with {found.said or 'an error'} about its details")
    owners = [(_whose(item, ref, accepted), item) for item in found.results or ()]
    answers: dict[Phone, list[Lookup]] = {}
    for phone, item in owners:
        if phone and is_final(item):
            answers.setdefault(phone, []).append(lookup(item, phone))
    strange = sum(phone is None for phone, _ in owners)
    if answers:
        lookups = [one_of(each) for each in answers.values()]
        return Parsed("answered", "details of a lookup", lookups=lookups, unasked=strange)
    if strange:
        return Parsed("doubt", "details of another number or lookup", unasked=strange)
    return Parsed("awaiting", "details that say nothing yet")


def _whose(item: object, ref: str, accepted: Sequence[Phone]) -> Phone | None:
    """Whose details a result holds that was asked for by this id; None where it names another number or id.

    Details need not name what they are about, since the request did; not where an id was given to several numbers.
    """
    if not isinstance(item, Mapping) or text(item.get("lookup_id"), LONGEST_ID) not in (None, ref):
        return None
    if item.get(NUMBER) in (None, ""):
        return accepted[0] if len(accepted) == 1 else None
    named = number(item[NUMBER])
    return next((phone for phone in accepted if phone.digits == named), None)
