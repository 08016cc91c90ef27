"""Scenarios: which requests of which provider go wrong. The faults and the named scenarios are in faults.py.

A scenario is a list of rules, in a YAML file or under a name; for each request the first rule that fits holds:

    - {provider: infobip, when: {nth: 3}, fault: status, status: 429, retry_after: 2}
    - {when: {every: 5}, fault: drop_in_body, by: close}
    - {when: always, fault: late, seconds: 2, billed: true}

Requests are counted by provider from the start or the last reset. Answers themselves never depend on a fault.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from ringfence.errors import RingfenceError
from ringfence.simulator.faults import FAULTS, SCENARIOS
from ringfence.simulator.given import read_yaml


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `nth` and `every` are 0 when not used; both 0 is always. No provider is every provider.

    `billed` None leaves it to the vendor: what it refuses costs nothing.
    `retry_after` is sent as it stands; `retry_after_date` is seconds from now, sent as an HTTP-date (RFC 9110 10.2.3).
    """

    fault: str
    billed: bool | None
    provider: str | None = None
    nth: int = 0
    every: int = 0
    status: int = 0
    retry_after: str | None = None
    retry_after_date: int | None = None
    seconds: float = 1.0
    by: str = "reset"

    def fits(self, provider: str, count: int) -> bool:
        """Whether this rule holds for a provider's request number `count` (the first is 1)."""
        if self.provider not in (None, provider):
            return False
        if self.nth:
            return count == self.nth
        return count % self.every == 0 if self.every else True


class Scenario:
    """Rules with the count of requests that they go by."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._counts: Counter[str] = Counter()

    def next(self, provider: str) -> Rule | None:
        """Count one request and give the rule that holds for it, if any."""
        self._counts[provider] += 1
        return next((rule for rule in self._rules if rule.fits(provider, self._counts[provider])), None)

    def restart(self) -> None:
        """Count from 1 again."""
        self._counts.clear()


def read_scenario(name: str, providers: Iterable[str]) -> Scenario:
    """The scenario of that name, else the file of that name.

    Raises RingfenceError for a scenario that is neither (listing the names), and for a rule that cannot be followed.
    """
    written: Any = SCENARIOS.get(name)
    if written is None:
        file = Path(name)
        if not file.is_file():
            raise RingfenceError(f"there is no scenario '{name}'; give a file, or one of: {', '.join(SCENARIOS)}")
        written = read_yaml(file, "scenario", yaml.SafeLoader)
    if not isinstance(written, list):
        raise RingfenceError(f"scenario {name}: write a list of rules, one '- {{when: ..., fault: ...}}' a line")
    known = tuple(providers)
    return Scenario(_rule(rule, f"scenario {name}, rule {position}", known) for position, rule in enumerate(written, 1))


def _rule(written: object, where: str, providers: tuple[str, ...]) -> Rule:
    if not isinstance(written, Mapping):
        raise RingfenceError(f"{where}: write it as {{when: ..., fault: ...}}")
    given = dict(written)
    fault, provider = given.get("fault"), given.get("provider")
    if not isinstance(fault, str) or fault not in FAULTS:
        raise RingfenceError(f"{where}: there is no fault {fault!r}; there are: {', '.join(FAULTS)}")
    if provider is not None and provider not in providers:
        raise RingfenceError(f"{where}: there is no provider {provider!r}; there are: {', '.join(providers)}")
    given.update(_when(given.pop("when", "always"), where))
    given.setdefault("billed", FAULTS[fault])
    if given.get("retry_after") is not None:
        given["retry_after"] = str(given["retry_after"])
    unknown = given.keys() - {field.name for field in fields(Rule)}
    if unknown:
        raise RingfenceError(f"{where}: there is no key {min(map(str, unknown))!r}")
    complaint = _complaint(given)
    if complaint:
        raise RingfenceError(f"{where}: {complaint}")
    return Rule(**given)


def _when(written: object, where: str) -> dict[str, int]:
    if written == "always":
        return {}
    if isinstance(written, Mapping) and len(written) == 1:
        ((kind, count),) = written.items()
        if kind in ("nth", "every") and type(count) is int and count > 0:
            return {kind: count}
    raise RingfenceError(f"{where}: when is one of: always, {{nth: 3}}, {{every: 5}}; found: {written!r}")


def _complaint(given: Mapping[str, Any]) -> str | None:
    """What is wrong with the values of a rule, whatever types a file gave them."""
    status, seconds = given.get("status", 0), given.get("seconds", 1)
    if type(given["billed"]) not in (bool, type(None)):
        return f"billed is true or false; found: {given['billed']!r}"
    if given["fault"] == "drop_unread" and given["billed"]:
        return "a request that is not read cannot be billed"
    if given["fault"] == "status" and not (type(status) is int and 400 <= status <= 599):
        return f"fault status needs a status from 400 to 599; found: {status!r}"
    if type(given.get("retry_after_date", 0)) is not int:
        return f"retry_after_date is a whole number of seconds; found: {given['retry_after_date']!r}"
    if type(seconds) not in (int, float) or not 0 <= seconds <= 3600:
        return f"seconds is a number from 0 to 3600; found: {seconds!r}"
    if given.get("by", "reset") not in ("reset", "close"):
        return f"by is reset or close; found: {given['by']!r}"
    return None
