"""As whom a provider was asked: the log of another account is no evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; of what was asked before, nobody knows."""
    op.add_column("attempt", sa.Column("account", sa.Text()))
