"""The cheapest set of products that answers what is due about a number, at one step of its route. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ringfence.lookups.due import BIT
from ringfence.lookups.routes import Offer, sum_of

NOT_ANSWERED = "no configured product answers this"
_VALIDITY = BIT["validity"]
# A set of offers: nanos, how many there are, and their places.
Cover = tuple[int, int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is bought of a step's offers, and what is not, with facts as bits.

    `parts` are the offers in the order in which they are asked, each for its own facts. `priceless` has facts whose
    product has no price that holds, and why: they are bought nowhere else. `passed` has facts that nothing at this step
    may be asked for now, and why. `ended` says that a price has ended; `warnings` are about prices of what is bought,
    and about offers that are passed over.
    """

    parts: tuple[tuple[Offer, int], ...] = ()
    priceless: tuple[tuple[int, str], ...] = ()
    passed: tuple[tuple[int, str], ...] = ()
    ended: bool = False
    warnings: tuple[str, ...] = ()


def choose(among: Sequence[Offer], due: int) -> Choice:
    """Choose for a set of due facts among the offers of a step.

    Before all comes what answers most of them from the network, then what answers most at all; then the price of all
    together decides, then how few products there are, then the order of the configuration. What would be chosen had
    its price not ended is not replaced by something dearer: its facts are left.
    """
    usable = [offer for offer in among if offer.answers & due]
    barred = tuple(dict.fromkeys(offer.barred for offer in usable if offer.barred))
    free = [offer for offer in usable if not offer.barred]
    priced = [offer for offer in free if offer.cost]
    parts = _arranged(cheapest(priced, due), priced, due)
    bought, ended = _parted(parts)
    priceless = [(facts, offer.listed.problem) for offer, facts in ended if facts]
    rest = due & ~sum_of(facts for _, facts in parts)
    for offer in free:
        if mask := offer.answers & rest:
            priceless.append((mask, offer.listed.problem))
            rest &= ~mask
    told = [offer.listed.warning for offer, _ in parts]
    told += [offer.listed.problem for offer in priced if offer.listed.ended]
    return Choice(
        parts=tuple(bought),
        priceless=tuple(priceless),
        passed=tuple(_passed(among, rest)),
        ended=bool(ended),
        warnings=(*(dict.fromkeys(each for each in told if each) if bought else ()), *barred),
    )


def _parted(parts: Sequence[tuple[Offer, int]]) -> tuple[list[tuple[Offer, int]], list[tuple[Offer, int]]]:
    """Part what has a price from that whose price has ended; what the one tells anyway of the other is not lost."""
    gone = sum_of(facts for offer, facts in parts if offer.listed.ended)
    bought = []
    for offer, facts in parts:
        if not offer.listed.ended:
            bought.append((offer, facts | (offer.firm & gone)))
            gone &= ~offer.firm
    return bought, [(offer, facts & gone) for offer, facts in parts if offer.listed.ended]


def cheapest(among: Sequence[Offer], due: int) -> tuple[Offer, ...]:
    """The set of these offers, all priced, that ranks first; exact, and in their order.

    Each fact asks one thing of the set: the network where any offer asks it, else any answer. A fixed fee is borne once
    by whoever asks anything of a provider, so that every set of those who take one is tried.
    """
    firm = due & sum_of(offer.firm for offer in among)
    plan = due & sum_of(offer.answers for offer in among) & ~firm
    fees = {offer.provider: offer.fee for offer in among if offer.fee}
    found = [
        (amount + sum(fees[name] for name in paid), count, places)
        for size in range(len(fees) + 1)
        for paid in combinations(fees, size)
        for amount, count, places in _covers(among, {*paid}, firm, plan)
    ]
    return tuple(among[place] for place in min(found)[2])


def _covers(among: Sequence[Offer], paid: Collection[str], firm: int, plan: int) -> list[Cover]:
    """The cheapest set that tells all of it, of those who take no fee or are paid one; empty where none does.

    The best set for what is covered so far is all that must be remembered: there are at most 64.
    """
    best: dict[int, Cover] = {0: (0, 0, ())}
    for place, offer in enumerate(among):
        if offer.fee and offer.provider not in paid:
            continue
        tells = (offer.firm & firm) | (offer.answers & plan)
        for covered, (amount, count, places) in list(best.items()):
            found = (amount + _amount(offer), count + 1, (*places, place))
            best[covered | tells] = min(found, best.get(covered | tells, found))
    return [best[firm | plan]] if firm | plan in best else []


def _amount(offer: Offer) -> int:
    return offer.cost.amount if offer.cost else 0


def _arranged(chosen: Sequence[Offer], priced: Sequence[Offer], due: int) -> list[tuple[Offer, int]]:
    """The chosen offers in the order in which they are asked, each with its facts.

    What costs nothing goes first, then what may find that there is no such number, then the cheaper. A free product
    that tells a due validity joins a set that has to be paid for: a number that it rejects is not paid for.
    """
    places = {id(offer): place for place, offer in enumerate(priced)}
    order = sorted(chosen, key=lambda one: (_amount(one) > 0, not one.firm & _VALIDITY, _amount(one), places[id(one)]))
    firm = sum_of(offer.firm for offer in chosen)
    rest, parts = due, []
    for offer in order:
        facts = rest & (offer.firm | (offer.answers & ~firm))
        rest &= ~facts
        parts.append((offer, facts))
    return _screened(parts, priced) if due & _VALIDITY else parts


def _screened(parts: list[tuple[Offer, int]], priced: Sequence[Offer]) -> list[tuple[Offer, int]]:
    """Ask a free product first whether there is such a number, unless the paid one is asked for nothing else."""
    screen = next((each for each in priced if each.answers & _VALIDITY and not _amount(each)), None)
    holder = next(((offer, facts) for offer, facts in parts if facts & _VALIDITY), None)
    if not (screen and holder) or screen.listed.ended or holder[1] == _VALIDITY:
        return parts
    if not _amount(holder[0]) or any(offer is screen for offer, _ in parts):
        return parts
    return [(screen, _VALIDITY), *((offer, facts & ~_VALIDITY) for offer, facts in parts)]


def _passed(among: Sequence[Offer], rest: int) -> Iterator[tuple[int, str]]:
    """Why nothing may be asked for these facts, fact by fact."""
    for bit in BIT.values():
        if not rest & bit:
            continue
        barred = dict.fromkeys(offer.barred for offer in among if offer.barred and offer.answers & bit)
        whose = dict.fromkeys(of for offer in among for mask, of in offer.untold if mask & bit)
        yield bit, "; ".join(barred) or (f"{NOT_ANSWERED} of {' or '.join(whose)}" if whose else NOT_ANSWERED)
