"""What is lost or unknown is looked for before anything is sent again: jobs, ledgers, accounts, copies of records."""

import json
import shutil
from dataclasses import replace

import pytest
from cases import further

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import Run, states
from runtime_http import Fault
from runtime_service import CRN

from qsense import services as remote
from qsense.errors import RecordError
from qsense.jobs import ledger
from qsense.jobs.run_tag import read_tag
from qsense.services import ServiceError

pytestmark = pytest.mark.long

SMALL = {"probes": ["product"], "num_qubits": 1}
JOBS = 3
"""Calibration bitstrings (200 shots), then 40 and 50 shots."""
NOT_FOUND = Fault("GET", "/jobs/job", "404", times=10**6)
NOTHING_LISTED = json.dumps({"jobs": [], "count": 0, "limit": 20, "offset": 0})


@pytest.fixture
def away(tmp_path):
    return Run(tmp_path, **SMALL)


def lists_nothing():
    return Fault("GET", "/jobs$", "200", times=10**6, body=NOTHING_LISTED)


def statuses(run):
    return [job.status for job in ledger.load(run.record).jobs]


def test_jobs_that_a_service_does_not_know_for_a_while_are_not_sent_again(service, away):
    away.submit()
    service.faults = [NOT_FOUND]
    for _ in range(2):
        assert states(away.collect()) == {"unknown": JOBS}
    away.submit(resend=True)  # the list still has them
    assert len(service.jobs) == JOBS
    service.faults = []
    away.submit(resend=True)
    assert len(service.jobs) == JOBS
    assert statuses(away) == ["sent"] * JOBS
    assert "is known to the service after all and is not sent again" in "".join(away.said)
    assert states(away.collect()) == {"done": JOBS}


def test_unknown_jobs_become_known_again_by_collecting(service, away):
    service.hold = True
    away.submit()
    service.faults = [NOT_FOUND]
    assert states(away.collect()) == {"unknown": JOBS}
    service.faults = []
    assert states(away.collect()) == {"queued": JOBS}
    service.hold = False
    assert states(away.collect()) == {"done": JOBS}


@pytest.mark.parametrize("action", ["503", "drop_before", "404"])
def test_nothing_is_sent_again_where_the_service_cannot_be_searched(service, away, action):
    service.fail = {1: "the cryostat is warm"}
    away.submit()
    away.collect()
    before = (away.record.path / ledger.LEDGER).read_bytes()
    service.faults = [Fault("GET", "/jobs$", action, times=50)]
    with pytest.raises(ServiceError):
        away.submit(resend=True)
    assert len(service.jobs) == JOBS
    assert (away.record.path / ledger.LEDGER).read_bytes() == before


def test_a_list_without_the_jobs_that_were_accepted_is_not_believed(service, away):
    """Two jobs are done and one is unknown; a list that has none of the three says nothing of the one."""
    away.submit()
    service.faults = [Fault("GET", "/jobs/job001", "404", times=50)]
    assert states(away.collect()) == {"done": JOBS - 1, "unknown": 1}
    service.faults = [Fault("GET", "/jobs/job001", "404", times=50), lists_nothing()]
    with pytest.raises(ServiceError, match=r"lists none of the 2 jobs that it has accepted, .* nothing was sent now"):
        away.submit(resend=True)
    assert len(service.jobs) == JOBS


def test_an_interrupted_request_is_not_repeated_where_nothing_is_listed(service, away):
    service.faults = [Fault("POST", "/jobs$", "drop_after", skip=1)]
    with pytest.raises(ServiceError):
        away.submit()
    service.faults = [lists_nothing()]
    with pytest.raises(ServiceError, match="lists none of the 1 jobs"):
        away.submit()
    service.faults = []
    away.submit()
    assert len(service.accepted()) == len(set(service.accepted())) == JOBS


def test_all_earlier_attempts_are_looked_for_before_another(service, away):
    """The first attempt was given up as unknown, the second failed; then the first is there after all."""
    away.submit()
    hidden = service.state["jobs"]
    service.state["jobs"] = []
    assert states(away.collect()) == {"unknown": JOBS}
    service.state["jobs"] = [{**job, "id": f"none{job['number']}", "tags": ["another's"]} for job in hidden]
    service.fail = dict.fromkeys(range(JOBS, 2 * JOBS), "the cryostat is warm")
    away.submit(resend=True)
    assert states(away.collect()) == {"failed": JOBS}
    service.state["jobs"] += hidden
    away.submit(resend=True)
    assert len(service.jobs) == 3 * JOBS
    assert [job.attempt for job in ledger.load(away.record).jobs] == [1] * JOBS
    assert states(away.collect()) == {"done": JOBS}


