"""The provider fault menu: each row a fault, the verdict on it for every kind of provider, and where one differs.

A verdict says what becomes of the attempt that met the fault, on which evidence, with its money, and what goes out
next. `differs` has the kinds whose documents make them say something else, each with the reason beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from ringfence.money.amount import Money
from tests.faults.kinds import CALLED_BACK, KINDS
from tests.faults.plays import (
    body,
    bomb,
    conflicting,
    cut,
    distorted,
    drip,
    ended,
    fields,
    informed,
    priced,
    raw,
    renumbered,
    results,
    says,
    status,
    tells,
    vonage,
    within,
)
from tests.faults.stand import Fault
from tests.faults.wire import Play


@dataclass(frozen=True)
class Verdict:
    """What becomes of an attempt.

    state: as in the ledger. evidence: how the stored evidence begins. money: free, held, paid (list price for each
    number), part (paid for some, held for the others), dearer or cheaper than list. then: what goes out next: `again`
    the same numbers as a new attempt, `on` others and these no more, `stop` nothing to this provider. kept: of the
    reply nothing, a part, or the whole. wait: seconds before the new attempt, at least and at most.
    """

    state: str
    evidence: str
    money: str
    then: str
    kept: str = "whole"
    wait: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """One fault; `kinds` are those to which it applies. At most `requests` that may cost money come of it."""

    name: str
    fault: Fault
    verdict: Verdict
    differs: Mapping[str, Verdict] = field(default_factory=dict)
    kinds: Sequence[str] = tuple(KINDS)
    requests: int = 3

    def expected(self) -> dict[str, Verdict]:
        """The verdict by kind."""
        said = {kind: self.differs.get(kind, self.verdict) for kind in self.kinds}
        return {
            kind: ACCEPTED if kind in CALLED_BACK and verdict == SETTLED else verdict for kind, verdict in said.items()
        }


MANY = ("infobip", "messente", "kaleyra", "kaleyra_get")
BODY_STATUS = ("vonage", "kpn")
# Whose answers name the number.
NAMING = (*MANY, *BODY_STATUS)
TOKENS = ("kpn", "kpn_async", "vonage_insights")
PRICED = ("vonage", "kpn", "kaleyra_get")

# Nothing left: made anew after a pause.
UNSENT = Verdict("voided", "not sent", "free", "again", "nothing", (0.1, 10))
# A certificate that does not verify would not verify again.
UNTRUSTED = replace(UNSENT, then="stop", wait=None)
# It may have arrived: never made anew.
LOST = Verdict("in_doubt", "no whole reply: sent, but", "held", "on", "nothing")
BROKEN = replace(LOST, kept="part")
# A whole reply that proves nothing.
# Kaleyra accepts with 201.
UNREADABLE = Verdict("in_doubt", "HTTP 20", "held", "on")
SETTLED = Verdict("settled", "", "paid", "on")
# The same of what is called back.
ACCEPTED = Verdict("awaiting", "", "held", "on")
# One number is settled, or several, and one is not answered: it alone is in doubt.
PARTED = Verdict("settled", "", "part", "on")


def refusal(code: int, then: str = "stop", *, state: str = "voided") -> Verdict:
    """What a status means by itself."""
    return Verdict(state, f"HTTP {code}", "held" if state == "in_doubt" else "free", then)


def throttled(least: float, most: float) -> Verdict:
    """Refused for now, at no cost: made anew, after the pause that was asked for."""
    return Verdict("voided", "HTTP 429", "free", "again", wait=(least, most))


def row(
    name: str, play: Play, verdict: Verdict, *kinds: str, differs: Any = None, requests: int = 3, **more: Any
) -> Row:
    """A row of the menu; of all kinds where none is named."""
    return Row(name, Fault(play, **more), verdict, differs or {}, kinds or tuple(KINDS), requests)


def before_the_first_byte() -> Iterator[Row]:
    """DNS failure, connection refused, connect timeout, TLS failure: voided, never sent.

    A pool timeout there is none: a client has a connection for each request that may be out.
    """
    yield row("DNS failure", status(200), UNSENT, way="dns", times=0)
    yield row("connection refused", status(200), UNSENT, way="refused", times=0)
    yield row("connect timeout", status(200), UNSENT, way="full", times=0, alone=True)
    yield row("TLS: protocol failure", status(200), UNSENT, way="garbled", times=0)
    yield row("TLS: certificate of a stranger", status(200), UNTRUSTED, way="stranger", times=0)
    yield row("TLS: certificate of another host", status(200), UNTRUSTED, way="misnamed", times=0)


def after_it() -> Iterator[Row]:
    """Broken before any byte of a reply, in it, or too slow: in doubt, what came is kept, and it is never resent."""
    for by, told in (("reset", "RST"), ("close", "FIN")):
        yield row(f"{told} before the request is read", ended(by, billed=False), LOST, unread=True)
        yield row(f"{told} after it is read", ended(by, billed=True), LOST)
        yield row(f"{told} on a connection that was kept alive", ended(by, billed=True), LOST, first=1)
        yield row(f"{told} behind the headers", cut("behind headers", by=by), BROKEN)
        yield row(f"{told} in the body", cut("body", by=by), BROKEN)
    yield row("read timeout", ended("silence", billed=True), LOST, alone=True)
    yield row("cut in the headers", cut("headers"), BROKEN)
    yield row("cut between chunks", cut("chunks"), BROKEN)
    yield row("the body stops, the connection stays", cut("body", by="silence"), BROKEN, alone=True)
    yield row("slow drip", drip, BROKEN, alone=True)
    yield row("conflicting Content-Length", conflicting, BROKEN)
    yield row("no HTTP", raw(b"\x15\x03\x01\x00\x02\x02\x28 this is not HTTP\r\n\r\n"), BROKEN)


def too_much() -> Iterator[Row]:
    """What no parser should have to bear: in doubt, and kept, as a prefix where it is too long."""
    yield row("gzip bomb", bomb, BROKEN)
    yield row("huge body", body(b'{"results":[' + b" " * 3_000_000 + b"]}"), BROKEN)
    yield row("deep JSON", body(b"[" * 10_000 + b"]" * 10_000), UNREADABLE)
    yield row("a number of a million digits", within(b'"x":' + b"9" * 1_000_000), UNREADABLE)
    yield row("duplicate keys", within(b'"x":1,"x":2'), UNREADABLE)
    yield row("NaN", within(b'"x":NaN'), UNREADABLE)
    yield row("Infinity by its exponent", within(b'"x":1e999'), UNREADABLE)


def another_dress() -> Iterator[Row]:
    """The content type is not trusted: what parses is taken and flagged, what does not is in doubt."""
    yield row("200 with HTML", body(b"<!doctype html><h1>Please try again later</h1>", "text/html"), UNREADABLE)
    yield row("200, empty", body(b""), UNREADABLE)
    yield row("200 with null", body(b"null"), UNREADABLE)
    yield row("wrong content type", says(lambda said: replace(said, headers={"content-type": "image/png"})), SETTLED)
    yield row("no content type", says(lambda said: replace(said, headers={})), SETTLED)
    yield row("invalid UTF-8", within(b'"x":"\xff\xfe"'), SETTLED)
    yield row("BOM", says(lambda said: replace(said, body=b"\xef\xbb\xbf" + said.body)), SETTLED)


def refused_in_the_body() -> Iterator[Row]:
    """200 with an error in it. What is free by its documented status is free, an unknown or missing one is in doubt."""
    free = Verdict("voided", "HTTP 200 with status", "free", "stop")
    busy = replace(free, then="again", wait=(0.1, 10))
    yield row("Vonage 1: busy", vonage(1), busy, *BODY_STATUS)
    yield row("Vonage 4: credentials", vonage(4), free, *BODY_STATUS)
    yield row("Vonage 9: no credit", vonage(9), free, *BODY_STATUS)
    yield row("Vonage 19: not enabled", vonage(19), free, *BODY_STATUS)
    # They answer for the number, which counts as asked; settled with nothing to pay says so, a void would not.
    answered = Verdict("settled", "HTTP 200 with status", "free", "on")
    for code in (3, 5, 999):
        yield row(f"Vonage {code}: answered at no cost", vonage(code), answered, *BODY_STATUS, restated=["failed"])
    yield row(
        "Vonage 4 with a price",
        vonage(4, request_price="0.03"),
        replace(free, state="in_doubt", money="held"),
        *BODY_STATUS,
    )
    yield row("an unknown status", tells(fields(status=46)), UNREADABLE, *BODY_STATUS)
    yield row("no status", tells(lambda told: {**told, "status": None}), UNREADABLE, *BODY_STATUS)
    part = {"request_price": "0.05025", "refund_price": "0.01025"}
    for code in (43, 44, 45):
        partial = replace(SETTLED, money="dearer", then="stop")
        yield row(
            f"Vonage {code}: partial, refunded in part",
            vonage(code, **part),
            partial,
            *BODY_STATUS,
            restated=["partial"],
        )
    nothing = {"lookup_outcome": 2, "request_price": "0.04", "refund_price": "0.04"}
    yield row("Vonage 0 with nothing determined", vonage(0, **nothing), answered, *BODY_STATUS, restated=["no_data"])


def about_a_number() -> Iterator[Row]:
    """A number that is refused is answered and billed at list price; a batch that is refused whole stops."""
    invalid = {"infobip": {"status": {"groupId": 5, "id": 52}}, "messente": {"status": "INVALID"}}

    def turned_down(document: Any) -> Any:
        for item in results(document)[:1]:
            item.update(invalid["infobip" if "to" in item else "messente"])
        return document

    yield row(
        "one number REJECTED or INVALID",
        tells(turned_down),
        SETTLED,
        "infobip",
        "messente",
        restated=["rejected_number", "complete"],
    )
    stopped = replace(SETTLED, then="stop")
    for code, fault in (("ROUTE_NOT_AVAILABLE", "not_enabled"), ("NOT_ENOUGH_CREDITS", "no_credit")):
        yield row(f"every number REJECTED_{code}", distorted(fault), stopped, "infobip", restated=["failed"])


def results_of_a_batch() -> Iterator[Row]:
    """Matched by number, never by place; what is missing is in doubt alone, what nobody asked for is nobody's."""
    # One number a request: there is no order, and a body that names none is about the only one.
    yield row("results reordered", distorted("reordered"), SETTLED, *MANY)
    yield row("a result missing", distorted("one_missing"), PARTED, *MANY)
    yield row("the number not named", distorted("one_missing"), SETTLED, *BODY_STATUS)
    yield row("a result twice", distorted("one_twice"), SETTLED, *MANY)
    yield row(
        "two results that contradict", distorted("one_conflicting"), SETTLED, *NAMING, restated=["partial", "complete"]
    )
    yield row("a result that nobody asked for", distorted("one_unasked"), SETTLED, *MANY)
    other = replace(UNREADABLE, evidence="HTTP 200 with status 0, but about another number")
    yield row("an answer about another number", distorted("one_unasked"), other, *BODY_STATUS)
    shorter = renumbered(lambda digits: digits[:-3], each=False)
    yield row("a number clipped", shorter, PARTED, *NAMING, differs=dict.fromkeys(BODY_STATUS, other))
    bare = {
        "with +": lambda sent: "+" + sent.lstrip("+"),
        "with 00": lambda sent: "00" + sent.lstrip("+"),
        "with spaces": lambda sent: f"{sent[:3]} {sent[3:6]} {sent[6:]}",
        "as an integer": lambda sent: int(sent.lstrip("+")),
    }
    for told, write in bare.items():
        yield row(f"numbers echoed {told}", renumbered(write, each=True), SETTLED, *NAMING)
    yield row("types drift", distorted("drifted_types"), SETTLED)
    yield row("a new field", within(b'"x":{"y":[1,null,"z"]}'), SETTLED)
    # Of Kaleyra it is the code of the whole reply, which then says nothing; the ids in it can be asked about.
    coded = {"kaleyra_get": UNREADABLE}
    yield row("a status that is new", distorted("unknown_status"), SETTLED, *MANY, differs=coded, restated=["partial"])


