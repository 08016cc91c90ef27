"""When an attempt that waits is overdue: by the patience of its own product, and nobody else's."""

import pytest

from ringfence.lookups.collector import OVERDUE, overdue
from ringfence.providers.registry import providers

LATER = {
    (name, product.name): product.patience
    for name, one in providers().items()
    for product in one.products.values()
    if product.mode != "sync"
}
SENT_AT = 1_795_000_000_000_000


@pytest.mark.parametrize(("name", "product"), LATER)
def test_what_waits_is_overdue_by_the_patience_of_its_own_product(name: str, product: str) -> None:
    """To the microsecond, for every product that answers later."""
    attempt = dict(zip(OVERDUE, (name, product, SENT_AT), strict=True))
    until = SENT_AT + LATER[name, product] * 1_000_000
    assert [overdue(attempt, now) for now in (SENT_AT, until - 1, until, until + 1)] == [False, False, True, True]


def test_patience_differs() -> None:
    """Else nothing above would tell one product's from another's."""
    assert len(set(LATER.values())) > 1
    assert all(LATER.values())
