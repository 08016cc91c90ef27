"""What an exchange with a provider means for the attempt: pure judgement, no I/O.

A reply is read by the provider's own parser. Everything else is judged by one question: may a byte have left?
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ringfence.http.exchange import Exchange, Failure
from ringfence.money.amount import LARGEST
from ringfence.money.conversion import converted
from ringfence.money.moves import Answered, Await, Doubt, Move, Settle, Void
from ringfence.money.terms import price_of
from ringfence.numbers.phone import Phone
from ringfence.providers.lookup import Billed, Lookup
from ringfence.providers.provider import Parsed, Provider

_LOG = logging.getLogger(__name__)


def judge(provider: Provider, product: str, exchange: Exchange, asked: Sequence[Phone]) -> Parsed:
    """Read an exchange; never raises on anything that a network or a provider can do."""
    if isinstance(exchange, Failure):
        if exchange.kind == "ambiguous":
            return Parsed("doubt", f"no whole reply: {exchange.reason}")
        untrusted = f"{provider.name} cannot be trusted: {exchange.reason}" if exchange.fatal else None
        stop = exchange.refused or untrusted
        return Parsed("void", exchange.reason, stop=stop, retry=not stop, retry_after=exchange.retry_after)
    try:
        return provider.parse(product, exchange, asked)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not lose a paid answer: it is stored, and stays held
        _LOG.exception("the parser of %s failed on a stored reply", provider.name)
        return Parsed("doubt", f"our parser failed on the reply ({type(error).__name__}); it is stored")


def move_for(
    attempt: Mapping[str, Any], parsed: Parsed, subjects: Mapping[str, int], *, read_to: int | None = None
) -> Move:
    """What the ledger has to record of an attempt (its `attempt_id`, `unit_price`, `currency`, `terms` and `rate`).

    `subjects` maps E.164 to subject id; `read_to` is the newest of its replies that was read.
    """
    attempt_id, currency = attempt["attempt_id"], attempt["currency"]
    if parsed.verdict == "void":
        return Void(attempt_id, parsed.evidence, read_to)
    if parsed.verdict == "awaiting":
        return Await(attempt_id, parsed.evidence, parsed.request_ref, parsed.stated)
    if parsed.verdict == "doubt" or not parsed.lookups:
        return Doubt(attempt_id, parsed.evidence)
    if any(lookup.price is not None and lookup.currency not in (None, currency) for lookup in parsed.lookups):
        return Doubt(attempt_id, f"the reply is priced in another currency than {currency}")
    answers = [
        Answered(
            subjects[lookup.phone.e164],
            str(lookup.outcome),
            net_price(lookup, attempt["unit_price"], attempt.get("terms")),
            billed=lookup.billed is not Billed.NO,
        )
        for lookup in parsed.lookups
        if lookup.phone.e164 in subjects
    ]
    if converted(sum(answer.amount for answer in answers), attempt.get("rate")) > LARGEST:
        return Doubt(attempt_id, "the reply states prices that are larger than the ledger can hold")
    unasked = f"; {parsed.unasked} results that nobody asked for are in the reply" if parsed.unasked else ""
    return Settle(
        attempt_id=attempt_id,
        answers=answers,
        evidence=parsed.evidence + unasked,
        request_ref=parsed.request_ref,
        read_to=read_to,
    )


def net_price(lookup: Lookup, unit_price: int, terms: str | None = None) -> int:
    """What a number cost, in nanos: the reported price less the refund, else list price for every answered number.

    Where the price has conditions, `terms`, the list price is what they say for this outcome and current network.
    """
    if lookup.billed is Billed.NO:
        return 0
    if lookup.price is None:
        return price_of(terms, unit_price, outcome=lookup.outcome, mccmnc=lookup.current_carrier.mccmnc)
    return max(0, lookup.price - (lookup.refund or 0))
