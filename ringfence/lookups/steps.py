"""What is bought about a number, step by step of its route, and what cannot be. Pure.

A later step is bought only for what the earlier ones leave unknown; how often that is, is in `shares`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringfence.lookups.cheapest import NOT_ANSWERED, Choice, choose
from ringfence.lookups.due import BIT
from ringfence.lookups.routes import Offer, sum_of

NOBODY = "no provider is configured for this country: name one under providers and, where routes has lists, in its list"


@dataclass(frozen=True, slots=True)
class Purchase:
    """An offer that is bought for these facts (as bits).

    `step` is the step of the quote and not of the route: so many earlier purchases for its facts must leave something
    unknown before it is made. At 0 it is certain.
    """

    offer: Offer
    facts: int
    step: int


@dataclass(frozen=True, slots=True)
class Steps:
    """The purchases about one number, in their order; `left` has due facts (as bits) that nothing can be bought for.

    `ended` says that one of them has a price that ended; `warnings` are sentences about prices and what is passed over.
    """

    purchases: tuple[Purchase, ...] = ()
    left: tuple[tuple[int, str], ...] = ()
    ended: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def due(self) -> int:
        """The facts that are due: bought, or left."""
        return sum_of((*(each.facts for each in self.purchases), *(mask for mask, _ in self.left)))

    @property
    def reason(self) -> str:
        """Why what is left cannot be bought; names the facts where others can."""
        if not self.purchases:
            return "; ".join(dict.fromkeys(why for _, why in self.left))
        by_reason: dict[str, int] = {}
        for mask, why in self.left:
            by_reason[why] = by_reason.get(why, 0) | mask
        return "; ".join(f"{', '.join(names(mask))}: {why}" for why, mask in by_reason.items())


def names(mask: int) -> list[str]:
    """The facts of a mask."""
    return [fact for fact, bit in BIT.items() if mask & bit]


def steps(among: Sequence[Sequence[Offer]], dues: Sequence[int]) -> Steps:
    """What is bought of the offers of each step of a route, where `dues` are the facts that are due at each.

    What is due at the first and told by no product is left; what was asked at an earlier step and is told by none of
    the later ones stays unknown until it is due anew.
    """
    times: dict[int, int] = {}
    left: dict[int, str] = {}
    passed: dict[int, str] = {}
    found: list[Purchase] = []
    warnings: list[str] = []
    ended = False
    for offers, due in zip(among, dues, strict=False):
        asked = 0
        for bought, choice in list(_bought(offers, due & ~sum_of(left), times)):
            found += bought
            asked |= sum_of(each.facts for each in bought)
            ended = ended or choice.ended
            warnings += choice.warnings
            left |= dict(_by_fact(choice.priceless))
            passed |= {
                bit: why for bit, why in _by_fact(choice.passed) if passed.get(bit, NOT_ANSWERED) == NOT_ANSWERED
            }
        times |= {bit: times.get(bit, 0) + 1 for bit in BIT.values() if asked & bit}
    for bit in BIT.values():
        if dues[0] & bit and bit not in times and bit not in left:
            left[bit] = passed.get(bit, NOT_ANSWERED) if any(among) else NOBODY
    warnings += [why for bit, why in left.items() if bit in times]
    return Steps(
        purchases=tuple(sorted(found, key=lambda each: each.step)),
        left=tuple((bit, why) for bit, why in left.items() if bit not in times),
        ended=ended,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _bought(offers: Sequence[Offer], due: int, times: dict[int, int]) -> Iterator[tuple[list[Purchase], Choice]]:
    """What is bought at one step of a route: for facts that nobody was asked for, then for those asked once, and so on.

    What a product that is bought anyway tells of the others too, it is bought for as well.
    """
    firm = sum_of(offer.firm for offer in offers if not offer.barred and offer.cost)
    for step in sorted({times.get(bit, 0) for bit in BIT.values() if due & bit}):
        group = due & sum_of(bit for bit in BIT.values() if times.get(bit, 0) == step)
        if not group:
            continue
        due &= ~group
        choice = choose(offers, group)
        bought = []
        for offer, facts in choice.parts:
            also = due & (offer.firm | (offer.answers & ~firm))
            due &= ~also
            bought.append(Purchase(offer, facts | also, step))
        yield bought, choice


def _by_fact(masks: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for mask, why in masks:
        for bit in BIT.values():
            if mask & bit:
                yield bit, why
