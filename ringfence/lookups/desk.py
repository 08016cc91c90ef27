"""What a run spends with: its queue, its lanes to providers, and its tally. It sends nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from ringfence.config.sections import Privacy
from ringfence.http.exchange import Exchange
from ringfence.lookups.callback_address import callback_url
from ringfence.lookups.lane import Lane
from ringfence.lookups.notes import Notes
from ringfence.lookups.queue import Queue
from ringfence.lookups.tally import Tally
from ringfence.lookups.verdict import judge, move_for
from ringfence.money.balance import Said
from ringfence.money.batch import Batch, Refused, each_once
from ringfence.money.conversion import converted
from ringfence.money.heard import Heard
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Await, Move, Settle, Void, dearest
from ringfence.money.reserve import Owner, Reserved
from ringfence.money.switch import BILLS_MORE
from ringfence.money.workers import Worker
from ringfence.numbers.phone import Phone
from ringfence.providers.provider import Parsed


@dataclass(slots=True)
class Desk:
    """One run's purchases. `left` is what was not bought, and why; `asked` what was; `notes` what providers told.

    `callbacks` is the public address of the receiver. `before_turn` runs inside every transaction, before anything is
    reserved: budgets that changed take effect there. `priced` gives a batch at the rate of the day, or says why it is
    not bought at its price any more: a day may end in the midst of a run. `began` is when the run did (microseconds
    UTC).
    """

    ledger: Ledger
    owner: Owner
    worker: Worker
    lanes: Mapping[str, Lane]
    privacy: Privacy
    currency: str
    max_spend: int | None = None
    before_turn: Callable[[Connection], None] = lambda _: None
    priced: Callable[[Batch], Batch | str] = lambda batch: batch
    callbacks: str | None = None
    queue: Queue = field(default_factory=Queue)
    left: list[Refused] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    asked: set[int] = field(default_factory=set)
    notes: Notes = field(default_factory=Notes)
    balances: list[Said] = field(default_factory=list)
    began: int = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.ledger.store.clock()

    def next_batches(self) -> list[Batch]:
        """Take from the queue what may go out now; what belongs to a stopped provider is left for good."""
        for name, product in self.queue:
            if why := self.lanes[name].given_up(product):
                self._leave(self.queue.drain((name, product)), why)
        return [
            batch
            for name, lane in self.lanes.items()
            if lane.can_send()
            for batch in self.queue.take(name, lane.in_flight - lane.busy)
        ]

    def _leave(self, batches: list[Batch], why: str) -> None:
        """Say once for each quote, not for each request, what a provider that is given up keeps back."""
        by_quote: dict[str, list[int]] = {}
        for batch in batches:
            by_quote.setdefault(batch.quote_id, []).extend(batch.subjects)
        status = "awaiting_approval" if self.lanes[batches[0].provider].halted else "provider_failed"
        self.left += [Refused(quote_id, tuple(subjects), status, why) for quote_id, subjects in by_quote.items()]

    def obeying(self, stops: Mapping[str, str], chosen: list[Batch]) -> list[Batch]:
        """Leave out what the kill switch holds back; `stops` is the sentence by provider, "" stands for all."""
        for name, lane in self.lanes.items():
            if why := stops.get("") or stops.get(name):
                lane.halted = lane.halted or not lane.stopped
                lane.stop(why)
        kept = [batch for batch in chosen if not self.lanes[batch.provider].halted]
        self.queue.put_back(batch for batch in chosen if self.lanes[batch.provider].halted)
        return kept

    def still_priced(self, chosen: list[Batch]) -> list[Batch]:
        """Leave out, for good, what is not bought at its price any more."""
        found = [(batch, self.priced(batch)) for batch in chosen]
        self.left += [
            Refused(batch.quote_id, batch.subjects, "awaiting_approval", why)
            for batch, why in found
            if isinstance(why, str)
        ]
        return [batch for _, batch in found if isinstance(batch, Batch)]

    def affording(self, chosen: list[Batch]) -> list[Batch]:
        """What the run's own limit leaves of these batches; the rest of them is left for good."""
        return [narrowed for batch in chosen if (narrowed := self._afforded(batch))]

    def _afforded(self, batch: Batch) -> Batch | None:
        price = batch.cost.amount
        if self.max_spend is None or price == 0:
            return batch
        count = max(0, self.max_spend - self.tally.spent - self.tally.held) // price
        kept, rest = batch.subjects[:count], batch.subjects[count:]
        if rest:
            self.left.append(Refused(batch.quote_id, rest, "deferred_budget", "max_spend of this run is reached"))
        # Counted at once: the next batch of this turn has that much less.
        self.tally.held += len(kept) * price
        return replace(batch, subjects=kept) if kept else None

    def entered(self, offered: list[Batch], reserved: list[Reserved]) -> None:
        """Count what a transaction reserved."""
        if self.max_spend is not None:
            self.tally.held -= sum(len(batch.subjects) * batch.cost.amount for batch in offered)
        self.tally.held += sum(attempt.held for attempt in reserved)
        self.asked.update(subject for attempt in reserved for subject in attempt.numbers)

    def judged(self, attempt: Reserved, exchange: Exchange) -> Move:
        """Decide an attempt, and what it means for its provider in this run."""
        batch, price = attempt.batch, attempt.batch.unit_price
        lane = self.lanes[batch.provider]
        asked = [Phone(number) for number in attempt.numbers.values()]
        parsed = judge(lane.provider, batch.product, exchange, asked)
        renewed = parsed.token_refused and lane.renews(exchange.token)
        if parsed.stop and not renewed:
            lane.refused(parsed.stop, batch.product if parsed.stop_product else None)
        if parsed.pause:
            lane.pause(parsed.pause)
        self.notes.add(parsed.notes)
        if parsed.balance:
            self.balances.append(Said(attempt.attempt_id, batch.provider, parsed.balance))
        subjects = {number: subject for subject, number in attempt.numbers.items()}
        priced = {"attempt_id": attempt.attempt_id, "unit_price": price.amount, "currency": price.currency}
        move = move_for({**priced, "terms": batch.terms, "rate": batch.rate}, parsed, subjects)
        if parsed.verdict == "void":
            self._again(lane, self._given_back(attempt), parsed, renewed=renewed)
        else:
            self._decided(lane, attempt, move)
        lane.tell(attempt.at, parsed, move, renewed=renewed)
        return move

    def _decided(self, lane: Lane, attempt: Reserved, move: Move) -> None:
        batch, price = attempt.batch, attempt.batch.unit_price
        self.tally.done += len(attempt.numbers)
        if isinstance(move, Settle):
            self.tally.held -= len(move.answers) * batch.cost.amount
            self.tally.spent += converted(sum(answer.amount for answer in move.answers), batch.rate)
        if isinstance(move, Settle | Await):
            if dearest(move, len(attempt.numbers)) > price.amount:
                lane.stop(
                    f"{batch.provider} {BILLS_MORE}{batch.product} ({price}): set the price right, then resume it"
                )
            lane.answered()
        else:
            lane.doubted(move.evidence)

    def _again(self, lane: Lane, batch: Batch, parsed: Parsed, *, renewed: bool) -> None:
        """Make a request that cost nothing anew as another attempt, where that may help."""
        if parsed.split and not batch.is_half and len(batch.subjects) > 1:
            middle = len(batch.subjects) // 2
            halves = (batch.subjects[:middle], batch.subjects[middle:])
            self.queue.put_back(replace(batch, subjects=half, is_half=True) for half in halves)
            return
        # Of a lane that is stopped by hand it is left with the sentence of the stop.
        if renewed or (parsed.retry and (lane.halted or lane.try_again(parsed.retry_after, parsed.evidence))):
            self.queue.put_back([batch])
            return
        why = parsed.stop or f"{batch.provider}: {parsed.evidence}"
        self.left.append(Refused(batch.quote_id, batch.subjects, "provider_failed", why))

    def held_back(self, attempt: Reserved) -> Void | None:
        """Void what was reserved before a reply was read that stops its provider or makes it pause: it is not sent."""
        why = self.lanes[attempt.batch.provider].on_hold(attempt.batch.product)
        if why is None:
            return None
        self.queue.put_back([self._given_back(attempt)])
        self.lanes[attempt.batch.provider].heard.append(Heard(attempt.at, "nothing"))
        return Void(attempt.attempt_id, f"never sent: {why}")

    def _given_back(self, attempt: Reserved) -> Batch:
        """Count an attempt that cost nothing as not made; the batch is for making it anew."""
        self.tally.held -= attempt.held
        self.asked.difference_update(attempt.numbers)
        return replace(attempt.batch, subjects=tuple(attempt.numbers), retry_of=attempt.attempt_id)

    def callback_url(self, attempt: Reserved) -> str | None:
        """Where the answer to an attempt is to be sent, for a product that answers by callback."""
        product = self.lanes[attempt.batch.provider].provider.products[attempt.batch.product]
        if product.mode != "callback" or self.callbacks is None:
            return None
        return callback_url(self.callbacks, self.ledger, attempt.batch.provider, attempt.attempt_id)

    def unbought(self) -> list[Refused]:
        """What was left, each number once: refused under one quote, it may have been bought under another."""
        return each_once(self.left, self.asked)