def statuses() -> Iterator[Row]:
    """Void is what was refused before any work; the rest is in doubt, and none is ever a success."""
    for code in (301, 302, 307, 308, 404, 405, 412):
        yield row(f"{code}", status(code, location="http://127.0.0.1:1/"), refusal(code))
    yield row("400", status(400), refusal(400, "on"))
    yield row("402", status(402), refusal(402))
    yield row("403", status(403), refusal(403))
    # A token may have ended: one attempt more gets a new one.
    renewed = replace(refusal(401, "again"), wait=(0, 0))
    differs = dict.fromkeys(TOKENS, renewed)
    yield row("401 at the first call", status(401), refusal(401), differs=differs)
    yield row("401 in the middle", status(401), refusal(401), first=1, differs=differs, requests=4)
    yield row("401 again with a new token", status(401), replace(renewed, then="stop"), *TOKENS, times=2)
    for code in (303, 304):
        yield row(f"{code}", status(code), replace(refusal(code, state="in_doubt"), then="stop"))
    for code in (408, 418, 425, 500, 502, 503, 504, 599):
        yield row(f"{code}", status(code), refusal(code, "on", state="in_doubt"))
    # The ids that it may have under the ids of an acceptance, Kaleyra can be asked about: that settles it.
    billed, found = refusal(500, "on", state="in_doubt"), {"kaleyra": SETTLED}
    yield row("500 with the answer that was billed", status(500, billed=True), billed, differs=found)
    after = status(503, retry_after="7")
    yield row("503 with Retry-After", after, refusal(503, "on", state="in_doubt"))
    yield row("204", status(204, b""), refusal(204, "on", state="in_doubt"))
    # Which of the 200s Kaleyra answers with is not documented: the code in the body tells.
    said = status(206, billed=True)
    yield row(
        "206", said, refusal(206, "on", state="in_doubt"), differs=dict.fromkeys(("kaleyra", "kaleyra_get"), SETTLED)
    )
    # KPN's return codes have 201 and 202 as success too.
    said = status(202, billed=True)
    differs = dict.fromkeys(("kaleyra", "kaleyra_get", "kpn", "kpn_async"), SETTLED)
    yield row("202", said, refusal(202, "on", state="in_doubt"), differs=differs)
    yield row("100, then the answer", informed(100), SETTLED)
    yield row("103, then the answer", informed(103), SETTLED)
    yield row("102, then nothing", raw(b"HTTP/1.1 102 Processing\r\n\r\n"), BROKEN)
    yield row("101", raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), BROKEN)


