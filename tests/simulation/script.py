"""What a seed stands for: the numbers, who may be asked about them, the money, and what happens to whom when."""

import random
from dataclasses import dataclass, field
from typing import Any

from ringfence.lookups.due import bits

# Provider, product, list price in nanos, most numbers in a request here. Floats cannot hold the odd ones.
KINDS = (
    ("infobip", "query", 10_000_000, 5),
    ("messente", "hlr_sync", 2_000_000, 4),
    ("vonage", "standard", 8_000_008, 1),
    ("vonage", "advanced", 32_770_020, 1),
    ("kaleyra", "lookup", 200_000_000, 4),
    ("kaleyra", "lookup_get", 200_000_000, 4),
    ("infobip", "notify", 10_000_000, 5),
)
Kind = tuple[str, str, int, int]
# What everybody wants of every number, and every kind tells.
WANTED = bits(["carrier", "validity"])
RANGES = {"NL": "+316120{:05d}", "DE": "+4915112{:06d}"}
POOL = 150
# How many numbers a seed is about, and how many processes may be killed in it.
SIZE = (4, 10)
MOST_LIVES = 4
COLLECTORS = 3


@dataclass(frozen=True, slots=True)
class Birth:
    """A process that is begun: when, the point at which it is killed, the point at which it stands still, how long.

    `share` of the numbers it quotes; `up_to` (thousandths of the quote) is approved, None leaves it to the allowance;
    `ceiling` is its own in nanos.
    """

    at: float
    fatal: int = 0
    slow: int = 0
    seconds: float = 0.0
    share: float = 1.0
    up_to: int | None = None
    ceiling: int | None = None


@dataclass(slots=True)
class Script:
    """One seed, drawn."""

    seed: int
    faulty: float = 0.0
    numbers: dict[str, tuple[str, str]] = field(default_factory=dict)
    routes: dict[str, list[Kind]] = field(default_factory=dict)
    kinds: list[Kind] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    births: list[Birth] = field(default_factory=list)
    # When, what and with what: a cap lowered, a stop, a clock that jumps, a lock file lost, SIGTERM, job `collect`.
    events: list[tuple[float, str, int]] = field(default_factory=list)
    # The points at which those that collect in the end are killed; each is then begun anew.
    collectors: list[int] = field(default_factory=list)


def draw(seed: int) -> Script:
    """The script of a seed."""
    dice = random.Random(seed)
    script = Script(seed, faulty=dice.choice((0.0, 0.1, 0.25, 0.5)))
    script.kinds = dice.sample(KINDS, dice.choice((1, 1, 2, 3)))
    for place in dice.sample(range(POOL), dice.randint(*SIZE)):
        country = "NL" if dice.random() < 0.7 else "DE"
        number = RANGES[country].format(place)
        script.numbers[number] = (country, dice.choice(("crm", "shop")))
        script.routes[number] = dice.sample(script.kinds, len(script.kinds))
    script.config = _config(dice, script)
    count = dice.choice((1, 1, 2, 2, 3, 4))
    script.births = [birth(dice, dice.random() * dice.choice((0.05, 0.5, 5))) for _ in range(count)]
    # Of dice of their own: with others every seed's story would be another one.
    apart = random.Random(f"{seed} collects")
    collects = [(apart.random() * 4, "collect", _ends(apart))] if apart.random() < 0.3 else []
    script.events = sorted([*_events(dice), *collects])
    script.collectors = [_ends(apart) for _ in range(COLLECTORS)]
    return script


def undisturbed(seed: int, workers: int, batch: int) -> Script:
    """The numbers and providers of a seed, with money enough and without faults, for so many processes at once."""
    script = draw(seed)
    sections = {
        name: one | {"batch": str(min(batch, *(kind[3] for kind in script.kinds if kind[0] == name), 4))}
        for name, one in script.config["providers"].items()
    }
    script.config |= {
        "providers": sections,
        "budgets": [{"window": "month", "cap": "1000 EUR"}],
        "approval": {"unattended": "1000 EUR/day"},
    }
    script.numbers = dict(sorted(script.numbers.items(), reverse=workers % 2 == 0))
    # The number of processes is part of what is drawn: other ways on the wire, and another schedule.
    script.seed = seed * 10 + workers
    script.faulty, script.events, script.collectors = 0.0, [], []
    script.births = [Birth(at=place / 20) for place in range(workers)]
    return script


