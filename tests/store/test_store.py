"""The store: what is in it is found, whole, and once; what is not whole is named."""

import json
import os
import signal
import sqlite3
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import processes
import pytest
import studies
from cases import further
from studies import result

from qsense.errors import NewerStoreError, StoreError
from qsense.store import Store
from qsense.store.shard import deserialize, digest, serialize
from qsense.store.studies import StudyEntry, find_study
from qsense.store.verification import verify
from qsense.study.worker_pool import WorkerPool

pytestmark = pytest.mark.long

ONE = studies.study(sweep={"seed": {"from": 1, "to": 4}})


@pytest.fixture
def filled(tmp_path):
    path = tmp_path / "store"
    return path, studies.filled(path, ONE)


def shards(path):
    return sorted(path.glob("shards/*/*.zip"))


@contextmanager
def small_disk(folder, size):
    """A folder on a disk of its own; needs root."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def read_only(folder):
    """A folder that nobody can write, root neither; needs root."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("cannot mount a folder read-only here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_what_is_put_is_found_bit_for_bit(tmp_path):
    results = [result(k) for k in range(1200)]
    with Store(tmp_path) as store:
        for start in range(0, 1200, 300):
            store.put(results[start : start + 300], studies.PROVENANCE)
        keys = [one.key for one in results]
        assert store.stored_keys([*keys, "f" * 64]) == set(keys)
        assert sorted(store.results(keys)) == sorted(results)
        with pytest.raises(StoreError, match="1 of 2 trials are not in the store, such as ffffffffffff; run"):
            list(store.results([keys[0], "f" * 64]))


def test_a_shard_says_by_itself_what_it_holds(tmp_path):
    content = serialize([result(1), result(2)], {"python": "3"})
    provenance, results = deserialize(content, f"{digest(content)}.zip")
    assert results == [result(1), result(2)]
    assert provenance == {"python": "3", "schema": 1}
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["provenance.json", "entries.jsonl", "0.npz", "1.npz"]
    assert serialize([result(1), result(2)], {"python": "3"}) == content


def test_a_shard_whose_writer_was_killed_before_the_index_knew_is_taken_in(tmp_path):
    with Store(tmp_path) as store:
        store.put([result(1)], {})
        content = serialize([result(2), result(3)], {})
        store.write(store.shard_path(digest(content)), content)
    assert verify(tmp_path).wrong == ()
    with Store(tmp_path) as store:
        assert len(store.stored_keys([result(k).key for k in (1, 2, 3)])) == 3


@pytest.mark.parametrize("step", ["shard", "index"])
def test_a_writer_killed_at_a_step_of_storing_leaves_a_whole_store(tmp_path, step):
    script = f"""
import os, signal
from qsense.store import Store, index
import processes
import studies
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
store = Store({str(tmp_path)!r})
store.put([studies.result(1)], {{}})
if {step!r} == "shard":
    os.replace = die
else:
    index.Index.add = die
store.put([studies.result(2)], {{}})
"""
    done = processes.run_python(script)
    assert done.returncode == -signal.SIGKILL
    assert verify(tmp_path).wrong == ()
    with Store(tmp_path) as store:  # over the log that the killed writer left
        assert len(store.stored_keys([result(1).key, result(2).key])) == {"shard": 1, "index": 2}[step]


def test_a_full_disk_is_one_line_and_the_study_goes_on_when_there_is_room(tmp_path):
    one = studies.data({"shots": 3000}, sweep={"num_qubits": [10, 12], "seed": {"from": 1, "to": 16}})
    spec = studies.written(tmp_path / "study.toml", one)
    with small_disk(tmp_path / "disk", "400k") as disk:
        store = disk / "store"
        arguments = ("sweep", spec, "--store", store, "--out", tmp_path / "out", "--workers", 1)
        done = studies.command(*arguments)
        assert done.returncode == 2
        line, *more = done.stderr.splitlines()
        assert not more, done.stderr
        assert line.startswith("qsense: ")
        assert "full" in line or "No space left" in line
        assert "run the same command again" in line or "run the command again" in line
        health = verify(store)
        assert health.wrong == ()
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        again = studies.command(*arguments, "--json")
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["present"] >= health.trials
        assert json.loads(again.stdout)["trials"] == 64


def test_a_full_disk_while_tidying_loses_nothing(tmp_path, monkeypatch, filled):
    from qsense.files import atomic
    from qsense.store.tidying import tidy

    path, entry = filled
    before = studies.tables(path, entry)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", full)
        with pytest.raises(StoreError, match="cannot be written: No space left on device; what is stored stays"):
            tidy(path)
    assert studies.tables(path, entry) == before
    assert verify(path).wrong == ()