def test_jobs_are_looked_for_in_the_instance_that_they_were_sent_to():
    """The client looks for an unknown job in every instance of the account, and stays in the last."""
    from qsense.services.ibm import IbmService

    class Client:
        active = "another"

        def jobs(self, *, limit, job_tags, instance, **options):
            assert (limit, job_tags) == (None, ["run"])
            self.active = instance or self.active
            return []

    client = Client()
    assert IbmService("ibm:x", client, None, CRN).find("run") == {}
    assert client.active == CRN


@pytest.mark.parametrize("tags", [lambda tags: ["mine", *tags, "lab 3"], lambda tags: tags[::-1]])
def test_tags_are_found_in_any_order_and_among_others(service, away, tags):
    service.faults = [Fault("POST", "/jobs$", "drop_after", skip=1)]
    with pytest.raises(ServiceError):
        away.submit()
    for job in service.state["jobs"]:
        job["tags"] = tags(job["tags"])
    away.submit()
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == {"done": JOBS}


def test_a_run_of_many_jobs_is_found_on_all_pages_of_the_list(service, away):
    away.submit()
    book, first = ledger.load(away.record), service.state["jobs"][0]
    tag = book.jobs[0].tag
    with service._lock:
        service.state["jobs"] += [{**first, "id": f"job{n:03d}", "number": n} for n in range(JOBS, 67)]
    found = remote.service(away.spec.backend).find(book.run)
    assert found[tag] == ["job000", *[f"job{n:03d}" for n in range(JOBS, 67)]]


def test_a_request_that_may_have_been_served_is_looked_for(service, away):
    """A proxy may answer 408 after the service has made the job."""
    service.faults = [Fault("POST", "/jobs$", "408", skip=1)]
    with pytest.raises(ServiceError):
        away.submit()
    assert statuses(away)[:3] == ["sent", "sending", "planned"]


# Another account or instance.

ELSEWHERE = CRN.replace("11111111", "99999999")


def test_jobs_of_another_instance_are_neither_collected_nor_sent(service, away, monkeypatch):
    service.fail = {1: "the cryostat is warm"}
    away.submit()
    away.collect()
    assert ledger.load(away.record).instance == CRN
    assert "0123456789abcdef" not in json.dumps(
        away.record.provenance
    )  # the account does not go into what is published
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", ELSEWHERE)
    for act in (away.collect, away.submit, lambda: away.submit(resend=True)):
        with pytest.raises(RecordError, match=f"belong to the instance {CRN}, but this account uses {ELSEWHERE}") as e:
            act()
        assert "\n" not in str(e.value)
    (away.record.path / ledger.LEDGER).unlink()
    with pytest.raises(RecordError, match=r"jobs\.json is lost, and its jobs belong to another instance"):
        away.submit(resend=True)
    assert len(service.jobs) == JOBS


def as_schema_2(run, **changes):
    path = run.record.path / ledger.LEDGER
    words = json.loads(path.read_text())
    del words["instance"]
    for job in words["jobs"]:
        job.update(changes)
    path.write_text(json.dumps({**words, "schema": 2}))
    provenance = json.loads((run.record.path / "provenance.json").read_text())
    del provenance["jobs"]
    (run.record.path / "provenance.json").write_text(json.dumps(provenance))


def test_what_an_older_qsense_gave_up_during_a_passing_404_is_collected(service, away):
    away.submit()
    as_schema_2(away, status="failed", reason="the service does not know this job")
    assert statuses(away) == ["unknown"] * JOBS
    assert states(away.collect()) == {"done": JOBS}
    book = ledger.load(away.record)
    assert book.instance == CRN
    assert read_tag(away.record).run == book.run
    assert json.loads((away.record.path / ledger.LEDGER).read_text())["schema"] == 3
    assert len(service.jobs) == JOBS


def test_a_ledger_without_an_instance_is_bound_only_where_its_jobs_are(service, away):
    away.submit()
    as_schema_2(away, status="failed", reason="the service does not know this job")
    service.faults = [NOT_FOUND, lists_nothing()]
    with pytest.raises(ServiceError, match="lists none of the 3 jobs that were sent; use the account and instance"):
        away.submit(resend=True)
    service.faults = []
    assert ledger.load(away.record).instance == ""
    away.submit(resend=True)
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == {"done": JOBS}


def test_a_ledger_of_a_newer_qsense_is_left_as_it_is(service, away):
    away.submit()
    path = away.record.path / ledger.LEDGER
    path.write_text(path.read_text().replace('"schema": 3', '"schema": 4'))
    before = path.read_bytes()
    for act in (away.collect, away.submit, lambda: away.submit(resend=True)):
        with pytest.raises(RecordError, match="schema 4 is not known to this qsense, which reads 1 to 3; update"):
            act()
    assert path.read_bytes() == before
    assert len(service.jobs) == JOBS


