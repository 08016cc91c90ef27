"""Several products of one provider in one run: what is said of one of them is not said of the others."""

from sqlalchemy import select

from ringfence.money.schema import DEFERRAL
from ringfence.money.store import unpack


def test_a_product_that_is_not_enabled_leaves_the_others_alone(build, numbers) -> None:
    """Its numbers are left with the sentence of the provider, and the other product is bought in the same run."""
    phones = {"plain": numbers("NL", 3), "live": numbers("GB", 3)}
    wants = {"plain": {"carrier": "monthly"}, "live": {"reachability": "monthly"}}
    two = {"products": ["standard", "advanced"], "price": {"standard": "0.005 EUR", "advanced": "0.04 EUR"}}
    house = build([], {"when": {"nth": 1}, "fault": "not_enabled"}, vendor="vonage", provider={"batch": "1", **two})
    for name, listed in phones.items():
        rows = "".join(f"{place},{phone}\n" for place, phone in enumerate(listed))
        (house.path.parent / f"{name}.csv").write_text(f"id,phone\n{rows}")
    house.change(
        sources={
            name: {"warehouse": f"csv:///{name}.csv", "key": "id", "phones": "phone", "want": wants[name]}
            for name in phones
        }
    )
    house.read_sources()
    bought = house.run()
    refused = house.attempts()[0]["product"]
    (bought_product,) = {"standard", "advanced"} - {refused}
    # What was reserved before the refusal was read is voided too, and never sent.
    ends = {(row["product"], row["state"]) for row in house.attempts()}
    assert ends == {(refused, "voided"), (bought_product, "settled")}
    assert (bought.numbers, bought.failed, len(house.requests())) == (3, 3, 4)
    with house.ledger.store.read() as connection:
        left = connection.execute(select(DEFERRAL)).all()
    assert sum(len(unpack(row.subjects)) for row in left) == 3
    assert {row.status for row in left} == {"provider_failed"}
    assert all(f"vonage has not enabled {refused} for this account" in row.reason for row in left)
    house.check()
