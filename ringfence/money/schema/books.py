"""The books: budgets with their counters, attempts with their money, and the journal."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from ringfence.money.schema.columns import METADATA, ROWID, amount

BUDGET = Table(
    "budget",
    METADATA,
    Column("budget_id", Text, primary_key=True),
    Column("window", Text, nullable=False),
    Column("provider", Text),
    Column("country", Text),
    Column("source", Text),
    amount("cap"),
    Column("currency", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    CheckConstraint("cap >= 0", name="budget_cap"),
)

# No CHECK against the cap: a cap may be lowered below what is spent. Every reservation journals the cap it passed.
COUNTER = Table(
    "counter",
    METADATA,
    Column("counter_id", ROWID, primary_key=True, autoincrement=True),
    Column("budget_id", Text, ForeignKey("budget.budget_id"), nullable=False),
    Column("window_start", Text, nullable=False),
    Column("currency", Text, nullable=False),
    amount("held"),
    amount("spent"),
    amount("overrun"),
    UniqueConstraint("budget_id", "window_start", "currency", name="one_counter"),
    CheckConstraint("held >= 0 AND spent >= 0 AND overrun >= 0", name="counter_not_negative"),
)

# What people were warned of, once a window: a share of a cap (50, 80, 100), or its pace (burn).
ALERT = Table(
    "alert",
    METADATA,
    Column("budget_id", Text, ForeignKey("budget.budget_id"), primary_key=True),
    Column("window_start", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("told_at", BigInteger),
)

ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("attempt_id", Text, primary_key=True),
    Column("quote_id", Text, ForeignKey("quote.quote_id"), nullable=False),
    Column("launch_id", Text, nullable=False),
    Column("worker_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("facts", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    amount("unit_price"),
    Column("numbers", Integer, nullable=False),
    Column("state", Text, nullable=False),
    amount("held"),
    amount("actual", None),
    Column("evidence", Text),
    Column("residue_of", Text, ForeignKey("attempt.attempt_id")),
    Column("retry_of", Text, ForeignKey("attempt.attempt_id")),
    Column("request_ref", Text),
    Column("reserved_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("final_at", BigInteger),
    Column("settled_seq", BigInteger),
    Column("fingerprint", Text),
    Column("subjects", LargeBinary, nullable=False),
    Column("outcomes", LargeBinary),
    # Paid for elsewhere: 'imported'; NULL was bought here.
    Column("origin", Text),
    # The conditions of its price, as JSON (`ringfence.money.terms`); NULL: one price for all.
    Column("terms", Text),
    # What a unit of its currency is worth in that of the budgets, such as "0.92 EUR"; NULL: they are the same.
    Column("rate", Text),
    # The newest reply that was read when it was settled: what comes after it changes nothing of it.
    Column("read_to", BigInteger),
    # A keyed digest of who the provider was asked as; NULL: not known.
    Column("account", Text),
    CheckConstraint("state IN ('sent','awaiting','in_doubt','settled','voided')", name="attempt_state"),
    CheckConstraint("held >= 0 AND (actual IS NULL OR actual >= 0)", name="attempt_not_negative"),
    CheckConstraint("(state IN ('settled','voided')) = (actual IS NOT NULL)", name="attempt_final"),
    CheckConstraint("state <> 'voided' OR (actual = 0 AND evidence IS NOT NULL)", name="void_needs_evidence"),
    Index("attempt_by_state", "state", "worker_id"),
    Index("attempt_by_settled", "settled_seq", unique=True),
    Index("attempt_by_reserved", "reserved_at"),
)

# A row per budget that the attempt counts in: no amount is ever split between budgets by arithmetic.
HOLD = Table(
    "hold",
    METADATA,
    Column("attempt_id", Text, ForeignKey("attempt.attempt_id"), primary_key=True),
    Column("counter_id", ROWID, ForeignKey("counter.counter_id"), primary_key=True),
    amount("held"),
    amount("actual", None),
    sqlite_with_rowid=False,
)

# One open paid lookup per number, whoever the provider is.
CLAIM = Table(
    "claim",
    METADATA,
    Column("subject_id", ROWID, primary_key=True, autoincrement=False),
    Column("attempt_id", Text, ForeignKey("attempt.attempt_id"), nullable=False),
    Index("claim_by_attempt", "attempt_id"),
)

REPLY = Table(
    "reply",
    METADATA,
    Column("reply_id", ROWID, primary_key=True, autoincrement=True),
    Column("attempt_id", Text, ForeignKey("attempt.attempt_id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Integer),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("complete", Integer, nullable=False),
    Column("mac", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    # What a poll had asked about; it is part of `mac`, so that equal replies about two numbers are two rows.
    Column("ref", Text, nullable=False, server_default=""),
    UniqueConstraint("attempt_id", "source", "mac", name="one_reply"),
)

# How often an attempt that waits was polled, when it may be again, and when all that can be asked of it was last told.
POLL = Table(
    "poll",
    METADATA,
    Column("attempt_id", Text, ForeignKey("attempt.attempt_id"), primary_key=True),
    Column("polls", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("told_at", BigInteger),
)

# Callbacks that are of no attempt, or prove nothing: kept for a while to be looked at, and never acted upon.
QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", ROWID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", ROWID, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("attempt_id", Text),
    Column("event", Text, nullable=False),
    amount("held"),
    amount("spent"),
    amount("overrun"),
    Column("caps", Text),
    Column("who", Text, nullable=False),
    Column("why", Text),
    Index("journal_by_attempt", "attempt_id"),
)
