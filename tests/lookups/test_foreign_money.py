"""Buying in another currency than the configured one: the vendor's bill stays as it is, budgets count at a rate."""

import json
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.errors import ConfigError
from ringfence.lake.served import NAME
from ringfence.lake.views import checks
from ringfence.lookups.costs import costs
from ringfence.lookups.late import note_late
from ringfence.lookups.replies import answered
from ringfence.lookups.serve import serve
from ringfence.lookups.suppliers import prices as examined
from ringfence.money import approvals
from ringfence.money.amount import Money, nanos
from ringfence.money.decide import Decision, decide
from ringfence.money.invariants import violations
from ringfence.money.moves import Stored, keep_replies
from tests.sizes import share

NANO = Decimal("0.000000001")
CARD = "provider,product,country,mccmnc,outcome,price,currency,valid_from,valid_to\n"
FX = "currency,rate,valid_from,valid_to\n"


def write(house, card: str = "", fx: str = "") -> None:
    """Put a rate card and a table of rates beside the configuration, and name them."""
    folder = house.path.parent
    (folder / "prices.csv").write_text(CARD + card)
    (folder / "fx.csv").write_text(FX + fx)
    vendor = json.loads(house.path.read_text())["providers"]["infobip"]
    house.change(prices="prices.csv", fx="fx.csv", providers={"infobip": {**vendor, "price": {}}})


def ask(house, query: str) -> list[tuple[object, ...]]:
    """What SQL says of the served file."""
    with duckdb.connect(str(house.setup.home / NAME), read_only=True) as connection:
        return connection.execute(query).fetchall()


def adds_up(house) -> None:
    """The served costs are the ledger's, in the currency of each attempt and in that of the budgets, to the nano."""
    serve(house.setup, house.ledger, house.lake)
    assert [each.name for each in checks(house.setup.home / NAME) if each.rows] == []
    query = """SELECT round(sum({0}) FILTER (entry_type IN ('settle', 'refund')) * 1000000000),
        round(sum({0}) FILTER (entry_type IN ('hold', 'release')) * 1000000000) FROM lookup_costs"""
    ((spent, held),) = ask(house, query.format("amount"))
    assert (spent or 0, held or 0) == (house.spent(), house.held())
    ((spent, held),) = ask(house, query.format("amount_reporting"))
    with house.ledger.store.read() as connection:
        counted = connection.exec_driver_sql(
            "SELECT spent, held, overrun FROM counter WHERE budget_id = 'limit/month' AND currency = 'EUR'"
        ).one()
    assert (spent or 0, held or 0) == tuple(counted[:2])


