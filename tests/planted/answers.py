"""Bugs of what came back: how it is read and matched, callbacks and polls, and what is kept and published of it."""

from tests.planted.bug import Bug, Edit

MATCHING = "ringfence/providers/matching.py"
VERDICT = "ringfence/lookups/verdict.py"
ANSWERS = "ringfence/lookups/answers.py"
CALLBACKS = "ringfence/lookups/callbacks.py"
ADDRESS = "ringfence/lookups/callback_address.py"
COLLECTOR = "ringfence/lookups/collector.py"
LAKE = "ringfence/lake/tables.py"
SPEND = "ringfence/lookups/spend.py"
TESTS = "tests/lookups"

BUGS = (
    Bug(
        "results are matched by index",
        (
            Edit(
                MATCHING,
                '    for item in items:\n        phone = wanted.get(number(field(item, key)) or "")\n',
                "    for place, item in enumerate(items):\n"
                '        phone = asked[place] if place < len(asked) else wanted.get("")\n',
            ),
        ),
        ("tests/providers/test_kaleyra.py::test_results_need_not_be_complete_single_or_ours",),
    ),
    Bug(
        "a result that is not there counts as answered",
        (
            Edit(
                "ringfence/money/settlement.py",
                "missing = [subject for subject in subjects if subject not in answers]",
                "missing: list[int] = []",
            ),
        ),
        (f"{TESTS}/test_faults.py::test_a_missing_result_stays_in_doubt_alone",),
    ),
    Bug(
        "a refund is ignored",
        (Edit(VERDICT, "max(0, lookup.price - (lookup.refund or 0))", "max(0, lookup.price)"),),
        (f"{TESTS}/test_verdict.py::test_a_number_costs_what_is_reported_else_list_price",),
    ),
    Bug(
        "what is not billed costs its list price",
        (Edit(VERDICT, "    if lookup.billed is Billed.NO:\n", "    if lookup.price == 0:\n"),),
        (f"{TESTS}/test_verdict.py::test_a_number_costs_what_is_reported_else_list_price",),
    ),
    Bug(
        "currency mixed: a bill in dollars is booked in euros",
        (
            Edit(
                VERDICT,
                "if any(lookup.price is not None and lookup.currency not in (None, currency) for lookup",
                "if any(lookup.price is not None and not currency for lookup",
            ),
        ),
        (f"{TESTS}/test_verdict.py::test_a_reply_in_another_currency_is_not_settled",),
    ),
    Bug(
        "what a parser stumbles over costs nothing",
        (
            Edit(
                VERDICT,
                'return Parsed("doubt", f"our parser failed on the reply',
                'return Parsed("void", f"our parser failed on the reply',
            ),
        ),
        (f"{TESTS}/test_verdict.py::test_a_parser_that_fails_leaves_the_attempt_in_doubt",),
    ),
    Bug(
        "what may not be kept is stored, and cut only when it is shown",
        (
            Edit(
                SPEND,
                "return replace(exchange, body=lane.provider.withhold(exchange.body, rule))",
                "lane.provider.withhold(exchange.body, rule)\n    return replace(exchange)",
            ),
        ),
        (f"{TESTS}/test_privacy.py::test_by_default_no_identifier_and_no_place_is_kept",),
    ),
    Bug(
        "what may not be kept of a callback is stored",
        (
            Edit(
                CALLBACKS,
                "kept_headers(kind, came.headers), kind.withhold(came.body, rule))",
                "kept_headers(kind, came.headers), came.body)",
            ),
        ),
        (f"{TESTS}/test_callbacks.py::test_what_may_not_be_kept_is_nowhere_in_the_ledger",),
    ),
    Bug(
        "a forged callback is trusted: any proof will do",
        (Edit(ADDRESS, "return same and ends.isascii()", "return ends.isascii()"),),
        (f"{TESTS}/test_callbacks.py::test_an_address_that_was_not_given_out_is_not_there",),
    ),
    Bug(
        "a forged callback is trusted: one proof opens every attempt",
        (
            Edit(
                ADDRESS,
                'keyed_hash(ledger.key, b"callback", provider.encode(), attempt_id.encode(), ends',
                'keyed_hash(ledger.key, b"callback", provider.encode(), ends',
            ),
        ),
        (f"{TESTS}/test_callbacks.py::test_the_proof_of_one_attempt_is_none_for_another",),
    ),
    Bug(
        "a callback address never ends",
        (Edit(ADDRESS, " and int(ends) >= ledger.store.clock() // 1_000_000", ""),),
        (f"{TESTS}/test_callbacks.py::test_an_address_ends",),
    ),
    Bug(
        "a callback about another request is believed",
        (
            Edit(
                CALLBACKS,
                'return said.verdict == "doubt" and said.unasked > 0',
                "return said.unasked < 0",
            ),
        ),
        (f"{TESTS}/test_callbacks.py::test_what_is_about_something_else_is_refused_once_it_can_be_known",),
    ),
    Bug(
        "200 before a callback is on the disk",
        (Edit("ringfence/lookups/inbox.py", "            await written\n", "            del written\n"),),
        (f"{TESTS}/test_callbacks.py::test_nothing_is_confirmed_before_it_is_committed",),
    ),
    Bug(
        "a callback that came twice is billed twice",
        (
            Edit(
                ANSWERS,
                "        found.setdefault(one.phone, []).append(one)\n",
                "        found.setdefault(one.phone, []).append(one)\n"
                "    for phone, each in found.items():\n"
                "        if len(each) > 1 and each[0].price:\n"
                "            found[phone] = [replace(each[0], price=2 * each[0].price)]\n",
            ),
        ),
        (f"{TESTS}/test_answers.py::test_order_and_repetition_do_not_matter",),
    ),
    Bug(
        "what waits is given up before its time",
        (
            Edit(
                COLLECTOR,
                'return patience > 0 and bool(attempt["reserved_at"] + patience * 1_000_000 <= now)',
                'return patience > 0 and bool(attempt["reserved_at"] + patience * 500_000 <= now)',
            ),
        ),
        (f"{TESTS}/test_overdue.py::test_what_waits_is_overdue_by_the_patience_of_its_own_product",),
    ),
    Bug(
        "what was never asked about is given up",
        (
            Edit(
                COLLECTOR,
                'return not askable or (row["told_at"] or 0) >= row["reserved_at"] + product.patience * 1_000_000',
                "return True",
            ),
        ),
        (f"{TESTS}/test_given_up.py::test_a_vendor_that_is_busy_does_not_make_answers_lost",),
    ),
    Bug(
        "what is in doubt is not settled by an answer that comes after all",
        (
            Edit(
                COLLECTOR,
                "decidable(), owner.in_(_SINCE)",
                'ATTEMPT.c.state == "awaiting", owner.in_(_SINCE)',
            ),
        ),
        (f"{TESTS}/test_given_up.py::test_what_is_in_doubt_settles_by_what_comes_then",),
    ),
    Bug(
        "a poll may be a request that costs money",
        (
            Edit(
                "ringfence/http/client.py",
                '        if request.method != "GET":\n',
                "        if not request.method:\n",
            ),
        ),
        ("tests/http/test_client.py::test_a_poll_is_a_get",),
    ),
    Bug(
        "published before its commit says how far: the settlement is noted afterwards",
        (
            Edit(
                LAKE,
                'self._ordered("lookups", frame), mode="append", commit_properties=commit)\n',
                'self._ordered("lookups", frame), mode="append")\n            self.append_empty(frame, commit)\n',
            ),
            Edit(
                LAKE,
                "    def settled_seq(self, name",
                "    def append_empty(self, frame: pl.DataFrame, commit: Any) -> None:\n"
                '        _written(self.open("lookups"), self._ordered("lookups", frame.clear()), mode="append",\n'
                "                 commit_properties=commit)\n\n"
                "    def settled_seq(self, name",
            ),
        ),
        (f"{TESTS}/test_publish.py::test_a_crash_at_any_single_write_of_the_lake_loses_and_doubles_nothing",),
    ),
    Bug(
        "published twice: a commit does not say how far it goes",
        (
            Edit(
                LAKE,
                '[Transaction(LEDGER, seq)])\n        table = self.open("lookups")',
                '[])\n        table = self.open("lookups")',
            ),
        ),
        (f"{TESTS}/test_publish.py::test_publishing_twice_appends_once",),
    ),
    Bug(
        "two publish at once",
        (Edit(LAKE, "            fcntl.flock(lock, fcntl.LOCK_EX)\n", ""),),
        (f"{TESTS}/test_publish.py::test_publishers_at_once_append_once",),
    ),
    Bug(
        "of results that contradict each other the first is believed",
        (Edit(MATCHING, "    if len(facts) == 1:\n", "    if facts:\n"),),
        ("tests/providers/test_infobip.py", "tests/providers/test_messente.py"),
    ),
    Bug(
        "an unknown overwrites what is known",
        (
            Edit(
                "ringfence/lookups/merge.py",
                'return pl.col(fact).is_not_null() & (pl.col(fact) != "unknown")',
                "return pl.col(fact).is_not_null()",
            ),
        ),
        (f"{TESTS}/test_merge.py",),
    ),
    Bug(
        "a number stands in the statistics of the lake's log",
        (Edit(LAKE, 'configuration={"delta.dataSkippingStatsColumns": kind.partition},', "configuration={},"),),
        ("tests/lake/test_tables.py::test_no_number_stands_in_a_delta_log",),
    ),
    Bug(
        "a secret is not masked",
        (Edit("ringfence/http/redact.py", "        text = _pattern.sub(HIDDEN, text)\n", "        pass\n"),),
        ("tests/http/test_redact.py",),
    ),
    Bug(
        "a number is not masked",
        (Edit("ringfence/http/redact.py", "    return mask_numbers(text)\n", "    return text\n"),),
        ("tests/http/test_redact.py",),
    ),
)
