"""Publishing the served file: by one rename, from what changed, with every reader and every crash accounted for."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.config import environment
from ringfence.errors import LakeError
from ringfence.lake import views
from ringfence.lake.tables import Lake, frame_of
from ringfence.lake.views import checks
from ringfence.lookups.serve import serve, serve_previous
from ringfence.money.ledger import create, open_ledger
from tests.sizes import share

CONFIG = """
home: HOME
mode: simulate
sources:
  crm:
    {warehouse: "duckdb:///crm.duckdb", relation: people, key: [id], phones: [phone], want: {validity: monthly}}
"""
START = datetime(2026, 11, 1, tzinfo=UTC)
BUCKETS = 3


class Home:
    """A home with a ledger, a lake and a source of one row."""

    def __init__(self, folder: Path, home: str = "home") -> None:
        self.folder = folder
        with duckdb.connect(str(folder / "crm.duckdb")) as connection:
            connection.execute("CREATE TABLE people AS SELECT 1 AS id, 'one' AS phone")
        (folder / "ringfence.yaml").write_text(CONFIG.replace("HOME", f'"{home}"'))
        self.setup = environment.load(folder / "ringfence.yaml")
        self.ledger = create(self.setup.home, mode="simulate", buckets=BUCKETS)
        self.lake = Lake(self.setup.home, self.ledger.ledger_id)
        self.published = self.setup.home / "ringfence.duckdb"
        self.seq = 0

    def serve(self) -> Path:
        """Publish what the lake and the source hold now."""
        return serve(self.setup, self.ledger, self.lake)

    def facts(self, bucket: int, validity: str, numbers: int = 2) -> None:
        """Overwrite a partition of phone_facts."""
        rows = [
            {
                "phone_e164": f"+4915550{bucket:02d}{place:04d}",
                "bucket": bucket,
                "country": "DE",
                "validity": validity,
                "validity_observed_at": START,
            }
            for place in range(numbers)
        ]
        self.lake.overwrite("phone_facts", frame_of("phone_facts", rows), [bucket])

    def cells(self, source: str, values: list[str]) -> None:
        """Overwrite a partition of phone_map."""
        rows = [
            {"source": source, "phone_column": "phone", "raw_value": value, "position": 0, "parse_status": "rejected"}
            for value in values
        ]
        self.lake.overwrite("phone_map", frame_of("phone_map", rows), [source])

    def answers(self, buckets: list[int]) -> None:
        """Append lookups, one a bucket."""
        self.seq += 1
        rows = [
            {"lookup_id": f"{self.seq}:{place}", "phone_e164": f"+4915550{bucket:02d}0000", "bucket": bucket}
            | {"observed_at": START + timedelta(days=self.seq), "validity": "valid", "outcome": "complete"}
            for place, bucket in enumerate(buckets)
        ]
        self.lake.append_settled(frame_of("lookups", rows), self.seq)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home in which something was served already."""
    made = Home(tmp_path)
    for bucket in range(BUCKETS):
        made.facts(bucket, "valid")
    made.serve()
    return made


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A served file as a tool opens it, whatever else this process had open."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS file (READ_ONLY)")
        connection.execute("USE file")
        yield connection


def ask(path: Path, query: str) -> list[Any]:
    """Rows of a served file."""
    with opened(path) as connection:
        return connection.execute(query).fetchall()


def everything(path: Path) -> dict[str, list[Any]]:
    """All rows of all relations, but the one that says when it was served."""
    with opened(path) as connection:
        names = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal "
            "UNION ALL SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        return {
            name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for (name,) in names
            if name != "base.served"
        }


def archived(home: Home) -> list[str]:
    """The names of the kept files."""
    return sorted(path.name for path in (home.setup.home / "served").iterdir())


CHANGES = st.one_of(
    st.tuples(st.just("facts"), st.integers(0, BUCKETS - 1), st.sampled_from(["valid", "invalid"]), st.integers(0, 3)),
    st.tuples(st.just("cells"), st.sampled_from(["crm", "shop"]), st.lists(st.sampled_from(["one", "x"]), unique=True)),
    st.tuples(st.just("answers"), st.lists(st.integers(0, BUCKETS - 1), max_size=4)),
)


