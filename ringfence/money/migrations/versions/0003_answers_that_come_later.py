"""Answers that come later, replies that were paid for elsewhere, steps of a route, and prices with conditions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add their columns and tables."""
    op.add_column("attempt", sa.Column("origin", sa.Text()))
    op.add_column("attempt", sa.Column("terms", sa.Text()))
    op.add_column("attempt", sa.Column("rate", sa.Text()))
    op.add_column("attempt", sa.Column("read_to", sa.BigInteger()))
    op.add_column("reply", sa.Column("ref", sa.Text(), nullable=False, server_default=""))
    op.add_column("quote_line", sa.Column("step", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("quote_line", sa.Column("terms", sa.Text()))
    op.add_column("progress", sa.Column("notes", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "poll",
        sa.Column("attempt_id", sa.Text(), sa.ForeignKey("attempt.attempt_id"), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id"),
    )