def too_many_requests() -> Iterator[Row]:
    """429 is void, and waited for: as long as was asked, between a second and five minutes, else longer each time."""
    now = 1_763_726_400

    def dated(seconds: float, date: float | None = now) -> Play:
        headers = {"retry_after": formatdate(now + seconds, usegmt=True)}
        return status(429, **headers, **({} if date is None else {"date": formatdate(date, usegmt=True)}))

    pauses: list[tuple[str, Play, float, float]] = [
        ("seconds", status(429, retry_after="7"), 7, 7),
        ("a part of a second", status(429, retry_after="0.25"), 1, 1),
        ("0", status(429, retry_after="0"), 1, 1),
        ("a negative number", status(429, retry_after="-5"), 1, 1),
        ("1e9", status(429, retry_after="1e9"), 300, 300),
        ("a date", dated(90), 90, 90),
        ("a date that has passed", dated(-3600), 1, 1),
        ("a date by a skewed clock", dated(86_400 + 30, now + 86_400), 30, 30),
        ("a date far away", dated(10**8), 300, 300),
        # Then it is read by our own clock.
        ("a date and no Date", dated(90, None), 89, 91),
        ("garbage", status(429, retry_after="soon"), 0.1, 10),
        ("NaN", status(429, retry_after="nan"), 0.1, 10),
        ("nothing", status(429), 0.1, 10),
    ]
    for told, play, least, most in pauses:
        yield row(f"429 with {told}", play, throttled(least, most))


