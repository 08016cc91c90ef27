"""What every seller of Vonage's Number Insight does alike: prices with a name, bodies, and answers by callback.

Vonage itself is in `vonage`, KPN, which resells it, in `kpn`; they differ in addresses, credentials and refusals.
"""

from collections.abc import Callable, Mapping, Sequence

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers import vonage_async
from ringfence.providers.collectable import Collectable, Later, Poll, Waiting
from ringfence.providers.number_insight import Seller, names_caller
from ringfence.providers.provider import Parsed
from ringfence.providers.reading import field, number
from ringfence.providers.vonage_markup import document
from ringfence.providers.vonage_privacy import withhold


class Levels(Collectable):
    """The levels of Number Insight as a `seller` offers them."""

    seller: Seller

    def priced_as(self, product: str, country: str, options: Mapping[str, str]) -> str:
        """With the caller's name another price holds, whether or not there is a name."""
        return f"{product}_cnam" if names_caller(product, country, options) else product

    def withhold(self, body: bytes, forbidden: Callable[[Phone | None], frozenset[str]]) -> bytes:
        """Cut what the rules forbid out of a body (`vonage_privacy`)."""
        return withhold(body, forbidden)

    def numbers_in(self, body: bytes) -> Sequence[str]:
        """The number that the body is about, where it names one."""
        found = number(field(document(body), "international_format_number"))
        return [found] if found else []

    def polls(
        self,
        waiting: Waiting,  # noqa: ARG002 - the contract's
        base_url: str,  # noqa: ARG002
        options: Mapping[str, str],  # noqa: ARG002
    ) -> Sequence[Poll]:
        """None: there is nothing to ask about a request that waits."""
        return ()

    def parse_later(self, product: str, later: Later, accepted: Reply | None, asked: Sequence[Phone]) -> Parsed:
        """Read a callback, which comes in Vonage's form whoever sold the request (`vonage_async`)."""
        return vonage_async.parse_later(self.seller, product, later, accepted, asked)
