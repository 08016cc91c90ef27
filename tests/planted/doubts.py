"""Bugs of what is in doubt or comes late: how it is looked up, when that is evidence, and how it is corrected."""

from tests.planted.bug import Bug, Edit

ASKING = "ringfence/lookups/asking.py"
WINDOWS = "ringfence/providers/windows.py"
TRACES = "ringfence/providers/infobip_traces.py"
REPORTS = "ringfence/providers/vonage_reports.py"
LATE = "ringfence/lookups/late.py"
REPLIES = "ringfence/lookups/replies.py"
CORRECTION = "ringfence/money/correction.py"
BALANCE = "ringfence/money/balance.py"
CROSSCHECK = "ringfence/money/crosscheck.py"
DECIDE = "ringfence/money/decide.py"
TRACED = "tests/lookups/test_traced.py"
CORRECTED = "tests/lookups/test_correction.py"
TIMES = "tests/providers/test_windows.py"

BUGS = (
    Bug(
        "a log is believed whatever our clock was",
        (Edit(ASKING, " and _clock_was_right(connection, attempt)):", "):"),),
        (f"{TRACED}::test_a_request_that_was_sent_by_a_wrong_clock_is_not_looked_up",),
    ),
    Bug(
        "a leap of the clock is not seen",
        (Edit(ASKING, "return in_order and all(", "return all("),),
        (f"{TRACED}::test_a_request_in_a_leap_of_the_clock_is_not_looked_up",),
    ),
    Bug(
        "another account's log tells of a request",
        (Edit(ASKING, 'mine = account is not None and attempt["account"] == account and', "mine ="),),
        (f"{TRACED}::test_a_request_of_another_account_is_not_looked_up",),
    ),
    Bug(
        "a residue forgets as whom it was asked",
        (Edit("ringfence/money/settlement.py", "for name in BORN}", "for name in BORN if name != 'account'}"),),
        (f"{TRACED}::test_what_a_reply_left_out_has_the_account_that_asked",),
    ),
    Bug(
        "another request's entry settles",
        (Edit(TRACES, "        if others.isdisjoint(map(str, ", "        if (map(str, "),),
        (f"{TRACED}::test_an_entry_of_another_request_settles_nothing",),
    ),
    Bug(
        "a log is evidence though a page was full",
        (Edit(TRACES, " or not covered(root, pages, TRACED)", ""),),
        (TRACED,),
    ),
    Bug(
        "a full page counts as whole",
        (Edit(TRACES, ">= PAGE", "> 10 * PAGE"),),
        (f"{TRACED}::test_a_full_page_is_asked_for_in_halves",),
    ),
    Bug(
        "a log is believed before it can tell",
        (Edit(WINDOWS, "return page.window.until + after <= page.at <= ", "return page.at <= "),),
        (f"{TIMES}::test_only_pages_of_the_right_time_and_clock_prove_anything",),
    ),
    Bug(
        "a log is believed by a clock that differs",
        (Edit(WINDOWS, " or page.clock is None or not agree(page.clock, page.at)", ""),),
        (f"{TIMES}::test_only_pages_of_the_right_time_and_clock_prove_anything",),
    ),
    Bug(
        "a record without its price settles",
        (
            Edit(
                REPORTS,
                "    if price is None or not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):\n"
                "        return None\n",
                '    price, currency = price or 0, currency if isinstance(currency, str) else "EUR"\n',
            ),
        ),
        ("tests/providers/test_vonage_reports.py::test_what_is_of_another_or_states_no_price_settles_nothing",),
    ),
    Bug(
        "a correction is booked each time it is looked at",
        (
            Edit(
                CORRECTION,
                "if each.subject not in taken[each.subject]]",
                "if taken is not None]",
            ),
        ),
        (CORRECTED,),
    ),
    Bug(
        "an answer to what was counted as lost is charged twice",
        (Edit(CORRECTION, "amount=max(0, each.amount - before.get(each.subject, 0))", "amount=each.amount"),),
        (f"{CORRECTED}::test_an_answer_to_what_was_counted_as_lost_is_published",),
    ),
    Bug(
        "what a log has told in part is the last word",
        (Edit(CORRECTION, "if ending(attempt, PARTIAL) else", "if False else"),),
        (f"{CORRECTED}::test_a_whole_answer_after_what_the_log_told_is_published",),
    ),
    Bug(
        "a whole answer is charged beside what was answered in part",
        (Edit(CORRECTION, "before = known.lost | dict(counted or {})", "before = known.lost"),),
        (f"{CORRECTED}::test_a_whole_answer_costs_what_it_states_above_what_was_counted",),
    ),
    Bug(
        "a correction above the price in use stops nobody",
        (
            Edit(
                CORRECTION,
                "        stop_if_dearer(connection, entries.at, final, replace(found, answers=new))\n",
                "        pass\n",
            ),
        ),
        (f"{CORRECTED}::test_a_correction_above_the_price_in_use_stops_its_provider",),
    ),
    Bug(
        "a correction counts in no younger limit",
        (Edit(CORRECTION, "[*counters, *made_since(connection, final, entries.at, counters)]", "[*counters]"),),
        (f"{CORRECTED}::test_a_correction_counts_in_a_limit_that_is_younger_than_the_void",),
    ),
    Bug(
        "what comes after a void is read together with the refusal that it was voided for",
        (Edit(REPLIES, 'if row["voiding"] and attempt["state"] != "voided":', "if False:"),),
        (CORRECTED,),
    ),
    Bug(
        "what comes after a decision is not late",
        (Edit(REPLIES, "return or_(by_place, by_time)", "return by_time"),),
        (CORRECTED,),
    ),
    Bug(
        "what comes late is compared once too seldom",
        (Edit(LATE, ".where(REPLY.c.reply_id > since, or_(", ".where(REPLY.c.reply_id > since + 1, or_("),),
        (CORRECTED,),
    ),
    Bug(
        "a late answer to what is open is stepped over",
        (
            Edit(
                LATE,
                'came = or_(REPLY.c.source == "callback", and_(REPLY.c.source == "response", REPLY.c.complete == 1))',
                'came = REPLY.c.source == "callback"',
            ),
        ),
        (f"{CORRECTED}::test_what_comes_before_the_void_is_not_stepped_over",),
    ),
    Bug(
        "a fall of the balance is held against what was spent only",
        (
            Edit(
                BALANCE,
                "return (connection.scalar(settled) or 0) + (connection.scalar(held) or 0)",
                "return connection.scalar(settled) or 0",
            ),
        ),
        ("tests/money/test_balance.py::test_our_own_requests_raise_no_alarm",),
    ),
    Bug(
        "a fall of the balance is never too much",
        (Edit(BALANCE, "    if more > 0:\n", "    if more > 10**15:\n"),),
        ("tests/money/test_balance.py::test_what_somebody_else_takes_is_told",),
    ),
    Bug(
        "a balance hints that nothing was charged, however far it fell",
        (Edit(CROSSCHECK, "    if fell - answered < least:\n", "    if True:\n"),),
        ("tests/money/test_balance.py::test_a_hint_is_never_wrong",),
    ),
    Bug(
        "reports that cost are paid for whatever somebody has stopped",
        (Edit(ASKING, " and not waits_for_resume(connection, attempt)\n", "\n"),),
        (f"{TRACED}::test_reports_that_cost_wait_for_the_kill_switch",),
    ),
    Bug(
        "an imported reply hides the charge of its request",
        (Edit(ASKING, "        ATTEMPT.c.origin.is_(None),\n        func", "        func"),),
        (f"{TRACED}::test_an_imported_reply_hides_no_charge",),
    ),
    Bug(
        "a number that is spelled otherwise is taken for free",
        (Edit("ringfence/lookups/answers.py", "if not (free or _about_somebody_else(", "if not (free or False and ("),),
        (f"{TRACED}::test_a_number_that_is_spelled_otherwise_is_not_taken_for_free",),
    ),
)
