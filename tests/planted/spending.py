"""Bugs of buying: what is sent, when, by whom, and what is made of a reply that does not come."""

from tests.planted.bug import Bug, Edit

SPEND = "ringfence/lookups/spend.py"
GATES = "ringfence/lookups/gates.py"
DESK = "ringfence/lookups/desk.py"
LANE = "ringfence/lookups/lane.py"
VERDICT = "ringfence/lookups/verdict.py"
CLIENT = "ringfence/http/client.py"
REFUSAL = "ringfence/providers/refusal.py"
RECOVER = "ringfence/lookups/recover.py"
BUY = "ringfence/lookups/buy.py"
TESTS = "tests/lookups"
MENU = "tests/faults/test_fault_menu.py::test_a_fault_has_its_verdict"

BUGS = (
    Bug(
        "resend on ReadError: what may have arrived counts as unsent",
        (Edit(CLIENT, 'kind="ambiguous" if wire.written else "unsent"', 'kind="unsent"'),),
        ("tests/http/test_client.py::test_a_request_that_may_have_arrived_is_ambiguous_and_sent_once",),
    ),
    Bug(
        "resend on ReadError: what is ambiguous is voided",
        (
            Edit(
                VERDICT,
                'if exchange.kind == "ambiguous":',
                'if exchange.kind == "ambiguous" and "ReadError" not in exchange.reason:',
            ),
        ),
        (f"{TESTS}/test_faults.py::test_what_may_have_cost_money_is_held_in_doubt_and_not_asked_again",),
    ),
    Bug(
        "the transport repeats a connection that broke",
        (
            Edit(
                CLIENT,
                "        response = await transport.handle_async_request(request)\n",
                "        try:\n"
                "            response = await transport.handle_async_request(request)\n"
                "        except httpx.ReadError:\n"
                "            response = await transport.handle_async_request(request)\n",
            ),
        ),
        ("tests/http/test_client.py::test_a_request_that_may_have_arrived_is_ambiguous_and_sent_once",),
    ),
    Bug(
        "redirects are followed",
        (
            Edit(
                CLIENT,
                "        response = await transport.handle_async_request(request)\n",
                "        response = await transport.handle_async_request(request)\n"
                '        if "location" in response.headers:\n'
                "            await response.aread()\n"
                '            request.url = request.url.join(response.headers["location"])\n'
                "            response = await transport.handle_async_request(request)\n",
            ),
        ),
        ("tests/http/test_client.py::test_a_redirect_is_a_reply_and_not_followed",),
    ),
    Bug(
        "certificates are not verified",
        (
            Edit(
                CLIENT,
                "tls = httpx.create_ssl_context(trust_env=False) if verify is True else verify",
                "tls = httpx.create_ssl_context(verify=False, trust_env=False)",
            ),
        ),
        ("tests/http/test_client.py::test_tls_failures_never_reach_the_server",),
    ),
    Bug(
        "auto-void of what was sent, at recovery",
        (
            Edit(
                RECOVER,
                "moves = [decided(connection, attempt) for attempt in orphans]",
                'moves = [Void(attempt["attempt_id"], "its process is gone") for attempt in orphans]',
            ),
            Edit(
                RECOVER,
                "import Await, Doubt, Move, apply, newest_reply",
                "import Await, Doubt, Move, Void, apply, newest_reply",
            ),
        ),
        (f"{TESTS}/test_crash.py",),
    ),
    Bug(
        "recovery decides for a run that lives",
        (
            Edit(
                RECOVER,
                'where(ATTEMPT.c.state == "sent", ATTEMPT.c.worker_id.not_in(_LIVING))',
                'where(ATTEMPT.c.state == "sent")',
            ),
        ),
        (f"{TESTS}/test_ownership.py",),
    ),
    Bug(
        "recovery forgets what stands in doubt although its reply is there",
        (Edit(RECOVER, "        read_again(ledger)\n        return", "        return"),),
        (f"{TESTS}/test_spend.py::test_a_defect_of_a_parser_loses_no_paid_answer",),
    ),
    Bug(
        "an old doubt is given back, not counted as paid",
        (
            Edit(
                RECOVER,
                "or paid_lost(row, _assumed(connection, row), why, newest) for row in old]",
                'or Void(row["attempt_id"], why) for row in old]',
            ),
            Edit(
                RECOVER,
                "import Await, Doubt, Move, apply, newest_reply",
                "import Await, Doubt, Move, Void, apply, newest_reply",
            ),
        ),
        (f"{TESTS}/test_publish.py::test_an_old_doubt_is_spent_and_makes_no_row",),
    ),
    Bug(
        "settled before the reply is stored: it is parsed before it is on the disk",
        (
            Edit(
                SPEND,
                "            turn.commit = loop.run_in_executor(",
                "            turn.moves += [desk.judged(attempt, exchange) for attempt, exchange in turn.arrived]\n"
                "            turn.commit = loop.run_in_executor(",
            ),
            Edit(
                SPEND,
                "turn.moves = [desk.judged(attempt, exchange) for attempt, exchange in turn.arrived]\n"
                "            turn.arrived = []",
                "turn.moves = []\n            turn.arrived = []",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_a_reply_is_on_the_disk_before_it_is_read",),
    ),
    Bug(
        "a reply is settled and never stored",
        (
            Edit(
                SPEND,
                "        keep_replies(connection, ledger, _stored(desk, turn.arrived))\n"
                "        apply(connection, ledger, turn.moves, owner.worker_id)\n",
                "        apply(connection, ledger, turn.moves, owner.worker_id)\n",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_a_clean_run_equals_its_bill",),
    ),
    Bug(
        "sent without ownership",
        (
            Edit(
                SPEND,
                "lane.client.send(request, before_send=partial(_still_ours, desk, attempt))",
                "lane.client.send(request)",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_the_last_check_before_the_first_byte_voids",),
    ),
    Bug(
        "reserved without ownership",
        (Edit(GATES, "    if desk.worker.may_buy(connection):\n", "    if desk.worker:\n"),),
        (f"{TESTS}/test_spend.py::test_a_run_that_lost_its_lock_reserves_and_sends_nothing",),
    ),
    Bug(
        "a stopped run frees what is out",
        (
            Edit(
                SPEND,
                'moves.append(Doubt(attempt.attempt_id, "the run was stopped while the request was out"))',
                'moves.append(Void(attempt.attempt_id, "the run was stopped"))',
            ),
        ),
        (f"{TESTS}/test_spend.py::test_an_interrupted_run_loses_nothing",),
    ),
    Bug(
        "a stopped run drops what came back",
        (
            Edit(
                SPEND,
                "            turn.arrived.append((attempt, result))\n    ledger = desk.ledger",
                '            moves.append(Doubt(attempt.attempt_id, "stopped"))\n    ledger = desk.ledger',
            ),
        ),
        (f"{TESTS}/test_spend.py::test_a_turn_that_fails_drops_nothing_that_came_back",),
    ),
    Bug(
        "the kill switch is read once a run",
        (
            Edit(
                SPEND,
                "desk.obeying(switch.stops(connection), chosen)",
                "desk.obeying(_STOPS.setdefault(owner.launch_id, switch.stops(connection)), chosen)",
            ),
            Edit(SPEND, "KEPT_HEADERS = ", "_STOPS: dict[str, dict[str, str]] = {}\nKEPT_HEADERS = "),
        ),
        ("tests/money/test_switch.py::test_a_stop_in_the_midst_of_a_run_lets_nothing_more_out",),
    ),
    Bug(
        "a cap that is lowered on the way is not obeyed",
        (Edit(BUY, "        if now != seen:\n", "        if seen is None:\n"),),
        (f"{TESTS}/test_spend.py::test_a_cap_that_is_lowered_in_the_file_holds_at_once",),
    ),
    Bug(
        "what a run may spend is compared batch by batch",
        (
            Edit(
                DESK,
                "        self.tally.held += len(kept) * price\n        return replace",
                "        return replace",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_a_limit_is_met_to_the_number",),
    ),
    Bug(
        "a new attempt does not name the one that it repeats",
        (Edit(DESK, ", retry_of=attempt.attempt_id)", ")"),),
        (f"{MENU}[429 with seconds]",),
    ),
    Bug(
        "tries have no end",
        (Edit(LANE, "if self.stopped or (first and self.tries >= TRIES):", "if self.stopped:"),),
        (f"{MENU}[429 without end]",),
    ),
    Bug(
        "an outage goes on costing doubts",
        (Edit(LANE, "        if self.doubts >= DOUBTS:\n", "        if self.doubts < 0:\n"),),
        (f"{MENU}[an outage]",),
    ),
    Bug(
        "5xx treated as free",
        (Edit(REFUSAL, "405, 412, _TOO_MANY}", "405, 412, 500, 502, 503, 504, _TOO_MANY}"),),
        ("tests/providers/test_refusal.py::test_status",),
    ),
    Bug(
        "Retry-After is obeyed whatever it says",
        (Edit(REFUSAL, "min(max(seconds, _WAIT[0]), _WAIT[1])", "seconds"),),
        ("tests/providers/test_refusal.py::test_retry_after",),
    ),
    Bug(
        "an unknown price counts as none",
        (
            Edit(
                "ringfence/config/rates.py",
                "            return Listed(None, self._gap(card, rows, name, product, country))\n",
                "            return Listed(Money(0, self.config.currency))\n",
            ),
        ),
        (f"{TESTS}/test_rates.py::test_no_price_at_all_is_a_problem",),
    ),
    Bug(
        "a price that ended still holds",
        (
            Edit(
                "ringfence/config/rates.py",
                "gone = [row for row in now if not holds(row, on)]",
                "gone = [row for row in now if not row]",
            ),
        ),
        (f"{TESTS}/test_rates.py::test_a_price_holds_from_its_first_day_to_its_last",),
    ),
    Bug(
        "a quote buys at another price than it showed",
        (
            Edit(
                "ringfence/lookups/plan.py",
                "        if not why_outdated(market, line):\n",
                "        if line:\n",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_a_price_that_changed_since_the_quote_buys_nothing",),
    ),
    Bug(
        "a simulated address is asked in live mode",
        (
            Edit(
                "ringfence/config/environment.py",
                "if vendors or not (loopback(host)",
                "if vendors and not (loopback(host)",
            ),
        ),
        (f"{TESTS}/test_config.py::test_simulated_and_live_addresses_never_mix",),
    ),
    Bug(
        "a price that ends in the midst of a run is bought at on the next day",
        (
            Edit(
                "ringfence/lookups/spend.py",
                "desk.still_priced(desk.obeying(switch.stops(connection), chosen))",
                "desk.obeying(switch.stops(connection), chosen)",
            ),
        ),
        (f"{TESTS}/test_spend.py::test_nothing_is_bought_at_a_price_that_ended_in_the_midst_of_the_run",),
    ),
    Bug(
        "a stop throws away a reply that is whole",
        (
            Edit(
                "ringfence/http/deadline.py",
                "        if task.done() and not task.cancelled() and not task.exception():\n",
                "        if False:\n",
            ),
        ),
        ("tests/http/test_client.py::test_a_run_that_is_stopped_when_the_reply_is_whole_has_it",),
    ),
    Bug(
        "a process that stood still throws away what has come",
        (Edit("ringfence/http/deadline.py", " and clock() > ends + STOOD_STILL:", " and clock() < 0:"),),
        ("tests/http/test_client.py::test_a_process_that_stood_still_reads_what_has_come",),
    ),
)
