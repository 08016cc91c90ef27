"""HTTP Basic credentials (RFC 7617), as three of the providers take them."""

import base64

from ringfence.http.redact import register_secret
from ringfence.providers.provider import Credentials


def basic(user: str, password: str) -> Credentials:
    """The Authorization header for a user and a password; the pair as it is sent is masked in every text."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    register_secret(pair)
    return Credentials({"Authorization": f"Basic {pair}"})
