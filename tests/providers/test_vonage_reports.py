"""Vonage's reports: what is asked for, which records are ours, and what they are read as."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.money.amount import Money
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Later, Poll, Traceable, Waiting
from ringfence.providers.kpn import PROVIDER as KPN
from ringfence.providers.lookup import Billed, Carrier, Outcome, Ported, Reachability, Validity
from ringfence.providers.provider import Parsed
from ringfence.providers.vonage import PROVIDER

ONE, OTHER = Phone("+31612000011"), Phone("+31612000012")
SENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REF = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
WINDOW = "sent 2026-11-22T11:59:30.000+00:00/2026-11-22T12:01:30.001+00:00"
ON = {"reports": "on"}


def record(phone: Phone = ONE, **changes: Any) -> dict[str, Any]:
    """A record as the specification has it."""
    return {
        "account_id": "abcdef01",
        "request_id": REF,
        "product_type": "HLR-LOOKUP",
        "number": phone.digits,
        "date_received": "2026-11-22T12:00:01+00:00",
        "status": "Success",
        "response_code": "0",
        "network": "20404",
        "network_name": "Acme",
        "network_type": "mobile",
        "valid": "valid",
        "ported": "ported",
        "reachable": "reachable",
        "first_name": "Avery",
        "last_name": "Amberley",
        "currency": "EUR",
        "total_price": 0.04,
        **changes,
    }


def report(*records: Any, status: str = "SUCCESS") -> bytes:
    """A report with these records."""
    return json.dumps({"request_id": "r", "request_status": status, "records": list(records)}).encode()


def polls(accepted: Reply | None = None, told: Any = (), options: Any = ON) -> list[Poll]:
    """What is asked for about a request that was sent at noon."""
    assert isinstance(PROVIDER, Traceable)
    waiting = Waiting("advanced_async", [ONE], SENT, accepted, [ONE], (), told)
    return list(PROVIDER.polls(waiting, "http://127.0.0.1:8900", options))


def read(*records: Any, ref: str = WINDOW, product: str = "advanced", status: int = 200) -> Parsed:
    """A report that was asked for by time, read."""
    assert isinstance(PROVIDER, Traceable)
    body = PROVIDER.part(report(*records), [ONE], frozenset())
    return PROVIDER.parse_later(product, Later("log", ref, Reply(status, {}, body)), None, [ONE])


def test_it_is_asked_for_by_time_without_number_and_key() -> None:
    """The two minutes in which it came in, if it did; nothing at all unless that is chosen."""
    (poll,) = polls()
    query = {"date_start": "2026-11-22T11:59:30.000Z", "date_end": "2026-11-22T12:01:30.001Z"}
    assert dict(poll.request.url.params) == {"product": "NUMBER-INSIGHT", **query}
    assert (poll.request.method, poll.request.url.path, poll.ref, poll.shared) == (
        "GET", "/v2/reports/records", WINDOW, True,
    )  # fmt: skip
    assert polls(options={"reports": "off"}) == polls(options={}) == []


def test_an_accepted_request_is_asked_for_by_its_id_once() -> None:
    """The id of the acknowledgement finds the one record; after a whole report it is not paid for again."""
    accepted = Reply(200, {}, json.dumps({"request_id": REF, "status": 0}).encode())
    (poll,) = polls(accepted)
    assert dict(poll.request.url.params) == {"product": "NUMBER-INSIGHT", "id": REF}
    told = Later("log", poll.ref, Reply(200, {}, report()))
    assert polls(accepted, [told]) == []
    assert len(polls(accepted, [Later("log", poll.ref, Reply(500, {}, b""))])) == 1
    assert [one.phone for one in read(record(), ref=poll.ref).lookups] == [ONE]
    assert read(record(request_id="other"), ref=poll.ref).lookups == []


def test_a_record_is_read_with_its_price_and_what_it_surely_tells() -> None:
    """Validity is an inference, networks are not told whose they are, and nobody's name is read."""
    (one,) = read(record()).lookups
    assert (one.price, one.currency, one.billed, one.priced_late) == (40_000_000, "EUR", Billed.YES, True)
    assert (one.outcome, one.validity, one.reachability) == (
        Outcome.PARTIAL, Validity.LIKELY_VALID, Reachability.REACHABLE,
    )  # fmt: skip
    assert (one.ported, one.current_carrier, one.caller_name) == (Ported.PORTED, Carrier(), None)
    assert one.observed_at == datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)
    (basic,) = read(record(total_price=0), product="basic").lookups
    assert (basic.price, basic.billed, basic.validity) == (0, Billed.NO, Validity.UNKNOWN)
    (failed,) = read(record(response_code="5", total_price="0.00")).lookups
    assert (failed.outcome, failed.billed) == (Outcome.FAILED, Billed.NO)


@pytest.mark.parametrize(
    "changes",
    [
        {"date_received": "2026-11-22T11:00:00+00:00"}, {"date_received": None}, {"number": OTHER.digits},
        {"total_price": None}, {"total_price": "a lot"}, {"total_price": -1}, {"currency": None}, {"currency": "eur"},
    ],
)  # fmt: skip
def test_what_is_of_another_or_states_no_price_settles_nothing(changes: dict[str, Any]) -> None:
    """Another time, another number, and a price that cannot be read."""
    assert (read(record(**changes)).verdict, read(record(**changes)).lookups) == ("awaiting", [])


@given(st.binary(max_size=80), st.integers(100, 599))
def test_nothing_that_comes_is_evidence_of_no_charge(body: bytes, status: int) -> None:
    """Whatever a report is or is not, a request is never void by it: that every one has a record is not documented."""
    assert isinstance(PROVIDER, Traceable)
    later = Later("log", WINDOW, Reply(status, {}, PROVIDER.part(body, [ONE], frozenset())), SENT)
    assert PROVIDER.parse_later("advanced", later, None, [ONE]).verdict in ("awaiting", "doubt")
    empty = Later("log", WINDOW, Reply(200, {}, report()), SENT)
    assert PROVIDER.uncharged("advanced", [later, empty], [ONE]) is None


def test_records_of_others_and_names_are_not_kept() -> None:
    """What is stored has our number alone, and after the privacy rules nobody's name."""
    assert isinstance(PROVIDER, Traceable)
    body = PROVIDER.part(report(record(OTHER), record()), [ONE], frozenset())
    kept = PROVIDER.withhold(body, lambda _: frozenset({"caller_name", "imsi", "serving_msc", "roaming"})).decode()
    assert OTHER.digits not in kept
    assert "Avery" not in kept
    assert "Amberley" not in kept
    assert json.loads(kept)["records_told"] == 2


@pytest.mark.parametrize("kind", [PROVIDER, KPN])
@pytest.mark.parametrize("product", ["standard", "advanced", "advanced_async"])
@pytest.mark.parametrize(
    ("stated", "expected"),
    [("32.68590294", 32_685_902_940), ("1.97", 1_970_000_000), (None, None), ("", None), ("-1", None), (5, 5 * 10**9)],
)
def test_the_balance_is_read_to_the_nano(kind: Any, product: str, stated: Any, expected: int | None) -> None:
    """Answers and acknowledgements tell what is left on the account, where they do."""
    body = {"status": 0, "request_id": REF, "number": ONE.digits, "remaining_balance": stated, "request_price": "0.03"}
    parsed = kind.parse(product, Reply(200, {}, json.dumps(body).encode()), [ONE])
    assert parsed.balance == (None if expected is None else Money(expected, "EUR"))