def test_a_run_in_dollars_equals_its_bill(build, numbers) -> None:
    """The vendor's money is in dollars to the nano; approval, budget and report are in euros, rounded up."""
    house = build(numbers("NL", 7), listed="0.010000001 USD", provider={"batch": "3"})
    write(house, "infobip,query,,,,0.010000001,USD,2026-01-01,\n", "USD,0.919191919,2026-01-01,\n")
    made = house.quote()
    assert made.total == Money(-(-10_000_001 * 919_191_919 // 10**9) * 7, "EUR")
    approvals.approve(house.ledger, made.quote_id, None, who="test", why="test")
    bought = house.buy()
    assert {row["currency"] for row in house.charges()} == {"USD"}
    assert house.spent() == house.charged() == 7 * 10_000_001
    assert (bought.numbers, bought.currency) == (7, "EUR")
    assert house.spent() * Decimal("0.919191919") <= bought.spent <= made.total.amount
    assert {(row["currency"], row["rate"]) for row in house.attempts()} == {("USD", "0.919191919 EUR")}
    house.publish()
    house.check()
    adds_up(house)
    found = costs(house.setup, house.ledger, house.lake, by=["month"])
    (total,) = found["totals"]
    assert (total["currency"], nanos(total["spent"])) == ("USD", house.spent())
    assert nanos(total["spent_reporting"]) == nanos(found["rows"][0]["spent_reporting"]) == bought.spent


def test_a_rate_is_frozen_when_money_is_held(build, numbers) -> None:
    """Another rate the next day changes nothing of what was bought."""
    house = build(numbers("NL", 2), listed="0.01 USD")
    write(house, "infobip,query,,,,0.01,USD,2026-01-01,\n", "USD,0.9,2026-01-01,\n")
    house.run()
    before = house.attempts()
    write(house, "infobip,query,,,,0.01,USD,2026-01-01,\n", "USD,1.5,2026-01-01,\n")
    adds_up(house)
    assert house.attempts() == before
    assert ask(house, "SELECT DISTINCT amount_reporting FROM lookup_costs WHERE entry_type = 'settle'") == [
        (Decimal("0.009"),)
    ]


def test_a_foreign_correction_counts_in_a_limit_that_is_younger(build, numbers) -> None:
    """What was paid in dollars after all counts in euros, also in a limit that was made after it was taken for free."""
    rule = {"when": {"nth": 1}, "fault": "drop_unanswered"}
    house = build(numbers("NL", 4), rule, listed="0.01 USD", provider={"batch": "2"})
    write(house, "infobip,query,,,,0.01,USD,2026-01-01,\n", "USD,0.9,2026-01-01,\n")
    house.run()
    (lost,) = house.attempts("in_doubt")
    decide(house.ledger, lost["attempt_id"], Decision(who="ada", because="no", voided=True), answered)
    house.change(budgets=[{"window": "month", "cap": "10 EUR"}, {"window": "month", "cap": "5 EUR", "country": "NL"}])
    house.run("two")
    body = {"results": [{"to": phone[1:], "status": {"groupId": 3, "id": 5}} for phone in numbers("NL", 4)]}
    stored = Stored(lost["attempt_id"], "response", 200, {}, json.dumps(body).encode(), complete=True)
    with house.ledger.store.write() as connection:
        keep_replies(connection, house.ledger, [stored])
    (told,) = note_late(house.ledger)
    assert "0.02 USD is booked as a correction" in told
    with house.ledger.store.read() as connection:
        used = connection.exec_driver_sql("SELECT spent FROM counter WHERE budget_id LIKE 'limit/%'").scalars().all()
        assert violations(connection) == []
    assert list(used) == [6 * 9_000_000] * 2


def test_caps_hold_in_the_configured_currency(build, numbers) -> None:
    """A cap in euros admits as many numbers as its euros buy, and max_spend of a run too."""
    house = build(numbers("NL", 9), listed="0.01 USD", budgets=[{"window": "month", "cap": "0.046 EUR"}])
    write(house, "infobip,query,,,,0.01,USD,2026-01-01,\n", "USD,0.92,2026-01-01,\n")
    made = house.quote()
    approvals.approve(house.ledger, made.quote_id, None, who="test", why="test")
    assert house.buy(max_spend=Money(20_000_000, "EUR")).numbers == 2
    bought = house.buy("two", quote_id=made.quote_id)
    assert (bought.numbers, bought.left) == (3, 4)
    assert "the cap of 0.05 EUR" in bought.why_not or "the cap of 0.046 EUR a month is reached" in bought.why_not
    house.check()
    adds_up(house)


@pytest.mark.parametrize(
    ("fx", "told"),
    [
        ("", "and no rate to EUR holds on"),
        ("GBP,1.1,2026-01-01,\n", "put one into fx.csv, or state the price in EUR"),
        ("USD,0.9,2999-01-01,\n", "and no rate to EUR holds on"),
        ("USD,0.9,2026-01-01,2026-01-31\n", "the rate of USD ended on 2026-01-31 (fx.csv line 2): add the one that"),
    ],
)
def test_without_a_rate_nothing_is_bought(build, numbers, fx: str, told: str) -> None:
    """No quote, no purchase, and `doctor` says the same sentence."""
    house = build(numbers("NL", 2))
    write(house, "infobip,query,,,,0.01,USD,2026-01-01,\n", fx)
    on = house.setup.day(house.ledger.store.clock())
    (finding,) = examined(house.setup, on)
    assert finding.status == "fail"
    assert told in f"{finding.found}: {finding.mend}"
    try:
        assert house.run().numbers == 0
    except ConfigError as error:
        assert told in str(error)  # noqa: PT017 - a price that ended is refused, one that is not known has no route
    assert house.charges() == []


WRONG = {
    "a rate of nothing": ("USD,0,2026-01-01,\n", "fx.csv:2: rate: expected how many EUR one USD is worth, above 0"),
    "a rate below nothing": ("USD,-1,2026-01-01,\n", "above 0; found: -1"),
    "too many places": ("USD,0.0000000001,2026-01-01,\n", "fx.csv:2: rate: '0.0000000001' has more than nine decimal"),
    "its own currency": ("EUR,1,2026-01-01,\n", ":2: currency: EUR is the configured one, and is worth 1"),
    "no currency": ("usd,1,2026-01-01,\n", ":2: currency: 'usd' is none; expected three capital letters"),
    "two on a day": ("USD,1,2026-01-01,\nUSD,2,2026-05-01,\n", ":3: a rate for the same stands in line 2"),
    "a day that is none": ("USD,1,2026-13-01,\n", ":2: valid_from: '2026-13-01' is no day"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_table_of_rates_is_said(build, numbers, name: str) -> None:
    """File, line, and what is allowed instead."""
    house = build(numbers("NL", 1))
    write(house, "", WRONG[name][0])
    with pytest.raises(ConfigError) as caught:
        _ = house.setup.rates
    assert WRONG[name][1] in str(caught.value)


def test_a_rate_that_ends_is_warned_of(build, numbers) -> None:
    """Like a price, and only if a price that is in use needs it."""
    house = build(numbers("NL", 1))
    on = date(2026, 11, 21)
    write(
        house,
        "infobip,query,,,,0.01,USD,2026-01-01,\n",
        f"USD,0.9,2026-01-01,{on + timedelta(days=2)}\nGBP,1,2020-01-01,\n",
    )
    told = "the rate of USD (fx.csv line 2) ends on 2026-11-23: put the next one beside it"
    assert house.setup.rates.warnings(on) == [told]
    assert house.setup.rates.listed("infobip", "query", "NL", on).warning == told


FAULTS = [None, "drop_in_body"]
conditions = st.dictionaries(
    st.tuples(
        st.sampled_from(["", "20404", "20408", "20416"]),
        st.sampled_from(["", "complete", "partial", "no_data", "rejected_number"]),
    ),
    st.one_of(st.integers(0, 20_000_001), st.integers(0, 10**12)),
    max_size=5,
)


@given(
    st.integers(0, 10**12),
    conditions,
    st.one_of(st.none(), st.integers(1, 3 * 10**9)),
    st.integers(1, 5),
    st.sampled_from(FAULTS),
)
@settings(max_examples=share(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_prices_the_books_add_up(build, numbers, general, special, rate, batch, fault) -> None:
    """Any prices by network and outcome, any rate, short replies: never more spent than held, all sums to the nano."""
    rules = [{"when": {"nth": 2}, "fault": fault}] if fault else []
    house = build(
        numbers("NL", 9), *rules, provider={"batch": str(batch)}, budgets=[{"window": "month", "cap": "900000000 EUR"}]
    )
    currency = "USD" if rate else "EUR"
    rows = {("", ""): general, **{key: price for key, price in special.items() if key != ("", "")}}
    card = "".join(
        f"infobip,query,,{network},{outcome},{Decimal(price) * NANO:.9f},{currency},2026-01-01,\n"
        for (network, outcome), price in rows.items()
    )
    write(house, card, f"USD,{Decimal(rate) * NANO:.9f},2026-01-01,\n" if rate else "")
    made = house.quote()
    approvals.approve(house.ledger, made.quote_id, None, who="test", why="test")
    bought = house.buy()
    house.publish()
    highest = max(rows.values())
    factor = Decimal(rate or 10**9) * NANO
    assert made.total == Money(9 * int((highest * factor).to_integral_value(ROUND_CEILING)), "EUR")
    assert bought.spent + bought.in_doubt <= made.total.amount
    assert all(row["unit_price"] == highest for row in house.attempts())
    assert all(row["actual"] is None or row["actual"] <= row["held"] for row in house.attempts())
    if len(set(rows.values())) > 1:
        costs_by_outcome = house.lookups().select("outcome", "current_carrier_mccmnc", "cost_net").unique().rows()
        for outcome, network, cost in costs_by_outcome:
            best = max(
                (key for key in rows if key[0] in ("", network) and key[1] in ("", outcome)),
                key=lambda key: (bool(key[0]), bool(key[1])),
            )
            assert cost == rows[best] * NANO
    adds_up(house)


def test_fees_are_shown_and_count_against_nothing(build, numbers) -> None:
    """From the month of the first purchase on, by the day's rate; they need no approval and no room."""
    house = build(numbers("NL", 3), listed="0.01 EUR", budgets=[{"window": "month", "cap": "0.03 EUR"}])
    begin = "infobip,query,,,,0.01,EUR,2026-01-01,\n"
    fee = "infobip,_monthly,,,,199,USD,2020-01-01,\nmessente,_monthly,,,,99,EUR,2020-01-01,\n"
    write(house, begin + fee, "USD,0.9,2020-01-01,\n")
    assert house.run().numbers == 3
    now = house.ledger.store.clock()
    today = house.setup.day(now)
    adds_up(house)
    found = costs(house.setup, house.ledger, house.lake, by=["provider"])
    expected = {"month": f"{today:%Y-%m}", "provider": "infobip", "currency": "USD", "amount": "199.000000000"}
    assert found["fees"] == [{**expected, "amount_reporting": "179.100000000"}]
    assert {row["currency"]: (row["spent"], row["fees"]) for row in found["totals"]} == {
        "EUR": ("0.030000000", "0.000000000"),
        "USD": ("0.000000000", "199.000000000"),
    }
    query = "SELECT entry, attempt_id, phone_e164, provider, product, amount, currency, amount_reporting, billing_date"
    assert ask(house, f"{query} FROM lookup_costs WHERE entry_type = 'fee'") == [
        (None, None, None, "infobip", "_monthly", Decimal(199), "USD", Decimal("179.1"), today)
    ]


@pytest.mark.parametrize(
    ("fee", "told"), [("0.5", "0.60 EUR a month more"), ("9", "0.00 EUR a month more, less than the fee: leave it out")]
)
def test_a_quote_holds_fees_against_what_they_save(build, numbers, fee: str, told: str) -> None:
    """Messente is cheaper by the lookup; asked only where that is worth its fee, which is said beside the month."""
    house = build(numbers("NL", 100), listed="0.01 EUR")
    card = "infobip,query,,,,0.01,EUR,2026-01-01,\nmessente,hlr_sync,,,,0.004,EUR,2026-01-01,\n"
    write(house, f"{card}messente,_monthly,,,,{fee},EUR,2026-01-01,\n")
    found = json.loads(house.path.read_text())["providers"]
    house.change(providers={**found, "messente": {"products": ["hlr_sync"]}})
    notes = house.quote().summary["steady_notes"]
    fixed = f"not in it: the fixed fee of messente, {Money.parse(f'{fee} EUR')} a month"
    assert f"{fixed}; without messente the lookups would cost {told}" in notes
