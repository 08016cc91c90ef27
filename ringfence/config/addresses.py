"""Addresses of servers in `ringfence.yaml`. What is refused is not repeated, for it may hold a password."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

# How a key says that its value stands in a variable of the environment.
FROM_ENVIRONMENT = "env:"
_WITH_PORT = re.compile(r"https?://[^\s/?#@]+:(\d{1,6})(?:/[^\s?#@]*)?", re.ASCII)
_DOUBLED = re.compile("//")
# A part of a path that is written in one way only, and is neither . nor ..
_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~!$&'()*+,;=:-]+", re.ASCII)
PLAIN = "its parts are letters, digits and signs such as - and _, without braces, %, ?, #, // and parts . or .."


def address(text: str) -> SplitResult | None:
    """An http or https address with a host and a possible port, without user, query and fragment; else None."""
    try:
        parts = urlsplit(text)
        return parts if re.fullmatch(r"https?://[^\s?#@]+", text) and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def wrong_port(text: str) -> str:
    """What is to be said of the port of an address; nothing where it is one, or cannot be told from a password."""
    match = _WITH_PORT.fullmatch(text)
    return f"; a port is a number from 1 to 65535, found: {match[1]}" if match and not 0 < int(match[1]) < 65536 else ""


def url(text: str) -> str:
    """An address that is asked; raises ValueError."""
    if address(text) is None:
        told = "expected an address such as https://host/path, without user, query or fragment"
        raise ValueError(told + wrong_port(text))
    return text


def plain_path(text: str) -> bool:
    """Whether every client asks for a path, or the path of an address, just as it is written (RFC 3986, 3.3 and 6)."""
    path = urlsplit(text).path if "://" in text else text
    parts = path.strip("/").split("/")
    return not _DOUBLED.search(path) and (parts == [""] or all(map(_PART.fullmatch, parts)))


def public_url(text: str) -> str:
    """An address that providers are given, before a path of ours; raises ValueError."""
    if not plain_path(url(text)):
        raise ValueError(f"a provider may ask for this path in another way than it is written; {PLAIN}")
    return text


def webhook(text: str) -> str:
    """An address that gets messages, which may hold a secret; or `env:NAME`, where it stands. Raises ValueError."""
    if text.startswith(FROM_ENVIRONMENT):
        if text.removeprefix(FROM_ENVIRONMENT).isidentifier():
            return text
        raise ValueError("expected the name of a variable after env:, as in env:RINGFENCE_ALERTS")
    try:
        parts = urlsplit(text)
        plain = (
            re.fullmatch(r"https?://[^\s#]+", text) and parts.hostname and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        plain = None
    if not plain or (parts.scheme == "http" and not loopback(parts.hostname or "")):
        raise ValueError(
            "expected an https address (http on this machine alone) without user and fragment, or env:NAME"
        )
    return text


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy(text: str) -> str:
    """The address of an HTTP proxy; raises ValueError."""
    if text.lower().startswith("socks"):
        raise ValueError("socks proxies are not supported; expected an HTTP proxy such as http://proxy.example:3128")
    parts = address(text)
    if parts is None or parts.port is None or parts.path not in ("", "/"):
        told = "expected a proxy such as http://proxy.example:3128: http or https, host and port, and no user or"
        raise ValueError(f"{told} password{wrong_port(text)}")
    return text
