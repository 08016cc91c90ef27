"""Which rows of a rate card may decide what an answer costs: by country, network and outcome. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from ringfence.config.rate_card import Row

# The rows of what is priced by country, network and outcome: each of them from the first day to the last.
Card = Mapping[tuple[str, str, str], Sequence[Row]]


def deciding(card: Card, country: str, on: date) -> list[Sequence[Row]]:
    """The prices that an answer may have, the more special first: by country, then by network, then by outcome.

    What has ever begun counts: a price that ended is no reason to take a more general one. What a country prices by
    itself is not priced in general.
    """
    begun = [rows for rows in card.values() if any(row.valid_from <= on for row in rows)]
    begun.sort(key=lambda rows: (not rows[0].mccmnc, not rows[0].outcome, rows[0].key))
    own = [rows for rows in begun if country and rows[0].country == country]
    general = [rows for rows in begun if not rows[0].country]
    return own + [rows for rows in general if not any(_covers(mine[0], rows[0]) for mine in own)]


def last(rows: Sequence[Row], on: date) -> Row:
    """The last of these that had begun on a day."""
    return [row for row in rows if row.valid_from <= on][-1]


def _covers(one: Row, other: Row) -> bool:
    """Whether every answer that one price is for, as far as network and outcome go, is one of the other's too."""
    return one.mccmnc in ("", other.mccmnc) and one.outcome in ("", other.outcome)
