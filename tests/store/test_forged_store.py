"""Stores written by hand, and files that cannot be read for a while: what is refused, and what is kept."""

import errno
import json
import shutil
import sqlite3

import pytest
import studies

from qsense.errors import StoreError
from qsense.files import safe
from qsense.store import Store, verify
from qsense.store.shard import Result, deserialize, digest, serialize
from qsense.study.outcomes import check_result
from qsense.study.results import study_results

STUDY = studies.study({"probes": "product", "times_s": [0.1, 0.5]}, sweep={"seed": [1, 2]})


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "store"
    studies.filled(path, STUDY)
    return path


@pytest.fixture
def store(original, tmp_path):
    shutil.copytree(original, tmp_path / "store")
    return tmp_path / "store"


def shards(path):
    return sorted(path.glob("shards/*/*.zip"))


def forged(path, change):
    """A store in which one result is changed; its shard has the checksum of its new content, and the index knows it."""
    victim = shards(path)[0]
    provenance, (result,) = deserialize(victim.read_bytes(), str(victim))
    victim.unlink()
    content = serialize([change(result)], provenance)
    target = path / "shards" / digest(content)[:2] / f"{digest(content)}.zip"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
    with sqlite3.connect(path / "index.sqlite") as index:
        index.execute("UPDATE shard SET digest = ? WHERE digest = ?", (digest(content), victim.stem))
    index.close()
    return target


def read(path):
    with Store(path, read_only=True) as store:
        return study_results(store, STUDY.entry())


def with_seed(result):
    return result._replace(trial={**result.trial, "seed": result.trial["seed"] + 10})


def with_outcome(part, name, value):
    def change(result):
        outcome = json.loads(json.dumps(result.outcome))
        outcome[part][name] = value
        return result._replace(outcome=outcome)

    return change


def test_a_result_under_the_key_of_another_trial_is_refused_and_moved_aside(store):
    target = forged(store, with_seed)
    with pytest.raises(StoreError, match="the key of a trial is not the hash of its content"):
        read(store)
    assert any("the key of a trial is not the hash" in line for line in verify(store).wrong)
    verify(store, repair=True)
    assert (store / "damaged" / target.name).exists()
    assert verify(store).wrong == ()


def test_a_key_of_an_earlier_version_of_the_results_is_right(tmp_path):
    from qsense.store.shard import content_key

    for version in (1, 2, 7):
        content = {"seed": 1}
        result = Result(content_key(content, version), content, {}, b"", 0.1)
        (again,) = deserialize(serialize([result], {}), f"{digest(serialize([result], {}))}.zip")[1]
        assert again == result


def test_a_trial_has_the_key_that_the_store_checks():
    from qsense.store.shard import content_key
    from qsense.study.trial import RESULTS_VERSION

    assert STUDY.trials[0].key == content_key(STUDY.trials[0].content, RESULTS_VERSION)


@pytest.mark.parametrize(("change", "message"), [
    (with_outcome("summary", "img_s", "1.0"), "`integrated_gain_s` is no number"),
    (with_outcome("summary", "z", True), "`z` is no number"),
    (with_outcome("summary", "img_s", 10**400), "`integrated_gain_s` is no number"),
    (with_outcome("summary", "tail_s", [1.0]), "a list where one value belongs"),
    (with_outcome("curve", "gain", [1.0]), "columns of unequal length"),
    (with_outcome("curve", "gain", 1.0), "no `gain`"),
    (with_outcome("curve", "gain", ["x", "y"]), "something other than numbers"),
    (lambda result: result._replace(outcome={}), "no `summary`"),
])  # fmt: skip
def test_an_outcome_that_no_trial_has_is_refused_on_reading_and_found_by_verify(store, change, message):
    forged(store, change)
    with pytest.raises(StoreError, match=f"its outcome is none that qsense gives .*{message}.*verify --repair"):
        read(store)
    assert any(message in line for line in verify(store, check=check_result).wrong)
    verify(store, repair=True, check=check_result)
    assert verify(store, check=check_result).wrong == ()


def test_an_outcome_with_other_shots_than_its_counts_is_found_by_verify(store):
    forged(store, with_outcome("curve", "shots", [7, 7]))
    command = studies.command("store", "verify", "--store", store)
    assert command.returncode == 1
    assert "its curve has other shots than its counts" in command.stdout


def test_results_as_they_are_pass(original):
    assert verify(original, check=check_result).wrong == ()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENOENT, errno.EMFILE])
def test_a_file_that_cannot_be_read_for_a_while_stays_and_so_do_its_trials(store, monkeypatch, number):
    victim, damaged = shards(store)
    damaged.write_bytes(b"x")
    read_bytes = safe.read_bytes

    def failing(path, *rest):
        if path == victim:
            raise OSError(number, "it is away")
        return read_bytes(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(safe, "read_bytes", failing)
        health = verify(store, repair=True)
    assert any("it is away" in line for line in health.wrong)
    assert any(f"{victim}: left where it is" in line for line in health.repaired)
    assert victim.exists()
    assert (store / "damaged" / damaged.name).exists()
    assert verify(store).wrong == ()
    with Store(store, read_only=True) as opened:
        assert len(opened.stored_keys([trial.key for trial in STUDY.trials])) == 1


def test_a_file_that_is_read_right_the_second_time_is_whole(store, monkeypatch):
    victim, seen = shards(store)[0], []
    read_bytes = safe.read_bytes

    def once_wrong(path, *rest):
        content = read_bytes(path, *rest)
        seen.append(path)
        return content[:-1] if path == victim and seen.count(path) == 1 else content

    monkeypatch.setattr(safe, "read_bytes", once_wrong)
    assert verify(store, repair=True).wrong == ()


def test_an_index_with_views_or_triggers_or_of_another_program_is_none_of_a_store(store, tmp_path):
    for text in (
        "CREATE TRIGGER more AFTER INSERT ON trial BEGIN DELETE FROM shard; END",
        "DROP TABLE trial; CREATE VIEW trial AS SELECT x'00' AS key, 1 AS shard",
        "DROP TABLE trial; DROP TABLE shard; CREATE TABLE thesis (page); PRAGMA user_version = 0",
    ):
        path = tmp_path / str(abs(hash(text)))
        shutil.copytree(store, path)
        with sqlite3.connect(path / "index.sqlite") as index:
            index.executescript(text)
        index.close()
        for read_only in (True, False):
            with pytest.raises(StoreError, match="not the index of a store; run `qsense store verify --repair`"):
                Store(path, read_only=read_only)
        assert verify(path).wrong
        verify(path, repair=True)
        assert verify(path).wrong == ()
        assert (path / "damaged" / "index.sqlite").exists()


def test_times_far_beyond_the_decay_have_outcomes_without_bound_that_are_read_again(tmp_path):
    """Their weights, and with them 𝓘 and its error, are beyond any whole number that is kept: they are numbers."""
    run = {"probes": "ghz", "num_qubits": 2, "noise": {"dephasing_rate": 51.0}, "shots": 5, "times_s": [0.1, 0.2]}
    study = studies.study(run, sweep={"seed": [1, 2]})
    studies.filled(tmp_path / "store", study)
    with Store(tmp_path / "store", read_only=True) as store:
        found = study_results(store, study.entry())
    assert max(abs(error) for error in found.trials.values["integrated_gain_stderr_s"]) > 2.0**63
