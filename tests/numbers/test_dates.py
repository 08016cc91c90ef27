"""A date is bought in no country, however it is written, and keeping dates out costs few real numbers."""

import random
from datetime import date, timedelta

import phonenumbers
import polars as pl
import pytest
from phonenumbers import NumberParseException

from ringfence.numbers.lookalikes import is_bare_date
from ringfence.numbers.normalise import KINDS, Policy, normalise

BARE = ["%Y%m%d", "%d%m%Y", "%m%d%Y"]
GROUPED = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d. %m. %Y", "%d %m %Y", "%d.%m.%y"]
TAILS = ["", " 12", " 1230", " 12.30", " 123059", "-12"]
FORMS = [f"{form}{tail}" for form in BARE for tail in [*TAILS, "1230", ".0"]] + [
    f"{form}{tail}" for form in GROUPED for tail in TAILS if not (form.endswith("%y") and tail == "-12")
]


@pytest.mark.parametrize("form", FORMS)
def test_a_date_is_a_number_of_no_country(form: str) -> None:
    """Nor with a time behind it, nor under the most lenient policy: the reason is `date`, in every region and none."""
    chance = random.Random(form)
    texts = [(date(1930, 1, 1) + timedelta(chance.randrange(40_000))).strftime(form) for _ in range(4)]
    regions = [None, *sorted(phonenumbers.SUPPORTED_REGIONS)]
    cells = pl.DataFrame(
        {"parts": [[text] for text in texts for _ in regions], "region_hint": regions * len(texts)},
        schema={"parts": pl.List(pl.String), "region_hint": pl.String},
    ).with_columns(region_basis=pl.lit("column"))
    for policy in (Policy(), Policy(accept="possible", types=KINDS, bare_international=True)):
        assert set(normalise(cells, policy)["reject_reason"]) == {"date"}


@pytest.mark.parametrize("region", ["DK", "NO", "SG", "HK", "DE", "IT", "LV"])
def test_dates_cost_few_real_numbers(region: str) -> None:
    """Of the bare eight digits that are a valid number of a region less than 1.5 % are a date's."""
    chance = random.Random(region)
    texts = [f"{chance.randrange(10**8):08d}" for _ in range(20_000)]
    valid = [text for text in texts if _valid(text, region)]
    assert len(valid) > 1_000
    assert sum(map(is_bare_date, valid)) < 0.015 * len(valid)


def _valid(text: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except NumberParseException:
        return False


KEPT = [("20 10 11 12", "DK", "+4520101112"), ("+4520101112", None, "+4520101112"), ("20311342", "DK", "+4520311342")]


@pytest.mark.parametrize(("text", "region", "e164"), KEPT)
def test_digits_that_only_resemble_a_date_are_kept(text: str, region: str | None, e164: str) -> None:
    """Groups that no date has, a country code, or a day and month that do not exist."""
    cells = pl.DataFrame(
        [([text], region, None)],
        schema={"parts": pl.List(pl.String), "region_hint": pl.String, "region_basis": pl.String},
        orient="row",
    )
    assert normalise(cells, Policy())["phone_e164"].to_list() == [e164]
