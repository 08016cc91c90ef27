"""Who the ledger is and who works on it: identity, workers, pace and progress. No money is decided by these."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from ringfence.money.schema.columns import METADATA, amount

META = Table("meta", METADATA, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

WORKER = Table(
    "worker",
    METADATA,
    Column("worker_id", Text, primary_key=True),
    Column("launch_id", Text, nullable=False),
    Column("run_id", Text),
    Column("pid", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)

# The kill switch: while a row stands, nothing is sent to its provider; '' is every provider.
SWITCH = Table(
    "switch",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
)

# Tokens in millionths, so that no float is needed: a request takes 1,000,000. `pace` is how many thousandths of a
# request a second a provider bears now; NULL: all that is configured. Before `not_before` nothing goes out.
RATE = Table(
    "rate",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("refilled_at", BigInteger, nullable=False),
    Column("pace", BigInteger),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
)

# A provider that fails, as all processes see it: until `retry_at` nobody asks it, then one request at a time may.
# `refused` says that it is the account's doing, which only a person mends.
BREAKER = Table(
    "breaker",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("retry_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("why", Text, nullable=False),
)

# What a provider said was left on the account, and the newest settlement that it was charged for before it said so.
BALANCE = Table(
    "balance",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("settled_seq", BigInteger, nullable=False),
)

PROGRESS = Table(
    "progress",
    METADATA,
    Column("launch_id", Text, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("planned", BigInteger, nullable=False, server_default="0"),
    Column("done", BigInteger, nullable=False, server_default="0"),
    amount("spent"),
    amount("held"),
    Column("currency", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default=""),
    Column("not_bought", BigInteger, nullable=False, server_default="0"),
    Column("not_answered", BigInteger, nullable=False, server_default="0"),
    Column("started_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
