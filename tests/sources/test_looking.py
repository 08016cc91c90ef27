"""Looking at a warehouse: what is found in it, what is left out and why, and that the written configuration loads."""

import string
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.config import file
from ringfence.config.written import Written, WrittenSource, config_text
from ringfence.errors import SourceError
from ringfence.quoting import quoted
from ringfence.sources.looking import sampling
from ringfence.sources.looking.hints import says, source_name
from ringfence.sources.looking.look import look
from ringfence.sources.looking.proposing import Proposal
from ringfence.sources.looking.warehouse import warehouse

HOSTILE = [
    'x": {evil: "1"}',
    "two\nlines",
    "NO",
    "# no comment",
    "a: b",
    "'; DROP TABLE t; --",
    "\u202e\u05d8\u05dc\u05e4\u05d5\u05df",
    "📞",
    "\\",
]
EXPLICIT = [f"+3161234{n:04d}" for n in range(1000, 1040)]
NATIONAL = [f"06 1234 {n:04d}" for n in range(1000, 1040)]
AMERICAN = [f"({code}) 555-{n}" for n in range(1000, 1010) for code in (212, 310, 415, 702)]
MIXED = [f"0151 1234 {n}" for n in range(1000, 1060)] + [f"07400 12{n}" for n in range(3000, 3030)]
NOTHING = (None, None, False)


def database(folder: Path, *statements: str, name: str = "crm") -> Path:
    """A DuckDB file made by these statements."""
    path = folder / f"{name}.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def table(folder: Path, name: str, columns: dict[str, Sequence[object]], kinds: str = "") -> Path:
    """A DuckDB file with one table of these columns; the types are VARCHAR unless they are told."""
    path = folder / "crm.duckdb"
    named = kinds or ", ".join(f"{quoted(column)} VARCHAR" for column in columns)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE {name} ({named})")
        rows = list(zip(*columns.values(), strict=True))
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
    return path


def looked(path: Path | str, country: str | None = None) -> Proposal:
    """What is found in a warehouse beside the configuration."""
    folder = Path(path).parent
    return look(warehouse(str(path), folder, folder), country=country, tell=lambda _: None)


def why(found: Proposal, column: str) -> str:
    """Why a column was kept or left out."""
    return next(each.judged.why for each in found.findings if each.judged.column == column)


