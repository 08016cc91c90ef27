"""What a request carries when it leaves and its sender never sees: credentials in headers, query and path."""

import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from ringfence.errors import ConfigError
from ringfence.http.redact import register_secret

# `{name}`, as httpx writes it in a path.
_PLACEHOLDER = re.compile(rb"%7B([A-Za-z_]+)%7D")


class Dress:
    """The credentials of one provider, each registered as a secret.

    `path` replaces the placeholder `{name}` in a URL's path, escaped, so that no value adds a segment. Raises
    ConfigError where a credential cannot be sent in a header or in a path.
    """

    def __init__(self, headers: Mapping[str, str], query: Mapping[str, str], path: Mapping[str, str]) -> None:
        for name, value in headers.items():
            register_header(name, value)
        for name, value in path.items():
            if value in ("", ".", ".."):
                raise ConfigError(f"the credential for '{name}' in the address is empty or only dots; set it again")
        for secret in (*query.values(), *path.values()):
            register_secret(secret)
        self._headers, self._query = dict(headers), dict(query)
        self._path = {name.encode(): quote(value, safe="").encode() for name, value in path.items()}

    def put_on(self, request: httpx.Request, authorization: str | None) -> httpx.Request:
        """A copy with the credentials, and with this Authorization header where a token is in use."""
        headers = request.headers.copy()
        headers.update(self._headers)
        if authorization is not None:
            headers["Authorization"] = authorization
        headers["Accept-Encoding"] = "identity"
        headers.setdefault("User-Agent", "ringfence")
        return httpx.Request(request.method, self._address(request.url), headers=headers, stream=request.stream)

    def _address(self, url: httpx.URL) -> httpx.URL:
        if self._path:
            # Once over the path as it was asked for: a value that looks like a placeholder stays a value.
            path, mark, query = url.raw_path.partition(b"?")
            filled = _PLACEHOLDER.sub(lambda found: self._path.get(found[1], found[0]), path)
            url = url.copy_with(raw_path=filled + mark + query)
        return url.copy_merge_params(self._query) if self._query else url


def register_header(name: str, value: str) -> None:
    """Register the value of a header as a secret, with and without its scheme ("Bearer"); ConfigError if unsendable."""
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ConfigError(
            f"the credential in header '{name}' holds a line break, a space at an end or a character that is not "
            "ASCII; set its environment variable again without it"
        )
    for secret in (value, value.rpartition(" ")[2]):
        register_secret(secret)
