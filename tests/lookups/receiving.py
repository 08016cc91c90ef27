"""A receiver on loopback, and attempts whose answers it may be sent."""

import asyncio
import json
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ringfence.config.sections import Privacy
from ringfence.lookups.callback_address import callback_url
from ringfence.lookups.inbox import Inbox
from ringfence.lookups.receiver import Receiver, listening
from ringfence.money.ledger import Ledger
from ringfence.money.moves import Await, Stored, keep_replies
from ringfence.money.reserve import Reserved
from tests.money.bench import Bench

REF = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"


@contextmanager
def receiving(ledger: Ledger, privacy: Privacy | None = None, prefixes: Sequence[str] = ()) -> Iterator[Receiver]:
    """A receiver that serves from a thread of its own for the length of a `with`."""
    with listening(Inbox(ledger, privacy or Privacy()), "127.0.0.1", 0, prefixes) as receiver:
        thread = threading.Thread(target=lambda: asyncio.run(receiver.run()), name="receiver")
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stop()
            thread.join()


class Awaited:
    """A ledger with attempts of Vonage's asynchronous product: sent, and accepted once `accept` has said so."""

    def __init__(self, home: Path) -> None:
        self.bench = Bench(home)

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.bench.ledger

    def sent(self, count: int = 1) -> Reserved:
        """One attempt about so many new numbers."""
        return self.bench.sent(count, "0.04 EUR", provider="vonage", product="advanced_async")

    def accept(self, attempt: Reserved, ref: str = REF) -> None:
        """Store the acknowledgement of an attempt about one number."""
        (number,) = attempt.numbers.values()
        body = {"request_id": ref, "number": number[1:], "request_price": "0.04000000", "status": 0}
        stored = Stored(attempt.attempt_id, "response", 200, {}, json.dumps(body).encode(), complete=True)
        with self.ledger.store.write() as connection:
            keep_replies(connection, self.ledger, [stored])
        self.bench.move(Await(attempt.attempt_id, "HTTP 200 with status 0", ref))

    def address(self, receiver: Receiver, attempt: Reserved, provider: str = "vonage") -> str:
        """Where the answer of an attempt is to be sent."""
        return callback_url(receiver.url, self.ledger, provider, attempt.attempt_id)

    def kept(self, attempt: Reserved | None = None) -> list[bytes]:
        """The bodies of callbacks that are stored, in the order in which they came."""
        return [body for _, body in self._bodies("reply", "source = 'callback'", attempt)]

    def quarantine(self) -> list[tuple[str, bytes]]:
        """What is in quarantine: why, and the body."""
        return self._bodies("quarantine", "1 = 1", None)

    def _bodies(self, table: str, where: str, attempt: Reserved | None) -> list[tuple[str, bytes]]:
        label = "reason" if table == "quarantine" else "source"
        mine = f" AND attempt_id = '{attempt.attempt_id}'" if attempt else ""
        rows = self.bench.rows(f"SELECT {label}, body FROM {table} WHERE {where}{mine} ORDER BY rowid")
        return [(str(name), zlib.decompress(body)) for name, body in rows]  # type: ignore[arg-type]


def answer(attempt: Reserved, ref: str = REF, **changes: Any) -> dict[str, Any]:
    """What Vonage calls back about the one number of an attempt."""
    (number,) = attempt.numbers.values()
    return {
        "status": 0,
        "status_message": "Success",
        "lookup_outcome": 0,
        "lookup_outcome_message": "Success",
        "request_id": ref,
        "international_format_number": number[1:],
        "country_code": "NL",
        "request_price": "0.04000000",
        "refund_price": "0.00000000",
        "remaining_balance": "1.23456789",
        "current_carrier": {"network_code": "20404", "name": "Acme", "country": "NL", "network_type": "mobile"},
        "original_carrier": {"network_code": "20404", "name": "Acme", "country": "NL", "network_type": "mobile"},
        "ported": "not_ported",
        "roaming": {"status": "roaming", "roaming_network_name": "Elsewhere Telecom"},
        "valid_number": "valid",
        "reachable": "reachable",
        **changes,
    }
