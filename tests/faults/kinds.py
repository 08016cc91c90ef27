"""The kinds of provider that every fault is tried on: what is asked of each, how much at once, and with what."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringfence.money.amount import Money
from tests.leaks.planted import private_key


@dataclass(frozen=True)
class Kind:
    """A product of a provider, its list price (the simulator's own), and how many numbers a request of it has."""

    provider: str
    product: str
    price: Money
    size: int
    secrets: Mapping[str, str] = field(repr=False)


def _secrets(*names: str) -> Mapping[str, str]:
    return dict.fromkeys(names, "key-of-a-test")


KINDS: Mapping[str, Kind] = {
    # Many at once, answered in the reply, no price in it, a log that can be asked.
    "infobip": Kind("infobip", "query", Money.parse("0.01 EUR"), 3, _secrets("INFOBIP_API_KEY")),
    # One at once, a status and a price in the body.
    "vonage": Kind("vonage", "standard", Money.parse("0.005 EUR"), 1, _secrets("VONAGE_API_KEY", "VONAGE_API_SECRET")),
    # Many at once, no price, no log.
    "messente": Kind(
        "messente", "hlr_sync", Money.parse("0.002 EUR"), 3, _secrets("MESSENTE_API_USERNAME", "MESSENTE_API_PASSWORD")
    ),
    # One at once, a form, behind a gateway and its token.
    "kpn": Kind("kpn", "advanced", Money.parse("0.03 EUR"), 1, _secrets("KPN_CLIENT_ID", "KPN_CLIENT_SECRET")),
    # One at once, what is missing has a status of its own, behind a token that is signed here.
    "vonage_insights": Kind(
        "vonage_insights",
        "insights",
        Money.parse("0.03 EUR"),
        1,
        {"VONAGE_APPLICATION_ID": "an-application", "VONAGE_PRIVATE_KEY": private_key()},
    ),
    # Many at once, accepted, and told when asked again.
    "kaleyra": Kind("kaleyra", "lookup", Money.parse("0.20 EUR"), 3, _secrets("KALEYRA_API_KEY", "KALEYRA_SID")),
    # Many at once, or one, that are accepted and called back about.
    "infobip_notify": Kind("infobip", "notify", Money.parse("0.01 EUR"), 3, _secrets("INFOBIP_API_KEY")),
    "vonage_async": Kind(
        "vonage", "advanced_async", Money.parse("0.04 EUR"), 1, _secrets("VONAGE_API_KEY", "VONAGE_API_SECRET")
    ),
    "kpn_async": Kind(
        "kpn", "advanced_async", Money.parse("0.03 EUR"), 1, _secrets("KPN_CLIENT_ID", "KPN_CLIENT_SECRET")
    ),
    # Many at once, with one price for all.
    "kaleyra_get": Kind(
        "kaleyra", "lookup_get", Money.parse("0.20 EUR"), 3, _secrets("KALEYRA_API_KEY", "KALEYRA_SID")
    ),
}
# Whose answers do not come while a case lasts: all that it can see is whether the request was accepted.
CALLED_BACK = ("infobip_notify", "vonage_async", "kpn_async")
