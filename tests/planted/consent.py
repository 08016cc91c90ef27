"""Bugs of what a person has said: consent that is given once, stops that hold, and what must not take them back."""

from tests.planted.bug import Bug, Edit

APPROVALS = "ringfence/money/approvals.py"
PURCHASE = "assets/purchase.py"
RESTORING = "ringfence/money/forgetting.py"
SWITCH = "ringfence/money/switch.py"
MOVES = "ringfence/money/moves.py"
JOB = "tests/assets/test_job.py::test_a_consent_is_given_once"
COPIES = "tests/money/test_copies.py"
STOPS = "tests/money/test_switch.py"

BUGS = (
    Bug(
        "a run that is tried again approves a second time",
        (
            Edit(PURCHASE, "        if before:\n", "        if False:\n"),
            Edit(APPROVALS, "(own or _lives(connection", "(not own and _lives(connection"),
        ),
        (JOB,),
    ),
    Bug(
        "a double click approves twice",
        (Edit(APPROVALS, "(own or _lives(connection, ledger, launch_id))", "own"),),
        (JOB,),
    ),
    Bug(
        "what was withdrawn is approved again by trying again",
        (
            Edit(
                PURCHASE,
                "return quotes.load(connection, before), True",
                "return quotes.load(connection, before), False",
            ),
        ),
        ("tests/assets/test_job.py::test_what_a_person_has_lowered_stays_so",),
    ),
    Bug(
        "a copy that is put back lifts stops",
        (Edit(RESTORING, "    for stop in stopped:\n", "    for stop in ():\n"),),
        (f"{COPIES}::test_a_copy_takes_back_nothing_that_a_person_has_to",),
    ),
    Bug(
        "a copy that is put back revives approvals",
        (Edit(RESTORING, "        if caps.get(quote_id, -1) < cap:\n", "        if False:\n"),),
        (f"{COPIES}::test_a_copy_takes_back_nothing_that_a_person_has_to",),
    ),
    Bug(
        "a copy buys at once in the place of a ledger that nobody can read",
        (Edit(RESTORING, "    if found is None or ", "    if "),),
        (f"{COPIES}::test_a_copy_of_nobody_knows_what_was_bought_since_buys_nothing_until_a_person_says_so",),
    ),
    Bug(
        "a copy that forgets requests buys them again",
        (Edit(RESTORING, " or forgotten.requests:", ":"),),
        (f"{COPIES}::test_a_copy_that_forgets_a_request_buys_nothing_until_a_person_says_so",),
    ),
    Bug(
        "a bill erases who has stopped",
        (Edit(SWITCH, 'BILL, COPY = "|bill", ', 'BILL, COPY = "", '),),
        (f"{STOPS}::test_a_bill_and_a_person_stop_beside_each_other",),
    ),
    Bug(
        "what was asked before the price was set right stops again",
        (Edit(MOVES, " or switch.asked_before_resuming(connection, provider, origin)", ""),),
        (f"{STOPS}::test_what_was_asked_before_a_price_was_set_right_stops_nothing_again",),
    ),
    Bug(
        "what is asked after a resume never stops again",
        (Edit(SWITCH, "_PLACE.value(connection, key=attempt_id) <= int(until)", "bool(until)"),),
        (f"{STOPS}::test_what_was_asked_before_a_price_was_set_right_stops_nothing_again",),
    ),
    Bug(
        "an approved line is bought though its answer could not come",
        (Edit("ringfence/lookups/plan.py", "    if closed := shut(", "    if False and shut("),),
        ("tests/lookups/test_plan.py::test_a_line_that_could_not_be_answered_is_outdated",),
    ),
    Bug(
        "nothing looks for doubts that are too old",
        (Edit("pipelines/jobs.py", " or too_old(", " or (lambda *_: None)("),),
        ("tests/pipelines/test_sensor.py::test_a_doubt_that_is_too_old_starts_a_run",),
    ),
    Bug(
        "nothing looks for what dead processes left",
        (Edit("pipelines/jobs.py", " or left_behind(ledger)", ""),),
        ("tests/pipelines/test_sensor.py::test_what_a_dead_process_left_starts_a_run",),
    ),
)
