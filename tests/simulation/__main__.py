"""Replay seeds: `python -m tests.simulation SEED [--trace]` or `SEED..SEED`; exit code 1 when anything is broken."""

import sys
import time

from tests.simulation.simulate import simulate


def main(words: list[str]) -> int:
    """Tell what came of these seeds."""
    first, _, last = words[0].partition("..")
    began = time.process_time()
    totals = {"seeds": 0, "crashes": 0, "requests": 0, "askings": 0, "transactions": 0, "violations": 0}
    for seed in range(int(first), int(last or first) + 1):
        outcome = simulate(seed)
        if "--trace" in words or (outcome.found and not last):
            for at, *what in outcome.trace:
                sys.stdout.write(f"{at:12.6f} {' '.join(map(str, what))}\n")
        for each in outcome.found:
            sys.stdout.write(f"seed {seed}: {each}\n")
        totals["seeds"] += 1
        totals["crashes"] += outcome.crashes
        totals["requests"] += outcome.requests
        totals["askings"] += outcome.askings
        totals["transactions"] += outcome.transactions
        totals["violations"] += bool(outcome.found)
    told = ", ".join(f"{value:,} {name}" for name, value in totals.items())
    each = (time.process_time() - began) * 1000 / totals["seeds"]
    sys.stdout.write(f"{told} ({each:.0f} ms of processor time a seed)\n")
    return min(totals["violations"], 1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.simulation SEED[..SEED] [--trace]")
    sys.exit(main(sys.argv[1:]))
