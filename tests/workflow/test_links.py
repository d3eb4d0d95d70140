"""Links, pipes and sockets in the place of each file of a record, a study and a store: nothing outside is touched.

The names are those of a real record, study and store. What stands outside is a copy of what the link replaces, so that
whoever follows it finds nothing wrong.
"""

import os
import shutil
import signal
import socket
import sqlite3
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import studies
from cases import further
from hostile import harmless

import qsense
from qsense import RunRecord, RunSpec, workflow
from qsense.extensions import allowing
from qsense.jobs import collect
from qsense.runs.folder import open_record
from qsense.services.local import LocalService
from qsense.store import Store, add_study, list_studies, tidy, verify
from qsense.study.report import write_report
from qsense.study.results import study_results
from qsense.study.sweep import failure_table, read_summary
from qsense.study.trial_runs import TrialsRun
from qsense.workflow.reproduction import rerun

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("without_figures")]

SPEC = {
    "schema": 1, "name": "linked", "probes": ["ghz"], "num_qubits": [3], "noise": "calibration", "estimators": ["auto"],
    "field_rad_per_s": 2000.0, "times_s": [0.0, 16e-6], "shots": 200, "seed": 1, "backend": "vendors:make",
    "device": {"readout_shots": 50},
}  # fmt: skip
KINDS = ["link", "pipe", *map(further, ("device", "socket"))]
STUDY = studies.study({"probes": "product", "times_s": [0.1, 0.5]}, sweep={"seed": [1, 2]})


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A record of a device, the same by jobs, a study's folder and a store."""
    import vendors

    from qsense import reports
    from qsense.jobs import prepare, submit

    folder = tmp_path_factory.mktemp("originals")
    with pytest.MonkeyPatch.context() as patch, allowing(True):
        patch.setattr(reports, "figures", lambda *_: {"gain.png": b"a figure"})
        record = workflow.run(RunSpec.from_dict(SPEC), folder / "records")
        qsense.write_results(qsense.results_of(record), record.path / "export", "csv")
        record.path.rename(folder / "record")
        service = LocalService("vendors:make", vendors.make())
        sent = submit(prepare(RunSpec.from_dict(SPEC), folder / "sent", service), folder / "sent", service)
        collect(sent, service)
        sent.path.rename(folder / "jobs")
    entry = studies.filled(folder / "store", STUDY)
    tables(folder / "store", folder / "study", entry)
    return folder


