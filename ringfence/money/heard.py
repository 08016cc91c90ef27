"""What a request told of its provider's health, for all processes. No attempt and no money."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a request that was reserved at `sent_at` (microseconds UTC).

    `well` is an answer or an acknowledgement, `failing` an unknown outcome, `refused` that the account may not ask, and
    `nothing` says nothing of these. `why` is a sentence; `throttled` says that requests came too fast, `pause` for how
    long nothing more may be sent (microseconds).
    """

    sent_at: int
    verdict: Literal["well", "failing", "refused", "nothing"]
    why: str = ""
    throttled: bool = False
    pause: int = 0
