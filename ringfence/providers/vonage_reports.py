"""What became of a request to Vonage whose reply never came: its record in the Reports API, by id or by time.

Source: Vonage's Reports API reference and specification 2.1.14 (`GET /v2/reports/records`, product NUMBER-INSIGHT), and
its pages on best practices and pagination: at most 24 hours and 1000 records a call, `TRUNCATED` when there are more,
thirteen months back. **It is a paid product, by the record**, also for a record that was asked for before. `account_id`
is left out, which only the Video API demands: it is the key, and no credential belongs into an address.

Not documented: how soon a record is there, whether every request has one, and whether what a record tells of validity
is the network's. So a missing record is no evidence, and its facts are at most inferred.
"""

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Waiting
from ringfence.providers.lookup import Billed, ErrorClass, Lookup, Outcome
from ringfence.providers.matching import matched, one_of, results
from ringfence.providers.number_insight import request_id
from ringfence.providers.provider import Parsed, Traced
from ringfence.providers.reading import amount, code, field, moment, read_exact, text
from ringfence.providers.vonage_facts import facts
from ringfence.providers.vonage_item import WITH_FACTS
from ringfence.providers.vonage_markup import document
from ringfence.providers.windows import Page, around, clock_of, wanted, window_of

OPTION = "reports"
# An exchange takes a minute at most; asked an hour later, since each asking costs. Thirteen months less a week.
TRACED = Traced(early=30, late=90, after=3600, until=388 * 86_400, option=OPTION)
_PAGE = 1000
_LIST, _NUMBER, _RECORDS = ("records",), "number", "records_told"
_WHOLE = "SUCCESS"
_ID = re.compile(r"[A-Za-z0-9-]{8,40}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_BY_ID = "id "


def polls(waiting: Waiting, base_url: str) -> list[Poll]:
    """The one record of a request that was accepted under an id, else what was received when it was sent."""
    if not waiting.unanswered:
        return []
    ref = request_id(document(waiting.accepted.body)) if waiting.accepted else None
    if ref and _ID.fullmatch(ref):
        told = any(later.ref == _BY_ID + ref and _status(later) == _WHOLE for later in waiting.told)
        return [] if told else [_poll(base_url, _BY_ID + ref, {"id": ref})]
    pages = [page for later in waiting.told if (page := _page(later))]
    return [
        _poll(base_url, window.ref, {"date_start": _iso(window.since), "date_end": _iso(window.until)})
        for window in wanted(around(waiting.sent_at, TRACED), pages, TRACED)
    ]


def _poll(base_url: str, ref: str, query: Mapping[str, str]) -> Poll:
    url = httpx.URL(f"{base_url}/v2/reports/records", params={"product": "NUMBER-INSIGHT", **query})
    return Poll("log", ref, httpx.Request("GET", url, headers={"Accept": "application/json"}), shared=True)


def part(page: bytes, asked: Sequence[Phone], others: Set[str]) -> bytes:
    """The records about these numbers and of no other request, and how many there were; empty for what is no report."""
    read = read_exact(page)
    records = results(read, _LIST)
    if records is None:
        return b""
    found = matched(records, _NUMBER, asked)
    mine = [
        record for about in found.items.values() for record in about if text(record.get("request_id"), 40) not in others
    ]
    kept = {_LIST[0]: mine, _RECORDS: len(records), "request_status": field(read, "request_status")}
    return json.dumps(kept, separators=(",", ":")).encode()


def recorded(later: Later, product: str, asked: Sequence[Phone]) -> Parsed:
    """Read a report: a number is answered by a record of it, of this request or its time, that states a price."""
    records = results(read_exact(later.reply.body), _LIST)
    if later.reply.status != 200 or records is None:
        return Parsed("doubt", f"HTTP {later.reply.status} for the report")
    ours = [record for record in records if _is_ours(record, later.ref)]
    found = matched(ours, _NUMBER, asked)
    told = {
        phone: [one for record in about if (one := _lookup(record, product, phone))]
        for phone, about in found.items.items()
    }
    lookups = [one_of(told[phone]) for phone in asked if told.get(phone)]
    return Parsed(
        verdict="answered" if lookups else "awaiting",
        evidence=f"the report tells of {len(lookups)} of {len(asked)} numbers",
        lookups=lookups,
        unasked=found.unasked + len(records) - len(ours),
    )


def _is_ours(record: object, ref: str) -> bool:
    window = window_of(ref)
    if window is None:
        return ref == f"{_BY_ID}{text(field(record, 'request_id'), 40)}"
    return window.holds(_moment(field(record, "date_received")))


def _lookup(record: Mapping[str, Any], product: str, phone: Phone) -> Lookup | None:
    """A record as a lookup; None where it states no price, so that nothing may settle by it."""
    price, currency = amount(record.get("total_price")), record.get("currency")
    if price is None or not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return None
    status = code(record.get("response_code"))
    if status is None or status in WITH_FACTS:
        body = {
            "valid_number": record.get("valid"),
            "reachable": record.get("reachable"),
            "ported": record.get("ported"),
        }
        read = facts(body, product.removesuffix("_async"), phone, whole=False)
    else:
        read = Lookup(phone=phone, outcome=Outcome.FAILED, error_class=ErrorClass.PROVIDER_ERROR)
    return replace(
        read,
        price=price,
        currency=currency,
        billed=Billed.YES if price else Billed.NO,
        priced_late=True,
        observed_at=_moment(record.get("date_received")),
        result_ref=text(record.get("request_id"), 40),
        raw_status=None if status is None else str(status),
    )


def _page(later: Later) -> Page | None:
    window, read = window_of(later.ref), read_exact(later.reply.body)
    records = results(read, _LIST)
    if window is None or later.reply.status != 200 or records is None:
        return None
    counted = field(read, _RECORDS)
    full = max(len(records), counted if isinstance(counted, int) else 0) >= _PAGE or _status(later) != _WHOLE
    return Page(window, full=full, pending=False, at=later.at, clock=clock_of(later.reply))


def _status(later: Later) -> object:
    return field(read_exact(later.reply.body), "request_status")


def _moment(value: object) -> datetime | None:
    return moment(value, datetime.fromisoformat) if isinstance(value, str) else None


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
