"""Any BackendV2 of this process goes the way of a service."""

import pytest
from remote_runs import JOBS, distances, logged, states
from vendors import Vendor, all_zeros, line_target, reversed_bits

from qsense.errors import SpecError
from qsense.jobs import submission
from qsense.jobs.collection import collect
from qsense.services import ServiceError
from qsense.services.local import LocalService


def submit(run, device, resend=False):
    ready = submission.prepare(run.spec, run.out, device)
    return submission.submit(ready, run.out, device, resend)


def aer():
    from qiskit_aer import AerSimulator

    return LocalService("local:aer", AerSimulator(seed_simulator=5))


def test_a_local_backend_goes_the_same_way(away):
    device = aer()
    record = submit(away, device)
    assert states(collect(record, device)) == {"done": JOBS}
    assert max(distance for _, distance in distances(record)) < 0.15  # no device errors here
    assert dict(distances(record, roll=1))["ghz"] > 0.2


def test_jobs_of_a_local_backend_end_with_their_process(away):
    for _ in range(2):  # the second knows nothing of the first's jobs
        device = aer()
        submit(away, device, resend=True)
    assert states(collect(away.record, device)) == {"unknown": JOBS}
    submit(away, device, resend=True)
    assert states(collect(away.record, device)) == {"done": JOBS}


class Impatient(Vendor):
    def run(self, run_input, **options):
        assert not any("delay" in circuit.count_ops() for circuit in run_input)
        return super().run(run_input, **options)


def test_a_simulator_without_delay_runs_the_same_circuits_without_their_delays(away):
    vendor = Impatient(line_target(delay=False))
    with pytest.raises(SpecError, match="no delay instruction, so spins cannot sense there"):
        submit(away, LocalService("local:vendor", vendor))
    assert not away.out.exists()
    device = LocalService("local:vendor", vendor, without_delay=True)
    record = submit(away, device)
    assert states(collect(record, device)) == {"done": JOBS}
    assert max(distance for _, distance in distances(record)) < 0.15


@pytest.mark.parametrize("scramble", [reversed_bits, all_zeros])
def test_results_of_a_backend_that_misreads_calibration_bitstrings_are_not_trusted(away, scramble):
    device = LocalService("local:vendor", Vendor(scramble=scramble))
    record = submit(away, device)
    with logged(away.said):
        collected = collect(record, device)
    assert states(collected) == {"refused": JOBS}
    assert not collected.complete
    assert "failed its self-test of calibration bitstrings (bits " in away.said[-JOBS]


def test_a_vendors_error_stops_the_sending_and_the_rest_is_sent_later(away):
    vendor = Vendor()
    vendor.scramble = lambda row: 1 / 0
    with pytest.raises(ServiceError, match="local:vendor could not run: division by zero"):
        submit(away, LocalService("local:vendor", vendor))
    vendor.scramble = None
    device = LocalService("local:vendor", vendor)
    record = submit(away, device)
    assert states(collect(record, device)) == {"done": JOBS}
