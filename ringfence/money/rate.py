"""A token bucket a provider, in the ledger, so that all processes together keep the provider's pace."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from ringfence.money.schema import RATE

# In millionths, so that a microsecond refills a whole number of them and nothing is lost to rounding.
TOKEN = 1_000_000


def take(connection: Connection, provider: str, *, per_second: int, wanted: int, at: int) -> tuple[int, float]:
    """Take up to `wanted` tokens: how many were granted, and the seconds to wait when none was.

    The bucket holds one second's worth. A clock that jumps back adds nothing and takes nothing away.
    """
    full = per_second * TOKEN
    row = connection.execute(select(RATE).where(RATE.c.provider == provider)).one_or_none()
    tokens, since = (full, at) if row is None else (row.tokens, row.refilled_at)
    elapsed = max(0, at - since)
    tokens = min(full, tokens + elapsed * per_second)
    granted = min(wanted, tokens // TOKEN)
    values = {"tokens": tokens - granted * TOKEN, "refilled_at": at}
    connection.execute(
        insert(RATE).values(provider=provider, **values).on_conflict_do_update(index_elements=["provider"], set_=values)
    )
    return granted, 0.0 if granted or not wanted else (TOKEN - tokens) / full
