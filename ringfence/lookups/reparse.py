"""Every stored reply, parsed again by the parsers as they are now: what that would change, and its publication.

It buys nothing and moves no money: what a row of `lookups` says of money is the books', whatever a parser reads now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ringfence.lake.columns import LOOKUPS
from ringfence.lake.tables import Lake, frame_of
from ringfence.lookups.publish import settled_after
from ringfence.lookups.rows import MONEY, NOTHING, Settled, parsed_rows
from ringfence.money.ledger import Ledger

# Columns whose values are shown; of the others, which are nearly as many as answers, only the number of changes is.
_SHOWN = (
    *("outcome", "error_class", "validity", "validity_basis", "reachability", "ported", "roaming", "line_type"),
    *(
        f"{role}_carrier_{part}"
        for role in ("current", "original", "roaming")
        for part in ("name", "mccmnc", "country")
    ),
)
_COUNTED = ("observed_at", "request_ref", "result_ref", "raw_status", "raw_error", "raw_permanent", "conflict")
_PRICE = "cost_net"


@dataclass(frozen=True, slots=True)
class Change:
    """So many answers of a provider whose column would go from one value to another; None is NULL."""

    provider: str
    column: str
    old: str | None
    new: str | None
    answers: int


@dataclass(frozen=True, slots=True)
class Reparsed:
    """What parsing all replies again comes to.

    read: answers that were read again. changes: by provider, column and values; appear and vanish: answers by provider.
    unread: published answers whose reply can no longer be read, which stay as they are. prices: read otherwise than
    they were settled, which changes nothing.
    """

    read: int
    changes: Sequence[Change]
    appear: Mapping[str, int]
    vanish: Mapping[str, int]
    unread: int
    prices: Sequence[Change]
    rows: pl.DataFrame = field(repr=False)
    covered: pl.Series = field(repr=False)

    @property
    def differs(self) -> bool:
        """Whether anything that is published would change."""
        return bool(self.changes or self.appear or self.vanish)


def reparse(ledger: Ledger, lake: Lake) -> Reparsed:
    """Parse all replies again that settled what the lake holds, and compare; nothing is written."""
    frames, covered, unread = [frame_of("lookups", [])], list[str](), list[str]()
    for group in settled_after(ledger, 0, lake.settled_seq()):
        rows: list[dict[str, object]] = []
        for settled in group:
            mine = parsed_rows(ledger, settled)
            rows += mine
            (covered if mine else unread).extend(_ids(settled))
        frames.append(frame_of("lookups", rows))
    new, ids = pl.concat(frames), pl.Series(covered, dtype=pl.String)
    every = lake.read("lookups")
    old = every.filter(pl.col("lookup_id").is_in(ids.implode()))
    both = old.join(new, on="lookup_id", suffix="_new")
    only_new = new.join(old, on="lookup_id", how="anti")
    return Reparsed(
        read=new.height,
        changes=[change for column in (*_SHOWN, *_COUNTED) for change in _changes(both, column)],
        appear=_by_provider(only_new),
        vanish=_by_provider(old.join(new, on="lookup_id", how="anti")),
        unread=every.filter(pl.col("lookup_id").is_in(pl.Series(unread, dtype=pl.String).implode())).height,
        prices=_changes(both, _PRICE),
        rows=pl.concat([_with_the_books(both), only_new.with_columns(**{k: pl.lit(v) for k, v in NOTHING.items()})]),
        covered=ids,
    )


def republish(lake: Lake, found: Reparsed) -> None:
    """Put what was read again in the place of what the lake holds of it; the facts are to be merged after that.

    Answers that were published meanwhile stay. Settlements that the lake holds are those of before.
    """
    with lake.publishing():
        others = lake.read("lookups").filter(~pl.col("lookup_id").is_in(found.covered.implode()))
        rows = pl.concat([others, found.rows.select(pl.col(name).cast(kind) for name, kind in LOOKUPS.schema.items())])
        buckets = sorted({int(each) for each in lake.files("lookups")} | set(rows["bucket"].unique()))
        lake.overwrite("lookups", rows, buckets, reparsed=lake.reparsed() + 1)


def _ids(settled: Settled) -> list[str]:
    """The ids of the answers that may be read again: of every number that was not erased."""
    if not settled.kept:
        return []
    return [lookup_id for subject, lookup_id in settled.lookup_ids().items() if subject in settled.numbers]


def _with_the_books(both: pl.DataFrame) -> pl.DataFrame:
    """The new reading of answers that are published, with the money that they were published with."""
    kept = {"lookup_id", *MONEY}
    return both.select(pl.col(name) if name in kept else pl.col(f"{name}_new").alias(name) for name in LOOKUPS.names)


def _changes(both: pl.DataFrame, column: str) -> list[Change]:
    differing = both.filter(pl.col(column).ne_missing(pl.col(f"{column}_new")))
    shown = [pl.col(each).cast(pl.String) for each in (column, f"{column}_new")]
    if column in _COUNTED:
        shown = [pl.lit(None, pl.String).alias(each) for each in (column, f"{column}_new")]
    rows = (
        differing.select("provider", *shown).group_by(pl.all()).len().sort("provider", "len", descending=[False, True])
    )
    return [Change(provider, column, old, new, answers) for provider, old, new, answers in rows.iter_rows()]


def _by_provider(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("provider").len().sort("provider").iter_rows())