@settings(max_examples=share(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rounds=st.lists(st.lists(CHANGES, max_size=4), min_size=1, max_size=3))
def test_incremental_equals_full(tmp_path_factory: pytest.TempPathFactory, rounds: list[list[Any]]) -> None:
    """After any sequence of lake changes the file that was brought up to date equals one that is built anew."""
    home = Home(tmp_path_factory.mktemp("home"))
    for changes in rounds:
        for name, *values in changes:
            getattr(home, name)(*values)
        home.serve()
    incremental = everything(home.published)
    shutil.rmtree(home.setup.home / "served")
    home.published.unlink()
    assert incremental == everything(home.serve())


def test_an_unchanged_partition_is_not_read_again(home: Home) -> None:
    """Serving reads only files of partitions that changed: the others may even be out of reach."""
    for path in home.lake.files("phone_facts")["1"]:
        Path(path).unlink()
    home.facts(2, "invalid")
    rows = ask(home.serve(), "SELECT validity, count(*) FROM phone_numbers GROUP BY ALL ORDER BY ALL")
    assert rows == [("invalid", 2), ("valid", 4)]


def test_an_append_reads_only_what_was_appended(home: Home) -> None:
    """A partition that only gained files keeps its rows: the older files are not read."""
    home.answers([0, 0])
    home.serve()
    for path in home.lake.files("lookups")["0"]:
        Path(path).unlink()
    home.answers([0])
    assert ask(home.serve(), "SELECT lookup_id FROM lookups ORDER BY 1") == [("1:0",), ("1:1",), ("2:0",)]


def test_nothing_new_publishes_nothing(home: Home) -> None:
    """Serving twice leaves the file as it is; a changed row of a source makes a new one."""
    before = home.published.stat()
    home.serve()
    assert home.published.stat().st_ino == before.st_ino
    with duckdb.connect(str(home.folder / "crm.duckdb")) as connection:
        connection.execute("UPDATE people SET phone = 'two'")
    assert ask(home.serve(), "SELECT raw_value FROM enriched_crm") == [("two",)]
    assert home.published.stat().st_ino != before.st_ino


def test_three_files_are_kept_and_one_can_go_back(home: Home) -> None:
    """The last three stay; going back publishes the one before, until none is left; serving goes forward again."""
    for validity in ("invalid", "likely_valid", "likely_invalid"):
        home.facts(0, validity, 1)
        home.serve()
    assert archived(home) == ["ringfence-2.duckdb", "ringfence-3.duckdb", "ringfence-4.duckdb"]
    shown = "SELECT validity FROM phone_numbers WHERE starts_with(phone_e164, '+491555000')"
    assert ask(serve_previous(home.setup.home), shown) == [("likely_valid",)]
    assert ask(serve_previous(home.setup.home), shown) == [("invalid",)]
    with pytest.raises(LakeError, match="no earlier served file"):
        serve_previous(home.setup.home)
    assert ask(home.published, shown) == [("invalid",)]
    assert ask(home.serve(), shown) == [("likely_invalid",)]


def write_text(path: Path) -> None:
    """Not a database."""
    path.write_text("not a database")


def write_foreign(path: Path) -> None:
    """A database of somebody else."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS one")


def change(statement: str) -> Callable[[Path], None]:
    """A served file with something changed in it."""

    def apply(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)

    return apply


@pytest.mark.parametrize(
    "spoil",
    [
        write_text,
        write_foreign,
        change("UPDATE base.served SET ledger_id = 'another'"),
        change("ALTER TABLE base.phone_facts DROP COLUMN country"),
        change("ALTER TABLE base.lookups ALTER cost_net TYPE DOUBLE"),
        change("DROP TABLE base.served"),
        change("DROP TABLE base.parts"),
    ],
    ids=["text", "foreign", "another ledger", "older layout", "other types", "no owner", "no parts"],
)
def test_what_cannot_be_continued_is_built_anew(home: Home, spoil: Callable[[Path], None]) -> None:
    """A last file of another kind, ledger or layout is replaced by a full build, never continued."""
    copy = home.folder / "spoilt.duckdb"
    shutil.copyfile(home.published, copy)
    if spoil in (write_text, write_foreign):
        copy.unlink()
    spoil(copy)
    home.published.unlink()
    copy.rename(home.published)
    home.facts(0, "invalid")
    served = everything(home.serve())
    home.published.unlink()
    assert served == everything(home.serve())


READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for _ in sys.stdin:
        rows = connection.execute("SELECT count(*) FROM phone_numbers WHERE validity = 'valid'").fetchall()
        print(rows[0][0], flush=True)
"""


def test_a_reader_is_never_blocked_and_never_blocks(home: Home) -> None:
    """Who has the old file open reads it on while new ones are published; who opens it then reads the newest."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.published)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin
        assert reader.stdout

        def counted() -> str:
            print(file=reader.stdin, flush=True)
            return reader.stdout.readline().strip()

        assert counted() == "6"
        for _ in range(4):
            home.facts(0, "invalid", _ + 1)
            home.serve()
            assert counted() == "6"
        reader.stdin.close()
    assert ask(home.published, "SELECT count(*) FROM phone_numbers WHERE validity = 'valid'") == [(4,)]


def test_the_published_file_refuses_writers(home: Home) -> None:
    """Nobody may write the published file, because a kept copy is the same file."""
    assert home.published.stat().st_mode & 0o222 == 0


def test_whole_numbers_are_for_the_owner_alone(home: Home) -> None:
    """Lake, served files and ledger are of one mode: what a umask of 022 leaves open to others is shut."""
    folder = home.setup.home
    for path in (folder, folder / "lake", folder / "served", folder / "ledger.sqlite", home.published):
        assert path.stat().st_mode & 0o077 == 0, path


CRASH = """
import sys, time
from pathlib import Path
import ringfence.lake.{module} as module
from ringfence.config import environment
from ringfence.lake.tables import Lake
from ringfence.lookups.serve import serve
from ringfence.money.ledger import open_ledger

def stop(*_):
    print("here", flush=True)
    time.sleep(60)

module.{name} = stop
setup = environment.load(Path(sys.argv[1]))
ledger = open_ledger(setup.home)
serve(setup, ledger, Lake(setup.home, ledger.ledger_id))
"""


@pytest.mark.parametrize(
    ("module", "name"), [("base", "refresh"), ("served", "create"), ("served", "_point")], ids=["load", "build", "link"]
)
def test_kill_9_leaves_the_old_file(home: Home, module: str, name: str) -> None:
    """Killed while it loads, builds or publishes, the old file is whole, and the next serve leaves no trace of it."""
    before = everything(home.published)
    home.facts(0, "invalid")
    script = CRASH.format(module=module, name=name)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.setup.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        os.kill(process.pid, signal.SIGKILL)
    assert everything(home.published) == before
    assert (home.setup.home / "served" / "building").exists()
    rows = ask(home.serve(), "SELECT validity, count(*) FROM phone_numbers GROUP BY ALL ORDER BY ALL")
    assert rows == [("invalid", 2), ("valid", 4)]
    assert all(each.startswith("ringfence-") for each in archived(home))


def test_a_view_that_does_not_work_publishes_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken SQL file is named in one sentence, with numbers masked, and what was published stays."""
    before = everything(home.published)
    copy = tmp_path / "sql"
    shutil.copytree(views.sql_folder(), copy)
    (copy / "views" / "mine.sql").write_text("-- One row.\nselect cast('+4915550123456x' as integer) as n, nothing")
    monkeypatch.setattr(views, "sql_folder", lambda: copy)
    with pytest.raises(LakeError, match=r"sql/views/mine\.sql does not work") as error:
        home.serve()
    assert "5550123" not in str(error.value)
    assert everything(home.published) == before


def test_a_new_view_is_one_file(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file put into sql/views is served under its name with its first line as comment, and may read other views."""
    copy = tmp_path / "sql"
    shutil.copytree(views.sql_folder(), copy)
    (copy / "views" / "a_count.sql").write_text("-- One row: how many.\nselect count(*) as n from zz_valid")
    (copy / "views" / "zz_valid.sql").write_text("-- One row per valid E.164.\nfrom phone_numbers where is_valid")
    monkeypatch.setattr(views, "sql_folder", lambda: copy)
    assert ask(home.serve(), "FROM a_count") == [(6,)]
    assert ask(home.published, "SELECT comment FROM duckdb_views() WHERE view_name = 'a_count'") == [
        ("One row: how many.",)
    ]


def test_without_a_checkout_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed as a wheel there is no sql folder, and the error says that a checkout is needed."""
    monkeypatch.setattr(views, "__file__", str(tmp_path / "ringfence" / "lake" / "views.py"))
    with pytest.raises(LakeError, match="checkout"):
        views.views()


def test_checks_need_a_served_file(tmp_path: Path) -> None:
    """Checking a file that is not there, or is not a served one, is a mistake with a sentence."""
    with pytest.raises(LakeError, match="ringfence serve"):
        checks(tmp_path / "ringfence.duckdb")
    write_foreign(tmp_path / "ringfence.duckdb")
    with pytest.raises(LakeError, match="cannot be checked"):
        checks(tmp_path / "ringfence.duckdb")


@pytest.mark.parametrize("name", ["it's my home", "a{b,c}", "bucket=7", "d#e", "ü語"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Quotes, braces, blanks and equal signs in the path of home are part of a path: no SQL, pattern or column."""
    home = Home(tmp_path, name)
    home.facts(0, "valid")
    home.answers([0])
    home.cells("crm", ["one"])
    assert ask(home.serve(), "SELECT count(*) FROM phone_numbers") == [(2,)]
    assert ask(home.published, "SELECT parse_status FROM enriched_crm") == [("rejected",)]
    assert [check.name for check in checks(home.published) if check.name == "lookups_once" and check.rows] == []


def test_tools_of_duckdb_1_5_can_open_it(home: Home) -> None:
    """The file is of the storage format that DuckDB 1.5 reads."""
    rows = ask(home.published, "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'file'")
    assert rows[0][0].startswith("v1.5")


def test_another_ledgers_lake_is_refused(home: Home, tmp_path: Path) -> None:
    """A lake that was written from another ledger is not served."""
    stranger = open_ledger(home.setup.home)
    with pytest.raises(LakeError, match="another home"):
        serve(home.setup, stranger, Lake(home.setup.home, "another"))
