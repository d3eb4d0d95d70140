"""A run that an earlier version sent, with other settings and fewer shots: collected, and not sent again."""

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import Run, states

from qsense.estimators.shifts import method
from qsense.jobs.fetching import measured_or_sent
from qsense.runs.plan import plan

pytestmark = pytest.mark.long
ESTIMATORS = [{"estimator": "parameter_shift", "readout": name, "shots": 50} for name in ("local_x", "collective_x")]


def test_what_was_paid_is_collected_and_not_sent_again(service, tmp_path, monkeypatch):
    monkeypatch.setattr("qsense.jobs.dispatch.SETTLE_S", 0.0)
    away = Run(tmp_path, estimators=ESTIMATORS)
    with monkeypatch.context() as before:
        before.setattr(method, "_angle", lambda probe, readout: np.pi / 2)
        before.setattr(method.ParameterShift, "needed_shots_of", lambda self, probabilities: 2)
        away.submit()
    sent = len(service.jobs)
    away.submit()
    away.submit(resend=True)
    assert len(service.jobs) == sent
    collected = away.collect()
    assert states(collected) == {"done": sent}
    assert (len(collected.complete), len(collected.missing)) == (4, 0)
    away.submit(resend=True)
    assert len(service.jobs) == sent
    points = plan(away.record.spec, measured_or_sent(away.record))
    assert [point.method.angle for point in points] == [np.pi / 2] * 4
    assert all(away.record.counts(point) for point in points)