def prices() -> Iterator[Row]:
    """What is billed is recorded; more than the price in use stops the provider, what cannot be read is held."""
    dearer = replace(SETTLED, money="dearer", then="stop")
    yield row("a higher price", priced(lambda sent: _times(sent, 2)), dearer, *PRICED)
    yield row(
        "a lower price", priced(lambda sent: _times(sent, 0.5)), replace(SETTLED, money="cheaper"), *PRICED, waived=True
    )
    yield row("a price of nothing", priced(lambda _: "0"), replace(SETTLED, money="free"), *PRICED, waived=True)
    yield row("no price", priced(lambda _: None), SETTLED, *PRICED)
    yield row("an empty price", priced(lambda _: ""), SETTLED, *PRICED)
    held = replace(UNREADABLE, then="stop")
    for told, price in (
        ("a negative price", "-0.05"),
        ('a price of "NaN"', "NaN"),
        ("a price in words", "five cents"),
        ("a price of 100 digits", "9" * 100),
        ("a price in an object", {"amount": "0.05", "currency": "USD"}),
        ("a price that is true", True),
    ):
        yield row(told, priced(lambda _, price=price: price), held, *PRICED)
    yield row("a price as a number", priced(float), SETTLED, *PRICED)
    more = vonage(0, request_price="0.03", refund_price="0.04")
    yield row("a refund above its price", more, held, *BODY_STATUS)
    dollars = {"unit_price": Money.parse("0.05 USD"), "rate": "0.92 EUR"}
    foreign = Verdict("in_doubt", "the reply is priced in another currency", "held", "on")
    yield row("a price in another currency", says(lambda said: said), foreign, *BODY_STATUS, terms=dollars)


