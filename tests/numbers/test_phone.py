"""What `mask_numbers` hides of a text that leaves, and what it leaves readable in our own sentences."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.numbers.phone import mask_numbers

NUMBERS = [
    "447911110039",
    "+44 7911 110039",
    "+44 (0) 7911-110-039",
    "44,7911,110039",
    "44.7911.110.039",
    "0044/7911/110039",
    "44_7911_110039",
    "4 - 4 - 7 - 9 - 1 - 1 - 1 - 1 - 0 - 0 - 3 - 9",
    "\u0664\u0664\u0667\u0669\u0661\u0661\u0661\u0661\u0660\u0660\u0663\u0669",
    "\uff14\uff14\u00a0\uff17\uff19\uff11\uff11 110\u2011039",
    "44,791,111,003",
    "1,234,567",
    "1234567",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("around", ["{}", "no route to {}.", "at 2026-11-21 10:11:12: {}, refused", "a{}b", '["{}"]'])
def test_a_number_is_masked_however_it_is_written(number: str, around: str) -> None:
    """Separators and scripts hide no number; two digits in front and three at the end stay."""
    masked = mask_numbers(around.format(number))
    before, after = around.split("{}")
    assert masked.startswith(before)
    assert masked.endswith(after)
    assert sum(sign.isdecimal() for sign in masked.removeprefix(before).removesuffix(after)) == 5
    assert "*****" in masked


OURS = [
    "quote 019abcde-1234-7123-8123-012345678901 has expired; make a new one with: ringfence quote",
    "quote 01912345-1234-7123-8123-012345678901: 12 numbers",
    "the approval ended at 2026-11-21T10:11:12.123456+00:00, asked at 2026-11-21T10:11:12Z",
    "expires 2026-11-21 10:11:12, not 2026-11-21 10:11",
    "max_spend of 123456.78 EUR cannot be compared with prices in USD: no rate",
    "bought 1,234,567 numbers for 12345.678901234 EUR",
    "due: 1,234,567 numbers for at most 999999999.999999999 EUR, 1,000,000 requests in 1,000,000 s or more",
    "-12345.67 EUR",
    "providers.infobip.base_url is http://127.0.0.1:8900, but mode is live",
    "providers.infobip.base_url is http://192.168.10.20:8900/, but mode is live",
    "127.0.0.1:54321",
    "sent, but the body passes the limit of 16 MiB",
    "sent, but no whole reply within 60 s",
    "HTTP 200 with results for 1000 of 1000 numbers",
    "17 requests in a row ended in doubt, the last: HTTP 503",
    "/home/me/ringfence.yaml:12: budgets.0.cap: expected an amount",
    "served/ringfence-123456.duckdb",
    "--before takes a time such as 2026-11-20T12:00, not '2026-13-01'",
    "--before takes a time such as 2026-11-20T12:00, not '2026-11-31T25:61:61'",
    "valid_from: '0000-01-01' is no day; expected",
    "valid_to: '9999-99-99' is no day; expected",
    "valid_to: '1899/12/30' is no day; expected",
    "valid_from: '31-12-2026' is no day; expected",
    "valid_from: '31.12.2026 10:11:12' is no day; expected",
    "valid_from: '20260131' is no day; expected",
    "valid_to: 0001-01-01 is before valid_from, 0202-01-01",
    "price: '0.0000000001' has more than nine decimal places",
    "expected an amount a day; found: '0.12345678901 EUR'",
    "'1e99' is larger than the ledger can hold (999999999.999999999)",
]


@pytest.mark.parametrize("sentence", OURS)
def test_our_own_sentences_stay_readable(sentence: str) -> None:
    """Ids, times, money, counts and addresses of servers are no phone numbers."""
    assert mask_numbers(sentence) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "'12026-13-01'",
        "'2026-13-012'",
        "2026-13-01",
        "'0.6.12345678'",
        "'00.12345678'",
        "'3.0.12345678'",
        "999999999.99",
        "'2026 13 01'",
        "'0,612345678'",
        "'0.612345678 9'",
        "9999999999999999999",
        "'31-2026-13-01'",
        "'0000-01-01'",
        "'0612-34-56' is a number",
        "'06123456' is no day; expected",
        "'0612-34.56' is no day; expected",
        "'+3161234-12-34' is no day; expected",
        "valid_to: 0612-34-567 is before valid_from",
    ],
)
def test_what_only_looks_like_a_date_or_a_price_is_masked(text: str) -> None:
    """The whole of it stands between quotes, or it may be a number."""
    assert "*****" in mask_numbers(text)


@given(st.text(st.sampled_from("0123456789 ,.-:/+_Tt\u0664") | st.characters(), max_size=80))
def test_masking_is_final_and_leaves_no_plain_run(text: str) -> None:
    """Masking twice changes nothing more, and seven digits in a row are never left outside an id or an amount."""
    masked = mask_numbers(text)
    assert mask_numbers(masked) == masked
    assert not re.search(r"(?<![.\d-])\d{10,}", masked)
