"""Other vendors by the path of every remote run; each in an environment of its own (`make test-vendors`)."""

from dataclasses import replace

import numpy as np
import pytest
from remote_runs import SPEC

from qsense.errors import SpecError
from qsense.jobs import ledger, submission
from qsense.jobs.collection import collect
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.services.local import LocalService

VENDOR = {
    **SPEC, "name": "vendor", "backend": "vendor:local", "shots": 200, "probes": ["ghz", "product"],
    "estimators": [{"estimator": "parameter_shift", "readout": "local_x"}],
}  # fmt: skip


def braket():
    return pytest.importorskip("qiskit_braket_provider", reason="needs qiskit-braket-provider").BraketLocalBackend()


def aqt():
    return pytest.importorskip("qiskit_aqt_provider", reason="needs qiskit-aqt-provider").AQTProvider().offline.ideal()


@pytest.mark.filterwarnings("ignore")  # the vendors' own
@pytest.mark.parametrize("vendor", [braket, aqt])
def test_a_vendors_simulator_goes_the_way_of_every_remote_run(vendor, tmp_path):
    from sampling import distributions

    spec = RunSpec.from_dict(VENDOR)
    device = LocalService("vendor:local", vendor(), without_delay=True)
    with pytest.raises(SpecError, match="no delay instruction"):
        submission.prepare(spec, tmp_path, replace(device, without_delay=False))
    record = submission.submit(submission.prepare(spec, tmp_path, device), tmp_path, device)
    assert [job.status for job in ledger.load(record).jobs] == ["sent"]
    assert len(collect(record, device).complete) == 2
    for point in plan(record.spec):
        for job, counts in zip(point.acquisitions(), record.counts(point), strict=True):
            # It has no decay: exact distributions at time 0; 200 shots of 4 outcomes scatter by 0.05.
            exact = distributions(point.probe, point.noise, 0.0, job.settings)
            assert np.abs(counts.table() / job.shots - exact).sum(1).mean() / 2 < 0.1
