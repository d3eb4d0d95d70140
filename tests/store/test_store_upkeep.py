"""Verifying, repairing and tidying a store: every kind of damage is named, mended, and costs no more than it must."""

import os
import re
import shutil

import processes
import pytest
import studies
from waiting import wait_until

from qsense.errors import StoreError
from qsense.store import Store
from qsense.store.shard import digest, serialize
from qsense.store.studies import list_studies
from qsense.store.tidying import tidy
from qsense.store.verification import verify

pytestmark = pytest.mark.long

ONE = studies.study(sweep={"seed": {"from": 1, "to": 4}})


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "store"
    return path, studies.filled(path, ONE)


@pytest.fixture
def filled(original, tmp_path):
    shutil.copytree(original[0], tmp_path / "store")
    return tmp_path / "store", original[1]


def shards(path):
    return sorted(path.glob("shards/*/*.zip"))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rename(path):
    path.rename(path.with_name(f"{'0' * 64}.zip"))


def move(path):
    target = path.parent.parent / ("ff" if path.parent.name != "ff" else "fe")
    target.mkdir(exist_ok=True)
    path.rename(target / path.name)


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGE = {
    "flipped": (flip, "SHA-256 is not its name"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:100]), "SHA-256 is not its name"),
    "empty": (lambda path: path.write_bytes(b""), "SHA-256 is not its name"),
    "missing": (lambda path: path.unlink(), "names the shard .* which is not valid"),
    "renamed": (rename, "SHA-256 is not its name"),
    "moved": (move, "not in the folder of its name"),
    "a folder": (replace_by_a_folder, "cannot be read: Is a directory"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_shard_is_named_repaired_and_its_trials_are_run_again(filled, tmp_path, kind):
    path, entry = filled
    before = studies.tables(path, entry)
    damage, words = DAMAGE[kind]
    victim = shards(path)[2]
    damage(victim)
    health = verify(path)
    assert any(re.search(words, line) for line in health.wrong), health.wrong
    assert any(victim.stem[:12] in line or "0" * 64 in line for line in health.wrong)
    assert all("\n" not in line for line in health.wrong)
    with pytest.raises(StoreError, match=r"verify --repair|not there"):
        studies.tables(path, entry)
    mended = verify(path, repair=True)
    assert mended.trials == 7
    assert verify(path).wrong == ()
    spec = studies.written(tmp_path / "one.toml", studies.data(sweep={"seed": {"from": 1, "to": 4}}))
    done = studies.command("sweep", spec, "--store", path, "--out", tmp_path / "out", "--workers", 1, "--json")
    assert '"new": 1' in done.stdout
    assert studies.tables(path, entry) == before


def test_a_foreign_file_with_a_right_name_is_no_shard(filled):
    path, entry = filled
    content = b"not a shard"
    name = digest(content)
    (path / "shards" / name[:2]).mkdir(exist_ok=True)
    (path / "shards" / name[:2] / f"{name}.zip").write_bytes(content)
    (path / "shards" / "notes.txt").write_text("mine")
    (wrong,) = verify(path).wrong
    assert "not a shard (BadZipFile)" in wrong
    with Store(path) as store:
        assert len(store.stored_keys(entry.keys)) == 8
    verify(path, repair=True)
    assert (path / "damaged" / f"{name}.zip").read_bytes() == content
    assert (path / "shards" / "notes.txt").read_text() == "mine"


def test_a_store_in_a_folder_with_a_colon_is_repaired(filled, tmp_path):
    path = tmp_path / "a: b"
    shutil.move(filled[0], path)
    flip(shards(path)[0])
    assert len(verify(path, repair=True).repaired) == 2
    assert verify(path).wrong == ()


@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(b"x")])
def test_a_damaged_study_is_named_and_its_results_stay(filled, tmp_path, damage):
    path, entry = filled
    before = studies.tables(path, entry)
    damage(path / "studies" / f"{entry.id}.zip")
    assert f"{entry.id}.zip: damaged" in verify(path).wrong[0]
    assert studies.command("store", "list", "--store", path).returncode == 2
    verify(path, repair=True)
    spec = studies.written(tmp_path / "one.toml", studies.data(sweep={"seed": {"from": 1, "to": 4}}))
    done = studies.command("sweep", spec, "--store", path, "--out", tmp_path / "out", "--json")
    assert '"new": 0' in done.stdout
    assert studies.tables(path, entry) == before