def tables(store, folder, entry):
    with Store(store, read_only=True) as opened:
        results = study_results(opened, entry)
    failed = failure_table(TrialsRun(0, 0))
    write_report(results, folder, failed)
    (folder / "failures.csv").write_text("of an earlier run")


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def state(folder):
    """All that can be seen of a folder from outside: names, contents and times of change."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


@contextmanager
def in_time(seconds=60):
    """Fails where something waits for the other end of a pipe."""

    def late(*_):
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def planted(original, copy, name, kind, outside):
    """A copy of a folder with something else in the place of a name of it."""
    shutil.copytree(original, copy)
    victim = copy / name
    outside.mkdir()
    if kind == "link":
        shutil.move(victim, outside / "target")
        victim.symlink_to(outside / "target")
        return
    shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    if kind == "pipe":
        os.mkfifo(victim)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(victim.parent)  # the names of sockets are short
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(victim.name)
        finally:
            os.chdir(here)
    else:
        victim.symlink_to("/dev/zero")


def attack(original, act, tmp_path, kind):
    for number, name in enumerate(names_in(original)):
        folder = tmp_path / f"{number}-{kind}"
        folder.mkdir()
        outside = folder / "outside"
        planted(original, folder / "copy", name, kind, outside)
        before = state(outside)
        with in_time():
            act(folder / "copy", folder)
        assert state(outside) == before, (name, kind)


def use_record(copy, folder):
    """All that is done with a record, as far as it is not refused; it has its own name again for that."""
    spec = RunSpec.from_dict(SPEC)
    path = folder / "records" / original_name()
    path.parent.mkdir()
    copy.rename(path)
    for act in (
        lambda: open_record(path).summary(),
        lambda: RunRecord.load(path).estimates(),
        lambda: qsense.write_results(qsense.results_of(path), RunRecord.load(path).subfolder("export"), "csv"),
        lambda: qsense.compare(path),
        lambda: rerun(path, folder / "again"),
        lambda: workflow.estimate_record(path),
        lambda: workflow.run(spec, path.parent),
    ):
        with allowing(True):
            harmless(act)


def original_name():
    with allowing(True):
        from qsense.runs.naming import folder_name
        from qsense.runs.preparation import prepare_run

        spec = prepare_run(RunSpec.from_dict(SPEC), None).spec
    return folder_name(spec)


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_leads_nowhere(originals, tmp_path, kind):
    attack(originals / "record", use_record, tmp_path, kind)


def use_jobs(copy, folder):
    import vendors

    from qsense.jobs import prepare, submit

    path = folder / "records" / original_name()
    path.parent.mkdir()
    copy.rename(path)
    service = LocalService("vendors:make", vendors.make())
    for act in (
        lambda: collect(RunRecord.load(path), service),
        lambda: submit(prepare(RunSpec.from_dict(SPEC), path.parent, service), path.parent, service, resend=True),
    ):
        with allowing(True):
            harmless(act)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_record_of_jobs_leads_nowhere(originals, tmp_path, kind):
    attack(originals / "jobs", use_jobs, tmp_path, kind)
    for lost in ("jobs.json", "provenance.json"):
        shutil.copytree(originals / "jobs", tmp_path / f"without-{lost}")
        (tmp_path / f"without-{lost}" / lost).unlink()
        (tmp_path / f"lost-{lost}").mkdir()
        attack(tmp_path / f"without-{lost}", use_jobs, tmp_path / f"lost-{lost}", kind)


def use_store(copy, folder):
    entry = STUDY.entry()

    def read():
        with Store(copy, read_only=True) as store:
            return study_results(store, entry).trials.to_csv()

    def write():
        with Store(copy) as store:
            add_study(store, entry)
            store.put([studies.result(7)], studies.PROVENANCE)

    for act in (
        read, write, lambda: list(list_studies(copy)), lambda: verify(copy), lambda: tidy(copy),
        lambda: tidy(copy, [entry.name], unused=True), lambda: verify(copy, repair=True), write,
        lambda: tidy(copy, unused=True), lambda: verify(copy),
    ):  # fmt: skip
        harmless(act)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_leads_nowhere(originals, tmp_path, kind):
    attack(originals / "store", use_store, tmp_path, kind)


@pytest.mark.parametrize("name", ["index.sqlite-wal", "index.sqlite-shm", "index.sqlite-journal", "damaged", ".lock"])
def test_what_a_store_makes_later_leads_nowhere(originals, tmp_path, name):
    """A shard is damaged as well, so that something is moved to damaged/."""
    shutil.copytree(originals / "store", tmp_path / "store")
    victim = min((tmp_path / "store").glob("shards/*/*.zip"))
    victim.write_bytes(b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / victim.name).write_bytes(b"mine")
    (outside / "file").write_bytes(b"mine, too")
    (tmp_path / "store" / name).unlink(missing_ok=True)
    (tmp_path / "store" / name).symlink_to(outside if name == "damaged" else outside / "file")
    before = state(outside)
    use_store(tmp_path / "store", tmp_path)
    assert state(outside) == before


def test_an_index_that_is_another_database_is_not_written(originals, tmp_path):
    for number, make in enumerate((partial(os.symlink), partial(os.link))):
        store, other = tmp_path / f"store{number}", tmp_path / f"other{number}.sqlite"
        shutil.copytree(originals / "store", store)
        with sqlite3.connect(other) as database:
            database.execute("CREATE TABLE thesis (page TEXT)")
        database.close()
        (store / "index.sqlite").unlink()
        make(other, store / "index.sqlite")
        before = other.read_bytes()
        use_store(store, tmp_path)
        assert other.read_bytes() == before
        assert verify(store).wrong == ()  # repaired: what stood there has been put aside


def use_study(copy, folder):
    entry = STUDY.entry()
    harmless(lambda: read_summary(copy, entry))
    harmless(lambda: tables(folder.parent.parent / "store", copy, entry))


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_of_a_study_leads_nowhere(originals, tmp_path, kind):
    (tmp_path / "a").mkdir()
    shutil.copytree(originals / "store", tmp_path / "store")
    attack(originals / "study", use_study, tmp_path / "a", kind)


def test_circuits_are_written_in_place_of_links_in_their_folder(tmp_path):
    from qsense.circuits import rendering

    names = [path.name for path in rendering.render(tmp_path / "first", [2], 1.0)]
    mine, folder = tmp_path / "mine", tmp_path / "second"
    mine.write_text("mine")
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(mine)
    rendering.render(folder, [2], 1.0)
    assert mine.read_text() == "mine"
    assert all((folder / name).read_bytes() == (tmp_path / "first" / name).read_bytes() for name in names)