# A lost ledger.


@pytest.mark.parametrize("damage", [b"", b'{"schema": 3, "run": "x', *map(further, (b" ", b"[]", b"\x00" * 40))])
def test_a_damaged_ledger_is_refused_with_the_way_out_which_sends_nothing_twice(service, away, damage):
    away.submit()
    path = away.record.path / ledger.LEDGER
    path.write_bytes(damage)
    for act in (away.collect, away.submit, lambda: away.submit(resend=True)):
        with pytest.raises(RecordError, match=r"jobs\.json: damaged .*from a copy, or delete it: the next submit then"):
            act()
    path.unlink()
    away.submit()
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == {"done": JOBS}


@pytest.mark.parametrize("resend", [False, True])
def test_a_lost_ledger_is_made_again_from_the_tags(service, away, resend):
    away.submit()
    first = ledger.load(away.record)
    away.collect()
    (away.record.path / ledger.LEDGER).unlink()
    with pytest.raises(RecordError, match=r"jobs\.json: lost; .* found by their tags, and none is sent twice"):
        away.collect()
    away.submit(resend=resend)
    assert len(service.jobs) == JOBS
    again = ledger.load(away.record)
    assert [replace(job, sent="") for job in first.jobs] == list(again.jobs)
    assert states(away.collect()) == {"done": JOBS}


def test_jobs_that_a_lost_ledger_may_have_sent_are_sent_only_when_asked(service, away):
    service.at_most, service.hold = 2, True
    with pytest.raises(ServiceError):
        away.submit()
    service.at_most, service.hold = None, False
    (away.record.path / ledger.LEDGER).unlink()
    away.submit()
    assert len(service.jobs) == 2
    assert statuses(away) == ["sent"] * 2 + ["unknown"]
    assert states(away.collect()) == {"done": 2, "unknown": 1}
    away.submit()
    assert len(service.jobs) == 2
    away.submit(resend=True)
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == {"done": JOBS}


def test_a_lost_ledger_and_a_list_that_fails_send_nothing(service, away):
    away.submit()
    (away.record.path / ledger.LEDGER).unlink()
    service.faults = [Fault("GET", "/jobs$", "503", times=50)]
    with pytest.raises(ServiceError):
        away.submit()
    service.faults = [lists_nothing()]
    away.submit()
    assert statuses(away) == ["unknown"] * JOBS
    service.faults = []
    assert states(away.collect()) == {"done": JOBS}
    assert len(service.jobs) == JOBS


def test_a_lost_ledger_without_its_jobs_files_is_refused(service, away):
    away.submit()
    path = away.record.path
    (path / ledger.LEDGER).unlink()
    one = next((path / "jobs").glob("*.zip"))
    data = one.read_bytes()
    for damage in (one.unlink, lambda: one.write_bytes(data[:-9]), lambda: one.write_bytes(b"PK")):
        damage()
        with pytest.raises(RecordError, match=r"jobs/ does not hold the jobs of this run \(.*start afresh in another"):
            away.submit(resend=True)
    one.rename(one.with_name("0" * 16 + ".zip")).write_bytes(data)
    with pytest.raises(RecordError, match=r"\(0000000000000000\.zip\)"):
        away.submit(resend=True)
    assert len(service.jobs) == JOBS


def test_jobs_without_ledger_and_tag_are_refused_in_one_line(service, away):
    away.submit()
    as_schema_2(away)
    (away.record.path / ledger.LEDGER).unlink()
    kept = sorted((away.record.path / "jobs").iterdir())
    for act in (away.prepare, away.submit, away.collect):
        with pytest.raises(RecordError, match=r"jobs: holds jobs, but jobs\.json, .* is missing; restore it") as e:
            act()
        assert "\n" not in str(e.value)
    assert sorted((away.record.path / "jobs").iterdir()) == kept
    assert len(service.jobs) == JOBS


@pytest.mark.parametrize("run", ["", None, "another"])
def test_a_ledger_without_its_tag_or_with_another_is_refused(service, away, run):
    away.submit()
    path = away.record.path / ledger.LEDGER
    path.write_text(json.dumps({**json.loads(path.read_text()), "run": run}))
    for act in (away.submit, away.collect):
        with pytest.raises(RecordError, match=r"restore (it|both) from"):
            act()
    assert len(service.jobs) == JOBS


@pytest.mark.parametrize("words", [[], {}, {"run": ""}, {"run": 3, "begun": True}, {"run": "x", "begun": 1, "y": 2}])
def test_a_damaged_tag_is_refused(service, away, words):
    away.submit()
    path = away.record.path / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "jobs": words}))
    for act in (away.submit, away.collect):
        with pytest.raises(RecordError, match=r"provenance\.json: key `jobs` is damaged; restore"):
            act()