def test_tidying_joins_small_shards_and_keeps_every_result(filled):
    path, entry = filled
    before = studies.tables(path, entry)
    with Store(path) as store:
        raw = sorted(store.results(entry.keys))
    (path / "shards" / "aa").mkdir(exist_ok=True)
    (path / "shards" / "aa" / ".x.part").write_bytes(b"half")
    said = tidy(path)
    assert said == ["8 shards were joined into 1", "1 unfinished files were removed"]
    assert len(shards(path)) == 1
    with Store(path) as store:
        assert sorted(store.results(entry.keys)) == raw
    assert studies.tables(path, entry) == before
    assert verify(path).wrong == ()
    assert tidy(path) == []


def test_tidying_keeps_what_the_index_never_learned(filled):
    path, _ = filled

    content = serialize([studies.result(5)], {})
    with Store(path) as store:
        store.write(store.shard_path(digest(content)), content)
    tidy(path)
    with Store(path) as store:
        assert store.stored_keys([studies.result(5).key])


@pytest.mark.parametrize("step", ["replace", "unlink"])
def test_tidying_that_is_killed_loses_nothing(filled, step):
    path, entry = filled
    before = studies.tables(path, entry)
    script = f"""
import os, pathlib, signal, sys
from qsense.store import index, tidying
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if {step!r} == "replace": index.Index.replace = die
else: pathlib.Path.unlink = die
tidying.tidy(sys.argv[1])
"""
    processes.run_python(script, path)
    assert verify(path).wrong == ()
    assert studies.tables(path, entry) == before
    tidy(path)
    assert len(shards(path)) == 1
    assert studies.tables(path, entry) == before


def test_only_what_no_study_has_is_removed_and_only_when_asked(filled):
    path, entry = filled
    before = studies.tables(path, entry)
    other = studies.filled(path, studies.study(sweep={"seed": [3, 7, 8]}, name="other"))
    with pytest.raises(StoreError, match='there is no study "othr"; it has other, small'):
        tidy(path, drop=["othr"])
    tidy(path, drop=["other"])
    with Store(path) as store:
        assert [study.id for study in list_studies(path)] == [entry.id]
        assert len(store.stored_keys(other.keys)) == 6
    assert "4 trials that no study has were removed" in tidy(path, unused=True)
    with Store(path) as store:
        assert len(store.stored_keys(other.keys)) == 2  # seed 3 is the first study's, too
    assert studies.tables(path, entry) == before
    assert verify(path).wrong == ()


def test_tidying_is_refused_while_a_sweep_runs_and_a_sweep_while_it_is_tidied(filled, tmp_path):
    path, _ = filled
    spec = studies.written(
        tmp_path / "long.toml", studies.data({"shots": 20000}, sweep={"seed": {"from": 1, "to": 150}})
    )
    process = studies.started("sweep", spec, "--store", path, "--out", tmp_path / "out", "--workers", 1)
    wait_until(lambda: studies.workers_of(process.pid), "the sweep has started a worker", process=process)
    for act in (lambda: tidy(path), lambda: verify(path, repair=True)):
        with pytest.raises(StoreError, match="another qsense has it open; wait for it to end"):
            act()
    process.terminate()
    processes.finish(process)
    from qsense.store.locks import exclusive_lock

    with exclusive_lock(path):
        for read_only in (False, True):
            with pytest.raises(StoreError, match="is at work; wait for it to end"):
                Store(path, read_only=read_only)
        with pytest.raises(StoreError, match="is at work"):
            verify(path)


def test_a_store_being_written_is_found_whole(tmp_path):
    spec = studies.written(tmp_path / "long.toml", studies.data({"shots": 5}, sweep={"seed": {"from": 1, "to": 300}}))
    path = tmp_path / "store"
    process = studies.started_impatient("sweep", spec, "--store", path, "--out", tmp_path / "out", "--workers", 1)
    seen = set()

    def has_grown_twice():
        if (path / "shards").exists():
            health = verify(path)
            assert health.wrong == ()
            seen.add(health.trials)
            with Store(path, read_only=True) as store:
                assert store.stored_keys([]) == set()
        return len(seen) >= 3

    wait_until(
        has_grown_twice, "the store was found with three different numbers of trials", process=process, pause_s=0.1
    )
    process.terminate()
    processes.finish(process)


def test_what_is_no_store_is_said_to_be_none_and_not_made(tmp_path):
    for words in (["store", "list"], ["store", "gc"], ["store", "verify"], ["store", "export", "x"]):
        done = studies.command(*words, "--store", tmp_path / "none")
        assert done.returncode == 2
        assert "not a store, it has no shards" in done.stderr
    assert not os.path.exists(tmp_path / "none")
