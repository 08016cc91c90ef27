"""The tables of the ledger, as SQLAlchemy Core sees them; `migrations/` creates and changes them.

Money is integer nanos, times are integer microseconds since 1970 UTC. A phone number stands in
`subject` and in the bodies of `reply`; everything else says `subject_id`, so that an erasure will never touch the
books. Lists of subjects are packed 64-bit integers: an attempt of a thousand numbers is one row.
"""

from ringfence.money.schema.books import ALERT, ATTEMPT, BUDGET, CLAIM, COUNTER, HOLD, JOURNAL, POLL, QUARANTINE, REPLY
from ringfence.money.schema.columns import METADATA
from ringfence.money.schema.runs import BALANCE, BREAKER, META, PROGRESS, RATE, SWITCH, WORKER
from ringfence.money.schema.wants import APPROVAL, ASKED, DEFERRAL, QUOTE, QUOTE_LINE, SUBJECT

__all__ = [
    "ALERT",
    "APPROVAL",
    "ASKED",
    "ATTEMPT",
    "BALANCE",
    "BREAKER",
    "BUDGET",
    "CLAIM",
    "COUNTER",
    "DEFERRAL",
    "HOLD",
    "JOURNAL",
    "META",
    "METADATA",
    "POLL",
    "PROGRESS",
    "QUARANTINE",
    "QUOTE",
    "QUOTE_LINE",
    "RATE",
    "REPLY",
    "SUBJECT",
    "SWITCH",
    "WORKER",
]