def in_the_vendors_words() -> Iterator[Row]:
    """What only one vendor says, and means something of its own by."""
    halves = replace(refusal(400, "again"), wait=(0, 0))
    yield row("Messente 103: too many", status(400, b'{"error":{"code":103}}'), halves, "messente", requests=4)
    yield row("Messente 104: no credit", status(402, b'{"error":{"code":104}}'), refusal(402), "messente")
    yield row("Messente 105: no credit", status(402, b'{"errors":[{"code":"105"}]}'), refusal(402), "messente")
    ended_token = b'{"name":"Internal Server Error","message":"invalid_access_token"}'
    yield row("KPN 500 about the token", status(500, ended_token), replace(refusal(500, "again"), wait=(0, 0)), "kpn")
    used_up = {"quota_limit": "10", "quota_used": "10", "quota_reset_UTC": "2025-11-21T12:00:40Z"}
    dated = {"date": "Fri, 21 Nov 2025 12:00:00 GMT"}
    yield row("KPN 429 with a reset of its quota", status(429, **used_up, **dated), throttled(40, 40), "kpn")


def tokens() -> Iterator[Row]:
    """What goes wrong where the token comes from: what needs it has not left, and a refusal is for good."""

    def token(name: str, play: Play, verdict: Verdict = UNSENT, **more: Any) -> Row:
        return row(f"token: {name}", play, verdict, "kpn", on="token", **more)

    yield token("FIN", ended("close", billed=False))
    yield token("RST", ended("reset", billed=False))
    yield token("no answer", ended("silence", billed=False), alone=True)
    yield token("cut", cut("body"))
    yield token("slow drip", drip, alone=True)
    yield token("gzip bomb", bomb)
    yield token("deep JSON", body(b"[" * 10_000))
    yield token("HTML", body(b"<h1>Please try again later</h1>", "text/html"))
    yield token("empty", body(b""))
    yield token("a token that no header carries", tells(fields(access_token="a\nb")))
    yield token("404", status(404), UNTRUSTED)
    for code in (500, 502, 503):
        yield token(f"{code}", status(code))
    yield token("429", status(429, retry_after="7"), replace(UNSENT, wait=(7, 7)))
    for code in (400, 401, 403):
        yield token(f"{code}", status(code), UNTRUSTED)
    yield token("500 about the client", status(500, b'{"message":"invalid_client-invalid_client_id"}'), UNTRUSTED)
    yield token("a life in words", tells(fields(expires_in="soon")), SETTLED)


def told_later() -> Iterator[Row]:
    """What goes wrong where an answer is asked for again: asking is free, so it is asked once more."""

    def poll(name: str, play: Play, verdict: Verdict = SETTLED, **more: Any) -> Row:
        return row(f"poll: {name}", play, verdict, "kaleyra", on="poll", **more)

    yield poll("FIN", ended("close", billed=False))
    yield poll("RST", ended("reset", billed=False))
    yield poll("cut", cut("body"))
    yield poll("no answer", ended("silence", billed=False), alone=True)
    yield poll("slow drip", drip, alone=True)
    yield poll("gzip bomb", bomb)
    yield poll("deep JSON", body(b"[" * 10_000))
    yield poll("HTML", body(b"<h1>Please try again later</h1>", "text/html"))
    yield poll("empty", body(b""))
    yield poll("another number's details", tells(_of_another))
    for code in (204, 302, 400, 401, 403, 404, 408, 429, 500, 503):
        yield poll(f"{code}", status(code))
    # The other number is told of in time.
    yield poll("never", status(404), Verdict("in_doubt", "", "held", "stop"), times=1000)


