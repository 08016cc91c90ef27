"""A Number Insight reply read to its verdict, for Vonage and for those who resell it: what `status` means for money.

Source: Vonage's Number Insight reference and specification 1.1.2. The HTTP status is the seller's own to judge, before;
a body is read in `vonage_item`. The acknowledgement and the callback of the asynchronous level are in `vonage_async`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Ask, Parsed
from ringfence.providers.reading import code, field, text
from ringfence.providers.refusal import retry_after
from ringfence.providers.vonage_facts import Body
from ringfence.providers.vonage_item import SETTLED, about, lookup
from ringfence.providers.vonage_markup import document
from ringfence.providers.vonage_price import charged

_BUSY, _CREDENTIALS, _CREDIT, _NOT_ENABLED = 1, 4, 9, 19
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
# The reference calls a request_id "an alphanumeric string up to 40 characters".
_REF = 40


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells Number Insight, by its name here, and what its user does about a status.

    `credentials` about 4 (not valid), `credit` about 9 (no credit left), `not_enabled` about 19 (a level that the
    account does not have): each ends a sentence that says what is wrong.
    """

    name: str
    credentials: str
    credit: str
    not_enabled: str


def parameters(ask: Ask) -> dict[str, str]:
    """The parameters of a request about one number, without `+`.

    The country, where the option `country` is `send`, has to be the number's own. The caller's name, where the option
    `cnam` is `on`, is asked for in the United States alone: nowhere else is there one, and it is charged found or not.
    """
    (phone,) = ask.numbers
    sent = {"number": phone.digits}
    if ask.options.get("country") == "send" and _COUNTRY.fullmatch(ask.country):
        sent["country"] = ask.country
    if names_caller(ask.product, ask.country, ask.options):
        sent["cnam"] = "true"
    if ask.callback_url:
        sent["callback"] = ask.callback_url
    return sent


def names_caller(product: str, country: str, options: Mapping[str, str]) -> bool:
    """Whether asking this product about a number of this country asks, and pays, for the caller's name too."""
    return options.get("cnam") == "on" and country == "US" and product != "basic"


def said(body: object) -> str:
    """The status in a body that was read, for evidence; empty where it has none."""
    status = code(field(body, "status"))
    return "" if status is None else f"status {status}"


def read(seller: Seller, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
    """Read a reply of HTTP status 200, which may fail in its body; `product` is basic, standard or advanced."""
    body = document(reply.body)
    status = code(field(body, "status"))
    if status is None or not isinstance(body, Mapping):
        return Parsed("doubt", "HTTP 200 without a body that has a status")
    evidence = f"HTTP 200 with {said(body)}"
    return refused(seller, product, reply, body, evidence) or settled(body, status, product, asked, evidence)


def refused(seller: Seller, product: str, reply: Reply, body: Body, evidence: str) -> Parsed | None:
    """The verdict of a body that answers for no number; None where its status is of `SETTLED` and its price is clear.

    Statuses 1, 4, 9 and 19 are free; a price that stands beside one all the same is believed.
    """
    status, charge = code(body.get("status")), charged(body)
    if charge.unreadable:
        stop = (
            f"{seller.name} states a price that cannot be read ({product}): compare with its invoice, "
            "decide the attempt with: ringfence attempts decide"
        )
        return Parsed("doubt", f"{evidence} and with a price that cannot be read", stop=stop)
    if status in SETTLED:
        return None
    if status not in (_BUSY, _CREDENTIALS, _CREDIT, _NOT_ENABLED):
        return Parsed("doubt", f"{evidence}, which is not documented")
    free = not charge.net
    busy = status == _BUSY and free
    return Parsed(
        verdict="void" if free else "doubt",
        evidence=evidence if free else f"{evidence} and yet with a price",
        stop=_stop(seller, status, product),
        stop_product=status == _NOT_ENABLED,
        retry=busy,
        retry_after=retry_after(reply.headers) if busy else None,
        throttled=busy,
    )


def settled(body: Body, status: int, product: str, asked: Sequence[Phone], evidence: str) -> Parsed:
    """One lookup for the number that was asked; a body about another one answers nothing."""
    phone = about(body, asked)
    if phone is None:
        return Parsed("doubt", f"{evidence}, but about another number", missing=tuple(asked), unasked=1)
    return Parsed(
        verdict="answered",
        evidence=evidence,
        lookups=(lookup(body, status, product, phone),),
        missing=tuple(one for one in asked if one != phone),
        request_ref=request_id(body),
    )


def request_id(body: object) -> str | None:
    """The vendor's id of the request that a body is about."""
    return text(field(body, "request_id"), _REF)


def _stop(seller: Seller, status: int, product: str) -> str | None:
    if status == _CREDENTIALS:
        return f"{seller.name} refused the credentials (status {status}): {seller.credentials}"
    if status == _CREDIT:
        return f"{seller.name} has no credit left for this account (status {status}): {seller.credit}"
    if status == _NOT_ENABLED:
        return f"{seller.name} has not enabled {product} for this account (status {status}): {seller.not_enabled}"
    return None
