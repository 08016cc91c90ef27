"""What a token is, and how one is obtained: plain values. Keeping and renewing them is the client's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ringfence.http.exchange import Reply


@dataclass(frozen=True, slots=True)
class Token:
    """The value of an Authorization header, and for how many seconds from now it is good."""

    header: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class NoToken:
    """Why there is no token, without a secret.

    `refused` is the sentence for the user where asking again would end in the same way, such as about wrong
    credentials; else it may help to ask again, after `retry_after` seconds where the reply names them.
    """

    reason: str
    refused: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """How a token is fetched: a POST of this form to this path below the base URL, and how its reply is read."""

    path: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    read: Callable[[Reply], Token | NoToken]
