"""The ways in which people and spreadsheets write a telephone line into a cell, and what else they write there.

It holds no randomness and no tables: `warehouse.py` decides which line is written how, where and how often.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat


@dataclass(frozen=True, slots=True)
class Line:
    """A telephone line: its region, country calling code and national significant number (leading zeros kept)."""

    region: str
    code: int
    national: str

    @property
    def digits(self) -> str:
        """The international number without its `+`."""
        return f"{self.code}{self.national}"

    def number(self) -> PhoneNumber:
        """The same line as libphonenumber knows it."""
        return PhoneNumber(self.code, int(self.national), italian_leading_zero=self.national.startswith("0") or None)

    def written(self, style: int = PhoneNumberFormat.INTERNATIONAL, gap: str | None = None) -> str:
        """The line in a libphonenumber format; `gap` replaces its spaces and dashes."""
        text = phonenumbers.format_number(self.number(), style)
        return text if gap is None else text.replace("-", gap).replace(" ", gap)

    def dialled(self) -> str:
        """As its own country dials it from abroad: "0044 ...", "011 ..."; "+" where there is a choice of carriers."""
        prefix = PhoneMetadata.metadata_for_region(self.region).international_prefix
        return f"{prefix if prefix.isdigit() else '+'}{self.digits}"

    def trunk(self) -> str:
        """With the trunk zero in brackets, "+44 (0)7...", in the countries that have one."""
        zero = "(0)" if phonenumbers.ndd_prefix_for_region(self.region, True) == "0" else ""  # noqa: FBT003
        return f"+{self.code} {zero}{self.national}"


Spelling = Callable[[Line], str]
NATIONAL = PhoneNumberFormat.NATIONAL


def _script(zero: str) -> Spelling:
    """Digits of another script, which Unicode orders from its zero on."""
    table = {ord("0") + value: ord(zero) + value for value in range(10)}
    return lambda line: line.written().translate(table)


# Complete in themselves: each reads back as its line in any country.
INTERNATIONAL: tuple[Spelling, ...] = (
    lambda line: f"+{line.digits}",
    lambda line: line.written(),
    lambda line: line.written(gap="-"),
    lambda line: line.written(gap="."),
    lambda line: line.written(gap="\N{NO-BREAK SPACE}"),
    lambda line: line.written(gap="\N{NON-BREAKING HYPHEN}"),
    lambda line: line.written(PhoneNumberFormat.RFC3966),
    lambda line: line.trunk(),
    lambda line: f"(+{line.code}) {line.national}",
    lambda line: f"  +{line.digits}\t",
    lambda line: f"'+{line.digits}",
    lambda line: f'="+{line.digits}"',
    lambda line: f"mob: +{line.digits}",
    lambda line: f"{line.written()} x123",
    lambda line: f"{line.written()} ext. 45",
    lambda line: f"{line.written()} доб. 67",
    lambda line: f"+{line.digits};ext=89",
    lambda line: f"\N{LEFT-TO-RIGHT MARK}{line.written()}\N{POP DIRECTIONAL FORMATTING}",
    lambda line: f"\N{ZERO WIDTH NO-BREAK SPACE}+{line.digits}",
    lambda line: f"+{line.code}\N{ZERO WIDTH SPACE}{line.national}",
    _script("\N{FULLWIDTH DIGIT ZERO}"),
    _script("\N{ARABIC-INDIC DIGIT ZERO}"),
    _script("\N{DEVANAGARI DIGIT ZERO}"),
    _script("\N{BENGALI DIGIT ZERO}"),
)
# Read back as their line in its own country only.
DOMESTIC: tuple[Spelling, ...] = (
    lambda line: line.dialled(),
    lambda line: line.written(NATIONAL),
    lambda line: line.written(NATIONAL, gap=""),
    lambda line: line.written(NATIONAL, gap="-"),
    lambda line: line.written(NATIONAL, gap="."),
    lambda line: f"'{line.written(NATIONAL)}",
    lambda line: f"tel: {line.written(NATIONAL)}",
    lambda line: line.national,
)
# What spreadsheets and people make of a number; not all of it can be undone.
DAMAGE: tuple[Spelling, ...] = (
    lambda line: line.digits,
    lambda line: f"{line.digits}.0",
    lambda line: f"{line.digits[0]}.{line.digits[1:]}E{len(line.digits) - 1}",
    lambda line: f"{line.digits[0]}.{line.digits[1:6]}E+{len(line.digits) - 1}",
    lambda line: f"{line.digits} (mobile)",
)
SEPARATORS = (" / ", "; ", ", ", " or ", "\n")
# Cells that are hardly ever a number to buy, by kind; 555-01xx and 07700 900xxx are film numbers (NANPA, Ofcom).
JUNK: tuple[str | None, ...] = (
    # nothing there
    *(None, "", "   ", "\N{NO-BREAK SPACE}", "-", "--", "?", "n/a", "N/A", "NULL", "none", "unknown", "0", "000000"),
    # letters
    *("📵", "📞 call me", "ask reception", "see notes", "mob:", "1-800-EXAMPLE", "John 07700 900123", "O77OO 9OO123"),
    *("44 7700 900123 (mobile)", "sales@example.com", "https://example.com/07700900123", "ORD-2026-004711"),
    # dates, addresses, coordinates
    *("2026-11-21", "21.11.2026", "21/11/26", "11/21/2026 09:30", "192.0.2.17", "198.51.100.255", "2001:db8::7"),
    "52.3702, 4.8952",
    # payment cards for tests (Luhn-valid)
    *("4111 1111 1111 1111", "4111111111111111", "5555-5555-5555-4444", "378282246310005"),
    # short codes, emergency numbers, codes for the handset
    *("112", "999", "911", "+112", "88888", "*#06#", "*100#"),
    # premium, satellite, personal, shared, free
    *("+44 9012 345678", "+979 123 456 789", "+870 773 111 632", "+881 6 1234 5678", "+878 10 123 456 789 012"),
    *("+800 1234 5678", "+808 1234 5678"),
    # unassigned, invented, too short, too long
    *("+999 123 4567", "+210 555 0123", "07700 900123", "+44 7700 900123", "+1 312 555 0123", "+31 6 12", "555-0123"),
    "+31 6 1234 5678 9012 3456",
    # several in one cell, with and without a separator (04733/05221104 is one Austrian number)
    *("55501235550199", "31255501235550199", "07700900123 07700900456", "07700 900123 / 124", "04733/05221104"),
    # written before the numbering plan changed: Mexico, Argentina, Brazil, Ivory Coast
    *("+52 1 55 1234 5678", "+54 11 15 2345 6789", "+55 11 8765 4321", "+225 07 12 34 56"),
    # floats: digits complete, digits lost, none at all
    *("4.47700900123E11", "4.477009E+11", "447700900123.0", "7700900123.5", "1e400", "NaN", "inf", "-447700900123"),
    # formulas, SQL, paths, templates
    *("=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "=1+1", "-2+3", "'; DROP TABLE customers; --", '" OR ""="', "%s%n"),
    *("../../etc/passwd", "C:\\phones.txt", "<script>alert(1)</script>", "{{7*7}}"),
    # control characters and marks
    *("\0", "+31 6\0 123", "\r\n", "\t", "07700\r\n900123", "\x1b[31m07700 900123\x1b[0m"),
    *("\N{ZERO WIDTH NO-BREAK SPACE}", "\N{RIGHT-TO-LEFT OVERRIDE}0123 456\N{POP DIRECTIONAL FORMATTING}"),
)
# Each written once: three of 10 kB, one of 1 MB.
OVERSIZED = ("7" * 10_000, "+31 6 12345678 " * 667, "(" * 10_000, "0" * 1_000_000)
# What a column of floats holds beside numbers: the last is the first integer that a double cannot tell from the next.
FLOAT_JUNK = (math.nan, math.inf, 0.0, -447700900123.0, 7700900123.5, 2.0**53)
