"""What is planted: credentials of every provider, the secrets of the house itself, and numbers in every country."""

import itertools
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ringfence.providers.registry import providers

# By country: its code, what is dialled behind it with a place for a digit, and which provider is asked about it.
# All of them hold 7391846, and are valid by libphonenumber's metadata; invented, and asked of the simulator only.
COUNTRIES = {
    "NL": ("31", "6{}7391846", "12345", "infobip"),
    "GB": ("44", "747391846{}", "0123456", "messente"),
    "DE": ("49", "1517391846{}", "0123456", "vonage"),
    "ES": ("34", "67391846{}", "0123", "kpn"),
    "AE": ("971", "5{}7391846", "0245", "kaleyra"),
    "FR": ("33", "67391846{}", "012", "vonage_insights"),
}
NUMBERS = {
    f"+{code}{national.format(digit)}": national.format(digit)
    for code, national, digits, _ in COUNTRIES.values()
    for digit in digits
}
# The variable that the address of the alerts is read from.
WEBHOOK = "ALERTS_HOOK"


@cache
def private_key() -> str:
    """A key such as a vendor gives an application, in PEM on one line as a file of secrets holds it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.private_bytes(*form).decode()


def credentials(mark: str) -> dict[str, str]:
    """A value for every variable that any provider may read, each of which can be told from all others."""
    names = itertools.chain.from_iterable(one for kind in providers().values() for one in kind.secrets)
    values = {name: f"{mark}-{name.lower().replace('_', '-')}-8Qx" for name in names}
    return {**values, "VONAGE_PRIVATE_KEY": private_key(), WEBHOOK: f"http://127.0.0.1:9/{mark}-hook-8Qx"}


def needles(found: dict[str, str]) -> dict[str, str]:
    """What is looked for of these credentials: of a key its second line, of an address its end."""
    return {name: value.splitlines()[1] if "\n" in value else value.rpartition("/")[2] for name, value in found.items()}


def cells() -> list[tuple[str, str]]:
    """Cells with the numbers as people write them, some of which are refused, and the country of their rows."""
    found = []
    for country, (code, national, digits, _) in COUNTRIES.items():
        for place, digit in enumerate(digits):
            local = national.format(digit)
            spelled = (f"+{code}{local}", f"00{code} {local}", f"0{local}", f"+{code} {local[:3]} {local[3:]}")
            found.append((spelled[place % 4] if country != "ES" else f"+{code}{local}", country))
            found.append((f"call {local} or +{code}{local}, urgent", country))
    return found
