"""Times of probes that are compared: on both sides of the crossing; records keep the times that they have."""

import numpy as np
import pytest

from qsense import RunSpec, crossover, run
from qsense.comparison.crossing import Curve, measured_crossing
from qsense.estimators.result import Estimate
from qsense.runs import plan as plans
from qsense.runs.plan import plan
from qsense.workflow import runs as workflow
from qsense.workflow.reproduction import rerun

pytestmark = pytest.mark.usefixtures("without_figures")

SPEC = {
    "schema": 1, "name": "cross", "probes": ["ghz", "product"], "num_qubits": [16], "noise": ["emission"],
    "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 400, "seed": 1,
}  # fmt: skip


def without_brackets(monkeypatch):
    monkeypatch.setattr(plans, "bracket_crossings", lambda spec, rules: rules)


def by_kind(points):
    return {point.probe.kind: point for point in points}


@pytest.mark.parametrize("noise", ["emission", "dephasing"])
@pytest.mark.parametrize("size", [8, 32, 100])
def test_the_exact_crossing_lies_within_the_times_and_their_curves_find_it(noise, size):
    points = by_kind(plan(RunSpec.from_dict({**SPEC, "num_qubits": [size], "noise": [noise]})))
    if noise == "dephasing":  # both curves by hand, rate 0.1/s
        root = np.log(size) / (0.4 * (size - 1))
        values = {"ghz": lambda t: size**2 * np.exp(-0.4 * size * t), "product": lambda t: size * np.exp(-0.4 * t)}
    else:
        root = crossover(size, points["ghz"].noise)
        values = {
            "ghz": lambda t: 2 * size**2 * np.exp(-0.1 * size * t) / (
                1 + np.exp(-0.1 * size * t) + (1 - np.exp(-0.1 * t)) ** size),
            "product": lambda t: size * np.exp(-0.1 * t),
        }  # fmt: skip
    curves = []
    for kind, gain in values.items():
        rule = points[kind].rule
        assert rule.times[-1] > 1.05 * root
        exact = gain(rule.times)
        curves.append(Curve(rule, [Estimate(float(g), 1e-3 * float(g)) for g in exact], exact))
    found = measured_crossing(*curves, root)
    assert found.value == pytest.approx(root, rel=5e-3)
    assert abs(found.value - root) < 5 * found.stderr


def test_the_further_time_changes_neither_the_integral_nor_the_other_times(monkeypatch):
    now = by_kind(plan(RunSpec.from_dict(SPEC)))
    without_brackets(monkeypatch)
    before = by_kind(plan(RunSpec.from_dict(SPEC)))
    rule, old = now["ghz"].rule, before["ghz"].rule
    assert len(rule.times) == len(old.times) + 1
    assert np.array_equal(rule.times[:-1], old.times)
    assert np.array_equal(rule.weights, [*old.weights, 0.0])
    assert now["product"].key == before["product"].key
    assert np.allclose(rule.interpolation(rule.times), np.eye(len(rule.times)), atol=1e-12)


def test_times_that_reach_beyond_the_crossing_stay(monkeypatch):
    spec = RunSpec.from_dict({**SPEC, "num_qubits": [1, 2, 3, 4], "noise": ["emission", "dephasing"]})
    now = [point.key for point in plan(spec)]
    without_brackets(monkeypatch)
    assert now == [point.key for point in plan(spec)]


@pytest.mark.parametrize("change", [{"probes": ["ghz"]}, {"times_s": [0.1, 0.5, 1.0]}])
def test_no_time_is_added_without_a_product_probe_or_to_given_times(change):
    assert not any(point.rule.has_bracket for point in plan(RunSpec.from_dict({**SPEC, **change})))


def test_a_record_with_the_earlier_times_is_read_estimated_and_run_again(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        without_brackets(before)
        record = run(RunSpec.from_dict(SPEC), tmp_path)
        summary = record.summary()
    assert plan(record.spec)[0].rule.has_bracket
    assert not any(point.rule.has_bracket for point in plan(record.spec, record.row_shots()))
    record.plot()  # its tables have as many times as were measured
    workflow.estimate_record(record)
    assert record.summary()["rows"] == summary["rows"]
    assert rerun(record, tmp_path / "out").identical


def test_a_record_of_today_keeps_the_further_time(tmp_path):
    record = run(RunSpec.from_dict(SPEC), tmp_path)
    assert by_kind(plan(record.spec, record.row_shots()))["ghz"].rule.has_bracket
    (verdict,) = record.summary()["verdicts"]
    assert "GHZ leads until" in verdict
    record.plot()
    assert rerun(record, tmp_path / "out").identical
