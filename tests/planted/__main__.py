"""`python -m tests.planted [WORD ...]`: plant every bug whose name has one of these words, and print the score.

Exit code 1 when any survives. The working tree is never touched.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.planted.bug import judged
from tests.planted.bugs import BUGS, clean_tests_fail


def main(words: list[str]) -> int:
    """Print a line a bug as it is decided, then the score."""
    chosen = [each for each in BUGS if not words or any(word in each.name for word in words)]
    if failing := clean_tests_fail(chosen):
        print(f"without any bug these tests fail already, so that they can find none:\n{failing}")
        return 2
    survived = 0
    width = max(len(each.name) for each in chosen)
    with ThreadPoolExecutor(2) as pool:
        for verdict in pool.map(judged, chosen):
            survived += verdict.found_by is None
            print(f"{verdict.bug.name:<{width}}  {verdict.found_by or f'SURVIVED {verdict.told[-80:]!r}'}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} planted bugs were found")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
