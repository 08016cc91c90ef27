"""What may be bought: the numbers, when they were last asked, quotes and their approval."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from ringfence.money.schema.columns import METADATA, ROWID, amount

SUBJECT = Table(
    "subject",
    METADATA,
    Column("subject_id", ROWID, primary_key=True, autoincrement=True),
    Column("phone_e164", Text, nullable=False, unique=True),
    sqlite_autoincrement=True,
)

# When a product was last asked about a subject. `seq` is the settlement that says so; `facts` is what the product
# answers, as bits; `failures` counts unbilled failures in a row; `lost` says that the last answer was paid for in vain.
ASKED = Table(
    "asked",
    METADATA,
    Column("subject_id", ROWID, primary_key=True, autoincrement=False),
    Column("product", Text, primary_key=True),
    Column("facts", Integer, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("lost", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

QUOTE = Table(
    "quote",
    METADATA,
    Column("quote_id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ledger_seq", BigInteger, nullable=False),
    Column("launch_id", Text, nullable=False),
    Column("summary", Text, nullable=False),
)

QUOTE_LINE = Table(
    "quote_line",
    METADATA,
    Column("quote_id", Text, ForeignKey("quote.quote_id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("facts", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    amount("unit_price"),
    Column("numbers", Integer, nullable=False),
    Column("subjects", LargeBinary, nullable=False),
    Column("ranks", LargeBinary, nullable=False),
    # How many earlier purchases for its facts must leave something unknown before it is bought; 0: it is certain.
    Column("step", Integer, nullable=False, server_default="0"),
    # The conditions of its price, as JSON; NULL: one price for all.
    Column("terms", Text),
)

APPROVAL = Table(
    "approval",
    METADATA,
    Column("quote_id", Text, ForeignKey("quote.quote_id"), primary_key=True),
    Column("approved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    amount("cap"),
    Column("currency", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
)

# What a run left unbought, and why: the answer_status that the numbers are shown with until they are asked.
DEFERRAL = Table(
    "deferral",
    METADATA,
    Column("deferral_id", ROWID, primary_key=True, autoincrement=True),
    Column("quote_id", Text, ForeignKey("quote.quote_id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("subjects", LargeBinary, nullable=False),
)
