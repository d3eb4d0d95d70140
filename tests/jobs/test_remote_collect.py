"""Collecting: what is done comes into the record once, what is not is named, and what is wrong is refused."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
from remote_runs import JOBS, Run, counts, distances, flipped, states
from runtime_device import fake
from runtime_http import Fault

from qsense.circuits.counts import Counts
from qsense.devices.device import read
from qsense.errors import RecordError
from qsense.estimators.readout import calibrate
from qsense.jobs import ledger
from qsense.runs.plan import plan
from qsense.services import ServiceError

pytestmark = pytest.mark.long


def test_what_comes_back_is_what_the_device_would_measure(service, away):
    away.submit()
    assert states(away.collect()) == {"done": JOBS}
    for point, table in zip(plan(away.record.spec), counts(away.record), strict=True):
        assert table.shape == (2, point.circuits_per_time, 4)
        assert (table.sum(-1) == point.estimator.shots).all()


def test_the_counts_are_those_of_the_settings_in_their_order(service, away):
    away.submit()
    away.collect()
    assert max(distance for _, distance in distances(away.record)) < 0.2
    assert dict(distances(away.record, roll=1))["ghz"] > 0.2  # the control: rows exchanged


def test_jobs_in_the_queue_are_named_and_collected_later(service, away):
    service.hold = True
    away.submit()
    first = away.collect()
    assert states(first) == {"queued": JOBS}
    assert len(first.missing) == 4
    service.hold = False
    again = away.collect()
    assert states(again) == {"done": JOBS}
    assert len(again.complete) == 4
    before = {path: path.read_bytes() for path in away.record.path.rglob("*") if path.is_file()}
    assert states(away.collect()) == {"done": JOBS}
    assert {path: path.read_bytes() for path in away.record.path.rglob("*") if path.is_file()} == before


def test_a_failed_job_says_why_and_the_rest_is_kept(service, away):
    service.fail = {1: "Error 9999: the cryostat is warm"}
    away.submit()
    collected = away.collect()
    assert states(collected) == {"done": JOBS - 1, "failed": 1}
    assert "the cryostat is warm" in away.said[-1]
    assert len(collected.complete) == 3
    away.submit()
    assert len(service.jobs) == JOBS  # a failed job is not sent again unasked
    away.submit(resend=True)
    assert len(service.jobs) == JOBS + 1
    assert states(away.collect()) == {"done": JOBS}
    assert ledger.load(away.record).jobs[1].past[0].startswith("job001: failed: ")


def test_a_cancelled_job_says_so_and_the_rest_is_kept(service, away):
    service.hold = True
    away.submit()
    service.cancel("job002", "cancelled by an operator")
    service.hold = False
    assert states(away.collect()) == {"done": JOBS - 1, "cancelled": 1}
    assert "job002 cancelled: cancelled by an operator" in away.said[-1]


def with_bits(result, change):
    """The first result of a job with other bits."""
    bits = result[0].data.c
    changed = change(bits)
    first = SamplerPubResult(DataBin(c=changed, shape=changed.shape), result[0].metadata)
    return PrimitiveResult([first, *[result[index] for index in range(1, len(result))]])


@pytest.mark.parametrize(
    ("falsify", "why"),
    [
        (lambda r: PrimitiveResult([r[0]]), "it has 1 results, but 2 circuits were sent"),
        (lambda r: PrimitiveResult([r[1], r[0]]), "is of another circuit: its hash is"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array[:, 1:], b.num_bits)), "rows, shots and bytes"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array[1:], b.num_bits)), "rows, shots and bytes"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array | 16, 5)), "rows, shots and bytes"),
    ],
    ids=["a result too few", "results exchanged", "a shot too few", "a row too few", "a bit too many"],
)
def test_results_that_are_not_what_was_asked_for_are_refused_and_the_rest_kept(service, away, falsify, why):
    service.falsify = lambda result, number: falsify(result) if number == 1 else result
    away.submit()
    collected = away.collect()
    assert states(collected) == {"refused": 1, "done": JOBS - 1}
    assert why in away.said[-1]
    assert len(collected.missing) == 1
    service.falsify = None  # it was the service's passing mistake
    assert states(away.collect()) == {"done": JOBS}


def test_a_job_of_another_run_is_refused(service, away, tmp_path):
    away.submit()
    other = Run(tmp_path / "other")
    other.submit()
    book = ledger.load(away.record)
    foreign = ledger.load(other.record).jobs[1].job_id
    ledger.store(away.record, book.with_job(1, replace(book.jobs[1], job_id=foreign)))
    assert states(away.collect()) == {"refused": 1, "done": JOBS - 1}
    assert "does not carry this run's tags" in away.said[-1]


def test_where_results_do_not_name_their_circuits_the_jobs_own_circuits_are_compared(service, away):
    service.metadata = False
    away.submit()
    (service.folder / "job001.params").write_text((service.folder / "job003.params").read_text())
    assert states(away.collect()) == {"refused": 1, "done": JOBS - 1}
    assert "other circuits than those in the record" in away.said[-1]


def test_changed_files_of_a_record_are_refused_by_their_hash(service, away):
    away.submit()
    job = ledger.load(away.record).jobs[1]
    away.collect()
    for path in (away.record.path / "counts").iterdir():
        path.unlink()
    damaged = away.record.path / job.counts_file
    damaged.write_bytes(damaged.read_bytes().replace(b"PK", b"PQ", 1))
    with pytest.raises(RecordError, match="its hash is not the ledger's"):
        away.collect()
    path = away.record.path / job.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordError, match="its hash is not the ledger's"):
        ledger.load_tasks(away.record, job)


@pytest.mark.parametrize("path", ["/jobs/{}$", "/jobs/{}/results"])
def test_questions_are_asked_again_when_the_network_or_the_service_falters(service, away, path):
    away.submit()
    actions = ["drop_before", "drop_after", "cut", "503", "429"]
    service.faults = [Fault("GET", path.format(f"job{n:03d}"), action) for n, action in enumerate(actions)]
    assert len(actions) == JOBS
    assert states(away.collect()) == {"done": JOBS}
    assert [fault.times for fault in service.faults] == [0] * JOBS  # each has happened


def test_a_network_that_stays_lost_keeps_what_was_fetched(service, away):
    away.submit()
    service.faults = [Fault("GET", "/jobs/job002", "drop_before", times=50)]
    with pytest.raises(ServiceError, match="did not answer as it should"):
        away.collect()
    assert [job.status for job in ledger.load(away.record).jobs] == ["done", "done", "sent", "sent", "sent"]
    service.faults = []
    assert states(away.collect()) == {"done": JOBS}


def test_a_service_that_restarts_has_the_jobs_still(service, away):
    service.hold = True
    away.submit()
    service.stop()
    with pytest.raises(ServiceError):
        away.collect()
    service.hold = False
    service.start()
    assert states(away.collect()) == {"done": JOBS}


def test_a_job_that_the_service_has_forgotten_can_be_sent_again(service, away):
    away.submit()
    service.forget_jobs()
    assert states(away.collect()) == {"unknown": JOBS}
    assert "does not know it now" in away.said[-1]
    away.submit()
    assert service.jobs == []  # not unasked
    away.submit(resend=True)
    assert len(service.jobs) == JOBS
    assert states(away.collect()) == {"done": JOBS}


def test_nothing_is_trusted_when_the_calibration_bitstrings_come_back_wrong(service, away):
    service.falsify = lambda result, number: flipped(result) if number == 0 else result
    away.submit()
    collected = away.collect()
    assert states(collected) == {"refused": JOBS}
    assert not collected.complete
    assert not list((away.record.path / "counts").iterdir())
    assert "the backend failed its self-test of calibration bitstrings (bits 0, 1 are read wrong" in away.said[-JOBS]
    assert all("the calibration bitstrings were refused (job job000)" in line for line in away.said[1 - JOBS :])
    said = len(away.said)
    assert states(away.collect()) == {"refused": JOBS}
    assert len(away.said) == said
    away.submit(resend=True)  # all of it: what was measured meanwhile is as bad
    assert len(service.jobs) == 2 * JOBS
    collected = away.collect()
    assert states(collected) == {"done": JOBS}
    assert len(collected.complete) == 4


def test_results_wait_for_the_calibration_bitstrings_and_are_refused_with_them(service, away):
    service.slow = {0}
    service.falsify = lambda result, number: flipped(result, bits=1) if number == 0 else result
    away.submit()
    collected = away.collect()
    assert states(collected) == {"queued": 1, "done": JOBS - 1}
    assert not collected.complete
    service.slow = set()
    assert states(away.collect()) == {"refused": JOBS}


def test_results_whose_calibration_bitstrings_were_lost_wait_until_they_are_sent_again(service, away):
    service.fail = {0: "the cryostat is warm"}
    away.submit()
    collected = away.collect()
    assert states(collected) == {"failed": 1, "done": JOBS - 1}
    assert not collected.complete
    assert "4 points wait for the calibration bitstrings" in away.said[-1]
    away.submit(resend=True)
    assert len(service.jobs) == JOBS + 1
    assert len(away.collect().complete) == 4


def test_the_calibration_bitstrings_calibrate_the_readout_of_every_probes_qubits(service, tmp_path):
    """Ten rates within 4.5 standard errors of the device's own: a right calibration fails once in 10^4."""
    run = Run(tmp_path, device={"readout_shots": 4000}, num_qubits=[2, 3], probes=["product"])
    record = run.submit()
    run.collect()
    device = read(fake())
    for place in record.spec.device.placements:
        found = calibrate(Counts.load(record.path / "counts" / place.file_name))
        rates = np.array([found.up_given_down, found.down_given_up])
        true = np.array([device.up_given_down, device.down_given_up])[:, list(place.qubits)]
        assert np.all(np.abs(rates - true) < 4.5 * np.sqrt(found.variances()))
        # The control: the order of the qubits reversed.
        assert not np.all(np.abs(rates - true[:, ::-1]) < 4.5 * np.sqrt(found.variances()))
