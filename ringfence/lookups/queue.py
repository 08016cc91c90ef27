"""The batches that wait to be sent: a line for each provider and product, so that a full one hides no other."""

from collections import deque
from collections.abc import Iterable, Iterator

from ringfence.money.batch import Batch

Key = tuple[str, str]


class Queue:
    """Batches in the order of purchase. Taking and putting back cost what is moved, not what waits."""

    def __init__(self) -> None:
        self._lines: dict[Key, deque[tuple[int, Batch]]] = {}
        self._first = self._last = 0

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __iter__(self) -> Iterator[Key]:
        """Provider and product of every line that is not empty."""
        return iter(tuple(self._lines))

    def extend(self, batches: Iterable[Batch]) -> None:
        """Put batches behind all others."""
        for batch in batches:
            self._last += 1
            self._line(batch).append((self._last, batch))

    def put_back(self, batches: Iterable[Batch]) -> None:
        """Put batches before all others, in their order."""
        for batch in reversed(list(batches)):
            self._first -= 1
            self._line(batch).appendleft((self._first, batch))

    def take(self, provider: str, most: int) -> list[Batch]:
        """Take the next batches of a provider, whichever products they ask for."""
        taken: list[Batch] = []
        while len(taken) < most and (mine := [key for key in self._lines if key[0] == provider]):
            first = min(mine, key=lambda key: self._lines[key][0][0])
            taken.append(self._lines[first].popleft()[1])
            if not self._lines[first]:
                del self._lines[first]
        return taken

    def drain(self, key: Key) -> list[Batch]:
        """Take a whole line."""
        return [batch for _, batch in self._lines.pop(key, ())]

    def _line(self, batch: Batch) -> deque[tuple[int, Batch]]:
        return self._lines.setdefault((batch.provider, batch.product), deque())