def test_files_that_qsense_did_not_make_stay_in_jobs(service, away):
    """A process ended before its ledger; its files are made anew, and a stranger's are left."""
    away.submit()
    path = away.record.path
    words = json.loads((path / "provenance.json").read_text())
    words["jobs"]["begun"] = False
    (path / "provenance.json").write_text(json.dumps(words))
    (path / ledger.LEDGER).unlink()
    (path / "jobs" / "thesis.zip").write_text("all of it")
    service.forget_jobs()
    away.submit()
    assert (path / "jobs" / "thesis.zip").read_text() == "all of it"
    assert len(service.jobs) == JOBS == len(list((path / "jobs").glob("*.zip"))) - 1


# Two people with copies of one record.


def copied(run, folder):
    other = Run(folder, **SMALL)
    shutil.copytree(run.out, other.out)
    return other


def test_whoever_submits_a_copy_of_a_record_takes_in_what_the_other_has_sent(service, away, tmp_path):
    service.at_most, service.hold = 2, True
    with pytest.raises(ServiceError):
        away.submit()
    service.at_most, service.hold = None, False
    other = copied(away, tmp_path / "other")
    other.submit()
    away.submit()
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == states(other.collect()) == {"done": JOBS}


def test_whoever_resends_from_a_copy_takes_in_what_the_other_has_resent(service, away, tmp_path):
    service.fail = {1: "the cryostat is warm"}
    away.submit()
    away.collect()
    other = copied(away, tmp_path / "other")
    other.collect()
    away.submit(resend=True)
    other.submit(resend=True)
    assert len(service.jobs) == JOBS + 1
    assert states(away.collect()) == states(other.collect()) == {"done": JOBS}


def test_two_copies_that_are_submitted_at_once_keep_the_same_jobs(service, away, tmp_path, monkeypatch):
    """Neither saw the other's jobs before it sent its own: both keep the older ones, and the younger are cancelled."""
    service.hold, service.at_most = True, 0
    with pytest.raises(ServiceError):
        away.submit()
    service.at_most = None
    other = copied(away, tmp_path / "other")
    from qsense.services.ibm import IbmService

    real, calls = IbmService.find, []

    def find(self, run):
        calls.append(run)
        return {} if len(calls) in (1, 2) else real(self, run)  # as each saw it before it began to send

    monkeypatch.setattr(IbmService, "find", find)
    submitting = IbmService.close

    def close(self, session):
        if len(calls) == 1:
            monkeypatch.setattr(IbmService, "close", submitting)
            other.submit()
        submitting(self, session)

    monkeypatch.setattr(IbmService, "close", close)
    away.submit()
    assert len(service.jobs) == 2 * JOBS
    status = [job["status"] for job in service.jobs]
    assert status == ["Queued"] * JOBS + ["Cancelled"] * JOBS
    service.hold = False
    assert states(away.collect()) == states(other.collect()) == {"done": JOBS}


def test_a_copy_that_the_clients_retry_made_is_cancelled_by_whoever_looks_next(service, away):
    """The process was killed before it looked for copies itself."""
    service.hold = True
    away.submit()
    with service._lock:
        last = service.state["jobs"][-1]
        service.state["jobs"].append({**last, "id": "job003", "number": 3, "created": "2026-01-01T00:01:00.000Z"})
    assert states(away.collect()) == {"queued": JOBS}
    assert [job["status"] for job in service.jobs] == ["Queued"] * JOBS + ["Cancelled"]


@pytest.mark.parametrize("sent", ["1970-01-01T00:00:00+00:00", "2200-01-01T00:00:00+00:00", "no date"])
def test_an_interrupted_request_is_waited_for_by_no_clock(service, away, monkeypatch, sent):
    """The clock may have been set since, or the folder may come from another machine."""
    from types import SimpleNamespace

    from qsense.jobs import dispatch, search

    service.faults = [Fault("POST", "/jobs$", "drop_after")]
    with pytest.raises(ServiceError):
        away.submit()
    book = ledger.load(away.record)
    ledger.store(away.record, book.with_job(0, replace(book.jobs[0], sent=sent)))
    hidden, waited = service.state["jobs"], []
    service.state["jobs"] = []

    def sleep(seconds):
        waited.append(seconds)
        service.state["jobs"] = hidden  # the request arrives late

    monkeypatch.setattr(dispatch, "SETTLE_S", 5.0)
    monkeypatch.setattr(search, "time", SimpleNamespace(sleep=sleep))
    away.submit()
    assert waited == [5.0]
    assert len(service.accepted()) == len(set(service.accepted())) == JOBS
