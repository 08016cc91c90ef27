"""Amounts: exact nanos in, exact nanos out, and a refusal of everything that is not plainly an amount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.errors import MoneyError
from ringfence.money.amount import LARGEST, Money, decimal_text, nanos

AMOUNTS = st.integers(-LARGEST, LARGEST)


@given(AMOUNTS)
def test_an_amount_survives_being_written_and_read(amount: int) -> None:
    """Every amount that the ledger can hold is read back from both of its texts, to the nano."""
    assert nanos(decimal_text(amount)) == amount
    assert Money.parse(str(Money(amount, "EUR"))) == Money(amount, "EUR")


@given(AMOUNTS)
def test_the_machine_form_equals_the_decimal_number(amount: int) -> None:
    """The machine-readable form has nine places and is worth what Decimal says it is."""
    text = decimal_text(amount)
    assert len(text.partition(".")[2]) == 9
    assert Decimal(text) == Decimal(amount) / 10**9


@given(st.text(alphabet="0123456789.-+eE_ ,\u0661", max_size=45))
def test_reading_never_rounds(text: str) -> None:
    """Whatever text is accepted as an amount is worth exactly the number that is written there."""
    try:
        amount = nanos(text)
    except MoneyError:
        return
    assert Decimal(text).as_tuple().digits
    assert Decimal(amount).compare(Decimal(text) * 10**9) == 0


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "NaN", "Infinity", "-Infinity", "1e3", "1E-9", "+1", ".5", "1.", "1,50", "1_000", "0x10", "\u0661",
        "0.0000000001", "0.01" + "0" * 26 + "1", "1000000000", "-1000000000", "9" * 19, "9" * 400,
    ],
)  # fmt: skip
def test_what_is_not_a_plain_decimal_of_nine_places_is_refused(text: str) -> None:
    """No exponent, sign of infinity, tenth place or amount beyond the ledger's columns is ever read as money."""
    with pytest.raises(MoneyError):
        nanos(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("0", 0), ("-0", 0), ("0.002", 2_000_000), ("32.68590294", 32_685_902_940), ("1.5000000000000", 1_500_000_000),
     ("999999999.999999999", LARGEST), ("-0.000000001", -1)],
)  # fmt: skip
def test_plain_decimals_are_read_exactly(text: str, amount: int) -> None:
    """A plain decimal becomes its nanos; zeros after the ninth place say nothing and are allowed."""
    assert nanos(text) == amount


@pytest.mark.parametrize("text", ["0.002", "EUR", "0.002 eur", "0.002EUR", "0.002 EURO", "1e3 EUR", "NaN EUR"])
def test_a_price_needs_an_amount_and_a_currency(text: str) -> None:
    """A price without an ISO 4217 code in capitals is refused with the expected form."""
    with pytest.raises(MoneyError, match=r'such as "0\.002 EUR"'):
        Money.parse(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00 EUR"), (500_000_000, "0.50 EUR"), (2_000_000, "0.002 EUR"), (-1, "-0.000000001 EUR")],
)
def test_people_read_at_least_two_places(amount: int, text: str) -> None:
    """The form for people keeps two places and every further one that is needed."""
    assert str(Money(amount, "EUR")) == text
