"""What an HTTP status says about money, and how long a throttled provider is left alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.providers.refusal import dated, refusal, retry_after

SECRETS = (("ACME_KEY",), ("ACME_USER", "ACME_PASSWORD"))
NOW = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("status", "verdict", "stop"),
    [
        *((status, "void", "base_url") for status in (301, 302, 307, 308, 404, 405, 412)),
        *((status, "doubt", "base_url") for status in (300, 303, 304)),
        *((status, "doubt", None) for status in (100, 201, 202, 204, 206, 408, 413, 418, 425, 451)),
        *((status, "doubt", None) for status in (500, 502, 503, 504, 599)),
        (400, "void", None),
        (401, "void", "ACME_KEY, or ACME_USER and ACME_PASSWORD"),
        (402, "void", "balance"),
        (403, "void", "rights"),
        (429, "void", None),
    ],
)
def test_status(status: int, verdict: str, stop: str | None) -> None:
    """Only a refusal before any work is void, a stop names what to check, and only 429 may be tried again."""
    parsed = refusal(Reply(status, {"retry-after": "7"}, b""), "acme", SECRETS, "why")
    assert parsed is not None
    assert (parsed.verdict, parsed.evidence) == (verdict, f"HTTP {status}: why")
    assert (stop is None) == (parsed.stop is None)
    assert (stop or "") in (parsed.stop or "")
    assert (parsed.retry, parsed.retry_after) == ((True, 7.0) if status == 429 else (False, None))
    assert parsed.throttled == (status == 429)


def test_200_is_not_refused() -> None:
    """Of a 200 only the body can tell."""
    assert refusal(Reply(200, {}, b""), "acme", SECRETS, None) is None


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("30", None, 30),
        (" 30 ", None, 30),
        ("2.5", None, 2.5),
        ("0", None, 1),
        ("-5", None, 1),
        ("1000000000", None, 300),
        ("9" * 400, None, 300),
        ("Wed, 21 Oct 2026 07:28:40 GMT", NOW, 40),
        ("Wed, 21 Oct 2026 09:28:40 +0200", NOW, 40),
        ("Wed, 21 Oct 2026 07:28:40 -0000", NOW, 40),
        ("Tue, 20 Oct 2026 07:28:00 GMT", NOW, 1),
        ("Thu, 21 Oct 2027 07:28:00 GMT", NOW, 300),
        ("Wed, 21 Oct 2026 07:28:40 GMT", None, None),
        ("Wed, 21 Oct 2026 07:28:40 GMT", "yesterday", None),
        ("Wed, 99 Oct 2026 07:28:40 GMT", NOW, None),
        ("Wed, 21 Oct 99999999999999999999 07:28:40 GMT", NOW, None),
        ("soon", NOW, None),
        ("nan", NOW, None),
        ("", NOW, None),
        (None, NOW, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, seconds: float | None) -> None:
    """Seconds or a date relative to the reply's own Date, between 1 and 300; None for anything else."""
    headers = {name: text for name, text in (("retry-after", value), ("date", date)) if text is not None}
    assert retry_after(headers) == seconds


@given(st.text(max_size=60), st.text(max_size=60))
def test_retry_after_bears_anything(value: str, date: str) -> None:
    """No header makes it raise or leave its bounds."""
    seconds = retry_after({"retry-after": value, "date": date})
    assert seconds is None or 1 <= seconds <= 300


@pytest.mark.parametrize(
    ("date", "seconds"), [(None, 40), ("", 40), ("yesterday", 40), ("Wed, 21 Oct 2026 07:28:30 GMT", 10)]
)
def test_a_reply_without_a_date_is_of_now(date: str | None, seconds: float) -> None:
    """A Retry-After that is a date is relative to our own clock where the server's says nothing that can be read."""
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:40 GMT"} | ({} if date is None else {"date": date})
    assert retry_after(dated(headers, datetime(2026, 10, 21, 7, 28, tzinfo=UTC))) == seconds
