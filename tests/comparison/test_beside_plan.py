"""A record from a plan: every planned number beside its measurement; a plan that was wrong is found, and where."""

import math

import pytest

import qsense
from qsense.comparison.beside_plan import misplanned, planned_rows

GAMMA, TIMES = 0.1, [0.0, 0.5, 1.5]


def planned(probe, size, factor=1.0, rate=GAMMA):
    """G(t) = factor · N² or N times e^{−4Nγt} or e^{−4γt}, on many times, known to 10 %."""
    power = size if probe == "ghz" else 1
    times = [0.05 * step for step in range(61)]
    gain = [factor * size * power * math.exp(-4 * power * rate * t) for t in times]
    total = factor * size / (4 * rate)
    return {
        "probe": probe, "num_qubits": size, "readout": "loss_flag" if probe == "ghz" else "local_x", "times_s": times,
        "gain": gain, "gain_low": [0.9 * g for g in gain], "gain_high": [1.1 * g for g in gain],
        "integrated_gain_s": total, "integrated_gain_low_s": 0.7 * total, "integrated_gain_high_s": 1.3 * total,
    }  # fmt: skip


@pytest.fixture
def record_of(tmp_path, without_figures):
    def made(rows, **change):
        spec = {
            "schema": 1, "name": "planned", "probes": ["ghz", "product"], "num_qubits": 3,
            "noise": [{"dephasing_rate": GAMMA}], "estimators": "auto", "field_rad_per_s": 0.1, "shots": 20000,
            "times_s": TIMES, "seed": 3, "plan": {"goal": "rate", "source": "custom", "rows": rows},
        }  # fmt: skip
        return qsense.run(qsense.RunSpec.from_dict(spec | change), out=tmp_path)

    return made


def test_what_was_planned_stands_beside_what_was_measured(record_of):
    rows = planned_rows(record_of([planned("ghz", 3), planned("product", 3)]))
    gains = [row for row in rows if row["quantity"] == "gain"]
    assert [(row["probe"], row["time_s"]) for row in gains] == [(p, t) for p in ("ghz", "product") for t in TIMES]
    assert gains[1]["planned"] == pytest.approx(9 * math.exp(-12 * GAMMA * 0.5), rel=1e-6)
    assert all(abs(row["z"]) < 3 for row in rows)
    assert all("as planned" in line for line in misplanned(rows))
    assert {row["quantity"] for row in rows} == {"gain", "integrated_gain_s"}


def test_what_was_planned_wrongly_is_named_with_where_it_shows(record_of):
    """GHZ is planned with a better preparation than it has, product spins with a slower decay."""
    lines = misplanned(planned_rows(record_of([planned("ghz", 3, 1.5), planned("product", 3, rate=GAMMA / 2)])))
    assert lines[0].startswith("ghz, N = 3: mis-planned from the start: G is 0.66")
    assert lines[1].startswith("product, N = 3: mis-planned later")
    assert "below the plan" in lines[1]


def test_one_time_does_not_tell_where_a_plan_was_wrong(record_of):
    rows = planned_rows(record_of([planned("ghz", 3, 1.5), planned("product", 3)], times_s={"ghz": [0.5]}))
    assert [row["time_s"] for row in rows if (row["probe"], row["quantity"]) == ("ghz", "gain")] == [0.5]
    lines = misplanned(rows)
    assert lines[0].startswith("ghz, N = 3: mis-planned: G is 0.66")
    assert "one time does not tell" in lines[0]
    assert "as planned" in lines[1]


@pytest.mark.checkout
def test_a_record_without_a_plan_has_no_such_rows():
    assert planned_rows(qsense.RunRecord.load("runs/reference/paper-fc94dab28629")) == []
