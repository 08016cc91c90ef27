"""What the tables are made of: the one MetaData, row ids, and columns of money."""

from sqlalchemy import BigInteger, Column, Integer, MetaData

METADATA = MetaData()
# An integer primary key is SQLite's rowid; AUTOINCREMENT never reuses one, or an old attempt would point at a new
# person after an erasure.
ROWID = BigInteger().with_variant(Integer, "sqlite")


def amount(name: str, default: str | None = "0") -> Column[int]:
    """A column of integer nanos; nullable without a default."""
    return Column(name, BigInteger, nullable=default is None, server_default=default)
