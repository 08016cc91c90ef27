"""What providers tell the user beside their answers, such as how much of a quota is used. It decides nothing."""

import re
from collections.abc import Iterable, Iterator

_FIGURES = re.compile(r"\d+")


class Notes:
    """Sentences in the order in which each was first told. Those that differ in figures alone are one: the newest."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def add(self, sentences: Iterable[str]) -> None:
        """Take in what a reply tells."""
        for sentence in sentences:
            self._told[_FIGURES.sub("0", sentence)] = sentence

    def __iter__(self) -> Iterator[str]:
        """The sentences."""
        return iter(tuple(self._told.values()))
