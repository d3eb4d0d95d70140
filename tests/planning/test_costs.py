"""What a plan costs: its shots are those of the run that it writes, by counts drawn here and by `qsense shots`."""

import numpy as np
import pytest

import qsense
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators.ghz.block import estimate as of_ghz
from qsense.estimators.product.spins import estimate as of_product
from qsense.runs.plan import listed
from qsense.runs.plan import plan as planned
from qsense.workflow.shots import shots_for

GAMMA, N, REPEATS = 0.1, 2, 300
EMISSION = qsense.LocalNoise(emission=GAMMA)
AIM = {"rate": "gain", "img": "img"}


def drawn_ghz(rng, t, n):
    """Counts of two circuits of n shots: spin 1 up is a flag; of the others spin 0 shows V/P along, 0 across."""
    x = np.exp(-GAMMA * t)
    kept, top = (1 + x**2 + (1 - x) ** 2) / 2, x  # both down or both up; the coherence of both spins
    rows = []
    for sign in (top / kept, 0.0):
        inside = rng.binomial(n, kept)
        down = rng.binomial(inside, (1 + sign) / 2)
        rows.append({0: down, 1: inside - down, 2: n - inside})
    return Counts.from_histograms(N, rows)


def drawn_product(rng, t, n):
    """Counts of n shots along, across and along Z of two spins with the coherence e^{−γt/2}."""
    means = np.exp(-GAMMA * t / 2), 0.0, 1 - np.exp(-GAMMA * t)
    ups = [[rng.random(n) > (1 + mean) / 2 for _ in range(N)] for mean in means]
    found = [np.bincount(row[0] + 2 * row[1], minlength=4) for row in ups]
    return Counts.from_histograms(N, [dict(enumerate(row.tolist())) for row in found])


@pytest.fixture(scope="module", params=["rate", "img"])
def plan(request):
    return qsense.plan_sensing(noise=EMISSION, num_qubits=N, goal=request.param, precision=0.08)


CASES = [("ghz", drawn_ghz, of_ghz), ("product", drawn_product, of_product)]


@pytest.mark.parametrize(("kind", "draw", "estimate"), CASES, ids=["ghz", "product"])
def test_planned_shots_reach_half_of_the_interval_that_is_asked_for(plan, kind, draw, estimate):
    """1.96 standard deviations of many runs of counts are 8 % of the mean; of 300 the deviation is known to 4 %."""
    row, rng = plan.row(kind, N), np.random.default_rng(7)
    weights = np.ones(1) if plan.question.goal == "rate" else weights_of(plan, kind)
    times, shots = row.cost.times_s[: len(weights)], int(row.cost.circuit_shots)
    values = [[estimate(draw(rng, t, shots)).value for t in times] for _ in range(REPEATS)]
    found = np.array(values) @ weights
    assert abs(1.96 * np.std(found) / np.mean(found) / 0.08 - 1) < 0.14
    wanted = row.integrated_gain_s if plan.question.goal == "img" else None
    assert wanted is None or abs(np.mean(found) / wanted - 1) < 0.02


def weights_of(plan, kind):
    """Of the times of the run that the plan's spec means."""
    spec = qsense.RunSpec.from_dict(plan.to_spec())
    rule = next(point.rule for point in listed(spec) if point.probe.kind == kind)
    np.testing.assert_allclose(rule.times, plan.row(kind, N).cost.times_s)
    return rule.weights


@pytest.mark.parametrize("goal", ["rate", "img", "crossover"])
def test_shots_of_the_spec_of_a_plan_are_those_of_the_plan(goal):
    """`qsense shots` draws its own counts of the spec: within its chance."""
    plan = qsense.plan_sensing(noise=EMISSION, num_qubits=N, goal=goal)
    needed = shots_for(qsense.RunSpec.from_dict(plan.to_spec()), "5%", AIM.get(goal, goal))
    rows = [plan.row(kind, N) for kind in ("ghz", "product")]
    if goal == "crossover":
        assert [row.cost.circuit_shots for row in rows] == pytest.approx([needed[0].shots] * 2, rel=0.05)
        assert sum(row.device_s for row in rows) == pytest.approx(needed[0].seconds, rel=0.05)
        return
    assert [row.shots for row in rows] == pytest.approx([one.total for one in needed], rel=0.05)
    assert [row.device_s for row in rows] == pytest.approx([one.seconds for one in needed], rel=0.05)


@pytest.mark.parametrize("goal", ["rate", "img", "crossover"])
def test_a_budget_of_seconds_is_kept_by_the_run_of_the_spec(goal):
    plan = qsense.plan_sensing(noise=EMISSION, num_qubits=N, goal=goal, seconds=1e5, dead_time=0.5)
    for point in planned(qsense.RunSpec.from_dict(plan.to_spec())):
        row = plan.row(point.probe.kind, N)
        took = sum(n * (t + 0.5) for n, t in zip(point.total_shots, point.rule.times, strict=True))
        assert took == pytest.approx(row.device_s, rel=1e-7)
        assert 0.99e5 < took <= 1e5


