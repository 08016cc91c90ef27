"""Infobip Number Lookup (also: Number Context): `POST /number/1/query`, and `/number/1/notify` with its log.

Source: Infobip OpenAPI 3.210.0 and the page "Number Lookup over API". One item is read in `infobip_item`, its codes
are in `infobip_codes`, what is answered later in `infobip_notify` and `infobip_logs`, what became of a request without
a reply in `infobip_traces`, XML in `infobip_markup`; what may not be kept is cut in `infobip_privacy`.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import httpx

from ringfence.http.exchange import Reply
from ringfence.http.redact import redact
from ringfence.numbers.phone import Phone
from ringfence.providers.basic import basic
from ringfence.providers.collectable import Later, Poll, Traceable, Waiting
from ringfence.providers.infobip_item import lookup, rejected
from ringfence.providers.infobip_logs import PAGE, logged, polls
from ringfence.providers.infobip_markup import LISTS, NUMBER, document
from ringfence.providers.infobip_notify import acknowledged, called_back, request_ref
from ringfence.providers.infobip_privacy import withhold
from ringfence.providers.infobip_traces import TRACED, by_time, part, uncharged
from ringfence.providers.lookup import ErrorClass, Fact, Lookup, Outcome, Validity
from ringfence.providers.matching import matched, named, results, settled
from ringfence.providers.provider import Ask, Credentials, Parsed, Product, Provider
from ringfence.providers.reading import field, word
from ringfence.providers.refusal import refusal

_FACTS = frozenset({Fact.CARRIER, Fact.PORTED, Fact.VALIDITY, Fact.REACHABILITY, Fact.ROAMING})
_TYPES = {"json": "application/json", "xml": "application/xml"}
_DAY = 86_400
_ACCOUNT = frozenset({ErrorClass.QUOTA_EXHAUSTED, ErrorClass.NOT_ENABLED})
_FOR_NOW = frozenset({ErrorClass.THROTTLED, ErrorClass.PROVIDER_ERROR})


class Infobip(Traceable):
    """Infobip's lookup, answered at once or by callback; its price is in no answer, only in its log of 48 hours."""

    name: str = "infobip"
    hosts: tuple[str, ...] = ("infobip.com",)
    base_url: str = "https://api.infobip.com"
    secrets: tuple[tuple[str, ...], ...] = (("INFOBIP_API_KEY",), ("INFOBIP_USERNAME", "INFOBIP_PASSWORD"))
    # The limit is documented (1001 numbers get a 400 that says so), the rate is not. Batches are a quarter of the limit
    # because the docs call this endpoint meant for "smaller amounts", and one broken reply puts a whole batch in doubt.
    # Of `notify`, "designed for batch", no limit is documented: ours is a page of the log, which then holds a request.
    # All results of a batch in one callback stay below 256 KiB. Nothing is waited for longer than a day: the log
    # forgets after two.
    products: Mapping[str, Product] = {
        "query": Product(name="query", facts=_FACTS, mode="sync", limit=1000, batch=250, rate=10, traced=TRACED),
        "notify": Product(
            name="notify",
            facts=_FACTS,
            mode="callback",
            limit=PAGE,
            batch=200,
            rate=10,
            patience=_DAY,
            priced_late=True,
            traced=TRACED,
        ),
    }
    currency: str | None = None
    sunset: date | None = None
    # In which form answers, acknowledgements, callbacks and the log are asked for; the request itself is JSON.
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({"format": ("json", "xml")})

    def request(self, ask: Ask) -> httpx.Request:
        """One POST with all numbers, without `+` as in every example of the documentation."""
        kind = _wanted(ask.options)
        body: dict[str, object] = {"to": [phone.digits for phone in ask.numbers]}
        if ask.callback_url is not None:
            body |= {"notifyUrl": ask.callback_url, "notifyContentType": kind}
        url = f"{ask.base_url}/number/1/{ask.product}"
        return httpx.Request("POST", url, headers={"Accept": kind}, json=body)

    def auth(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credentials:
        """`App <key>`, the way that Infobip recommends, or Basic."""
        del options
        if "INFOBIP_API_KEY" in secrets:
            return Credentials({"Authorization": f"App {secrets['INFOBIP_API_KEY']}"})
        return basic(secrets["INFOBIP_USERNAME"], secrets["INFOBIP_PASSWORD"])

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body (`infobip_privacy`)."""
        return withhold(body, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number of each item."""
        return named(results(document(body), LISTS), NUMBER)

    def parse(self, product: str, reply: Reply, asked: Sequence[Phone]) -> Parsed:
        """Read a reply: first the HTTP status, then the items by the number that each names, never by position."""
        read = document(reply.body)
        refused = refusal(reply, self.name, self.secrets, _reason(read))
        if refused:
            return refused
        items = results(read, LISTS)
        if items is None:
            reason = _reason(read)
            return Parsed("doubt", "HTTP 200 without a list of results" + (f": {reason}" if reason else ""))
        found = matched(items, NUMBER, asked)
        if product == "query":
            parsed = replace(settled(found, lookup, asked, reply), request_ref=request_ref(found, read))
        else:
            parsed = acknowledged(found, read, asked)
        turned_down = all(rejected(item) for about in found.items.values() for item in about)
        stop = _stop(parsed.lookups, turned_down=turned_down, accepted=len(parsed.lookups) < len(found.items))
        return replace(parsed, stop=stop)

    def polls(self, waiting: Waiting, base_url: str, options: Mapping[str, str]) -> Sequence[Poll]:
        """The pages of the log that tell of this request, by its ids or else by when it was sent."""
        by_id = polls(waiting, base_url, _wanted(options)) if waiting.product == "notify" else []
        return by_id or by_time(waiting, base_url)

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read a callback (`infobip_notify`) or a page of the log (`infobip_logs`)."""
        del product
        return logged(later, accepted, asked) if later.source == "log" else called_back(later.reply, accepted, asked)

    def part(self, page: bytes, asked: Sequence[Phone], others: Set[str]) -> bytes:
        """The entries of a page of the log that are about these numbers, and no other request's."""
        return part(page, asked, others)

    def uncharged(self, product: str, told: Sequence[Later], asked: Sequence[Phone]) -> str | None:
        """That the log has nothing about any of them."""
        del product
        return uncharged(told, asked)


def _wanted(options: Mapping[str, str]) -> str:
    return _TYPES[options.get("format", "json")]


def _stop(lookups: Sequence[Lookup], *, turned_down: bool, accepted: bool) -> str | None:
    """Missing credit is the account's state, so one item tells it; a route may be missing for one number alone.

    Of an account without the product the ids are not documented, but a batch of several never fails by chance; except
    where each is rejected as no number (8, 52), for its network (6), or for now (20, 21, 100): a batch may be what
    another provider knew nothing of.
    """
    classes = [one.error_class for one in lookups]
    if ErrorClass.QUOTA_EXHAUSTED in classes:
        return "infobip has no credit left for this account: top it up, or have its limit raised"
    if accepted:
        return None
    if lookups and all(one in _ACCOUNT for one in classes):
        return "infobip rejected every number for the account's sake: check that Number Lookup is enabled for it"
    if turned_down and len(lookups) > 1 and not all(map(_for_its_own_sake, lookups)):
        return "every number of a batch was rejected: is Number Lookup enabled on the account?"
    return None


def _for_its_own_sake(one: Lookup) -> bool:
    coverage = one.outcome is Outcome.NO_COVERAGE
    return coverage or one.validity is Validity.INVALID or one.error_class in _FOR_NOW


def _reason(document: object) -> str | None:
    """The code words of either error envelope; its sentences may repeat numbers and keys, and stay in the reply."""
    parts = (
        word(field(document, "requestError", "serviceException", "messageId")),
        word(field(document, "errorCode")),
    )
    return redact(" ".join(part for part in parts if part)) or None


PROVIDER: Provider = Infobip()
