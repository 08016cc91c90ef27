"""Where a provider is to send the answer of one attempt: an address that nobody can guess. No I/O."""

import hmac

from ringfence.money.ledger import Ledger
from ringfence.money.store import keyed_hash

# Seconds for which an address is good: providers try for a day, and what comes after a month is of no use.
GOOD_FOR = 30 * 86_400


def callback_url(public_url: str, ledger: Ledger, provider: str, attempt_id: str) -> str:
    """The address under the public one: provider, attempt, when it ends (seconds since 1970 UTC), and their proof."""
    ends = ledger.store.clock() // 1_000_000 + GOOD_FOR
    return f"{public_url.rstrip('/')}/{provider}/{attempt_id}/{ends}/{_proof(ledger, provider, attempt_id, str(ends))}"


def proven(ledger: Ledger, provider: str, attempt_id: str, ends: str, proof: str) -> bool:
    """Whether an address is one that was given out and is still good; compares in constant time."""
    expected = _proof(ledger, provider, attempt_id, ends)
    same = hmac.compare_digest(expected.encode(), proof.encode("utf-8", "replace"))
    return same and ends.isascii() and ends.isdigit() and int(ends) >= ledger.store.clock() // 1_000_000


def _proof(ledger: Ledger, provider: str, attempt_id: str, ends: str) -> str:
    return keyed_hash(ledger.key, b"callback", provider.encode(), attempt_id.encode(), ends.encode("utf-8", "replace"))