@pytest.mark.parametrize("with_log", [further(False), True])
def test_a_store_that_cannot_be_written_can_be_read(tmp_path, filled, with_log):
    path, entry = filled
    if with_log:  # of a writer that was killed
        words = (
            "import os, sys, studies; s = studies.Store(sys.argv[1]); s.put([studies.measured(77)], {}); os._exit(0)"
        )
        assert processes.run_python(words, path).returncode == 0
        assert (path / "index.sqlite-wal").stat().st_size
    before = studies.tables(path, entry)
    spec = studies.written(tmp_path / "more.toml", studies.data(sweep={"seed": [1, 99]}))
    with read_only(path):
        assert studies.tables(path, entry) == before
        assert studies.command("store", "list", "--store", path).stdout == f"{entry.id}  small: 8 of 8 trials\n"
        assert "nothing is wrong" in studies.command("store", "verify", "--store", path).stdout
        exported = studies.command("store", "export", "small", "--store", path, "--out", tmp_path / "tables")
        assert exported.returncode == 0
        assert (tmp_path / "tables" / "trials.csv").read_bytes() == before[0]
        for words in (("sweep", spec), ("store", "gc"), ("store", "verify", "--repair")):
            done = studies.command(*words, "--store", path)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_two_processes_write_to_one_store_at_once(tmp_path):
    """Both make it, too; six seeds each, half of them the same."""
    spec = [
        studies.written(tmp_path / f"{k}.toml", studies.data(sweep={"seed": {"from": 3 * k + 1, "to": 3 * k + 6}}))
        for k in (0, 1)
    ]
    arguments = [("sweep", one, "--store", tmp_path / "s", "--out", tmp_path / "o", "--workers", 1) for one in spec]
    both = [studies.started_impatient(*words) for words in arguments]
    for process in both:
        _, err = processes.finish(process)
        assert process.returncode == 0, err
    health = verify(tmp_path / "s")
    assert (health.trials, health.wrong) == (18, ())
    with Store(tmp_path / "s", read_only=True) as store:
        assert (
            len(list(store.results([t.key for t in studies.study(sweep={"seed": {"from": 1, "to": 9}}).trials]))) == 18
        )


def test_many_processes_may_make_a_store_at_the_same_moment(tmp_path):
    """Twenty stores, each by six processes that wait for one another before they make it."""
    script = """
import multiprocessing, sys
from qsense.store import Store
import studies
def make(number):
    for k in range(20):
        together.wait()
        with Store(f"{sys.argv[1]}/{k}") as store:
            store.put([studies.result(number)], {})
context = multiprocessing.get_context("fork")
together = context.Barrier(6)
many = [context.Process(target=make, args=(number,)) for number in range(6)]
for one in many: one.start()
for one in many: one.join()
sys.exit(any(one.exitcode for one in many))
"""
    done = processes.run_python(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {verify(tmp_path / str(k)).trials for k in range(20)} == {6}


def test_a_newer_store_is_refused_and_not_repaired(tmp_path, filled):
    path, entry = filled
    content = serialize([result(1)], {})
    newer = content.replace(b'"schema": 1', b'"schema": 9')
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text.replace(b'"schema": 1', b'"schema": 9'))
    newer = buffer.getvalue()
    with Store(path) as store:
        store.write(store.shard_path(digest(newer)), newer)
    for act in (lambda: verify(path), lambda: verify(path, repair=True), lambda: Store(path)):
        with pytest.raises(NewerStoreError, match=r"newer qsense \(schema 9\); update qsense"):
            act()
    assert len(shards(path)) == 9
    store.shard_path(digest(newer)).unlink()
    index = sqlite3.connect(path / "index.sqlite")
    index.execute("PRAGMA user_version = 7")
    index.close()
    for act in (lambda: verify(path), lambda: verify(path, repair=True), lambda: Store(path)):
        with pytest.raises(NewerStoreError, match=r"newer qsense \(schema 7\); update qsense"):
            act()
    study = entry.to_bytes()
    with zipfile.ZipFile(BytesIO(study)) as archive:
        words, arrays = archive.read("study.json"), archive.read("trials.npz")
    with zipfile.ZipFile(path / "studies" / "x.zip", "w") as archive:
        archive.writestr("study.json", words.replace(b'"schema": 1', b'"schema": 3'))
        archive.writestr("trials.npz", arrays)
    with pytest.raises(NewerStoreError, match=r"newer qsense \(schema 3\); update qsense"):
        StudyEntry.from_bytes((path / "studies" / "x.zip").read_bytes(), "x")


def test_several_studies_of_one_name_are_told_apart_by_their_id(tmp_path, filled):
    path, entry = filled
    other = studies.filled(path, studies.study(sweep={"seed": [8]}))
    with Store(path, read_only=True) as store:
        assert find_study(store, entry.id).id == entry.id
        with pytest.raises(StoreError, match=f'several studies "small"; give an id of: .*{other.id}'):
            find_study(store, "small")
        with pytest.raises(StoreError, match='no study "smal"; give an id of'):
            find_study(store, "smal")


@pytest.mark.parametrize("jump", [*map(further, (-1e9, 1e9)), -3e9])
def test_a_clock_that_jumps_changes_nothing(tmp_path, monkeypatch, filled, jump):
    """Only monotonic clocks count; at 1970, where a machine without a battery starts, ZIP files have no date either."""

    real, calls = time.time, []

    def jumping():
        calls.append(1)
        return max(0.0, real() + (jump if len(calls) % 2 else 0.0))

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(0))

    @contextmanager
    def threads():
        with ThreadPoolExecutor(1) as pool:
            yield WorkerPool(pool, lambda: 1)

    entry = studies.filled(tmp_path / "other", ONE, threads)
    assert studies.tables(tmp_path / "other", entry) == studies.tables(*filled)
    assert os.path.exists(tmp_path / "other" / "studies" / f"{entry.id}.zip")
