"""The index of a store: damaged or lost in any way, it is named and rebuilt from the shards."""

import contextlib
import random
import shutil
import sqlite3

import processes
import pytest
import studies

from qsense.errors import StoreError
from qsense.store import Store
from qsense.store.verification import verify


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "store"
    return path, studies.filled(path, studies.study(sweep={"seed": {"from": 1, "to": 4}}))


@pytest.fixture
def filled(original, tmp_path):
    shutil.copytree(original[0], tmp_path / "store")
    return tmp_path / "store", original[1]


def garbage(path):
    path.write_bytes(random.Random(1).randbytes(5000))


def strange_rows(path):
    index = sqlite3.connect(path)
    index.execute("UPDATE shard SET digest = '../../../' || digest WHERE number = 1")
    index.commit()
    index.close()


def lost_rows(path):
    index = sqlite3.connect(path)
    index.execute("DELETE FROM trial WHERE shard = 3")
    index.commit()
    index.close()


def another_database(path):
    path.unlink()
    index = sqlite3.connect(path)
    index.execute("CREATE TABLE shard (x)")
    index.commit()
    index.close()


def hole(path):
    content = bytearray(path.read_bytes())
    content[4096:4200] = b"\xff" * 104
    path.write_bytes(content)


INDEX = {
    "garbage": garbage,
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "a hole": hole,
    "strange rows": strange_rows,
    "lost rows": lost_rows,
    "another database": another_database,
}


@pytest.mark.parametrize("kind", INDEX)
def test_a_damaged_index_is_named_and_made_again_from_the_shards(filled, kind):
    path, entry = filled
    before = studies.tables(path, entry)
    INDEX[kind](path / "index.sqlite")
    health = verify(path)
    assert health.wrong
    assert all("index.sqlite" in line and "\n" not in line for line in health.wrong)
    if kind == "strange rows":  # a name is a path, and must not lead elsewhere
        assert "an invalid row" in health.wrong[0]
    if kind != "lost rows":
        with pytest.raises(StoreError, match=r"verify --repair|run the sweep again"):
            studies.tables(path, entry)
    assert verify(path, repair=True).trials == 8
    assert verify(path).wrong == ()
    assert studies.tables(path, entry) == before


@pytest.mark.parametrize("kind", ["garbage", "a hole", "another database", "newer"])
def test_a_refused_index_leaves_no_connection_open(filled, monkeypatch, kind):
    path, _ = filled
    if kind == "newer":
        index = sqlite3.connect(path / "index.sqlite")
        index.execute("PRAGMA user_version = 7")
        index.close()
    else:
        INDEX[kind](path / "index.sqlite")
    opened, connect = [], sqlite3.connect

    def tracked(*arguments, **options):
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", tracked)
    for read_only in (False, True):
        with contextlib.suppress(StoreError):
            Store(path, read_only=read_only).close()
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.total_changes  # noqa: B018


@pytest.mark.parametrize("error", [sqlite3.DatabaseError, sqlite3.OperationalError])
def test_what_sqlite_says_in_two_lines_is_said_in_one(filled, monkeypatch, error):
    class Broken:
        def execute(self, *_):
            raise error("two\r\nlines")

        def close(self):
            pass

    with Store(filled[0], read_only=True) as store, monkeypatch.context() as patch:
        patch.setattr(store.index, "_connection", Broken())
        with pytest.raises(StoreError, match="two lines") as caught:
            store.index.digests()
        assert store.index.problem() == "two lines"
    assert "\n" not in str(caught.value)


def test_a_log_left_by_a_killed_writer_is_read(filled):
    path, entry = filled
    words = "import os, sys, studies; s = studies.Store(sys.argv[1]); s.put([studies.result(1)], {}); os._exit(0)"
    assert processes.run_python(words, path).returncode == 0
    assert (path / "index.sqlite-wal").stat().st_size > 0
    assert verify(path) == verify(path)
    assert verify(path).trials == 9
    (path / "index.sqlite-wal").write_bytes(b"\x00" * 100)  # and a damaged one costs nothing: shards say what they hold
    with Store(path) as store:
        assert len(store.stored_keys(entry.keys)) == 8
    assert verify(path).wrong == ()
