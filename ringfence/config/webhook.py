"""Where alerts are told: the address of `alerts.webhook`, out of the file or the environment. It is never shown.

No provider can be behind it, so that nothing that is sent there is ever a purchase.
"""

from urllib.parse import SplitResult, urlsplit

from ringfence.config.addresses import FROM_ENVIRONMENT, webhook
from ringfence.config.environment import Setup
from ringfence.errors import ConfigError
from ringfence.http.redact import register_secret
from ringfence.providers.registry import providers

KEY = "alerts.webhook"


def webhook_of(setup: Setup) -> str | None:
    """The address that alerts are sent to, masked in every text from now on; None where there is none.

    Raises ConfigError where it is no such address, or is read from a variable that is not set.
    """
    found = setup.config.alerts.webhook
    if found is None:
        return None
    if found.startswith(FROM_ENVIRONMENT):
        variable = found.removeprefix(FROM_ENVIRONMENT)
        address = setup.env.get(variable, "")
        if not address:
            raise ConfigError(f"{KEY} is read from {variable}, which is not set; set it, or take the key away")
        try:
            found = webhook(address)
        except ValueError as error:
            raise ConfigError(f"{KEY}, read from {variable}: {error}") from None
    register_secret(found)
    parts = urlsplit(found)
    host = parts.hostname or ""
    for name, kind in providers().items():
        vendors = any(host == each or host.endswith(f".{each}") for each in kind.hosts)
        if vendors or (name in setup.config.providers and _place(_of_provider(setup, name)) == _place(parts)):
            raise ConfigError(f"{setup.path}: {KEY} is an address of provider {name}; name one of your own")
    return found


def _of_provider(setup: Setup, name: str) -> SplitResult:
    """Where a provider is; nowhere where its address is wrong, for then nothing can be bought there."""
    try:
        return urlsplit(setup.base_url(name))
    except ConfigError:
        return urlsplit("")


def _place(parts: SplitResult) -> tuple[str | None, int]:
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
