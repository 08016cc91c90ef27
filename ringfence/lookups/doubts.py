"""What becomes of what is in doubt: what happens by itself, and what a person has to find out. It only reads."""

from collections import Counter
from dataclasses import dataclass

from ringfence.config.model import Config
from ringfence.lookups.asking import pollable
from ringfence.lookups.duration import lasting
from ringfence.money.health import Doubtful, Doubts
from ringfence.providers.collectable import traced
from ringfence.providers.registry import providers


@dataclass(frozen=True, slots=True)
class Outlook:
    """Sentences: what is in doubt, what happens to it by itself, and what only a person can do."""

    told: str
    by_itself: list[str]
    by_a_person: list[str]

    def __str__(self) -> str:
        """All of it in one text."""
        parts = [self.told, "By itself: " + "; ".join(self.by_itself)]
        parts += ["For a person: " + "; ".join(self.by_a_person)] if self.by_a_person else []
        return ". ".join(parts)


def outlook(config: Config, doubts: Doubts) -> Outlook | None:
    """What is to be said of these doubts; None where nothing is in doubt."""
    if not doubts.every:
        return None
    held = " and ".join(map(str, doubts.held()))
    told = f"{len(doubts.every):,} requests about {doubts.numbers:,} numbers are in doubt and hold {held}, "
    told += f"the oldest for {lasting(doubts.oldest)}"
    after = config.in_doubt.assume_billed_after
    when = f"the first in {lasting(after - doubts.oldest)}" if doubts.oldest < after else "with its next run"
    spent = f"job collect counts each as spent after {lasting(after)} (in_doubt.assume_billed_after), {when}"
    asked: Counter[str] = Counter()
    unasked: Counter[str] = Counter()
    for each in doubts.every:
        (asked if _is_asked(config, each) else unasked)[each.provider] += each.numbers
    return Outlook(
        told,
        [*(f"job collect asks {name} about {numbers:,} of them" for name, numbers in asked.items()), spent],
        [
            f"{name} is not asked about {numbers:,} of them: compare with its bill, then ringfence attempts decide"
            for name, numbers in unasked.items()
        ],
    )


def _is_asked(config: Config, doubt: Doubtful) -> bool:
    """Whether its provider is asked what became of it, now or soon, and has not been for as long as that may tell."""
    section, kind = config.providers.get(doubt.provider), providers().get(doubt.provider)
    if section is None or kind is None or doubt.product not in kind.products:
        return False
    product = kind.products[doubt.product]
    how = traced(product, section.options(doubt.provider))
    return pollable(product) or (how is not None and doubt.age < how.until)
