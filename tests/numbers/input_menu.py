"""The input menu: what becomes of every kind of cell that a warehouse holds. One entry is one promise.

Each row has cells with what they say: numbers in E.164 in the order of the cell, or the reason why there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONDON, MOBILE, MOBILE_2 = "+442070313000", "+447400123456", "+447400123457"


@dataclass(frozen=True)
class Cell:
    """A cell with the region hint beside it, and what is to be read; `flags` and `extension` where they matter."""

    text: str | None
    region: str | None
    says: tuple[str, ...]
    flags: tuple[str, ...] | None = None
    extension: str | None = None


def _all(says: str, *texts: str | None, region: str | None = "GB") -> list[Cell]:
    return [Cell(text, region, (says,)) for text in texts]


def _of(region: str | None, says: str, text: str, *flags: str) -> Cell:
    return Cell(text, region, (says,), flags or None)


_WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}

MENU: Mapping[str, Sequence[Cell]] = {
    "NULL, blanks, words for nothing, zeros": [
        *_all("empty", None, "", "   ", "\t\r\n", "\u200b\ufeff", "\u00a0", "''", '=""'),
        *_all("placeholder", "-", "--", "?", "n/a", "N/A", "NULL", "None", "unknown", "+", "( )", "xxx"),
        *_all("placeholder", "0", "0.0", "0000000000"),
    ],
    "emoji, letters, vanity, names": [
        *_all("letters", "John 07400123456", "John, 07400 123456", "07400 123456 (mobile)", "07400 123456 home"),
        *_all("letters", "O7400 123456", "1-800-FLOWERS", "true"),
        *_all("characters", "\N{BLACK TELEPHONE} 07400 123456", "😀", "07400²123456"),
        _of("GB", MOBILE, "mob: 07400 123456"),
        _of(None, MOBILE, "Tel.: +44 7400 123456"),
        _of(None, MOBILE, "tel:+44-7400-123456"),
        *_all("fax", "Fax: 020 7031 3000", "FAX 02070313000", "f. 02070313000"),
        # The labelled fax number is a rejected row, the other number stands.
        Cell("Tel 020 7031 3000, Fax 020 7031 3001", "GB", (LONDON, "fax")),
    ],
    "huge cells": _all("too_long", "07400 123456 " * 5 + "x", "9" * 10_000_000, " " * 2_000 + MOBILE, "4474001234561"),
    "SQL, formulas, control characters, paths": [
        *_all("letters", "../../etc/passwd", "=cmd|'/c calc'!A0", "@SUM(A1)", "'; DROP TABLE customers; --"),
        *_all("characters", "=447400123456", "-7400123456"),
        *_all("control_characters", "07400\x00123456", "\x1b[31m07400123456", "07400\x85123456"),
        _of("GB", MOBILE, "  07400\t123456\r\n"),
    ],
    "a float as text": [
        Cell("07400 123456", "GB", (MOBILE,), flags=()),
        _of("GB", MOBILE, "4.47400123456E11", "from_float", "country_code_without_plus"),
        *_all("precision_lost", "4.477009E+11", "1E20", "9007199254740992.0", "9.007199254740993E15"),
        *_all("not_integral", "447400123456.5", "4.474001234565E11", "4.4E-5"),
        *_all("not_finite", "NaN", "inf", "-Infinity"),
    ],
    "a trailing .0": [
        _of("GB", MOBILE, "447400123456.00", "trailing_zero_stripped", "country_code_without_plus"),
        _of(None, MOBILE, "+447400123456.0", "trailing_zero_stripped"),
    ],
    "no country": [
        _of("GB", MOBILE, "7400123456", "assumed_region", "national_without_trunk"),
        *_all("no_country", "7400123456", "447400123456", "011447400123456", region=None),
        *_all("unknown_region", "7400123456", region="UK"),
        *_all("unknown_region", "7400123456", region="ZZ"),
        *_all("too_long", "447400123456", region="FR"),
        *_all("local_only", "5551234", region="US"),
        # A number with + names its country whatever the hint says, a wrong one included.
        *(_of(region, MOBILE, "+44 7400 123456") for region in (None, "UK", "DE", "GB")),
    ],
    "several in one cell": [
        *(
            Cell(text, "GB", (MOBILE, MOBILE_2))
            for text in (
                "07400 123456 / 07400 123457",
                "07400 123456, 07400 123457",
                "07400 123456; +44 7400 123457;",
                "07400 123456 or 07400 123457",
                "07400123456\r\n07400123457",
                "07400123456|07400123457",
                "07400123456 UND 07400123457",
                "7400123456 / 7400123457",
            )
        ),
        *_all("ambiguous", "0207031300007400123456", "02070313000 02070313001", "55512345551235"),
        *_all("ambiguous", "+447400123456 +447400123457", "+447400123456/+447400123457", "020 +7031 3000"),
        *_all("ambiguous", "+442070313000074001234", "07400,123,456", "+44,7400,123456", "020 7031 3000 / 3001"),
        *_all("ambiguous", "020 7031 3000 / n/a", "+44 20 7031 3000 / 7400123456"),
        # A half that is an area code, or goes on from the other half; 2743 is also a number of Luxembourg.
        *_all("ambiguous", "04733 / 05221104", region="AT"),
        *_all("ambiguous", "030 / 12345678", "+49 30 1234567 / 7654321", "03012340301235", region="DE"),
        *_all("ambiguous", "2743 / 5012", region="LU"),
        _of("AT", "+43473305221104", "04733/05221104"),
    ],
    "extensions": [
        Cell(f"020 7031 3000{extension}", "GB", (LONDON,), extension="12")
        for extension in (
            *("x12", " ext. 12", " extension 12", " доб. 12", "#12", " anexo 12", ";ext=12", ",,12", ",,12#"),
            ", ext 12",
        )
    ]
    + [
        # A comma or semicolon of the extension separates nothing, one behind it does.
        Cell(f"020 7031 3000{extension}, 07400 123456", "GB", (LONDON, MOBILE), extension="12")
        for extension in ("x12", ";ext=12", ",,12", ", ext 12")
    ],
    "a trunk zero in brackets": [
        _of(None, MOBILE, "+44 (0)7400 123456"),
        _of(None, MOBILE, "(+44) 7400/123456"),
    ],
    "digits of other scripts": [
        _of("GB", MOBILE, "٠٧٤٠٠١٢٣٤٥٦"),
        _of("GB", MOBILE, "०७४०० १२३४५६"),
        _of("GB", MOBILE, "০৭৪০০১২৩৪৫৬"),
        _of("GB", MOBILE, "07400 123456".translate(_WIDE)),
        _of("GB", MOBILE, "07400१२३456", "mixed_scripts"),
    ],
    "marks, odd spaces and dashes, spreadsheet quotes": [
        _of(None, MOBILE, "\uff0b44 7400 123456"),
        _of(None, MOBILE, "\u202a+44\u00a07400\u2011123456\u202c\ufeff"),
        _of("GB", MOBILE, "'07400123456"),
        _of("GB", MOBILE, '="07400123456"'),
        _of("GB", "+441234567890", "01234.567890"),
        _of("US", "+12127365000", "212.736.5000"),
    ],
    "international prefixes": [
        _of("DE", MOBILE, "00447400123456"),
        _of(None, MOBILE, "00447400123456", "assumed_prefix"),
        _of("US", MOBILE, "011 44 7400 123456"),
        _of("AU", MOBILE, "0011 44 7400 123456"),
        # 0049 is Germany's code after 00, and India's after 004.
        *_all("ambiguous", "0049 15112345678", region="SG"),
        *_all("ambiguous", "0011447400123456", region=None),
    ],
    "short, emergency, service and special numbers": [
        *_all("emergency", "112", "999", "911", "+44 112", "tel:112"),
        *_all("short_code", "62226", "116117"),
        *_all("service_code", "*#06#", "#31#07400123456", "07400123456*1"),
        *_all("type_not_wanted", "+44 909 879 0000", "+44 800 1111 111", "+44 844 856 0000", "+44 7640 123456"),
        *_all("type_not_wanted", "+44 70 1234 5678", "+870 301 234567", "+881 612345678", "+878 10 1234567890"),
        *_all("type_not_wanted", "+800 1234 5678", "+808 1234 5678", "+979 123 456 789"),
    ],
    "invalid lengths, no such country, outside the plan": [
        *_all("too_short", "7", "12", "+44"),
        *_all("unknown_country_code", "+999 123456789", "+0 7400 123456"),
        *_all("not_valid", "07700 900123", "+44 7700 900123"),
        # The plans of Austria and Germany know such numbers, providers do not.
        *_all("too_short", "+43 1110", region=None),
        *_all("too_long", "0049 30 123456789 0123", region=None),
        _of("NU", "+6834002", "4002"),
    ],
    "dates, addresses, cards": [
        *_all("date", "2026-11-21", "21/11/2026", "21.11.26", "2026/1/2", "2026-11-21 10:11:12", "23:59"),
        *_all("date", "2026-11-21T10:11:12Z", "21. 11. 2026", "06.12.1988 12", "06.12.88 12.30", "2026 11 21 10 11"),
        *_all("date", "19801205.0", "2.0261121E7", "061219881230"),
        *_all("ip_address", "192.168.0.1", "192.168.0.1:8080", "10.0.0.0/8", "fe80::1"),
        *_all("card_number", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "+4111111111111111"),
    ],
    "plans that move": [
        _of(None, "+522221234567", "+52 222 123 4567"),
        _of(None, "+5491123456789", "+54 11 15 2345 6789"),
        _of("AR", "+5491123456789", "011 15-2345-6789"),
        _of(None, "+5511961234567", "+55 11 96123-4567"),
        _of("BR", "+551131234567", "0 15 11 3123-4567"),
        _of(None, "+2250123456789", "+225 01 23 45 67 89"),
        _of(None, "+390669821234", "+39 06 6982 1234"),
        # A number of a superseded plan is not mended by guess.
        *_all("too_long", "+52 1 222 123 4567", region=None),
        *_all("too_short", "+225 01 23 45 67", region=None),
        *_all("not_valid", "+39 66982 1234", region=None),
    ],
}


@dataclass(frozen=True)
class Typed:
    """A value of a column that is no text: DuckDB's type and literal, and what is read with and without a region.

    `parquet` says whether Parquet holds the type exactly.
    """

    kind: str
    literal: str
    says: tuple[str, ...]
    without: tuple[str, ...]
    parquet: bool = True


TYPES: Mapping[str, Sequence[Typed]] = {
    "FLOAT columns": [
        Typed("DOUBLE", "4.47400123456E11", (MOBILE,), ("no_country",)),
        Typed("DOUBLE", "447400123456.5", ("not_integral",), ("not_integral",)),
        Typed("DOUBLE", "'nan'", ("not_finite",), ("not_finite",)),
        Typed("DOUBLE", "'-inf'", ("not_finite",), ("not_finite",)),
        Typed("DOUBLE", "9007199254740992", ("precision_lost",), ("precision_lost",)),
        Typed("DOUBLE", "1e16", ("precision_lost",), ("precision_lost",)),
        Typed("DOUBLE", "NULL", ("empty",), ("empty",)),
    ],
    "INT columns, the leading zero lost": [
        Typed("BIGINT", "7400123456", (MOBILE,), ("no_country",)),
        Typed("BIGINT", "447400123456", (MOBILE,), ("no_country",)),
        Typed("INTEGER", "0", ("placeholder",), ("placeholder",)),
        Typed("INTEGER", "-7400123", ("characters",), ("characters",)),
        Typed("INTEGER", "20261121", ("date",), ("date",)),
        Typed("SMALLINT", "112", ("emergency",), ("emergency",)),
        Typed("HUGEINT", "447400123456", (MOBILE,), ("no_country",), parquet=False),
        Typed("UHUGEINT", "340282366920938463463374607431768211455", ("ambiguous",), ("ambiguous",), parquet=False),
    ],
    "DECIMAL, ENUM, JSON, lists": [
        Typed("DECIMAL(20,2)", "447400123456", (MOBILE,), ("no_country",)),
        Typed("DECIMAL(20,2)", "447400123456.50", ("not_integral",), ("not_integral",)),
        Typed("ENUM('x', '+447400123456')", "'+447400123456'", (MOBILE,), (MOBILE,)),
        Typed(
            "VARCHAR[]",
            "['+447400123456', NULL, 'n/a', '+447400123457']",
            _L := (MOBILE, "empty", "placeholder", MOBILE_2),
            _L,
        ),
        Typed("VARCHAR[]", "['+447400123456, +447400123457', '+442070313000']", _P := (MOBILE, MOBILE_2, LONDON), _P),
        Typed("VARCHAR[]", "[]", ("empty",), ("empty",)),
        Typed("BIGINT[2]", "[447400123456, 1]", (MOBILE, "too_short"), ("no_country", "too_short"), parquet=False),
    ],
}

# Rows of the menu that are no cell, and where they are tested.
ELSEWHERE: Mapping[str, Sequence[str]] = {
    "BOOLEAN, DATE, BLOB, REAL, STRUCT, MAP: refused before a cell is read": (
        "sources/test_cells.test_a_type_that_cannot_hold_numbers",
    ),
    "hostile table and column names": (
        "sources/test_names_in_a_database.test_a_hostile_name_is_a_name",
        "sources/test_names_in_a_database.test_a_quoted_name_is_one_identifier",
        "sources/test_names_in_a_database.test_a_missing_name_is_answered_with_what_there_is",
    ),
    "an exported CSV runs no formula, a terminal obeys no cell": (
        "cli/test_output.test_no_field_runs_as_a_formula",
        "cli/test_output.test_what_a_cell_holds_is_shown_and_never_obeyed",
    ),
    "huge cells, and many, in bounded memory": (
        "sources/test_odd_files.test_a_huge_cell_is_too_long_and_costs_no_other",
        "sources/test_cells.test_many_cells_come_in_bounded_frames",
        "sources/test_files_and_failures.test_cells_longer_than_memory_are_a_sentence",
    ),
    "no cell in an error or a log": ("sources/test_files_and_failures.test_no_cell_is_in_an_error",),
    "every row in exactly one class": ("lookups/test_cells.test_every_cell_is_of_one_class",),
}
