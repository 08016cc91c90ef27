"""The contract of a simulated provider: what one file in this folder states and answers, and how they are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from starlette.requests import Request

from ringfence import simulator
from ringfence.simulator.bill import Account, Charge, Prices
from ringfence.simulator.subscribers import Subscribers

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Callback:
    """What is to be POSTed to the customer later: where to, what, and about which number (E.164 with `+`)."""

    url: str
    body: bytes
    number: str
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply before faults: what is said, which numbers (E.164 with `+`) were asked, and what it costs.

    `markup` writes the payload as XML where that was asked for (content type application/xml unless the headers name
    another); it is called last, so that faults are spoken in XML too. `later` are the callbacks that follow.
    """

    status: int
    payload: Payload
    request_id: str
    numbers: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    markup: Callable[[Payload], bytes] | None = None
    later: tuple[Callback, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a vendor delivers a callback: which statuses it takes for an answer, and after which pauses it tries again.

    The pauses are seconds, much shorter than a vendor's own.
    """

    taken: frozenset[int] = frozenset(range(200, 300))
    pauses: tuple[float, ...] = (0.2, 0.4, 0.8)


class Vendor(Protocol):
    """One simulated provider: a class that inherits this one, bound to the name VENDOR in its module.

    `port_offset` is added to the first port. Of the faults that need the vendor's own words, by the names in faults.py,
    `distortions` change what is answered and billed: each returns a new payload and leaves the one that it is given as
    it is; `rewordings` change a whole answer, its callbacks and charges included, before it is charged; `refusals`
    (HTTP status and document) stand in the place of an answer about numbers, and cost nothing.
    """

    name: ClassVar[str]
    port_offset: ClassVar[int]
    list_prices: ClassVar[Prices]
    distortions: ClassVar[Mapping[str, Callable[[Payload], Payload]]]
    refusals: ClassVar[Mapping[str, tuple[int, Payload]]]
    rewordings: ClassVar[Mapping[str, Callable[[Answer], Answer]]] = MappingProxyType({})
    delivery: ClassVar[Delivery] = Delivery()

    def __init__(self, subscribers: Subscribers, account: Account) -> None: ...

    def answer(self, request: Request, body: bytes) -> Answer:
        """Answer a request as the vendor does, its refusals included."""
        ...

    def refusal(self, status: int) -> Answer:
        """The vendor's error document for an HTTP status."""
        ...

    def billed(self, answer: Answer) -> None:  # noqa: ARG002 - what most vendors tell nobody later
        """Note that an answer was charged, where the vendor tells so later; it may never have reached its client."""
        return

    def reset(self) -> None:
        """Forget what was asked, where that is kept; by default nothing is."""
        return

    def strict(self, request: Request, body: bytes) -> str | None:  # noqa: ARG002 - what most vendors do not look at
        """Why the vendor would refuse a request that its double lets pass, None when it would not.

        Asked with `--strict` only, before `answer`; the sentence holds no number and no credential.
        """
        return None


def vendors() -> dict[str, type[Vendor]]:
    """Every provider that can be simulated, by name, in the order of the ports."""
    modules = (
        importlib.import_module(f"{simulator.__name__}.{m.name}") for m in pkgutil.iter_modules(simulator.__path__)
    )
    found: list[type[Vendor]] = [module.VENDOR for module in modules if hasattr(module, "VENDOR")]
    return {vendor.name: vendor for vendor in sorted(found, key=lambda vendor: vendor.port_offset)}
