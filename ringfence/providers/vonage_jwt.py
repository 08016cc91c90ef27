"""The token of a Vonage application: a JSON Web Token (RFC 7519) signed with the application's private key (RS256).

Source: Vonage's authentication guide and JWT generator: claims application_id, iat, exp and jti, valid for 15 minutes
unless `exp` says otherwise.
"""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ringfence.errors import ConfigError
from ringfence.http.token import Token

# Seconds. A minute less than what Vonage takes by default, so that a clock that is a little off does no harm.
LIFE = 14 * 60
_BEGINS = "-----BEGIN "


def signer(application_id: str, key: RSAPrivateKey) -> Callable[[], Token]:
    """A function that makes a token, another one each time."""

    def token() -> Token:
        now = int(time.time())
        claims = {"application_id": application_id, "iat": now, "exp": now + LIFE, "jti": str(uuid.uuid4())}
        return Token(f"Bearer {jwt.encode(claims, key, algorithm='RS256')}", LIFE)

    return token


def private_key(value: str, variable: str) -> RSAPrivateKey:
    r"""The key that is the value of a variable: the text of a PEM file, or the path of one.

    A text on one line may have `\n` for its line breaks, as some secret stores keep it. Raises ConfigError, which
    shows nothing of the value, for anything else.
    """
    text = value.strip() if value.strip().startswith(_BEGINS) else _content(value.strip(), variable)
    try:
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError) as error:
        why = "it is protected by a password" if isinstance(error, TypeError) else "it is no private key in PEM form"
        raise ConfigError(f"{variable} cannot be used: {why}; download the application's private key again") from None
    except Exception as error:  # noqa: BLE001 - whatever the library says of an odd key, its text may quote the key
        raise ConfigError(f"{variable} cannot be used: {type(error).__name__} while reading the key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"{variable} is a private key, but not of RSA: take the one that Vonage gave the application")
    return key


def _content(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise ConfigError(
            f"{variable} is neither a private key (a text that begins with {_BEGINS}PRIVATE KEY-----) "
            "nor the path of a file that can be read; set it to one of them"
        ) from None
