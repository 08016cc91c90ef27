"""The demo's warehouse: what is in it, judged by libphonenumber, DuckDB and the shapes of the input menu."""

import math
import re
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import phonenumbers
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from examples.demo.config import config_text
from examples.demo.spellings import DOMESTIC, INTERNATIONAL, JUNK, Line
from examples.demo.warehouse import WEIGHTS, tables, write

ROWS = 3_000
PORTS = {"infobip": 8900, "vonage": 8901, "kaleyra": 8902, "kpn": 8903, "messente": 8904, "receiver": 8909}
TYPES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of 3,000 rows on disk, with its configuration."""
    made = tmp_path_factory.mktemp("demo")
    write(made, rows=ROWS)
    (made / "ringfence.yaml").write_text(config_text(PORTS))
    return made


@pytest.fixture(scope="module")
def cells(folder: Path) -> list[tuple[str, str | None, str | None]]:
    """Every text cell as (table, region hint, text), lists exploded."""
    contacts = f"select 'contacts', 'GB', other_phone from read_parquet('{folder}/exports/contacts.parquet')"
    with duckdb.connect(folder / "crm.duckdb", read_only=True) as warehouse:
        return warehouse.execute(f"""
            select 'customers', upper(country), phone from crm.crm.customers
            union all select 'customers', upper(country), mobile from crm.crm.customers
            union all select 'leads', upper(country), unnest(phones) from crm.crm.leads
            union all {contacts}
        """).fetchall()


@pytest.fixture(scope="module")
def numbers(cells: list[tuple[str, str | None, str | None]]) -> list[tuple[str, str, str]]:
    """The cells that libphonenumber reads as a valid mobile or fixed line, as (E.164, table, text)."""
    found = []
    for table, region, text in cells:
        if text is None or text in JUNK or len(text) > 250:
            continue
        try:
            number = phonenumbers.parse(text, region)
        except NumberParseException:
            continue
        if phonenumbers.number_type(number) in TYPES:
            found.append((phonenumbers.format_number(number, PhoneNumberFormat.E164), table, text))
    return found


def test_the_seed_decides_the_content(folder: Path, tmp_path: Path) -> None:
    """A warehouse written again from the same seed, over another, holds the same rows; another seed gives others."""
    write(tmp_path, rows=ROWS, seed=8)
    assert not tables(ROWS, 8)["customers"].equals(tables(ROWS, 7)["customers"])
    write(tmp_path, rows=ROWS)
    for made in (folder, tmp_path):
        with duckdb.connect(made / "crm.duckdb", read_only=True) as warehouse:
            for name in ("customers", "leads"):
                stored = warehouse.execute(f"from crm.crm.{name} order by 1").fetchall()
                assert stored == tables(ROWS, 7)[name].rows()
        assert pl.read_parquet(made / "exports/contacts.parquet").equals(tables(ROWS, 7)["contacts"])


@given(rows=st.integers(0, 60), seed=st.integers(0, 2**32))
def test_every_row_is_in_one_table(rows: int, seed: int) -> None:
    """The three tables together have as many rows as were asked for, each with a key of its own."""
    made = tables(rows, seed)
    assert sum(table.height for table in made.values()) == rows
    assert all(table[:, 0].n_unique() == table.height for table in made.values())


@pytest.mark.parametrize("region", WEIGHTS)
def test_a_spelling_reads_back_as_its_line(region: str) -> None:
    """Libphonenumber reads every undamaged spelling as the line it was made from: abroad too, if international."""
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(region, kind)
        line = Line(region, number.country_code, phonenumbers.national_significant_number(number))
        texts = [(spell(line), home) for spell in INTERNATIONAL for home in (None, "NL", region)]
        for text, home in texts + [(spell(line), region) for spell in DOMESTIC]:
            read = phonenumbers.parse(text, home)
            assert phonenumbers.format_number(read, PhoneNumberFormat.E164) == f"+{line.digits}", (text, home)


def test_numbers_come_from_many_countries(numbers: list[tuple[str, str, str]]) -> None:
    """At least thirty countries have valid numbers, most of them Dutch or British, most cells hold one."""
    countries = Counter(phonenumbers.region_code_for_number(phonenumbers.parse(e164)) for e164, _, _ in numbers)
    assert len(countries) >= 30
    assert {country for country, _ in countries.most_common(2)} == {"NL", "GB"}
    assert len(numbers) > ROWS * 0.6


def test_a_third_repeats_in_another_form(numbers: list[tuple[str, str, str]]) -> None:
    """About a third of the numbers were there before, within a table and across, and never in the same form."""
    texts, homes = defaultdict(list), defaultdict(list)
    for e164, table, text in numbers:
        texts[e164].append(text)
        homes[e164].append(table)
    assert 0.25 < 1 - len(texts) / len(numbers) < 0.42
    assert all(len(set(forms)) == len(forms) for forms in texts.values())
    repeated = [tables for tables in homes.values() if len(tables) > 1]
    assert sum(len(set(tables)) == 1 for tables in repeated) > 50
    assert sum(len(set(tables)) > 1 for tables in repeated) > 50


MENU = {
    "empty": r"",
    "white space": r"[ \xa0]+",
    "placeholder": r"(?i)n/a|null|none|unknown|-+|0+",
    "emoji": r".*[\U0001F300-\U0001FAFF].*",
    "vanity": r"1-800-[A-Z]{7}",
    "name before a number": r"[A-Z][a-z]+ 0\d{4} \d{6}",
    "label": r"(mob|tel): ?[+0(].*",
    "label after a number": r"\+?\d+ \(mobile\)",
    "formula": r"=(?!\"\+).*|@[A-Z]+\(.*",
    "formula around a number": r'="\+\d+"',
    "SQL": r"(?i).*drop table.*",
    "path": r".*\.\./.*",
    "NUL": r".*\x00.*",
    "line break": r".*\r\n.*",
    "tab": r".*\t.*",
    "escape sequence": r".*\x1b\[.*",
    "scientific, complete": r"\d\.\d{9,}E\d+",
    "scientific, digits lost": r"\d\.\d{5,6}E\+\d+",
    "float text": r"\d{10,}\.0",
    "several with a separator": r"\D*\+[\d ]+( / |; |, | or |\n)\D*\+[\d ]+",
    "one number with a slash": r"\d+/\d+",
    "run together": r"\d{14,17}",
    "extension": r".*(x| ext\. | доб\. |;ext=)\d+",
    "trunk zero in brackets": r"\+\d+ \(0\)\d+",
    "Arabic-Indic": r"\+[\u0660-\u0669 -]+",
    "Devanagari": r"\+[\u0966-\u096f -]+",
    "Bengali": r"\+[\u09e6-\u09ef -]+",
    "full width": r"\+[\uff10-\uff19 -]+",
    "direction mark": r"\u200e.*\u202c",
    "override": r"\u202e.*",
    "no-break space": r"\+\d+\xa0\d.*",
    "non-breaking hyphen": r"\+\d+\u2011\d.*",
    "zero width": r"\+\d+\u200b\d+",
    "byte order mark": r"\ufeff.+",
    "apostrophe": r"'[+0].*",
    "00 prefix": r"00[1-9]\d+",
    "011 prefix": r"0111\d{10}",
    "no plus": r"[1-9]\d{10,12}",
    "emergency": r"112|999|911",
    "handset code": r"\*#06#",
    "premium": r"\+44 90.*|\+979.*",
    "satellite": r"\+870.*",
    "personal": r"\+878.*",
    "shared": r"\+800.*",
    "unassigned": r"\+999.*",
    "drama": r"07700 900\d{3}",
    "too short": r"\+31 6 \d\d",
    "date": r"\d{4}-\d\d-\d\d",
    "IP address": r"\d+\.\d+\.\d+\.\d{1,3}",
    "old Mexican": r"\+52 1 .*",
    "old Brazilian": r"\+55 11 \d{4} \d{4}",
    "old Ivorian": r"\+225( \d\d){4}",
    "10 kB": r".{10000,99999}",
    "1 MB": r".{1000000}",
}


@pytest.mark.parametrize("row", MENU)
def test_every_kind_of_mess_occurs(row: str, cells: list[tuple[str, str | None, str | None]]) -> None:
    """Each kind of cell that the input menu names is in the warehouse."""
    shape = re.compile(MENU[row], re.DOTALL)
    assert any(text is not None and shape.fullmatch(text) for _, _, text in cells)


def test_card_numbers_are_luhn_valid(cells: list[tuple[str, str | None, str | None]]) -> None:
    """There are cells of sixteen digits that pass the Luhn check, as payment cards do."""
    bare = {re.sub(r"[ -]", "", text) for _, _, text in cells if text and len(text) < 20}
    cards = [text for text in bare if re.fullmatch(r"[45]\d{15}", text)]
    doubled = ([int(d) * (2 - i % 2) for i, d in enumerate(card)] for card in cards)
    assert any(sum(n - 9 * (n > 9) for n in digits) % 10 == 0 for digits in doubled)


def test_integers_and_floats_hold_numbers() -> None:
    """Integers and nearly all floats are whole and below 2^53; some are national numbers that lost their zero."""
    made = tables(ROWS)
    integers = made["leads"]["phone_number"].drop_nulls().to_list()
    floats = made["contacts"]["phone"].drop_nulls().to_list()
    whole = [value for value in floats if math.isfinite(value) and value.is_integer() and 0 < value < 2**53]
    assert len(integers) > ROWS * 0.1
    assert len(whole) > len(floats) * 0.9
    assert any(not math.isfinite(value) for value in floats)
    for region, values in (("NL", integers), ("GB", [int(value) for value in whole])):
        national = [phonenumbers.parse(str(value), region) for value in values if len(str(value)) in (9, 10)]
        assert sum(phonenumbers.is_valid_number_for_region(number, region) for number in national) > 20


def test_countries_are_as_a_crm_has_them() -> None:
    """The country is an ISO code in capitals, some in lower case and some missing; a few customers are deleted."""
    customers = tables(ROWS)["customers"]
    given = customers["country"].drop_nulls()
    assert set(given.str.to_uppercase()) <= set(WEIGHTS)
    assert 0 < given.str.contains("^[a-z]{2}$").mean() < 0.1
    assert 0 < customers["country"].null_count() < ROWS * 0.1
    assert 0.01 < customers["deleted_at"].is_not_null().mean() < 0.06
    assert customers.filter(pl.col("deleted_at") < pl.col("created_at")).is_empty()


def test_the_config_reads_the_warehouse(folder: Path) -> None:
    """Every relation, key, column and condition of the configuration exists, with the column types it speaks of."""
    config = yaml.safe_load((folder / "ringfence.yaml").read_text())
    types = {}
    for name, source in config["sources"].items():
        scheme, path = source["warehouse"].split(":///")
        columns = source["key"] + source["phones"] + [c for k, c in source["region"].items() if k == "column"]
        with duckdb.connect(folder / path if scheme == "duckdb" else ":memory:") as warehouse:
            relation = f"crm.{source['relation']}" if scheme == "duckdb" else f"read_parquet('{folder / path}')"
            rows = warehouse.sql(f"select {', '.join(columns)} from {relation} where {source.get('where', 'true')}")
            types |= {f"{name}.{column}": str(kind) for column, kind in zip(rows.columns, rows.types, strict=True)}
            assert rows.limit(1).fetchall()
    assert types["leads.phones"] == "VARCHAR[]"
    assert types["leads.phone_number"] == "BIGINT"
    assert types["contacts.phone"] == "DOUBLE"


@given(port=st.integers(1, 65000), home=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_the_config_keeps_what_it_is_given(port: int, home: str) -> None:
    """Ports and home arrive in the YAML as they were given, and every provider is on loopback."""
    ports = {name: port + place for place, name in enumerate(PORTS)}
    config = yaml.safe_load(config_text(ports, home))
    assert config["home"] == home
    for name, section in config["providers"].items():
        assert section["base_url"] == f"http://127.0.0.1:{ports[name]}"
