"""From what was seen in a warehouse to the sources that a configuration begins with, and a report. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from ringfence.config.written import WrittenSource
from ringfence.errors import SourceError
from ringfence.sources.catalog import Relation
from ringfence.sources.columns import Column
from ringfence.sources.looking.choosing import NEEDS_REGION, Choice, Judged, choose, left_out
from ringfence.sources.looking.evidence import ColumnEvidence
from ringfence.sources.looking.hints import source_name
from ringfence.sources.looking.keys import Key
from ringfence.sources.looking.regions import HANDFUL
from ringfence.sources.looking.warehouse import Warehouse
from ringfence.sources.names import one_line, shown_header

_DIGITS = 7


@dataclass(slots=True)
class Seen:
    """One relation: its SQL name and its label, its columns and their evidence, or the problem that keeps it out.

    `written` is how the configuration names it, `rows` None where counting took too long, `unusable` what is named like
    a phone and cannot be read, with why. `choice` and `key` are filled in as they are decided.
    """

    name: str
    label: str
    relation: Relation | None = None
    written: str | None = None
    is_view: bool = False
    columns: dict[str, Column] = field(default_factory=dict)
    evidence: Sequence[ColumnEvidence] = ()
    regions: dict[str, float] = field(default_factory=dict)
    rows: int | None = None
    sampled: int = 0
    unusable: Sequence[tuple[str, str]] = ()
    problem: str = ""
    choice: Choice | None = None
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A column that was considered, or a relation (no column) that was not; names are as they are, not escaped."""

    relation: str
    judged: Judged


@dataclass(frozen=True, slots=True)
class Proposal:
    """The sources, all findings, and about how many cells with numbers the sources have.

    `numbers` is None where a relation was too large to count.
    """

    sources: Sequence[WrittenSource]
    findings: Sequence[Finding]
    numbers: int | None
    bare_international: bool
    relations: int
    columns: int


def decide(seen: Sequence[Seen], country: str | None) -> None:
    """Choose columns and regions; what most numbers of the whole warehouse say comes before the machine's `country`."""
    everywhere: Counter[str] = Counter()
    for column in chain.from_iterable(each.evidence for each in seen):
        if column.says == "phone":
            everywhere.update(column.countries)
    leaning = []
    top, times = everywhere.most_common(1)[0] if everywhere else ("", 0)
    if top and times >= max(HANDFUL, everywhere.total() / 2):
        leaning.append((top, f"most numbers of the warehouse that name a country are of {top}"))
    if country:
        leaning.append((country, f"this machine's time zone is of {country}"))
    for each in seen:
        if not each.problem:
            each.choice = choose(each.evidence, each.regions, leaning)
    tables = [set(each.choice.phones) for each in seen if each.choice and not each.is_view]
    for each in seen:
        phones = set(each.choice.phones) if each.choice else set()
        if each.is_view and phones and any(phones <= table for table in tables):
            each.choice = None
            each.problem = "left out: a view with columns of a table that is read; name it as relation in its place"


def proposal(place: Warehouse, seen: Sequence[Seen]) -> Proposal:
    """What the configuration begins with; raises SourceError where nothing holds phone numbers."""
    sources: list[WrittenSource] = []
    for each in seen:
        if not (each.choice and each.choice.phones):
            continue
        if place.kind == "csv" and any(_is_cell(name) for name in each.choice.phones):
            raise SourceError(
                f"{one_line(place.location)} has no header: its first line holds a number; export it again with "
                "names of columns in the first line"
            )
        if each.key is None:
            each.problem = "left out: no column of it can be a key; name a view with one"
            continue
        source = _source(place, each, each.choice, each.key, [source.name for source in sources])
        if "\0" in "".join((source.relation or "", *source.key, *source.phones, source.region_column or "")):
            each.problem = "left out: its names hold a NUL, which no configuration can"
            continue
        sources.append(source)
    findings = [finding for each in seen for finding in _findings(each)]
    if not sources:
        raise SourceError(_nothing(place, seen, findings))
    return Proposal(
        sources=sources,
        findings=findings,
        numbers=_numbers(seen),
        bare_international=any(each.choice.guess.bare_international for each in seen if each.choice),
        relations=len(seen),
        columns=sum(len(each.columns) for each in seen),
    )


def _source(place: Warehouse, each: Seen, choice: Choice, key: Key, taken: Sequence[str]) -> WrittenSource:
    relation, told = each.relation, choice.guess
    waiting = [shown_header(one.column) for one in choice.judged if one.kept and one.why.endswith(NEEDS_REGION)]
    name = source_name([relation.name if relation else place.stem], ())
    if relation and name in taken:
        name = source_name([relation.schema, relation.name], taken)
    return WrittenSource(
        name=name,
        warehouse=place.address,
        relation=each.written,
        key=key.columns,
        key_note=key.note,
        phones=choice.phones,
        region_column=choice.region_column,
        phones_note=f"few cells are read before a region is set: {', '.join(waiting)}" if waiting else "",
        default_region=told.region,
        needs_region=bool(told.why) and not (told.sure or told.bare_international),
        region_note=choice.note,
    )


def _is_cell(name: str) -> bool:
    return sum(sign.isdecimal() for sign in name) >= _DIGITS and re.search(r"[^\W\d_]{3}", name) is None


def _findings(each: Seen) -> list[Finding]:
    found = [Finding(each.label, left_out("", each.problem))] if each.problem else []
    judged = each.choice.judged if each.choice else ()
    unusable = [left_out(name, problem) for name, problem in each.unusable]
    return found + [Finding(each.label, one) for one in (*judged, *unusable)]


def _nothing(place: Warehouse, seen: Sequence[Seen], findings: Sequence[Finding]) -> str:
    looked = f"looked at {len(seen)} relations with {sum(len(each.columns) for each in seen)} columns"
    nearest = sorted(findings, key=lambda finding: -finding.judged.share)[:3]
    told = "; ".join(
        f"{'.'.join(map(shown_header, filter(None, (finding.relation, finding.judged.column))))}: {finding.judged.why}"
        for finding in nearest
    )
    return f"no column with phone numbers was found in {one_line(place.location)}: {looked}" + (
        f" ({told})" if told else ""
    )


def _numbers(seen: Sequence[Seen]) -> int | None:
    total = 0
    for each in seen:
        if each.choice and each.choice.phones and each.key:
            if each.rows is None:
                return None
            total += -(-each.rows * each.choice.numbers // max(1, each.sampled))
    return total
