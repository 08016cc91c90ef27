"""From a frame of cells to one row per number: E.164, or the named reason why nothing may be bought for it.

Decides what is wanted; what a text can be is the gate's, what a number is `reading`'s. Nothing in a cell raises.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import polars as pl

from ringfence.errors import ConfigError
from ringfence.numbers.gate import Candidate, gate
from ringfence.numbers.reading import LINE_TYPES, METADATA_VERSION, SHARED_CODES, Pair, Reading, readings
from ringfence.numbers.reject import Reject

__all__ = ["KINDS", "METADATA_VERSION", "Policy", "normalise"]

# Inmarsat, the global mobile satellite system and the international networks (ITU-T E.164, list of assigned country
# codes); libphonenumber calls their numbers mobile or virtual.
_SATELLITE = frozenset({870, 881, 882, 883})
KINDS = frozenset(LINE_TYPES.values()) - {"unknown"} | {"satellite"}
"""What `Policy.types` may name: the line types, and `satellite`."""

# Area codes and halves of a number have fewer digits: `2743 / 5012` is one number of Luxembourg, 2743 another.
_SHORTEST_PIECE = 6


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user lets be bought; raises ConfigError for a type that does not exist.

    accept: `valid` numbers of the numbering plan, or all of a `possible` length. types: line types let through.
    vanity: letters stand for digits (1-800-FLOWERS). bare_international: digits without + that are a valid
    international number are one, where there is no region or they are no number of it.
    """

    accept: Literal["valid", "possible"] = "valid"
    types: frozenset[str] = frozenset({"mobile", "fixed_or_mobile", "landline"})
    vanity: bool = False
    bare_international: bool = False

    def __post_init__(self) -> None:
        if unknown := self.types - KINDS:
            raise ConfigError(f"numbers.types: {sorted(unknown)} is not among {sorted(KINDS)}")


class _Number(NamedTuple):
    """One row of the answer, in the order of `_COLUMNS`."""

    phone_e164: str | None = None
    parse_status: str = "rejected"
    reject_reason: str | None = None
    explicit: bool = False
    country: str | None = None
    line_type: str | None = None
    extension: str | None = None
    flags: tuple[str, ...] = ()


_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "phone_e164": pl.String,
    "parse_status": pl.String,
    "reject_reason": pl.String,
    "explicit": pl.Boolean,
    "country": pl.String,
    "line_type": pl.String,
    "extension": pl.String,
    "flags": pl.List(pl.String),
}


def normalise(cells: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row for every number of every cell, at least one a cell; the given columns pass through.

    Reads `parts` and `region_hint`, and gives `region_basis` anew: `explicit` where the number names its country.
    Adds position (Int64, from 0 in a cell), phone_e164 (null: not accepted), parse_status (parsed, rejected, empty),
    reject_reason (a `Reject`; `empty` or `placeholder` where parse_status is empty), country, line_type (null where
    nothing was parsed), extension, flags (what was inferred).
    """
    parts = [part or [None] for part in cells["parts"].to_list()]
    hints = [hint or None for hint in cells["region_hint"].to_list()]
    numbers = _numbers({(part, hint) for row, hint in zip(parts, hints, strict=True) for part in row}, policy)
    rows = [
        (index, position, number)
        for index, (row, hint) in enumerate(zip(parts, hints, strict=True))
        for position, number in enumerate(number for part in row for number in numbers[part, hint])
    ]
    added = pl.DataFrame([number for _, _, number in rows], schema=_COLUMNS, orient="row")
    given = cells[pl.Series([index for index, _, _ in rows], dtype=pl.UInt32)]
    basis = pl.when(added["explicit"]).then(pl.lit("explicit")).otherwise(given["region_basis"].cast(pl.String))
    return given.with_columns(
        pl.Series("position", [position for _, position, _ in rows], dtype=pl.Int64),
        *added.drop("explicit").get_columns(),
        region_basis=basis,
    )


def _numbers(
    scalars: Iterable[tuple[str | None, str | None]], policy: Policy
) -> dict[tuple[str | None, str | None], list[_Number]]:
    """The numbers of every distinct (scalar, hint)."""
    hints: dict[str | None, list[str | None]] = {}
    for part, hint in scalars:
        hints.setdefault(part, []).append(hint)
    gated = {part: gate(part, vanity=policy.vanity) for part in hints}
    pairs = {
        (one.text, hint) for part, under in hints.items() for one in gated[part] if not one.reject for hint in under
    }
    read = readings(pairs)
    if policy.bare_international:
        read |= _bare_international(read)
    return {(part, hint): _judge(gated[part], hint, read, policy) for part, under in hints.items() for hint in under}


def _bare_international(read: Mapping[Pair, Reading]) -> dict[Pair, Reading]:
    """Read again, with a +, the bare digits that are no valid number where they stand; only valid ones count."""
    again = {pair: ("+" + pair[0], None) for pair, one in read.items() if pair[0][0] != "+" and not one.valid}
    found = readings(again.values())
    return {
        pair: replace(found[other], flags=("assumed_international",))
        for pair, other in again.items()
        if found[other].valid
    }


def _judge(
    candidates: tuple[Candidate, ...], hint: str | None, read: Mapping[Pair, Reading], policy: Policy
) -> list[_Number]:
    known = [read[one.text, hint] for one in candidates if not one.reject]
    if len(known) > 1 and _doubtful(known):
        return [_Number(reject_reason=Reject.AMBIGUOUS)]
    return [_refused(one.reject) if one.reject else _judged(one, read[one.text, hint], policy) for one in candidates]


def _doubtful(pieces: list[Reading]) -> bool:
    """Whether the pieces of a cell could be one number, or one piece go on from another (`+49 30 12345 / 67890`).

    Each must be possible by itself. One that lacks country code and trunk prefix beside one that has them is rather
    the other's second extension or subscriber number.
    """
    rejects = {piece.reject for piece in pieces}
    if rejects != {None}:
        return len(rejects) > 1 or not rejects <= {Reject.NO_COUNTRY, Reject.UNKNOWN_REGION}
    bare = {"national_without_trunk" in piece.flags for piece in pieces}
    return len(bare) > 1 or any(piece.national_length < _SHORTEST_PIECE for piece in pieces)


def _refused(reject: Reject) -> _Number:
    nothing = reject in (Reject.EMPTY, Reject.PLACEHOLDER)
    return _Number(parse_status="empty" if nothing else "rejected", reject_reason=reject)


def _judged(candidate: Candidate, reading: Reading, policy: Policy) -> _Number:
    if reading.reject:
        return _Number(reject_reason=reading.reject, explicit=reading.explicit, flags=candidate.flags)
    reject = _unwanted(reading, policy)
    return _Number(
        phone_e164=None if reject else reading.e164,
        parse_status="rejected" if reject else "parsed",
        reject_reason=reject,
        explicit=reading.explicit,
        country=reading.country,
        line_type=reading.line_type,
        extension=candidate.extension,
        flags=candidate.flags + reading.flags,
    )


def _unwanted(reading: Reading, policy: Policy) -> Reject | None:
    if not reading.valid:
        # What is only possible has no type to judge, and a shared code is wanted for its type or not at all.
        return None if policy.accept == "possible" and reading.calling_code not in SHARED_CODES else Reject.NOT_VALID
    kind = "satellite" if reading.calling_code in _SATELLITE else reading.line_type
    return None if kind in policy.types else Reject.TYPE_NOT_WANTED
