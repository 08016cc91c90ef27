"""On what the gate lets through, Ringfence reads a number as libphonenumber does."""

import random

import phonenumbers
import polars as pl
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from ringfence.numbers.normalise import KINDS, METADATA_VERSION, Policy, normalise

FORMATS = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)
TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE)
# A national number that is written like a date or a card, or has another reading in its own country (0011, 004...).
SHAPES = {"date", "card_number", "ambiguous"}


def valid_numbers() -> list[tuple[PhoneNumber, str]]:
    """Valid numbers of every region: each type's example, and others with other last digits."""
    chance = random.Random(20261121)
    found: dict[tuple[str, str], PhoneNumber] = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for example in filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)):
            e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            for text in [e164, *(f"{e164[:-4]}{chance.randrange(10_000):04d}" for _ in range(4))]:
                number = phonenumbers.parse(text)
                if phonenumbers.is_valid_number_for_region(number, region):
                    found[text, region] = number
    return [(number, region) for (_, region), number in found.items()]


@pytest.fixture(scope="module")
def cells() -> pl.DataFrame:
    """Each number in each format under its region, with what libphonenumber says of that very text."""
    rows = []
    for number, region in valid_numbers():
        for form in FORMATS:
            text = phonenumbers.format_number(number, form)
            direct = phonenumbers.parse(text, region)
            e164 = phonenumbers.format_number(direct, PhoneNumberFormat.E164)
            valid = phonenumbers.is_valid_number(direct)
            rows.append(
                ([text], region, "column", e164 if valid else None, phonenumbers.region_code_for_number(direct))
            )
    names = ["parts", "region_hint", "region_basis", "direct_e164", "direct_country"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_valid_numbers_of_every_region_read_as_libphonenumber_reads_them(cells: pl.DataFrame) -> None:
    """At least 2,000 numbers of all 245 regions, in three formats: same E.164, same country."""
    assert len(cells) >= 6_000
    assert cells["region_hint"].n_unique() == len(phonenumbers.SUPPORTED_REGIONS)
    found = normalise(cells, Policy(types=KINDS))
    assert len(found) == len(cells)
    gated = found.filter(pl.col("reject_reason").is_in(SHAPES))
    assert len(gated) < len(cells) // 200
    through = found.filter(~pl.col("reject_reason").is_in(SHAPES).fill_null(value=False))
    comparable = through.filter(pl.col("phone_e164").is_not_null() | pl.col("direct_e164").is_not_null())
    differing = comparable.filter(
        pl.col("phone_e164").ne_missing(pl.col("direct_e164")) | pl.col("country").ne_missing(pl.col("direct_country"))
    )
    assert differing.to_dicts() == []


def test_the_version_of_the_plans_is_libphonenumbers() -> None:
    """The version that is stored with each row is that of the metadata in use."""
    assert phonenumbers.__version__ == METADATA_VERSION
