"""Which credentials a simulated provider takes: any that is not empty and does not begin with `wrong`."""

import base64
import binascii


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
