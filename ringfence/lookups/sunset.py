"""Which configured providers end, by what their vendors have announced, and how to move to another in time. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ringfence.config.model import Config
from ringfence.providers.registry import provider

# How long before a vendor's end it is warned of.
WARNED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Ending:
    """A provider whose vendor will not answer from a day on, or does not any more; `mend` is what to do about it."""

    provider: str
    on: date
    days_left: int
    mend: str

    @property
    def over(self) -> bool:
        """Whether it has ended: nothing is routed to it."""
        return self.days_left <= 0

    @property
    def found(self) -> str:
        """What is the matter, without the provider's name."""
        if self.over:
            return f"it has not answered since {self.on}"
        return f"it answers until {self.on}, {self.days_left} days from now"


def endings(config: Config, on: date) -> Iterator[Ending]:
    """The configured providers that end within 90 days of a day, or have ended before it."""
    for name in config.providers:
        end = provider(name).sunset
        if end is not None and end - on <= WARNED:
            yield Ending(name, end, (end - on).days, _mend(config, name))


def warnings(config: Config, on: date) -> list[str]:
    """A sentence for each of them, with what to do."""
    return [f"end of {each.provider}: {each.found}; {each.mend}" for each in endings(config, on)]


def _mend(config: Config, name: str) -> str:
    successor = provider(name).successor
    if successor is None:
        return "name another provider for its facts, and take it out of providers and routes"
    routes = "" if config.routes == "auto" else f", and put {successor} in its place in routes"
    moved = f"take {name} out of providers{routes}"
    if successor in config.providers:
        return moved
    added = f"add {successor}, its successor, to providers with a price, then {moved}"
    return f"{added}; what that does not tell, ask of another provider"