def once_more() -> Iterator[Row]:
    """What goes on without end is bounded: tries of what costs nothing, and doubts in a row."""
    for told, play, said in (
        ("429 without end", status(429), "HTTP 429"),
        ("429 with Retry-After without end", status(429, retry_after="2"), "HTTP 429"),
    ):
        yield row(told, play, Verdict("voided", said, "free", "stop", wait=(4, 40)), times=1000, requests=5)
    yield row("an outage", status(503), refusal(503, state="in_doubt"), times=1000, more=8)


def clocks() -> Iterator[Row]:
    """The wall clock leaps at a request: nothing waits longer for it, and nothing is settled otherwise."""
    for told, by in (("a day ahead", 86_400), ("a day back", -86_400)):
        yield row(f"the clock leaps {told}", says(lambda said: said), SETTLED, jump=by)
        yield row(f"429, and the clock leaps {told}", status(429, retry_after="7"), throttled(7, 7), jump=by)


def _of_another(document: Any) -> Any:
    """Details with another number in them, wherever they name one."""
    if isinstance(document, list):
        return [_of_another(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {key: "88299900000001" if key == "mobile_number" else _of_another(value) for key, value in document.items()}


def _times(sent: str, by: float) -> str:
    return f"{float(sent) * by:.6f}"


MENU: Sequence[Row] = (
    *before_the_first_byte(),
    *after_it(),
    *too_much(),
    *another_dress(),
    *refused_in_the_body(),
    *about_a_number(),
    *results_of_a_batch(),
    *statuses(),
    *too_many_requests(),
    *prices(),
    *in_the_vendors_words(),
    *tokens(),
    *told_later(),
    *once_more(),
    *clocks(),
)

# Rows of the menu that are no reply to a request, and where they are tested.
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "callback: late": ("lookups/test_callbacks.test_a_late_callback_is_stored_and_changes_nothing",),
    "callback: duplicate": (
        "lookups/test_callbacks.test_the_same_again_is_one_reply_and_still_confirmed",
        "lookups/test_called_back.test_copies_early_ones_and_forgeries_change_nothing",
    ),
    "callback: reordered": ("lookups/test_answers.test_order_and_repetition_do_not_matter",),
    "callback: before our own acknowledgement": (
        "lookups/test_callbacks.test_an_early_callback_waits_for_the_acknowledgement",
        "lookups/test_given_up.test_an_early_callback_is_not_passed_over",
    ),
    "callback: forged": (
        "lookups/test_callbacks.test_an_address_that_was_not_given_out_is_not_there",
        "lookups/test_callbacks.test_what_is_about_something_else_is_refused_once_it_can_be_known",
        "lookups/test_callbacks.test_the_quarantine_is_full_and_empties_itself",
    ),
    "callback: replayed": (
        "lookups/test_callbacks.test_the_proof_of_one_attempt_is_none_for_another",
        "lookups/test_callbacks.test_an_address_ends",
    ),
    "callback: 10 MB": (
        "lookups/test_callbacks.test_a_body_that_is_too_large_is_refused_before_it_is_read",
        "lookups/test_callbacks.test_an_address_takes_only_as_much_as_a_provider_sends",
    ),
    "callback: for another run": ("lookups/test_callbacks.test_an_attempt_that_the_ledger_has_forgotten",),
    "callback: never": (
        "lookups/test_called_back.test_what_is_not_called_back_waits_for_collect",
        "lookups/test_lost_callbacks.test_every_attempt_ends_final_or_in_doubt",
    ),
    "callback: unconfirmed until it is kept": (
        "lookups/test_callbacks.test_nothing_is_confirmed_before_it_is_committed",
    ),
    "429 holds for the whole provider, in every process": (
        "lookups/test_health.test_what_one_run_is_told_to_wait_holds_for_all_and_for_later_ones",
        "money/test_rate.test_a_pause_holds_for_everybody_and_ends",
    ),
    "the balance falls faster than our books": ("money/test_balance.test_what_somebody_else_takes_is_told",),
}
