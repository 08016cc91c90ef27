"""What processes share about a provider's health, alerts that were given, balances that were told, and lost answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add their columns and tables."""
    op.add_column("asked", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("rate", sa.Column("pace", sa.BigInteger()))
    op.add_column("rate", sa.Column("not_before", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "breaker",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("retry_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "alert",
        sa.Column("budget_id", sa.Text(), sa.ForeignKey("budget.budget_id"), nullable=False),
        sa.Column("window_start", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("budget_id", "window_start", "currency", "kind"),
    )
    op.create_table(
        "balance",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("settled_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "currency"),
    )
