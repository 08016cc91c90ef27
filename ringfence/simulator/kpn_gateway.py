"""KPN's gateway as simulated: tokens, the project's quota, its headers on every reply, and its own refusals.

Sources: KPN's documentation of the API Store (authentication, "HTTP response headers"), the error schema of its
definitions, and what the makers of other clients report: HTTP 401 with `ErrorCode` and HTTP 500 with
`invalid_client-invalid_client_id` for credentials that are not known, `n/a` in `sunset`. No numbers here.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import monotonic, time
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request

from ringfence.simulator.credentials import good
from ringfence.simulator.strictness import FORM
from ringfence.simulator.vendor import Answer, Payload

TOKEN_PATH = "/oauth/client_credential/accesstoken"  # noqa: S105 - a path
# Seconds that a token lives, as in the documentation's example.
LIFE = 3599
_LIMIT = 1_000_000
_RESET = "quota-reset-UTC"
_SUNSET = "Thu, 04 Feb 2027 00:00:00 GMT"
_TEXTS = {401: "Invalid Access Token", 403: "The product is not part of the project", 429: "Quota exceeded"}


class Gateway:
    """The tokens that were issued and how much of the quota is used, for one port."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}
        self._used = 0

    def reset(self) -> None:
        """Give the quota back. Tokens stay good: they are the client's, and no part of what was asked."""
        self._used = 0

    def issue(self, request: Request, body: bytes) -> Answer:
        """A token for a client that is known, in which every number is a string."""
        sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = dict(parse_qsl(body.decode("utf-8", "replace"))) if sent == FORM else {}
        if request.query_params.get("grant_type") != "client_credentials":
            return Answer(400, {"ErrorCode": "invalid_request", "Error": "Required param : grant_type"}, str(uuid4()))
        if not good(form.get("client_id", ""), form.get("client_secret", "")):
            return Answer(401, {"ErrorCode": "invalid_client", "Error": "ClientId is Invalid"}, str(uuid4()))
        token = secrets.token_urlsafe(21)
        self._ends[token] = monotonic() + LIFE
        payload: Payload = {
            "refresh_token_expires_in": "0",
            "api_product_list": "[Number Insight]",
            "api_product_list_json": ["Number Insight"],
            "organization_name": "kpn",
            "developer_email": "developer@example.com",
            "token_type": "Bearer",
            "issued_at": str(int(time() * 1000)),
            "client_id": form["client_id"],
            "access_token": token,
            "application_name": str(uuid4()),
            "scope": "",
            "expires_in": str(LIFE),
            "refresh_count": "0",
            "status": "approved",
        }
        return Answer(200, payload, str(uuid4()))

    def knows(self, request: Request) -> bool:
        """Whether a request carries a token that was issued here and has not ended."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token.strip(), 0.0) > monotonic()

    def headed(self, answer: Answer, *, counts: bool) -> Answer:
        """A reply with the gateway's headers; what is looked up counts against the quota."""
        self._used += counts
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        headers = {**_quota(self._used, midnight), "sunset": "n/a", "api-version": "1.1.1"}
        return replace(answer, headers={**headers, **answer.headers})


def refusal(status: int) -> Answer:
    """The gateway's error document for an HTTP status."""
    transaction = str(uuid4())
    name = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    payload: Payload = {
        "transactionId": transaction,
        "status": str(status),
        "name": name,
        "message": _TEXTS.get(status, name),
        "info": "https://developer.kpn.com/support",
    }
    return Answer(status, payload, transaction, headers=_used_up() if status == HTTPStatus.TOO_MANY_REQUESTS else {})


def expired(answer: Answer) -> Answer:
    """The token of a lookup is no longer taken: nothing is looked up."""
    return _instead(answer, refusal(401)) if answer.numbers else answer


def not_in_project(answer: Answer) -> Answer:
    """The token is good, and the product is not one of its project's."""
    return _instead(answer, refusal(403)) if answer.numbers else answer


def broken(answer: Answer) -> Answer:
    """Who asks is not known, said as if the server had failed; with a lookup it is the token that is not."""
    known = "invalid_access_token" if answer.numbers else "invalid_client-invalid_client_id"
    failed = refusal(500)
    return _instead(answer, replace(failed, payload={**failed.payload, "message": known}))


def used_up(answer: Answer) -> Answer:
    """An answer with which the quota is used up, until the next second."""
    return replace(answer, headers={**answer.headers, **_used_up()})


def ending(answer: Answer) -> Answer:
    """An answer with the day on which the API ends."""
    return replace(answer, headers={**answer.headers, "sunset": _SUNSET})


def _instead(answer: Answer, refused: Answer) -> Answer:
    """A refusal in the place of an answer: nothing is charged, and nothing comes later."""
    return replace(refused, numbers=answer.numbers, headers={**answer.headers, **refused.headers})


def _used_up() -> Mapping[str, str]:
    return _quota(_LIMIT, datetime.now(UTC) + timedelta(seconds=1))


def _quota(used: int, reset: datetime) -> Mapping[str, str]:
    return {
        "quota-limit": str(_LIMIT),
        "quota-interval": "1",
        "quota-time-unit": "day",
        "quota-used": str(used),
        _RESET: f"{reset:%Y-%m-%dT%H:%M:%SZ}",
    }
