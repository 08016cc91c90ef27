"""The ledger as it was first built."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TRIGGERS = (
    """CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
    WHEN 1
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
    WHEN 1
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER attempt_no_delete BEFORE DELETE ON attempt
    WHEN 1
    BEGIN SELECT RAISE(ABORT, 'attempts are kept'); END""",
    """CREATE TRIGGER attempt_final BEFORE UPDATE ON attempt
    WHEN OLD.state NOT IN ('sent', 'awaiting', 'in_doubt')
    BEGIN SELECT RAISE(ABORT, 'an attempt that is final does not change'); END""",
    """CREATE TRIGGER hold_no_delete BEFORE DELETE ON hold
    WHEN 1
    BEGIN SELECT RAISE(ABORT, 'holds are kept'); END""",
    """CREATE TRIGGER hold_final BEFORE UPDATE ON hold
    WHEN (SELECT state FROM attempt WHERE attempt_id = OLD.attempt_id) NOT IN ('sent', 'awaiting', 'in_doubt')
    BEGIN SELECT RAISE(ABORT, 'a hold of an attempt that is final does not change'); END""",
    """CREATE TRIGGER attempt_edge BEFORE UPDATE OF state ON attempt
    WHEN OLD.state <> NEW.state
    AND NOT ((OLD.state = 'sent' AND NEW.state IN ('settled', 'voided', 'awaiting', 'in_doubt'))
        OR (OLD.state = 'awaiting' AND NEW.state IN ('settled', 'voided', 'in_doubt'))
        OR (OLD.state = 'in_doubt' AND NEW.state IN ('settled', 'voided', 'awaiting')))
    BEGIN SELECT RAISE(ABORT, 'this state cannot follow that one'); END""",
    """CREATE TRIGGER attempt_born BEFORE INSERT ON attempt
    WHEN NEW.state <> 'sent' AND NOT (NEW.state = 'in_doubt' AND NEW.residue_of IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'an attempt is born sent, or in doubt as a residue'); END""",
)


def upgrade() -> None:
    """Create every table and trigger."""
    op.create_table(
        "asked",
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "product"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "budget",
        sa.Column("budget_id", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("cap", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cap >= 0", name="budget_cap"),
        sa.PrimaryKeyConstraint("budget_id"),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("overrun", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("caps", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("journal_by_attempt", "journal", ["attempt_id"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "progress",
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("planned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("not_bought", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("not_answered", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("launch_id"),
    )
    op.create_table(
        "quote",
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("quote_id"),
    )
    op.create_table(
        "rate",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("refilled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "subject",
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("phone_e164", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id"),
        sa.UniqueConstraint("phone_e164"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "worker",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("worker_id"),
    )
    op.create_table(
        "approval",
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id"],
            ["quote.quote_id"],
        ),
        sa.PrimaryKeyConstraint("quote_id"),
    )
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("actual", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("residue_of", sa.Text(), nullable=True),
        sa.Column("retry_of", sa.Text(), nullable=True),
        sa.Column("request_ref", sa.Text(), nullable=True),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_seq", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("subjects", sa.LargeBinary(), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(state IN ('settled','voided')) = (actual IS NOT NULL)", name="attempt_final"),
        sa.CheckConstraint("state <> 'voided' OR (actual = 0 AND evidence IS NOT NULL)", name="void_needs_evidence"),
        sa.CheckConstraint("state IN ('sent','awaiting','in_doubt','settled','voided')", name="attempt_state"),
        sa.CheckConstraint("held >= 0 AND (actual IS NULL OR actual >= 0)", name="attempt_not_negative"),
        sa.ForeignKeyConstraint(
            ["quote_id"],
            ["quote.quote_id"],
        ),
        sa.ForeignKeyConstraint(
            ["residue_of"],
            ["attempt.attempt_id"],
        ),
        sa.ForeignKeyConstraint(
            ["retry_of"],
            ["attempt.attempt_id"],
        ),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("attempt_by_reserved", "attempt", ["reserved_at"], unique=False)
    op.create_index("attempt_by_settled", "attempt", ["settled_seq"], unique=True)
    op.create_index("attempt_by_state", "attempt", ["state", "worker_id"], unique=False)
    op.create_table(
        "counter",
        sa.Column(
            "counter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("budget_id", sa.Text(), nullable=False),
        sa.Column("window_start", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("overrun", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("held >= 0 AND spent >= 0 AND overrun >= 0", name="counter_not_negative"),
        sa.ForeignKeyConstraint(
            ["budget_id"],
            ["budget.budget_id"],
        ),
        sa.PrimaryKeyConstraint("counter_id"),
        sa.UniqueConstraint("budget_id", "window_start", "currency", name="one_counter"),
    )
    op.create_table(
        "deferral",
        sa.Column(
            "deferral_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subjects", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id"],
            ["quote.quote_id"],
        ),
        sa.PrimaryKeyConstraint("deferral_id"),
    )
    op.create_table(
        "quote_line",
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("subjects", sa.LargeBinary(), nullable=False),
        sa.Column("ranks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id"],
            ["quote.quote_id"],
        ),
        sa.PrimaryKeyConstraint("quote_id", "line"),
    )
    op.create_table(
        "claim",
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempt.attempt_id"],
        ),
        sa.PrimaryKeyConstraint("subject_id"),
    )
    op.create_index("claim_by_attempt", "claim", ["attempt_id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("counter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("actual", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempt.attempt_id"],
        ),
        sa.ForeignKeyConstraint(
            ["counter_id"],
            ["counter.counter_id"],
        ),
        sa.PrimaryKeyConstraint("attempt_id", "counter_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reply",
        sa.Column("reply_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempt.attempt_id"],
        ),
        sa.PrimaryKeyConstraint("reply_id"),
        sa.UniqueConstraint("attempt_id", "source", "mac", name="one_reply"),
    )
    for trigger in TRIGGERS:
        op.execute(trigger)