def birth(dice: random.Random, at: float) -> Birth:
    """A process and its fate."""
    return Birth(
        at=at,
        fatal=_fatal(dice),
        slow=dice.randint(1, 50) if dice.random() < 0.25 else 0,
        seconds=dice.random() * 100,
        share=dice.choice((1.0, 1.0, 0.6)),
        up_to=dice.choice((300, 700, 1000, 1000)) if dice.random() < 0.4 else None,
        ceiling=dice.randint(1, 50) * 10_000_000 if dice.random() < 0.15 else None,
    )


def _fatal(dice: random.Random) -> int:
    """The point at which a process dies: of a life's hundred or two, most are those of buying."""
    return dice.choice((0, 0, dice.randint(1, 40), dice.randint(30, 150)))


def _ends(dice: random.Random) -> int:
    """The point at which a collecting process dies: its life has some twenty, and more where it asks."""
    return dice.choice((0, dice.randint(1, 60)))


def money(nanos: int, unit: str = "EUR") -> str:
    """An amount as a configuration has it."""
    return f"{nanos // 10**9}.{nanos % 10**9:09d} {unit}"


def _config(dice: random.Random, script: Script) -> dict[str, Any]:
    need = sum(min(kind[2] for kind in kinds) for kinds in script.routes.values())
    providers: dict[str, Any] = {}
    for name, product, price, batch in script.kinds:
        section = providers.setdefault(name, {"products": [], "price": {}})
        section["products"].append(product)
        section["price"][product] = money(price)
        section |= {
            "batch": str(dice.choice((1, 1, 2, batch))),
            "in_flight": str(dice.randint(1, 3)),
            "rate": dice.choice(("2/s", "10/s", "1000/s")),
            "wait": dice.choice(("1s", "2s")),
            "base_url": "http://127.0.0.1:1",
        }
        # Two products of one provider share a batch size.
        section["batch"] = str(min(int(section["batch"]), *(each[3] for each in script.kinds if each[0] == name), 4))
    budgets: list[dict[str, str]] = [{"window": dice.choice(("month", "total")), "cap": _cap(dice, need)}]
    more = (
        {"window": "day"},
        {"window": "quote"},
        {"window": "day", "provider": script.kinds[0][0]},
        {"window": "month", "country": "DE"},
        {"window": "total", "source": "shop"},
    )
    budgets += [each | {"cap": _cap(dice, need)} for each in more if dice.random() < 0.25]
    return {
        "mode": "simulate",
        "timezone": dice.choice(("Europe/Amsterdam", "UTC")),
        "sources": {name: _source() for name in ("crm", "shop")},
        "providers": providers,
        "budgets": budgets,
        "approval": {"unattended": _cap(dice, need, "EUR/day") if dice.random() < 0.95 else "0 EUR/day"},
        "callbacks": {"public_url": "http://127.0.0.1:1/back"},
    }


def _source() -> dict[str, Any]:
    want = {"carrier": "monthly", "validity": "monthly"}
    return {"warehouse": "csv:///none.csv", "key": "id", "phones": "phone", "want": want}


def _cap(dice: random.Random, need: int, unit: str = "EUR") -> str:
    return money(need * dice.choice((200, 400, 600, 800, 1000, 2000, 5000, 5000)) // 1000, unit)


def _events(dice: random.Random) -> list[tuple[float, str, int]]:
    found: list[tuple[float, str, int]] = []
    for kind, chance in (
        ("lower", 0.3),
        ("stop", 0.15),
        ("jump", 0.2),
        ("unlock", 0.25),
        ("term", 0.15),
        ("decide", 0.2),
    ):
        if dice.random() < chance:
            found.append((dice.random() * dice.choice((1, 2, 4)), kind, dice.randrange(1000)))
    return found
