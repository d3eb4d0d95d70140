"""Records that an earlier version measured: read, collected and run again with the settings and shots they have."""

from dataclasses import replace

import numpy as np
import pytest
import studies

from qsense import RunSpec, run
from qsense.errors import RecordError, SpecError
from qsense.estimators.shifts import method
from qsense.runs import plan as plans
from qsense.runs.plan import plan
from qsense.workflow import runs as workflow
from qsense.workflow.reproduction import rerun

pytestmark = pytest.mark.usefixtures("without_figures")

SPEC = {
    "schema": 1,
    "name": "before",
    **studies.RUN,
    "probes": ["ghz", "product"],
    "num_qubits": 2,
    "estimators": [{"estimator": "parameter_shift", "readout": "local_x", "shots": 100}],
}


def elsewhere(monkeypatch):
    """As a version that read every probe at π/2."""
    monkeypatch.setattr(method, "_angle", lambda probe, readout: np.pi / 2)


def of_fewer(monkeypatch):
    """As a version that asked for two shots."""
    monkeypatch.setattr(method, "min_shots", lambda readout, size: 2)
    monkeypatch.setattr("qsense.estimators.shifts.parameter_shift.min_shots", lambda readout, size: 2)


def test_a_record_measured_at_another_angle_is_read_at_that_angle(tmp_path, monkeypatch):
    spec = RunSpec.from_dict(SPEC)
    with monkeypatch.context() as before:
        elsewhere(before)
        record = run(spec, tmp_path)
        summary = record.summary()
    workflow.estimate_record(record)
    assert [row["integrated_gain_s"] for row in record.summary()["rows"]] == [
        row["integrated_gain_s"] for row in summary["rows"]
    ]
    assert record.summary()["rows"][0]["integrated_gain_exact_s"] == 0.0  # at an extremum of cos 2θ
    assert plan(spec)[0].method.quantity(plan(spec)[0].probe).phase == "mid"


def test_it_is_run_again_at_that_angle(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        elsewhere(before)
        record = run(RunSpec.from_dict(SPEC), tmp_path)
    workflow.estimate_record(record)
    found = rerun(record, tmp_path / "out")
    assert found.identical
    again = workflow.estimate_record(found.record.path)
    assert again.summary()["rows"] == record.summary()["rows"]


def test_shots_shared_out_otherwise_are_those_of_the_record(tmp_path, monkeypatch):
    spec = RunSpec.from_dict({**SPEC, "allocation": "optimal"})
    with monkeypatch.context() as before:
        before.setattr(plans, "_allocated", lambda point, least: replace(point, shots=(90, 110, *point.shots[2:])))
        record = run(spec, tmp_path)
        summary = record.summary()
    assert plan(spec)[0].shots[:2] != (90, 110)
    workflow.estimate_record(record)
    assert record.summary()["rows"] == summary["rows"]
    assert rerun(record, tmp_path / "out").identical


def test_too_few_shots_are_not_estimated_and_the_rest_is(tmp_path, monkeypatch, caplog):
    few = [{"estimator": "parameter_shift", "readout": "local_x", "shots": 10}]
    with monkeypatch.context() as before:
        of_fewer(before)
        alone = run(RunSpec.from_dict({**SPEC, "estimators": few}), tmp_path)
        record = run(RunSpec.from_dict({**SPEC, "estimators": [*few, "auto"]}), tmp_path)
    with pytest.raises(RecordError, match="an earlier version made of them is not made again"):
        rerun(alone, tmp_path / "out")
    with pytest.raises(RecordError, match=r"has 10 shots a circuit, but 20 are needed.*its counts are kept"):
        workflow.estimate_record(alone)
    workflow.estimate_record(record)
    assert {row["estimator"] for row in record.summary()["rows"]} == {"auto"}
    assert "parameter_shift(local_x) has 10 shots a circuit, but 20 are needed" in caplog.text
    record.plot()
    with pytest.raises(SpecError, match="needs at least 20 shots"):
        plan(record.spec)
