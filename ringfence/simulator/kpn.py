"""KPN API Store, Number Insight: Vonage's answers behind KPN's gateway, in a form and with a token.

Sources: KPN's documentation of "Number Insight - Nexmo" and its definition 1.1.1 on SwaggerHub. What is behind the
gateway is vonage.py, word for word but for what KPN's definition does not have (kpn_items.py); the gateway itself is in
kpn_gateway.py. A callback comes from Vonage, in Vonage's form. Not simulated: the parameter `ip`, which is ignored.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from starlette.requests import Request

from ringfence.simulator import kpn_gateway
from ringfence.simulator.bill import Account, Price, Prices
from ringfence.simulator.kpn_items import in_kpns_words
from ringfence.simulator.strictness import FORM, Form, complaint
from ringfence.simulator.subscribers import Subscribers
from ringfence.simulator.vendor import Answer
from ringfence.simulator.vonage import Vonage, refused_with
from ringfence.simulator.vonage_asked import ASYNC, of, sent_with, unreadable

_ROOT = "/communication/nexmo/number-insight"
_PATH = re.compile(rf"{_ROOT}/(basic|standard|advanced|advanced/async)", re.ASCII)
_PARAMETERS = frozenset({"number", "country", "cnam", "ip"})
_FORMS = {
    ("POST", f"{_ROOT}/{level}"): Form(
        parameters=_PARAMETERS | ({"callback"} if level == ASYNC else set()),
        sends=frozenset({FORM}),
        numbers=frozenset({"number"}),
    )
    for level in ("basic", "standard", "advanced", ASYNC)
} | {
    ("POST", kpn_gateway.TOKEN_PATH): Form(
        parameters=frozenset({"grant_type", "client_id", "client_secret"}), sends=frozenset({FORM})
    )
}


class Kpn(Vonage):
    """A token by `POST /oauth/client_credential/accesstoken`; then one number a request, by POST."""

    name: ClassVar[str] = "kpn"
    port_offset: ClassVar[int] = 3
    list_prices: ClassVar[Prices] = {
        "basic": Price(0, "EUR"),
        "standard": Price(5_000_000, "EUR"),
        "advanced": Price(30_000_000, "EUR"),
        "advanced_async": Price(30_000_000, "EUR"),
        "standard_cnam": Price(15_000_000, "EUR"),
        "advanced_cnam": Price(40_000_000, "EUR"),
        "advanced_async_cnam": Price(40_000_000, "EUR"),
    }
    rewordings: ClassVar[Mapping[str, Callable[[Answer], Answer]]] = {
        **Vonage.rewordings,
        "token_expired": kpn_gateway.expired,
        "token_error": kpn_gateway.broken,
        "product_not_in_project": kpn_gateway.not_in_project,
        "quota_used": kpn_gateway.used_up,
        "sunset": kpn_gateway.ending,
    }

    def __init__(self, subscribers: Subscribers, account: Account) -> None:
        super().__init__(subscribers, account)
        self._gateway = kpn_gateway.Gateway()

    def answer(self, request: Request, body: bytes) -> Answer:
        """Give a token, or look up the number of a request, or refuse it."""
        path = request.url.path
        if path != kpn_gateway.TOKEN_PATH and not _PATH.fullmatch(path):
            answer = kpn_gateway.refusal(404)
        elif request.method != "POST":
            answer = kpn_gateway.refusal(405)
        elif path == kpn_gateway.TOKEN_PATH:
            answer = self._gateway.issue(request, body)
        elif not self._gateway.knows(request):
            answer = kpn_gateway.refusal(401)
        else:
            answer = self._looked_up(path.removeprefix(f"{_ROOT}/"), request, body)
        return self._gateway.headed(answer, counts=answer.status == 200 and path != kpn_gateway.TOKEN_PATH)

    def refusal(self, status: int) -> Answer:
        """The gateway's error document for an HTTP status."""
        return self._gateway.headed(kpn_gateway.refusal(status), counts=False)

    def reset(self) -> None:
        """Give the quota back."""
        self._gateway.reset()

    def strict(self, request: Request, body: bytes) -> str | None:
        """What KPN's definition does not document."""
        return complaint(_FORMS, request, body)

    def _looked_up(self, level: str, request: Request, body: bytes) -> Answer:
        parameters = sent_with(request, body)
        wanted = unreadable(level) if parameters is None else of(level, parameters)
        return refused_with(level, wanted) if isinstance(wanted, int) else in_kpns_words(self._answer(wanted, "json"))


VENDOR = Kpn