def test_the_error_of_phi_is_that_of_the_run(tmp_path, without_figures):
    """Of 1 of 2 circuits of GHZ and 1 of 3 of product spins; the estimate of the run states the same."""
    plan = qsense.plan_sensing(noise=EMISSION, num_qubits=3, shots=30000, gyromagnetic_ratio="nv")
    record = qsense.run(qsense.RunSpec.from_dict(plan.to_spec()), out=tmp_path)
    for one in record.summary()["rows"]:
        row = plan.row(one["probe"], 3)
        assert one["field_estimate_stderr_rad_per_s"] == pytest.approx(row.run_frequency_error_rad_per_s, rel=0.05)
        assert row.run_phase_error_rad == pytest.approx(row.phase_error_rad * row.cost.circuits**0.5)


def test_numbers_of_a_row_in_other_units():
    shown = qsense.plan_sensing(noise=EMISSION, num_qubits=3, gyromagnetic_ratio=2e9).to_dict()["rows"]
    bare = qsense.plan_sensing(noise=EMISSION, num_qubits=3).to_dict()["rows"]
    for row, plain in zip(shown, bare, strict=True):
        hertz = 1 / (2 * np.pi * row["rate_s"] ** 0.5)
        assert row["sensitivity_hz_per_root_hz"] == pytest.approx(hertz)
        assert row["sensitivity_t_per_root_hz"] == pytest.approx(hertz / 2e9)
        reach = 3 if row["probe"] == "ghz" else 1
        assert row["dynamic_range_rad_per_s"] == pytest.approx(np.pi / (reach * row["best_time_s"]))
        assert row["dynamic_range_t"] == pytest.approx(row["dynamic_range_rad_per_s"] / (2 * np.pi * 2e9))
        assert row["frequency_error_hz"] == pytest.approx(row["phase_error_rad"] / row["best_time_s"] / (2 * np.pi))
        assert {plain[name] for name in ("sensitivity_t_per_root_hz", "dynamic_range_t", "field_error_t")} == {None}
        assert {"shots", "device_s", "field_error_t", "frequency_error_rad_per_s"} <= row["intervals"].keys()
        assert row["intervals"]["shots"]["low"] <= row["shots"] <= row["intervals"]["shots"]["high"]


def test_ambiguity_counted():
    """White dephasing leaves nothing to save: a ladder of one spin's fringes costs what one of GHZ does."""
    found = qsense.plan_sensing(noise=qsense.LocalNoise(dephasing=0.1), num_qubits=2, precision=0.3)
    counted = found.unambiguous
    assert counted.advantage_db == pytest.approx(0, abs=0.05)
    assert counted.range_rad_per_s == found.row("product", 2).dynamic_range_rad_per_s
    shared = qsense.NoiseModel(EMISSION, collective_dephasing=0.1)
    refused = qsense.plan_sensing(noise=shared, num_qubits=2).to_dict()["unambiguous"]
    assert refused["advantage_db"] is None
    assert "share" in refused["why"]


def test_too_few_shots_for_an_estimator_are_refused_and_not_raised():
    plan = qsense.plan_sensing(noise=EMISSION, num_qubits=N, shots=9)
    assert plan.row("ghz", N).cost.circuit_shots == 4
    with pytest.raises(ArgumentError, match="Only 4 shots of each circuit"):
        plan.to_spec()


@pytest.mark.parametrize(("goal", "precision"), [("crossover", 0.01), ("img", 1e-4)])
def test_a_precision_that_no_shots_reach_has_no_error_and_a_floor(goal, precision):
    noise = qsense.LocalNoise.from_t1_t2(100e-6, 150e-6)
    asked = {"noise": noise, "num_qubits": 2, "goal": goal, "gyromagnetic_ratio": "nv"}
    plan = qsense.plan_sensing(**asked, precision=precision)
    row = plan.row("ghz", 2)
    floor = row.cost.floor
    assert precision < floor < 0.05
    found = row.to_dict()
    for name in ("shots", "phase_error_rad", "run_phase_error_rad", "run_field_error_t", "field_error_t", "device_s"):
        assert found[name] is None, name
    assert found["precision_floor"] == floor
    assert plan.unambiguous.to_dict()["error_rad_per_s"] is None
    assert "no number of shots" in plan.unambiguous.why
    assert f"leave ±{100 * floor:.2g} %" in plan.advice.sentence
    with pytest.raises(ArgumentError, match="its times leave"):
        plan.to_spec()
    # Above the floor some number does, ever more of them as it is approached; below it none.
    many, more = (qsense.plan_sensing(**asked, precision=part * floor).row("ghz", 2).shots for part in (1.5, 1.02))
    assert many < more < np.inf
    assert np.isinf(qsense.plan_sensing(**asked, precision=0.98 * floor).row("ghz", 2).shots)


def test_shots_that_are_too_few_for_one_repetition_are_said():
    noise = qsense.LocalNoise.from_t1_t2(100e-6, 150e-6)
    few = qsense.plan_sensing(noise=noise, num_qubits=2, shots=1)
    assert few.advice.sentence.startswith("Nothing fits into 1 shot: one repetition of each circuit takes at least 2")
    assert few.row("ghz", 2).to_dict()["run_phase_error_rad"] is None
    assert "not one repetition" in few.unambiguous.why
