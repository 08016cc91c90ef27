"""Reading `fx.csv`: what one unit of a foreign currency is worth in the configured one, from one day to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ringfence.config import dated
from ringfence.errors import MoneyError
from ringfence.money.amount import Money, nanos

FORM = dated.Form(
    "a table of rates", "fx", "a rate", {"currency": True, "rate": True, "valid_from": True, "valid_to": False}
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a unit of `currency` is worth from one day to another, both included, in nanos of the configured one."""

    line: int
    currency: str
    amount: int
    valid_from: date
    valid_to: date | None

    @property
    def key(self) -> tuple[str, ...]:
        """What it is a rate of."""
        return (self.currency,)

    @property
    def name(self) -> str:
        """What it is a rate of, for people."""
        return self.currency

    def frozen(self, currency: str) -> str:
        """The rate as the ledger keeps it: "0.92 EUR"."""
        return str(Money(self.amount, currency))


@dataclass(frozen=True, slots=True)
class Exchange:
    """The rates of a configuration, by currency and day; `file` is what people call the file."""

    file: str = ""
    rows: Sequence[Rate] = ()

    def of(self, currency: str) -> Sequence[Rate]:
        """All rates of a currency, from the first to the last."""
        return [row for row in self.rows if row.currency == currency]


def read(path: Path, currency: str) -> Exchange:
    """The rates to the configured currency; raises ConfigError."""

    def row_of(line: int, cells: Mapping[str, str]) -> Rate:
        foreign = dated.currency(cells)
        if foreign == currency:
            raise ValueError(f"currency: {currency} is the configured one, and is worth 1; take the line out")
        try:
            amount = nanos(cells["rate"])
        except MoneyError as error:
            raise ValueError(f"rate: {error}") from None
        if amount <= 0:
            raise ValueError(
                f"rate: expected how many {currency} one {foreign} is worth, above 0; found: {cells['rate']}"
            )
        return Rate(line, foreign, amount, *dated.days(cells))

    return Exchange(path.name, dated.read(path, FORM, row_of))