def test_every_relation_of_every_schema_is_looked_at(tmp_path: Path) -> None:
    """A table in a schema, its key, its country column and a list are found; ids, zips and prices are not phones."""
    rows = ", ".join(f"({n}, '+3161234{n}', ['06 1234 {n}'], 'NL', '10{n}', {n}.50)" for n in range(1000, 1100))
    path = database(
        tmp_path,
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.customers (customer_id BIGINT, phone VARCHAR, others VARCHAR[], land VARCHAR, zip VARCHAR, "
        "price DECIMAL(10, 2))",
        f"INSERT INTO crm.customers VALUES {rows}",
        "CREATE TABLE orders AS SELECT i AS order_id, 20000000 + i AS invoice FROM range(500) r(i)",
        name="shop",
    )
    found = looked(path)
    (source,) = found.sources
    assert (source.name, source.warehouse, source.relation) == ("customers", "duckdb:///shop.duckdb", "crm.customers")
    assert (source.key, source.phones, source.region_column) == (("customer_id",), ("phone", "others"), "land")
    assert (found.relations, found.numbers) == (2, 200)


def test_a_declared_key_is_taken_before_any_other(tmp_path: Path) -> None:
    """The primary key, of two columns too, stands before a column that happens to be unique."""
    path = database(
        tmp_path,
        "CREATE TABLE t (id INTEGER, a INTEGER, b INTEGER, phone VARCHAR, PRIMARY KEY (a, b))",
        f"INSERT INTO t SELECT i, i // 2, i % 2, '+3161234' || (1000 + i) FROM range({len(EXPLICIT)}) r(i)",
    )
    assert looked(path).sources[0].key == ("a", "b")


def test_without_a_unique_column_the_numbers_are_their_own_key(tmp_path: Path) -> None:
    """And the file says so, and offers a column for it."""
    path = table(tmp_path, "t", {"phone": EXPLICIT * 2, "city_id": ["1"] * 80})
    (source,) = looked(path).sources
    assert (source.key, "cannot be told apart; name some, such as key: [city_id]" in source.key_note) == (
        ("phone",),
        True,
    )


@pytest.mark.parametrize(
    ("cells", "country", "region", "sure", "bare"),
    [
        (NATIONAL + EXPLICIT, None, "NL", True, False),
        (NATIONAL + MIXED, "DE", "DE", False, False),
        (NATIONAL + MIXED + EXPLICIT[:6] + [f"+491511234{n}" for n in range(1000, 1030)], "DE", "DE", False, False),
        (NATIONAL, "NL", "NL", False, False),
        (NATIONAL, "US", None, False, False),
        (NATIONAL, None, None, False, False),
        (AMERICAN, None, "US", False, False),
        (AMERICAN + ["+12125551000"] * 5, "CA", "US", True, False),
        ([f"3161234{n}" for n in range(1000, 1040)], None, "NL", True, False),
        ([f"3161234{n}" for n in range(1000, 1020)] + [f"491511234{n}" for n in range(1000, 1020)], *NOTHING, True),
        (EXPLICIT, "NL", None, False, False),
    ],
    ids=[
        "by others",
        "not of several countries whose numbers one plan takes",
        "nor where most that name a country are of it",
        "not by the machine alone",
        "not by a country whose plan does not fit",
        "not at all",
        "not by the plan alone",
        "by others in place of the machine",
        "by the country code",
        "several without +",
        "not needed",
    ],
)
def test_a_region_is_chosen_only_by_evidence(
    cells: list[str],
    country: str | None,
    region: str | None,
    sure: bool,  # noqa: FBT001
    bare: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """Digits that fit the plans of several countries are never read in one: a guess is only a comment in the file."""
    found = looked(table(tmp_path, "t", {"phone": cells, "id": [str(n) for n in range(len(cells))]}), country)
    (source,) = found.sources
    assert (source.phones, source.default_region, found.bare_international) == (("phone",), region, bare)
    assert source.needs_region is not (sure or bare or cells == EXPLICIT)
    written = Written(sources=found.sources, live=True, timezone="UTC", count=1)
    (tmp_path / "ringfence.yaml").write_text(config_text(written), encoding="utf-8")
    config = file.load(tmp_path / "ringfence.yaml")
    assert config.sources["t"].region.default == (region if sure else None)


def test_digits_are_phones_only_where_something_says_so(tmp_path: Path) -> None:
    """Ids, epochs, IBANs, fax lines and digits of unknown meaning are left out, with the reason."""
    count = len(EXPLICIT)
    columns = {
        "phone": EXPLICIT,
        "order_number": [str(612345678 + n) for n in range(count)],
        "created_epoch": [str(1700000000 + n * 86_400) for n in range(count)],
        "account_iban": [f"NL91ABNA04171{n:05d}" for n in range(count)],
        "fax": EXPLICIT,
        "x": [str(612345678 + n) for n in range(count)],
        "phone_model": ["iPhone 12", "Pixel 8"] * (count // 2),
        "mobile_old": [None] * count,
        "kontakt": [f"020-123 {n:04d}" for n in range(count)],
    }
    found = looked(table(tmp_path, "t", columns))
    assert found.sources[0].phones == ("phone", "kontakt")
    assert "fax line" in why(found, "fax")
    assert why(found, "x") == "digits that some country's plan would take, or anything"
    assert "0% of its cells" in why(found, "phone_model")
    assert "no sampled cell is filled" in why(found, "mobile_old")


def test_what_a_region_would_not_make_readable_is_left_out(tmp_path: Path) -> None:
    """A column named like a phone is judged by its own cells, and what waits for a region says so in the file."""
    columns = {
        "phone": NATIONAL,
        "tel_double": [f"{n}.0" for n in range(len(NATIONAL))],
        "tel_digits": [f"6{n}.0" if n else "+31612341000" for n in range(len(NATIONAL))],
    }
    found = looked(table(tmp_path, "t", columns))
    (source,) = found.sources
    assert source.phones == ("phone",)
    assert source.phones_note == "few cells are read before a region is set: phone"
    assert "of its cells read as numbers" in why(found, "tel_digits")


def test_a_state_or_a_language_is_no_country(tmp_path: Path) -> None:
    """Two letters are a region only where their column says so, or holds nothing else."""
    states = ["CA", "DE", "IL", "NE", "PA", "TN", "GA", "AL"] * 5
    cells = [f"(212) 555-{n}" for n in range(1000, 1040)]
    path = table(tmp_path, "t", {"phone": cells, "state": states, "lang": ["nl", "de", "fr", "it"] * 10})
    assert looked(path).sources[0].region_column is None


def test_a_country_in_words_is_told_of(tmp_path: Path) -> None:
    """A column named country that holds no codes cannot be used, and the note says what to do."""
    path = table(tmp_path, "t", {"phone": NATIONAL, "country": ["Netherlands"] * len(NATIONAL)})
    assert "'country' does not hold codes such as NL" in looked(path).sources[0].region_note


def test_a_view_of_the_same_columns_is_left_out(tmp_path: Path) -> None:
    """A view that narrows a table is named in the report; one with columns of its own becomes a source."""
    path = database(
        tmp_path,
        "CREATE TABLE t AS SELECT i AS id, '+3161234' || (1000 + i) AS phone FROM range(40) r(i)",
        "CREATE VIEW narrow AS SELECT * FROM t WHERE id < 30",
        "CREATE VIEW other AS SELECT id, phone AS mobile FROM t",
        "CREATE VIEW broken AS SELECT * FROM t",
        "CREATE TABLE gone AS SELECT 1 AS a",
        "CREATE OR REPLACE VIEW broken AS SELECT a FROM gone",
        "DROP TABLE gone",
    )
    found = looked(path)
    assert [source.relation for source in found.sources] == ["other", "t"]
    told = {each.relation: each.judged.why for each in found.findings if not each.judged.column}
    assert "a view with columns of a table that is read" in told["main.narrow"]
    assert "repair the view" in told["main.broken"]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_become_a_configuration_that_reads_them(name: str, tmp_path: Path) -> None:
    """Schema, table and columns called anything stand in the file as they are, and no line of it breaks."""
    q = quoted(name)
    path = database(
        tmp_path,
        f"CREATE SCHEMA {q}",
        f"CREATE TABLE {q}.{q} ({quoted(f'tel {name}')} VARCHAR, {q} INTEGER UNIQUE)",
        f"INSERT INTO {q}.{q} SELECT '+3161234' || (1000 + i), i FROM range(40) r(i)",
    )
    found = looked(path)
    config = tmp_path / "ringfence.yaml"
    config.write_text(
        config_text(Written(sources=found.sources, live=False, timezone="UTC", count=found.numbers)), encoding="utf-8"
    )
    (source,) = file.load(config).sources.values()
    assert (source.key, source.phones) == ([name], [f"tel {name}"])
    assert source.relation in (f"{q}.{q}", f"{name}.{name}")


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
words = st.one_of(text, st.sampled_from([*HOSTILE, "yes", "null", "~", "1.5", "0x1F", "2026-01-01", "- a", "{", "&a"]))


@given(words, words, st.lists(words, min_size=1, max_size=4, unique=True), words, st.booleans(), words)
@settings(deadline=None)
def test_what_is_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    address: str,
    relation: str,
    names: list[str],
    region: str,
    live: bool,  # noqa: FBT001
    note: str,
) -> None:
    """Whatever names and notes consist of, the file is valid and holds exactly them."""
    source = WrittenSource(
        name="crm",
        warehouse=address,
        relation=relation,
        key=names,
        phones=names[::-1],
        region_column=region,
        key_note=note,
        region_note=note,
    )
    written = Written(sources=[source], live=live, timezone="Europe/Amsterdam", count=7, bare_international=live)
    path = tmp_path_factory.getbasetemp() / "ringfence.yaml"
    path.write_text(config_text(written), encoding="utf-8", newline="")
    config = file.load(path)
    found = config.sources["crm"]
    assert (found.warehouse, found.relation, found.region.column) == (address, relation, region)
    assert (found.key, found.phones) == (names, names[::-1])
    assert (config.mode, config.numbers.bare_international) == ("live" if live else "simulate", live)
    assert (config.approval.unattended.amount, [each.window for each in config.budgets]) == (0, ["month"])


@given(st.lists(words, min_size=1, max_size=3), st.lists(words, max_size=3))
def test_any_name_becomes_a_source_of_its_own(parts: list[str], others: list[str]) -> None:
    """A source's name is allowed by the configuration and is not taken, whatever the relation is called."""
    taken: list[str] = []
    for wanted in ([each] for each in others):
        taken.append(source_name(wanted, taken))
    name = source_name(parts, taken)
    assert name not in taken
    assert set(name) <= set(string.ascii_lowercase + string.digits + "_")
    assert name[0].isalpha()
    assert len(name) <= 41


def test_names_in_many_languages_say_phone() -> None:
    """And a word for a phone beside one for a fax, an id or a country says that instead."""
    phones = [
        "Phone",
        "workPhone",
        "TEL_2",
        "telefoonnummer",
        "Мобильный телефон",
        "電話番号",
        "手机",
        "msisdn",
        "gsm nr",
    ]
    assert {says(name) for name in phones} == {"phone"}
    assert [says(name) for name in ("telefax", "phone_id", "phone_country_code", "name")] == [
        "fax",
        "other",
        "region",
        "",
    ]


def test_csv_and_parquet_are_looked_at_as_patterns(tmp_path: Path) -> None:
    """A glob becomes one source, named after its files or its folder; semicolons and lists are read."""
    (tmp_path / "lists").mkdir()
    for part in range(2):
        lines = [f"{part}{n};06 1234 {n};NL" for n in range(1000, 1020)]
        (tmp_path / "lists" / f"leads-{part}.csv").write_text("\n".join(["id;mobile;country", *lines, ""]))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT i AS id, ['+3161234' || (1000 + i)] AS phones, {{'phone': '1'}} AS contact "
            f"FROM range(40) r(i)) TO '{tmp_path}/a.parquet'"
        )
    (source,) = looked(tmp_path / "lists" / "*.csv").sources
    assert (source.name, source.warehouse, source.relation) == ("lists", "csv:///*.csv", None)
    assert (source.key, source.phones, source.region_column) == (("id",), ("mobile",), "country")
    found = looked(tmp_path / "a.parquet")
    assert (found.sources[0].phones, found.sources[0].key) == (("phones",), ("id",))
    assert "a STRUCT is not a cell" in why(found, "contact")


def test_an_address_stays_as_it_was_written(tmp_path: Path) -> None:
    """A path outside the configuration's folder becomes an absolute address, an address is relative to that folder."""
    outside = tmp_path / "elsewhere" / "crm.duckdb"
    assert warehouse(str(outside), tmp_path / "here", tmp_path).address == f"duckdb:///{outside}"
    assert warehouse("crm.duckdb", tmp_path, tmp_path / "in").address == "duckdb:///in/crm.duckdb"
    address = warehouse("duckdb:///a.duckdb", tmp_path, tmp_path / "in")
    assert (address.address, address.location) == ("duckdb:///a.duckdb", str(tmp_path / "a.duckdb"))


def _nothing(folder: Path) -> str:
    return str(database(folder, "CREATE TABLE orders AS SELECT i AS id, 'x' || i AS name FROM range(50) r(i)"))


def _empty(folder: Path) -> str:
    return str(database(folder, "CREATE TABLE t (id INTEGER, phone VARCHAR)"))


def _encrypted(folder: Path) -> str:
    with duckdb.connect() as connection:
        # What only that switch allows is writing; nothing secret is in the file.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute(f"ATTACH '{folder}/e.duckdb' AS e (ENCRYPTION_KEY 'abcabcabcabcabcabc')")
        connection.execute("CREATE TABLE e.t AS SELECT 1 AS a")
    return f"{folder}/e.duckdb"


def _damaged(folder: Path) -> str:
    path = database(folder, "CREATE TABLE t AS SELECT i AS id, '+3161234' || i AS phone FROM range(9000) r(i)")
    content = bytearray(path.read_bytes())
    content[8192:60_000] = b"x" * (60_000 - 8192)
    path.write_bytes(content)
    return str(path)


def _text(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return str(folder / name)


FAILURES = {
    "nothing in it": (_nothing, "no column with phone numbers was found"),
    "an empty table": (_empty, "named like a phone column, but no sampled cell is filled"),
    "encrypted": (_encrypted, "is encrypted; name a copy"),
    "damaged": (_damaged, "cannot be read"),
    "no database": (lambda folder: _text(folder, "a.duckdb", "hello" * 999), "cannot be read"),
    "no header": (
        lambda folder: _text(folder, "a.csv", "\n".join(f"{n},+3161234{n}" for n in range(1000, 1040))),
        "has no header",
    ),
    "no file": (lambda folder: f"{folder}/gone.duckdb", "there is no file"),
    "no match": (lambda folder: f"{folder}/gone/*.csv", "no file matches"),
    "a folder": (str, "is a folder; name the files in it"),
    "of unknown kind": (lambda folder: _text(folder, "a.xlsx", "x"), "cannot be told from its name"),
    "of another kind": (lambda _: "postgresql://me:secret@host/db", "an address that begins with duckdb:///"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_cannot_be_looked_at_is_one_sentence(name: str, tmp_path: Path) -> None:
    """Without a cell, a number or a password in it."""
    make, told = FAILURES[name]
    place = make(tmp_path)
    with pytest.raises(SourceError) as caught:
        look(warehouse(place, tmp_path, tmp_path), country=None, tell=lambda _: None)
    message = str(caught.value)
    assert told in message
    assert "\n" not in message
    assert "secret" not in message
    assert "61234" not in message


def test_a_relation_that_takes_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that would read for hours is interrupted, and the others are found."""
    monkeypatch.setattr(sampling, "PATIENCE", 0.3)
    path = database(
        tmp_path,
        "CREATE TABLE t AS SELECT i AS id, '+3161234' || (1000 + i) AS phone FROM range(40) r(i)",
        "CREATE VIEW slow AS SELECT max(a.range * b.range) AS phone2 FROM range(100_000_000) a, range(100_000) b "
        "WHERE a.range * 7 % 13 = b.range % 11",
    )
    found = looked(path)
    assert [source.relation for source in found.sources] == ["t"]
    assert "takes too long" in next(each.judged.why for each in found.findings if each.relation == "main.slow")


def test_a_wide_table_is_sampled_and_not_read(tmp_path: Path) -> None:
    """Two thousand columns, half of them digits, and cells of a megabyte: one phone column is found."""
    columns = ", ".join(f"{'i' if n % 2 else 'md5(i::VARCHAR)'} AS c{n}" for n in range(2000))
    path = database(
        tmp_path,
        f"CREATE TABLE t AS SELECT i AS id, '+3161234' || (1000 + i % 9000) AS phone, repeat('9', 100_000) AS wide, "
        f"{columns} FROM range(200) r(i)",
    )
    found = looked(path)
    assert (found.sources[0].phones, found.sources[0].key, found.columns) == (("phone",), ("id",), 2003)


def test_a_large_table_is_sampled_all_over(tmp_path: Path) -> None:
    """Numbers that stand only in the later rows of a table are found."""
    path = database(
        tmp_path,
        "CREATE TABLE t AS SELECT i AS id, CASE WHEN i > 200_000 THEN '+3161234' || (1000 + i % 9000) END AS phone "
        "FROM range(400_000) r(i)",
    )
    found = looked(path)
    assert found.sources[0].phones == ("phone",)
    assert 50_000 < (found.numbers or 0) < 350_000


def test_a_name_that_no_configuration_can_hold_is_left_out(tmp_path: Path) -> None:
    """DuckDB allows a NUL in a name; such a relation is told of, and the others are found."""
    path = database(
        tmp_path,
        "CREATE TABLE t AS SELECT i AS id, '+3161234' || (1000 + i) AS phone FROM range(40) r(i)",
        'CREATE TABLE u AS SELECT id, phone AS "tel\0" FROM t',
    )
    found = looked(path)
    assert [source.relation for source in found.sources] == ["t"]
    assert "hold a NUL" in next(each.judged.why for each in found.findings if each.relation == "main.u")
