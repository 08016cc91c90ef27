"""Which credentials a simulated provider takes: any that is not empty and does not begin with `wrong`."""

import base64
import binascii
import json
import time
from typing import Any


def good(*parts: str) -> bool:
    """Whether every part of a credential is taken."""
    return all(part and not part.startswith("wrong") for part in parts)


def basic(header: str) -> bool:
    """Whether an Authorization header is `Basic` (RFC 7617) with a user and a password that are taken."""
    scheme, _, credential = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        user, _, password = base64.b64decode(credential.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return good(user, password)


def application_token(header: str) -> bool:
    """Whether an Authorization header is `Bearer` with a token of an application that is taken and has not expired.

    A JSON Web Token (RFC 7519) of RS256 with the claims that Vonage wants: application_id, iat, exp and jti, good for
    at most a day. Its signature is not checked, only that it is one of at least 2048 bits.
    """
    scheme, _, token = header.partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        return False
    try:
        head, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except (binascii.Error, ValueError, RecursionError):
        return False
    if not isinstance(head, dict) or not isinstance(claims, dict):
        return False
    return head.get("alg") == "RS256" and len(signature) >= 256 and _current(claims)


def _current(claims: dict[str, Any]) -> bool:
    application, jti, begins, ends = (claims.get(name) for name in ("application_id", "jti", "iat", "exp"))
    if not isinstance(application, str) or not isinstance(jti, str):
        return False
    if type(begins) is not int or type(ends) is not int:
        return False
    return good(application, jti) and begins - 60 <= time.time() < ends and ends - begins <= 86_400


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
