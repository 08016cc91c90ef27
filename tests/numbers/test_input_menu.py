"""What becomes of every kind of cell that a warehouse holds: one row of the tables below is one promise."""

from collections.abc import Sequence

import polars as pl
import pytest

from ringfence.errors import ConfigError
from ringfence.numbers.normalise import Policy, normalise

LONDON, MOBILE, MOBILE_2 = "+442070313000", "+447400123456", "+447400123457"


def rows(*cells: Sequence[str | None], region: str | None = None, policy: Policy | None = None) -> list[dict]:
    """Normalise cells, each given as its list of scalars, under one region hint."""
    frame = pl.DataFrame(
        {"parts": [list(cell) for cell in cells], "region_hint": region, "region_basis": region and "default"},
        schema={"parts": pl.List(pl.String), "region_hint": pl.String, "region_basis": pl.String},
    )
    return normalise(frame, policy or Policy()).to_dicts()


def numbers(text: str, region: str | None = None, policy: Policy | None = None) -> list[str | None]:
    """The accepted numbers of one cell; the reason in place of each that is not."""
    return [row["phone_e164"] or row["reject_reason"] for row in rows([text], region=region, policy=policy)]


NOTHING = {
    "empty": ["", "   ", "\t\r\n", "\u200b\ufeff", "\u00a0", "''", '=""'],
    "placeholder": [
        "-",
        "--",
        "?",
        "n/a",
        "N/A",
        "NULL",
        "None",
        "unknown",
        "0",
        "0.0",
        "0000000000",
        "+",
        "( )",
        "xxx",
    ],
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in NOTHING.items() for text in texts])
def test_a_cell_that_holds_nothing_is_empty_and_not_rejected(reason: str, text: str) -> None:
    """Blanks and words for nothing are a class of their own, with no number in it."""
    (row,) = rows([text], region="GB")
    assert (row["parse_status"], row["reject_reason"], row["phone_e164"]) == ("empty", reason, None)


REJECTED = {
    "letters": [
        "John 07400123456",
        "John, 07400 123456",
        "07400 123456 (mobile)",
        "07400 123456 home",
        "O7400 123456",
        "1-800-FLOWERS",
        "../../etc/passwd",
        "=cmd|'/c calc'!A0",
        "@SUM(A1)",
        "'; DROP TABLE customers; --",
        "true",
    ],
    "characters": ["\N{BLACK TELEPHONE} 07400 123456", "😀", "=447400123456", "-7400123456", "07400²123456"],
    "control_characters": ["07400\x00123456", "\x1b[31m07400123456", "07400\x85123456"],
    "too_long": ["07400 123456 " * 5 + "x", "9" * 10_000_000, "4474001234561"],
    "fax": ["Fax: 020 7031 3000", "FAX 02070313000", "f. 02070313000"],
    "date": [
        "2026-11-21",
        "21/11/2026",
        "21.11.26",
        "2026/1/2",
        "2026-11-21 10:11:12",
        "2026-11-21T10:11:12Z",
        "23:59",
        "21. 11. 2026",
        "06.12.1988 12",
        "06.12.88 12.30",
        "2026 11 21 10 11",
        "19801205.0",
        "2.0261121E7",
        "061219881230",
    ],
    "ip_address": ["192.168.0.1", "192.168.0.1:8080", "10.0.0.0/8", "fe80::1"],
    "card_number": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "+4111111111111111"],
    "not_finite": ["NaN", "inf", "-Infinity"],
    "not_integral": ["447400123456.5", "4.474001234565E11", "4.4E-5"],
    "precision_lost": ["4.477009E+11", "1E20", "9007199254740992.0", "9.007199254740993E15"],
    "service_code": ["*#06#", "#31#07400123456", "07400123456*1"],
    "emergency": ["112", "999", "911", "+44 112", "tel:112"],
    "short_code": ["62226", "116117"],
    "too_short": ["7", "12", "+44"],
    "unknown_country_code": ["+999 123456789", "+0 7400 123456"],
    "not_valid": ["07700 900123", "+44 7700 900123"],
    "ambiguous": [
        "0207031300007400123456",
        "02070313000 02070313001",
        "55512345551235",
        "+447400123456 +447400123457",
        "+447400123456/+447400123457",
        "020 +7031 3000",
        "+442070313000074001234",
        "07400,123,456",
        "+44,7400,123456",
        "020 7031 3000 / 3001",
        "020 7031 3000 / n/a",
        "+44 20 7031 3000 / 7400123456",
    ],
    "type_not_wanted": [
        "+44 909 879 0000",
        "+44 800 1111 111",
        "+44 844 856 0000",
        "+44 7640 123456",
        "+44 70 1234 5678",
        "+870 301 234567",
        "+881 612345678",
        "+878 10 1234567890",
        "+800 1234 5678",
        "+808 1234 5678",
        "+979 123 456 789",
    ],
}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in REJECTED.items() for text in texts])
def test_what_is_no_single_plain_number_is_rejected_by_name(reason: str, text: str) -> None:
    """Even where a British reading of the text would parse, it is not guessed into a purchase."""
    found = rows([text], region="GB")
    assert [(row["parse_status"], row["reject_reason"], row["phone_e164"]) for row in found] == [
        ("rejected", reason, None)
    ]


