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
class Grant:
    """How a token is fetched: a POST of this form to this path below the base URL, and how its reply is read.

    `read` gives the token, or a sentence that says why there is none.
    """

    path: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(repr=False)
    read: Callable[[Reply], Token | str]
