"""Advanced Number Insight asynchronously, of Vonage and of those who resell it: what accepted it, and its callback.

Source: Vonage's Number Insight reference ("Advanced Number Insight (async)" and its webhook): the acknowledgement has
an id, the number, a price and a status; the callback is the whole advanced body, sent again until it is answered, for
up to 24 hours. Nothing can be asked about it meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later
from ringfence.providers.lookup import Billed, Lookup
from ringfence.providers.number_insight import Seller, refused, request_id, said, settled
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import code
from ringfence.providers.vonage_facts import Body, stated
from ringfence.providers.vonage_item import WITH_FACTS
from ringfence.providers.vonage_markup import document
from ringfence.providers.vonage_price import CURRENCY, charged

LEVEL = "advanced"
# Seconds that a callback may take: the vendor gives up after a day, and its clock starts after ours.
PATIENCE = 86_400 + 3_600


def acknowledged(seller: Seller, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
    """Read the reply, of HTTP status 200, that accepts a request or refuses it.

    43, 44 and 45 are billed and may be called back with partial data: the request waits as after 0. Where nothing
    comes, it is in doubt, since nobody has answered.
    """
    body = document(reply.body)
    status = code(body.get("status")) if isinstance(body, Mapping) else None
    if status is None or not isinstance(body, Mapping):
        return Parsed("doubt", "HTTP 200 without a body that has a status")
    evidence = f"HTTP 200 with {said(body)}"
    final = refused(seller, product, reply, body, evidence) or settled(_named(body), status, LEVEL, asked, evidence)
    if final.verdict != "answered" or status not in WITH_FACTS:
        return final
    return Parsed("awaiting", evidence, request_ref=final.request_ref, stated=charged(body).price)


def parse_later(seller: Seller, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
    """Read a callback: it names the request that was accepted and the number that was asked, or is in doubt.

    Its price holds, and that of the acknowledgement where it states none: both are of the same charge.
    """
    body = document(later.reply.body)
    status = code(body.get("status")) if isinstance(body, Mapping) else None
    if status is None or not isinstance(body, Mapping):
        return Parsed("doubt", "a callback without a body that has a status")
    evidence = f"a callback with {said(body)}"
    before = document(accepted.body) if accepted else None
    if not _about(body, before):
        return Parsed("doubt", f"{evidence}, but about another request", unasked=1)
    final = refused(seller, product, later.reply, body, evidence)
    if final:
        return replace(final, retry=False, retry_after=None)
    read = settled(body, status, LEVEL, asked, evidence)
    if isinstance(before, Mapping):
        read = replace(read, lookups=tuple(_priced(one, before) for one in read.lookups))
    return read


def _about(body: Body, accepted: object) -> bool:
    """Whether a callback names the id that was accepted; where none is known, it has to name its number."""
    expected = request_id(accepted)
    return (
        stated(body.get("international_format_number")) is not None
        if expected is None
        else request_id(body) == expected
    )


def _named(body: Body) -> Body:
    """An acknowledgement with its number where an answer has it."""
    return {**body, "international_format_number": body.get("number")}


def _priced(one: Lookup, accepted: Body) -> Lookup:
    """An answer that is billed and states no price, with the one that was stated when it was accepted."""
    charge = charged(accepted)
    if one.billed is not Billed.YES or one.price is not None or charge.price is None:
        return one
    return replace(one, price=charge.price, refund=charge.refund, currency=CURRENCY)