ACCEPTED = [
    ("07400 123456", "GB", MOBILE),
    ("+44 (0)7400 123456", None, MOBILE),
    ("(+44) 7400/123456", None, MOBILE),
    ("\uff0b44 7400 123456", None, MOBILE),
    ("mob: 07400 123456", "GB", MOBILE),
    ("Tel.: +44 7400 123456", None, MOBILE),
    ("tel:+44-7400-123456", None, MOBILE),
    ("  07400\t123456\r\n", "GB", MOBILE),
    ("\u202a+44\u00a07400\u2011123456\u202c\ufeff", None, MOBILE),
    ("'07400123456", "GB", MOBILE),
    ('="07400123456"', "GB", MOBILE),
    ("٠٧٤٠٠١٢٣٤٥٦", "GB", MOBILE),
    ("०७४०० १२३४५६", "GB", MOBILE),
    ("০৭৪০০১২৩৪৫৬", "GB", MOBILE),
    ("07400 123456".translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}), "GB", MOBILE),
    ("00447400123456", "DE", MOBILE),
    ("00447400123456", None, MOBILE),
    ("011 44 7400 123456", "US", MOBILE),
    ("0011 44 7400 123456", "AU", MOBILE),
    ("04733/05221104", "AT", "+43473305221104"),
    ("01234.567890", "GB", "+441234567890"),
    ("212.736.5000", "US", "+12127365000"),
    ("4002", "NU", "+6834002"),
    ("+52 222 123 4567", None, "+522221234567"),
    ("+54 11 15 2345 6789", None, "+5491123456789"),
    ("011 15-2345-6789", "AR", "+5491123456789"),
    ("+55 11 96123-4567", None, "+5511961234567"),
    ("0 15 11 3123-4567", "BR", "+551131234567"),
    ("+225 01 23 45 67 89", None, "+2250123456789"),
    ("+39 06 6982 1234", None, "+390669821234"),
]


@pytest.mark.parametrize(("text", "region", "e164"), ACCEPTED)
def test_a_plain_number_is_read_however_it_is_written(text: str, region: str | None, e164: str) -> None:
    """Marks, labels, scripts, prefixes and moved numbering plans all end in libphonenumber's E.164."""
    assert numbers(text, region) == [e164]


BEYOND_E164 = [("+43 1110", "too_short"), ("0049 30 123456789 0123", "too_long")]


@pytest.mark.parametrize(("text", "reason"), BEYOND_E164)
def test_a_number_outside_seven_to_fifteen_digits_is_no_e164(text: str, reason: str) -> None:
    """The plans of Austria and Germany know such numbers, providers do not."""
    assert numbers(text) == [reason]


OUTDATED = [("+52 1 222 123 4567", "too_long"), ("+225 01 23 45 67", "too_short"), ("+39 66982 1234", "not_valid")]


@pytest.mark.parametrize(("text", "reason"), OUTDATED)
def test_a_number_of_a_superseded_plan_is_not_mended_by_guess(text: str, reason: str) -> None:
    """The canonical form is the metadata's, and where it knows none there is none."""
    assert numbers(text) == [reason]


SEVERAL = [
    "07400 123456 / 07400 123457",
    "07400 123456, 07400 123457",
    "07400 123456; +44 7400 123457;",
    "07400 123456 or 07400 123457",
    "07400123456\r\n07400123457",
    "07400123456|07400123457",
    "07400123456 UND 07400123457",
    "7400123456 / 7400123457",
]


@pytest.mark.parametrize("text", SEVERAL)
def test_several_numbers_are_split_at_explicit_separators(text: str) -> None:
    """Each is a row of its own, in the order of the cell."""
    found = rows([text], region="GB")
    assert [(row["position"], row["phone_e164"]) for row in found] == [(0, MOBILE), (1, MOBILE_2)]


ONE_IN_TWO = [
    ("04733 / 05221104", "AT"),
    ("030 / 12345678", "DE"),
    ("2743 / 5012", "LU"),
    ("+49 30 1234567 / 7654321", "DE"),
]


@pytest.mark.parametrize(("text", "region"), ONE_IN_TWO)
def test_area_code_and_number_are_not_two_numbers(text: str, region: str) -> None:
    """A half that is an area code, or goes on from the other half, makes the cell ambiguous; 2743 is also a number."""
    assert numbers(text, region) == ["ambiguous"]


def test_a_fax_beside_a_phone_does_not_cost_the_phone() -> None:
    """The labelled fax number is a rejected row, the other number stands."""
    assert numbers("Tel 020 7031 3000, Fax 020 7031 3001", "GB") == [LONDON, "fax"]


