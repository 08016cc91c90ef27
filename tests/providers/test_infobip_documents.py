"""What Infobip's own documents and the replies seen from it become, each in JSON and in XML."""

from typing import Any

import pytest

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.lookup import (
    Basis,
    Carrier,
    ErrorClass,
    LineType,
    Lookup,
    Outcome,
    Ported,
    Reachability,
    Roaming,
    Validity,
)
from ringfence.providers.provider import Parsed
from tests.providers.infobip_words import as_json, as_xml

SWISS = Phone("+41793026727")
HOME = Carrier(None, "22801", "CH")
NETWORK = {"networkPrefix": "79", "countryPrefix": "41"}
OK = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": False}
DELIVERED = {
    "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
    "description": "Message delivered to handset",
}  # fmt: skip
UNDELIVERED = {
    "groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED",
    "description": "Message sent not delivered",
}  # fmt: skip
ABSENT = {
    "groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "name": "EC_ABSENT_SUBSCRIBER",
    "description": "Absent Subscriber", "permanent": False,
}  # fmt: skip
WRITE = pytest.mark.parametrize("write", [as_json, as_xml])


def parse(body: bytes, status: int = 200, product: str = "query", phone: Phone = SWISS) -> Parsed:
    """A reply about one number, read."""
    return PROVIDER.parse(product, Reply(status, {"content-type": "application/json"}, body), [phone])


def result(phone: Phone, status: Any, error: Any, **more: Any) -> Any:
    """The results of one number on its own network."""
    networks = {"mccMnc": "22801", "originalNetwork": NETWORK, "ported": False, "roaming": False}
    return {"results": [{"to": phone.digits, **networks, **more, "status": status, "error": error}]}


@WRITE
@pytest.mark.parametrize(("digits", "imsi"), [("41793026727", "228012120181810"), ("41793026834", "228012123477789")])
def test_delivered(write: Any, digits: str, imsi: str) -> None:
    """The page's own examples, "Database cleaning" among them: a reachable mobile on its own network."""
    phone = Phone(f"+{digits}")
    (one,) = parse(write(result(phone, DELIVERED, OK, imsi=imsi)), phone=phone).lookups
    assert one == Lookup(
        phone=phone,
        outcome=Outcome.COMPLETE,
        validity=Validity.VALID,
        validity_basis=Basis.NETWORK,
        reachability=Reachability.REACHABLE,
        ported=Ported.NOT_PORTED,
        roaming=Roaming.NOT_ROAMING,
        line_type=LineType.MOBILE,
        current_carrier=HOME,
        original_carrier=HOME,
        raw_status="3/5 DELIVERED_TO_HANDSET",
        raw_error="0/0 NO_ERROR",
        raw_permanent="false",
    )


@WRITE
def test_absent_subscriber(write: Any) -> None:
    """The example of "Sync": a subscription whose handset is away is valid, and nothing of its roaming is known."""
    (one,) = parse(write(result(SWISS, UNDELIVERED, ABSENT))).lookups
    assert one == Lookup(
        phone=SWISS,
        outcome=Outcome.COMPLETE,
        validity=Validity.VALID,
        validity_basis=Basis.NETWORK,
        reachability=Reachability.ABSENT,
        ported=Ported.NOT_PORTED,
        current_carrier=HOME,
        original_carrier=HOME,
        raw_status="2/9 UNDELIVERABLE_NOT_DELIVERED",
        raw_error="1/27 EC_ABSENT_SUBSCRIBER",
        raw_permanent="false",
    )


@WRITE
def test_acknowledgement_of_a_single_number(write: Any) -> None:
    """The example of "Asynchronous request": pending, no bulk, and so known by its message."""
    pending = {
        "groupId": 1, "groupName": "PENDING", "id": 3, "name": "PENDING_WAITING_DELIVERY",
        "description": "Message sent, waiting for delivery report",
    }  # fmt: skip
    message = "2b691c32-1233-4716-a763-4f70cc929eae"
    document = {"results": [{"to": SWISS.digits, "status": pending, "messageId": message}]}
    parsed = parse(write(document), product="notify")
    assert (parsed.verdict, list(parsed.lookups), parsed.request_ref) == ("awaiting", [], message)


@WRITE
def test_a_status_without_ids(write: Any) -> None:
    """Seen on accounts for which the product is not enabled: the name alone tells, and stops the run."""
    status = {
        "groupName": "REJECTED", "name": "REJECTED_ROUTE_NOT_AVAILABLE",
        "description": "Route not available", "action": "Contact account manager",
    }  # fmt: skip
    parsed = parse(write({"results": [{"to": SWISS.digits, "status": status}]}))
    assert parsed.lookups[0].error_class is ErrorClass.NOT_ENABLED
    assert "Number Lookup is enabled" in str(parsed.stop)


@WRITE
@pytest.mark.parametrize(
    ("status", "message_id", "text", "verdict", "stops"),
    [
        (400, "BAD_REQUEST", "Bad request", "void", ""),
        (
            400,
            "BAD_REQUEST",
            "[to : Number of destinations is limited to 1000. For larger requests use /number/1/notify API endpoint.]",
            "void",
            "",
        ),
        (401, "UNAUTHORIZED", "Unauthorized", "void", "stops"),
        (403, "FORBIDDEN", "Forbidden", "void", "stops"),
        (429, "TOO_MANY_REQUESTS", "Too many requests", "void", ""),
        (500, "GENERAL_ERROR", "Something went wrong. Please contact support.", "doubt", ""),
    ],
)
@pytest.mark.parametrize("product", ["query", "notify"])
def test_refusals(
    write: Any,
    status: int,
    message_id: str,
    text: str,
    verdict: str,
    stops: str,
    product: str,
) -> None:
    """The error document of the OpenAPI document: its code word is evidence, its sentence is not."""
    exception = {"messageId": message_id, "text": text}
    parsed = parse(write({"requestError": {"serviceException": exception}}), status, product)
    assert (parsed.verdict, "stops" if parsed.stop else "") == (verdict, stops)
    assert parsed.evidence == f"HTTP {status}: {message_id}"
    assert parsed.retry is (status == 429)


@WRITE
def test_the_newer_error_document(write: Any) -> None:
    """The page about rate limits has another form."""
    document = {"errorCode": "E429", "description": "Too many requests sent.", "violations": [], "resources": []}
    parsed = parse(write(document), 429)
    assert (parsed.verdict, parsed.retry, parsed.evidence) == ("void", True, "HTTP 429: E429")
