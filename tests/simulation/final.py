"""What must hold when all is over: the promises P1 to P6, held against the providers' own bills."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.truth import published, truth
from tests.simulation.world import World

_ATTEMPTS = """SELECT a.attempt_id, a.residue_of, a.state, a.provider, a.country, a.source, a.quote_id, a.reserved_at,
    a.held, coalesce(a.actual, 0) AS actual, a.evidence, a.numbers FROM attempt a"""
_KEPT = "SELECT DISTINCT attempt_id FROM reply WHERE complete = 1 AND source = 'response'"


@dataclass(frozen=True, slots=True)
class Before:
    """P6: what a run that has nothing new to do leaves as it is: nobody is asked, nothing spent, nothing published."""

    requests: int
    booked: int
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, world: World) -> "Before":
        """Take note of how it is now."""
        return cls(world.wire.requests, world.judge.booked(), world.table.rows())


def judge_end(world: World) -> None:
    """Everything that can be said when nothing is open any more."""
    world.judge.whole()
    if world.judge.open():
        world.judge.break_("P4: something is open although it was waited for long enough")
    sql = world.ground.judge
    cursor = sql.execute(_ATTEMPTS)
    names = [each[0] for each in cursor.description]
    attempts = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    kept = {row[0] for row in sql.execute(_KEPT)}
    _each_request(world, attempts, kept)
    _budgets(world, attempts)
    _table(world, attempts, kept)
    _twice(world)
    for each in world.loop.errors:
        world.judge.break_(f"unseen: {each}")


def _root(attempt: dict[str, Any]) -> str:
    return str(attempt["residue_of"] or attempt["attempt_id"])


def _each_request(world: World, attempts: list[dict[str, Any]], kept: set[str]) -> None:
    """P2 and P3, request by request: what was settled by a reply is what was charged for it, to the nano."""
    settled: Counter[str] = Counter()
    lost: set[str] = set()
    states: dict[str, str] = {}
    for each in attempts:
        states[_root(each)] = each["state"] if not each["residue_of"] else states.get(_root(each), "")
        if each["state"] == "settled":
            settled[_root(each)] += each["actual"]
            if str(each["evidence"]).startswith("paid_lost:"):
                lost.add(_root(each))
    for one in world.vendors.bill:
        spent = settled[one.attempt_id]
        if one.attempt_id in lost:
            # Counted as spent at the price in use: what was billed above it nobody has seen.
            if spent < sum(one.listed.values()):
                world.judge.break_(f"P3: attempt {one.attempt_id} was charged {one.amount}, and {spent} is counted")
        elif one.amount != spent and (one.answered or one.amount > spent):
            world.judge.break_(f"P3: attempt {one.attempt_id} was charged {one.amount}, and {spent} is spent")
        if one.answered and one.amount and one.attempt_id in kept and states.get(one.attempt_id) == "voided":
            world.judge.break_(f"P4: the stored reply to attempt {one.attempt_id} is paid for, and it is void")


def _budgets(world: World, attempts: list[dict[str, Any]]) -> None:
    """P1: what the providers have charged stays within every cap that there was, at the prices in use."""
    charged = {one.attempt_id: one for one in world.vendors.bill}
    zone = ZoneInfo(world.script.config["timezone"])
    used: Counter[tuple[str, str]] = Counter()
    for each in attempts:
        one = charged.get(each["attempt_id"])
        if one is None or each["residue_of"]:
            continue
        at = datetime.fromtimestamp(each["reserved_at"] / 1_000_000, UTC).astimezone(zone)
        for budget in world.script.config["budgets"]:
            if all(budget.get(name) in (None, each[name]) for name in ("provider", "country", "source")):
                scopes = [f"{name}={budget[name]}" for name in ("provider", "country", "source") if name in budget]
                start = {"day": f"{at:%Y-%m-%d}", "month": f"{at:%Y-%m}", "quote": each["quote_id"]}
                key = "/".join(["limit", budget["window"], *scopes])
                used[key, start.get(budget["window"], "")] += min(one.amount, sum(one.listed.values()))
    for (key, start), amount in used.items():
        if amount > world.judge.caps[key]:
            world.judge.break_(f"P1: {amount} was charged in {key} '{start}', its cap was {world.judge.caps[key]}")


def _table(world: World, attempts: list[dict[str, Any]], kept: set[str]) -> None:
    """P4: every answer that was stored is settled, and stands in the published table exactly once."""
    rows = Counter((row["attempt_id"], row["phone_e164"]) for row in world.table.rows())
    double = [key for key, count in rows.items() if count > 1]
    if double:
        world.judge.break_(f"P4: attempt {double[0][0]} is published twice")
    roots = {each["attempt_id"]: _root(each) for each in attempts}
    harmless = {one.attempt_id: one for one in world.vendors.bill if one.answered}
    for row in world.table.rows():
        one = harmless.get(roots[row["attempt_id"]])
        if one and published(row) != truth(one.provider, one.product, row["phone_e164"]):
            world.judge.break_(f"P4: attempt {one.attempt_id} publishes of a number what was not said of it")
    told = [(roots[row["attempt_id"]], row["phone_e164"], row["outcome"] == "partial") for row in world.table.rows()]
    whole = {(root, number) for root, number, partial in told if not partial}
    # What a log has told in part counts where no whole answer came after it.
    found = Counter((root, number) for root, number, partial in told if not (partial and (root, number) in whole))
    for attempt_id, number in world.post.taken:
        if found[attempt_id, number] != 1:
            world.judge.break_(f"P4: a callback to attempt {attempt_id} was taken, and is not published once")
    for one in world.vendors.bill:
        if one.answered and one.attempt_id in kept:
            absent = [number for number in one.charged if found[one.attempt_id, number] != 1]
            if absent:
                world.judge.break_(f"P4: {len(absent)} paid answers of attempt {one.attempt_id} are not published once")


def _twice(world: World) -> None:
    """P5: no number is paid for twice."""
    paid: dict[str, str] = {}
    for one in world.vendors.bill:
        for number, amount in one.charged.items():
            if amount > 0 and paid.setdefault(number, one.attempt_id) != one.attempt_id:
                world.judge.break_(f"P5: a number was paid for in attempts {paid[number]} and {one.attempt_id}")
