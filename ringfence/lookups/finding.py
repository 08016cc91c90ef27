"""What an examination finds: one line each, with how to mend it. Who finds what is in `preflight` and `standing`."""

from dataclasses import dataclass
from typing import Literal

from ringfence.config.model import Config
from ringfence.errors import RingfenceError
from ringfence.money.amount import Money

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination. `fail` keeps a purchase from succeeding, `warn` will or may; `mend` says how."""

    status: Status
    what: str
    found: str
    mend: str = ""


def failed(what: str, error: RingfenceError) -> Finding:
    """An error as a finding: its sentences end with how to mend it."""
    found, _, mend = str(error).rpartition("; ")
    return Finding("fail", what, found or mend, mend if found else "")


def incomparable(cap: Money, config: Config) -> bool:
    """Whether no price can be held against a cap: prices are in one currency, and there is no rate to another."""
    return bool(cap.amount) and cap.currency != config.currency
