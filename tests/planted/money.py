"""Bugs of the ledger: budgets, attempts, claims, amounts, and who may write to it."""

from tests.planted.bug import Bug, Edit

RESERVE = "ringfence/money/reserve.py"
ROOM = "ringfence/money/room.py"
MOVES = "ringfence/money/moves.py"
SETTLEMENT = "ringfence/money/settlement.py"
STORE = "ringfence/money/store.py"
WORKERS = "ringfence/money/workers.py"
BUDGET = "ringfence/money/budget.py"
BREAKER = "ringfence/money/breaker.py"
TESTS = "tests/money"
LOOKUPS = "tests/lookups"

BUGS = (
    Bug(
        "check-then-act budget: caps are read once a process, not in the reserving transaction",
        (
            Edit(ROOM, "self._caps: dict[tuple[str, str, str], Cap] = {}", "self._caps = _SEEN"),
            Edit(ROOM, "class Room:", "_SEEN: dict[tuple[str, str, str], Cap] = {}\n\n\nclass Room:"),
        ),
        (f"{TESTS}/test_processes.py::test_four_processes_never_pass_the_cap_by_one",),
    ),
    Bug(
        "check-then-act budget: counters are not moved by the reserving transaction",
        (Edit(RESERVE, "    entries.count(counters, held=counted)\n", ""),),
        (f"{TESTS}/test_invariants.py::test_a_sound_ledger_breaks_nothing",),
    ),
    Bug(
        "a cap lets one more through",
        (
            Edit(
                ROOM,
                "max(0, min(wanted, tightest.free // price))",
                "max(0, min(wanted, -(-tightest.free // price)))",
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_what_fits_is_the_exact_number",),
    ),
    Bug(
        "the loosest budget decides, not the tightest",
        (
            Edit(
                ROOM, "tightest = min(caps, key=lambda cap: cap.free)", "tightest = max(caps, key=lambda cap: cap.free)"
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_all_budgets_hold_and_the_tightest_decides",),
    ),
    Bug(
        "a budget counts what is spent and not what is held",
        (Edit(ROOM, "COUNTER.c.held + COUNTER.c.spent", "COUNTER.c.spent"),),
        (f"{TESTS}/test_budgets.py::test_a_cap_below_what_is_spent_buys_nothing_more",),
    ),
    Bug(
        "a budget without consent buys",
        (
            Edit(
                ROOM,
                "if not consented and not any(budget.is_consent for budget in budgets):",
                "if not consented and not budgets:",
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_a_budget_is_not_consent",),
    ),
    Bug(
        "currency mixed: a price in dollars is held against a cap in euros",
        (
            Edit(
                ROOM,
                "if cap.currency != currency and cap.amount and price.amount:",
                "if cap.currency != currency and not cap.amount and price.amount:",
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_a_foreign_price_is_refused",),
    ),
    Bug(
        "the journal says nothing of the caps that a reservation passed",
        (
            Edit(
                RESERVE,
                'entries.journal(attempt_id, "reserved", held=held, caps=caps)',
                'entries.journal(attempt_id, "reserved", held=held)',
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_a_reservation_says_which_caps_it_passed",),
    ),
    Bug(
        "no claim is taken: a number may be asked twice at once",
        (
            Edit(
                RESERVE,
                '    entries.claims.extend({"subject_id": subject, "attempt_id": attempt_id} for subject in numbers)\n',
                "",
            ),
        ),
        (f"{TESTS}/test_claims.py::test_a_number_has_one_open_lookup_whoever_the_provider_is",),
    ),
    Bug(
        "what was asked since the quote is bought again",
        (
            Edit(
                "ringfence/money/still_due.py",
                "        covered |= facts if seq > since else 0\n",
                "        covered |= 0 if seq > since else facts\n",
            ),
        ),
        (f"{TESTS}/test_claims.py::test_a_second_quote_for_the_same_number_buys_nothing",),
    ),
    Bug(
        "held money is not released at the end",
        (
            Edit(
                SETTLEMENT,
                "entries.count(counters, held=-given_back, spent=spent",
                "entries.count(counters, held=0, spent=spent",
            ),
        ),
        (f"{TESTS}/test_moves.py::test_an_overrun_is_counted_and_stops_purchases",),
    ),
    Bug(
        "a residue has no money",
        (Edit(SETTLEMENT, '        "held": moved,\n', '        "held": 0,\n'),),
        (f"{TESTS}/test_moves.py",),
    ),
    Bug(
        "the numbers of a residue are free to be bought again",
        (
            Edit(
                SETTLEMENT,
                '[{"subject": subject, "new_attempt": residue_id} for subject in missing]\n',
                "[]\n",
            ),
        ),
        (f"{TESTS}/test_claims.py::test_a_doubtful_number_stays_claimed",),
    ),
    Bug(
        "an overrun does not stop its provider",
        (
            Edit(
                MOVES,
                '    switch.put(connection, at, f"{provider}{switch.BILL}", who=switch.LEDGER, why=why)\n',
                "    del why\n",
            ),
        ),
        (f"{TESTS}/test_switch.py::test_a_bill_above_the_price_in_use_stops_its_provider",),
    ),
    Bug(
        "an overrun is not counted against its budget",
        (
            Edit(
                SETTLEMENT,
                "entries.count(counters, held=-given_back, spent=spent,",
                "entries.count(counters, held=-given_back, spent=min(spent, given_back),",
            ),
        ),
        (f"{TESTS}/test_moves.py::test_an_overrun_is_counted_and_stops_purchases",),
    ),
    Bug(
        "what is final is decided once more",
        (
            Edit(
                MOVES,
                'if attempt["state"] not in OPEN or attempt["state"] ==',
                'if attempt["state"] == "moved" or attempt["state"] ==',
            ),
        ),
        (f"{TESTS}/test_moves.py",),
    ),
    Bug(
        "two moves of one transaction move the money twice",
        (
            Edit(
                MOVES,
                '        found[move.attempt_id] = {**attempt, "state": "moved"}\n',
                "",
            ),
        ),
        (f"{TESTS}/test_moves.py::test_the_first_of_two_moves_in_one_transaction_counts",),
    ),
    Bug(
        "an answer about somebody else settles",
        (
            Edit(
                MOVES,
                'return "in_doubt" if answered.isdisjoint(unpack(attempt["subjects"])) else "settled"',
                'return "settled" if answered else "in_doubt"',
            ),
        ),
        (f"{TESTS}/test_moves.py::test_an_answer_about_somebody_else_settles_nothing",),
    ),
    Bug(
        "a doubled callback is two replies",
        (
            Edit(
                MOVES,
                "*(each.encode() for each in _apart(reply) if each))",
                "ledger.store.new_id().encode())",
            ),
        ),
        ("tests/lookups/test_callbacks.py::test_the_same_again_is_one_reply_and_still_confirmed",),
    ),
    Bug(
        "what is paid and lost does not count as asked",
        (
            Edit(
                SETTLEMENT,
                "    result = []\n    for answer in answers:\n",
                '    result = []\n    for answer in answers:\n        if answer.outcome == "paid_lost":\n'
                "            continue\n",
            ),
        ),
        (f"{TESTS}/test_claims.py::test_every_answer_counts_as_asked",),
    ),
    Bug(
        "an unbilled failure is asked once too often",
        (Edit(SETTLEMENT, 'if row["failures"] < MOST_FAILURES:', 'if row["failures"] <= MOST_FAILURES:'),),
        (f"{TESTS}/test_claims.py::test_an_unbilled_failure_is_due_again_until_the_third_in_a_row",),
    ),
    Bug(
        "a day begins in Greenwich",
        (
            Edit(BUDGET, "UTC).astimezone(zone).date().isoformat()", "UTC).date().isoformat()"),
            Edit(BUDGET, "UTC).astimezone(zone).date()\n", "UTC).date()\n"),
        ),
        (f"{TESTS}/test_budgets.py::test_windows_are_days_and_months_of_the_calendar",),
    ),
    Bug(
        "an approval never ends",
        (Edit(BUDGET, 'if row["budget_id"] not in ended]', "if ended is not None]"),),
        (f"{TESTS}/test_budgets.py::test_an_approval_ends_with_its_quote",),
    ),
    Bug(
        "a new limit begins at nothing in the middle of its window",
        (
            Edit(
                ROOM,
                "return Cap(budget, None, used_by(self._earlier[budget.budget_id, *window]))",
                "return Cap(budget, None, 0)",
            ),
        ),
        (f"{TESTS}/test_budgets.py::test_a_new_limit_counts_what_its_window_has_cost",),
    ),
    Bug(
        "float money",
        (
            Edit(
                "ringfence/money/amount.py",
                'amount = int(match[2]) * NANOS + int(places.ljust(9, "0"))',
                'amount = int(float(f"{match[2]}.{places}0") * NANOS)',
            ),
        ),
        (f"{TESTS}/test_amount.py::test_plain_decimals_are_read_exactly",),
    ),
    Bug(
        "money is converted downwards",
        (
            Edit(
                "ringfence/money/conversion.py",
                "-(-amount * Money.parse(rate).amount // NANOS)",
                "amount * Money.parse(rate).amount // NANOS",
            ),
        ),
        (f"{TESTS}/test_conversion.py::test_a_conversion_is_up_by_less_than_a_nano",),
    ),
    Bug(
        "a worker does not hold its lock",
        (
            Edit(
                WORKERS,
                "        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        row = {",
                "        row = {",
            ),
        ),
        (f"{TESTS}/test_processes.py::test_a_killed_worker_is_found_and_a_stopped_one_is_not",),
    ),
    Bug(
        "a living worker counts as dead",
        (
            Edit(
                WORKERS,
                "            except BlockingIOError:\n                lock.close()\n                continue\n"
                "            locks.append(lock)\n",
                "            except BlockingIOError:\n                pass\n            locks.append(lock)\n",
            ),
        ),
        (f"{TESTS}/test_processes.py::test_a_killed_worker_is_found_and_a_stopped_one_is_not",),
    ),
    Bug(
        "a lock file that was replaced is still one's own",
        (
            Edit(
                WORKERS,
                "return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)",
                "return here.st_dev == there.st_dev",
            ),
        ),
        (f"{TESTS}/test_processes.py::test_a_worker_whose_lock_was_taken_away_knows_it",),
    ),
    Bug(
        "an old copy of the ledger may be spent from",
        (Edit("ringfence/money/ledger.py", "if lake_seq > ledger.settled_seq():", "if lake_seq < 0:"),),
        (f"{TESTS}/test_birth.py::test_spending_is_refused_where_the_ledger_may_have_forgotten",),
    ),
    Bug(
        "a ledger of another mode may be spent from",
        (Edit("ringfence/money/ledger.py", "    if mode != ledger.mode:\n", "    if not mode:\n"),),
        (f"{TESTS}/test_birth.py::test_spending_is_refused_where_the_ledger_may_have_forgotten",),
    ),
    Bug(
        "a commit is not synced",
        (Edit(STORE, '"synchronous=FULL"', '"synchronous=OFF"'),),
        (f"{TESTS}/test_birth.py::test_a_commit_is_synced",),
    ),
    Bug(
        "a transaction that fails is committed",
        (
            Edit(
                STORE,
                "_roll_back(raw)\n                    raise\n",
                'raw.execute("COMMIT")\n                    raise\n',
            ),
        ),
        (f"{TESTS}/test_birth.py::test_a_block_that_raises_leaves_nothing",),
    ),
    Bug(
        "tokens are granted and not taken",
        (
            Edit(
                "ringfence/money/rate.py",
                '"tokens": tokens - granted * TOKEN,',
                '"tokens": tokens,',
            ),
        ),
        (f"{TESTS}/test_rate.py::test_takers_never_pass_rate_times_time_plus_burst",),
    ),
    Bug(
        "currency mixed: what somebody decides in dollars is booked in euros",
        (
            Edit(
                "ringfence/money/decide.py",
                "if cost.currency != booked:",
                "if not booked:",
            ),
        ),
        (f"{TESTS}/test_decide.py::test_only_what_may_be_decided_is",),
    ),
    Bug(
        "a worker that others have ended may go on buying",
        (Edit(WORKERS, "return rows == [(None,)] and self.owns()", "return self.owns()"),),
        (f"{LOOKUPS}/test_ownership.py::test_a_stopped_process_that_wakes_buys_nothing_more_and_loses_nothing",),
    ),
    Bug(
        "an open breaker is known to its own run only",
        (Edit(BREAKER, "if one.is_open}", 'if one.is_open and name == ""}'),),
        (f"{TESTS}/test_breaker.py::test_three_failures_in_a_row_open_it_whoever_sent_them",),
    ),
    Bug(
        "all processes try a provider at once that has failed",
        (Edit(BREAKER, "            _put(connection, found[name].tried(at))\n", "            pass\n"),),
        (f"{TESTS}/test_breaker.py::test_a_try_is_one_process_s_alone",),
    ),
    Bug(
        "what a provider asks to wait for is waited for by one process",
        (Edit("ringfence/money/rate.py", '    if at < row["not_before"]:\n', "    if at < 0:\n"),),
        (f"{LOOKUPS}/test_health.py::test_what_one_run_is_told_to_wait_holds_for_all_and_for_later_ones",),
    ),
    Bug(
        "a clock that is set back opens yesterday again",
        (Edit("ringfence/money/room.py", "(at, newest) if at < newest <= at + _SET_BACK else (at,)", "(at,)"),),
        (f"{TESTS}/test_budgets.py::test_a_clock_that_is_set_back_opens_no_window_again",),
    ),
    Bug(
        "currency mixed: a cap begins at nothing in another one",
        (Edit("ringfence/money/room.py", "            if price and cap.elsewhere:\n", "            if False:\n"),),
        (f"{TESTS}/test_budgets.py::test_a_cap_in_another_currency_does_not_begin_at_nothing",),
    ),
)