EXTENSIONS = [
    "x12",
    " ext. 12",
    " extension 12",
    " доб. 12",
    "#12",
    " anexo 12",
    ";ext=12",
    ",,12",
    ",,12#",
    ", ext 12",
]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_extension_has_its_own_column(extension: str) -> None:
    """The base number is what is looked up, and a comma or semicolon of the extension separates nothing."""
    both = rows([f"020 7031 3000{extension}", f"020 7031 3000{extension}, 07400 123456"], region="GB")
    found = [(row["phone_e164"], row["extension"]) for row in both]
    assert found == [(LONDON, "12"), (LONDON, "12"), (MOBILE, None)]


INFERRED = [
    ("4.47400123456E11", "GB", ["from_float", "country_code_without_plus"]),
    ("447400123456.00", "GB", ["trailing_zero_stripped", "country_code_without_plus"]),
    ("+447400123456.0", None, ["trailing_zero_stripped"]),
    ("7400123456", "GB", ["assumed_region", "national_without_trunk"]),
    ("07400१२३456", "GB", ["mixed_scripts"]),
    ("0044 7400 123456", None, ["assumed_prefix"]),
    ("07400 123456", "GB", []),
]


@pytest.mark.parametrize(("text", "region", "flags"), INFERRED)
def test_what_was_inferred_is_flagged(text: str, region: str | None, flags: list[str]) -> None:
    """A reading that rests on more than the text says so."""
    (row,) = rows([text], region=region)
    assert (row["phone_e164"], row["flags"]) == (MOBILE, flags)


COUNTRYLESS = [
    ("7400123456", None, "no_country"),
    ("447400123456", None, "no_country"),
    ("011447400123456", None, "no_country"),
    ("0011447400123456", None, "ambiguous"),
    ("7400123456", "UK", "unknown_region"),
    ("7400123456", "ZZ", "unknown_region"),
    ("447400123456", "FR", "too_long"),
    ("5551234", "US", "local_only"),
    ("0049 15112345678", "SG", "ambiguous"),
    ("03012340301235", "DE", "ambiguous"),
]


@pytest.mark.parametrize(("text", "region", "reason"), COUNTRYLESS)
def test_a_country_is_never_made_up(text: str, region: str | None, reason: str) -> None:
    """Digits without a country, or with two, are not bought: 0049 is Germany's code after 00, India's after 004."""
    assert numbers(text, region) == [reason]


@pytest.mark.parametrize("region", [None, "UK", "DE", "GB"])
def test_an_explicit_number_needs_no_hint(region: str | None) -> None:
    """A number with + names its country whatever the hint says, a wrong one included."""
    (row,) = rows(["+44 7400 123456"], region=region)
    assert (row["phone_e164"], row["region_basis"], row["country"]) == (MOBILE, "explicit", "GB")


def test_bare_international_digits_are_an_option() -> None:
    """They count only where they are no number of the hinted region and are valid under a country code."""
    bare = Policy(bare_international=True)
    assert [numbers("447400123456", region, bare) for region in (None, "FR")] == [[MOBILE], [MOBILE]]
    assert rows(["447400123456"], policy=bare)[0]["flags"] == ["assumed_international"]
    assert numbers("07400123456", None, bare) == ["no_country"]
    assert numbers("447700900123", None, bare) == ["no_country"]


def test_vanity_letters_are_an_option() -> None:
    """Letters at the end of a number stand for digits if asked for, and never elsewhere."""
    policy = Policy(vanity=True, types=frozenset({"toll_free", "mobile"}))
    assert numbers("1-800-FLOWERS", "US", policy) == ["+18003569377"]
    assert numbers("07400 123456 (mobile)", "GB", policy) == ["letters"]


def test_possible_numbers_are_an_option() -> None:
    """A right length is enough then, but never for short, local or shared-code numbers, nor for a known bad type."""
    possible = Policy(accept="possible")
    assert numbers("07700 900123", "GB", possible) == ["+447700900123"]
    refused = {"22222": "short_code", "999": "emergency", "+44 909 879 0000": "type_not_wanted", "030": "short_code"}
    assert {text: numbers(text, "DE", possible)[0] for text in refused} == refused
    assert numbers("5551234", "US", possible) == ["local_only"]
    assert numbers("+883 5100123456", None, possible) == ["not_valid"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("premium", "+449098790000"),
        ("satellite", "+870301234567"),
        ("toll_free", "+80012345678"),
        ("pager", "+447640123456"),
    ],
)
def test_other_types_can_be_listed(kind: str, text: str) -> None:
    """A type that the policy lists is let through."""
    assert numbers(text, None, Policy(types=frozenset({kind}))) == [text]


def test_a_type_that_does_not_exist_is_a_mistake() -> None:
    """A misspelt type would silently let nothing through."""
    with pytest.raises(ConfigError, match="moblie"):
        Policy(types=frozenset({"moblie"}))
