"""Infobip's log of what was looked up: status and price of what was accepted, asked for again, which is free.

Source: Infobip OpenAPI 3.210.0, `GET /number/1/logs`: the last 48 hours, at most 1000 entries a call (50 unless told),
60 calls a minute. An entry has a status, an error, a price and times, and says nothing of networks, porting and
roaming. It is the only place where Infobip states a price. What was sent when is looked up in `infobip_traces`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Waiting
from ringfence.providers.infobip_item import WITHHELD, Item, lookup
from ringfence.providers.infobip_markup import LISTS, NUMBER, document
from ringfence.providers.infobip_notify import accepted_as, is_final, is_pending
from ringfence.providers.lookup import Billed, Lookup, Outcome
from ringfence.providers.matching import matched, one_of, results
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import amount, field
from ringfence.providers.windows import window_of

# One page holds a whole request, as long as no request asks about more numbers than this.
PAGE = 1000
# Ids in one address, where a request has no id of its own: 50 of them are about 2.5 kB.
_IDS = 50
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
# All of an entry that is read like a result.
_LIKE_A_RESULT = (NUMBER, "messageId", "status", "error", WITHHELD)


def polls(waiting: Waiting, base_url: str, accept: str) -> list[Poll]:
    """Ask for a request's entries by its own id, else by those of the numbers that have no answer or price yet.

    What has no id is not asked for here: numbers do not belong into an address.
    """
    accepted = accepted_as(waiting.accepted)
    wanted = dict.fromkeys(phone.digits for phone in (*waiting.unanswered, *waiting.unpriced))
    if not wanted:
        return []
    if accepted.bulk and _ID.fullmatch(accepted.bulk):
        return [_poll(base_url, accept, "bulkId", [accepted.bulk])]
    ids = [one for digits in wanted for one in sorted(accepted.messages.get(digits, frozenset())) if _ID.fullmatch(one)]
    return [_poll(base_url, accept, "messageId", ids[start : start + _IDS]) for start in range(0, len(ids), _IDS)]


def _poll(base_url: str, accept: str, name: str, ids: Sequence[str]) -> Poll:
    query = [*((name, one) for one in ids), ("limit", str(PAGE))]
    url = httpx.URL(f"{base_url}/number/1/logs", params=query)
    return Poll("log", f"{name}={ids[0]}", httpx.Request("GET", url, headers={"Accept": accept}))


def logged(later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
    """Read a page of the log; what is still pending in it, or was sent at another time than was asked, is no answer."""
    reply, window = later.reply, window_of(later.ref)
    if reply.status != 200:
        return Parsed("doubt", f"HTTP {reply.status} for the log")
    entries = results(document(reply.body), LISTS)
    if entries is None:
        return Parsed("doubt", "HTTP 200 for the log, without a list of results")
    ids = accepted_as(accepted)
    ours = [
        entry
        for entry in entries
        if isinstance(entry, Mapping)
        and ids.about(None, entry)
        and (window is None or window.holds(moment(entry.get("sentAt"))))
    ]
    found = matched(ours, NUMBER, asked)
    told = {
        phone: [_lookup(entry, phone) for entry in each if is_done(entry) and _states_no_nonsense(entry)]
        for phone, each in found.items.items()
    }
    lookups = [one_of(told[phone]) for phone in asked if told.get(phone)]
    return Parsed(
        verdict="answered" if lookups else "awaiting",
        evidence=f"the log tells of {len(lookups)} of {len(asked)} numbers",
        lookups=lookups,
        unasked=found.unasked + len(entries) - len(ours),
    )


def is_done(entry: Item) -> bool:
    """Whether an entry is final: by a status that is known, or by the time at which it was done."""
    return not is_pending(entry) and (is_final(entry) or moment(entry.get("doneAt")) is not None)


def _states_no_nonsense(entry: Item) -> bool:
    """Whether an entry has a price that can be read, or none: nothing settles by another, it stays held."""
    stated, currency = field(entry, "price", "pricePerLookup"), field(entry, "price", "currency")
    known = isinstance(currency, str) and bool(_CURRENCY.fullmatch(currency))
    return stated is None or (amount(stated) is not None and known)


def _lookup(entry: Item, phone: Phone) -> Lookup:
    """An entry as a lookup: never complete, since the networks are not in it."""
    read = lookup({key: entry[key] for key in _LIKE_A_RESULT if key in entry}, phone)
    price, currency = amount(field(entry, "price", "pricePerLookup")), field(entry, "price", "currency")
    known = price is not None and isinstance(currency, str) and bool(_CURRENCY.fullmatch(currency))
    return replace(
        read,
        outcome=Outcome.PARTIAL if read.outcome is Outcome.COMPLETE else read.outcome,
        observed_at=moment(entry.get("doneAt")),
        price=price if known else None,
        currency=str(currency) if known else None,
        billed=(Billed.YES if price else Billed.NO) if known else Billed.UNKNOWN,
        priced_late=known,
    )


def moment(value: object) -> datetime | None:
    """A time such as 2015-02-24T11:40:30.917+0100, in UTC; None for what is none."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
