"""The queue of batches against a plain list that does the same slowly."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ringfence.lookups.queue import Queue
from ringfence.money.amount import Money
from ringfence.money.batch import Batch

WHOLE = Batch(
    quote_id="q",
    ledger_seq=0,
    consent="unattended",
    provider="",
    product="",
    answers=1,
    facts=1,
    unit_price=Money(1, "EUR"),
    subjects=(),
    country="NL",
    source="crm",
)
LINES = st.sampled_from([("a", "x"), ("a", "y"), ("b", "x")])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.lists(LINES, max_size=5)),
        st.tuples(st.just("put_back"), st.lists(LINES, max_size=3)),
        st.tuples(st.just("take"), st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 4))),
        st.tuples(st.just("drain"), LINES),
    ),
    max_size=30,
)


@given(STEPS)
def test_each_provider_gets_its_batches_in_the_order_of_purchase(steps: list[tuple[str, object]]) -> None:
    """Whatever is put in, put back, taken and drained, nothing is lost and nothing overtakes."""
    queue, plain, made = Queue(), [], 0
    for name, value in steps:
        if name in ("extend", "put_back"):
            new = []
            for provider, product in value:  # type: ignore[attr-defined]
                made += 1
                new.append(replace(WHOLE, provider=provider, product=product, subjects=(made,)))
            getattr(queue, name)(new)
            plain = [*plain, *new] if name == "extend" else [*new, *plain]
        elif name == "take":
            provider, most = value  # type: ignore[misc]
            wanted = [batch for batch in plain if batch.provider == provider][:most]
            assert queue.take(provider, most) == wanted
            plain = [batch for batch in plain if batch not in wanted]
        else:
            wanted = [batch for batch in plain if (batch.provider, batch.product) == value]
            assert queue.drain(value) == wanted  # type: ignore[arg-type]
            plain = [batch for batch in plain if batch not in wanted]
        assert bool(queue) == bool(plain)
        assert set(queue) == {(batch.provider, batch.product) for batch in plain}
