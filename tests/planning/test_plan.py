"""Plans for noises: against closed forms worked out here, in any unit of time; what is refused; the spec of a plan."""

import json
import math
from importlib import import_module

import numpy as np
import pytest
import tomli_w

import qsense
from qsense.errors import ArgumentError
from qsense.signals import Signal

GAMMA = 0.1
DEPHASING = qsense.LocalNoise(dephasing=GAMMA)
KEYS = {
    "probe", "num_qubits", "qubits", "gain_start", "best_time_s", "advantage_db", "leads_until_s", "shots", "device_s",
    "phase_error_rad", "field_error_t",
}  # fmt: skip


def test_a_plan_for_dephasing_has_the_closed_forms_of_both_probes():
    """N/(4eγ) at t = 1/(4γ) and 1/(4Nγ), equal 𝓘, and the crossing ln N/(4(N − 1)γ)."""
    plan = qsense.plan_sensing(noise=DEPHASING, num_qubits=4, shots=1000)
    ghz, product = plan.row("ghz", 4), plan.row("product", 4)
    np.testing.assert_allclose(ghz.best_time_s, 1 / (16 * GAMMA), rtol=5e-4)
    np.testing.assert_allclose(product.best_time_s, 1 / (4 * GAMMA), rtol=5e-4)
    np.testing.assert_allclose([ghz.rate_s, product.rate_s], 4 / (4 * math.e * GAMMA), rtol=1e-5)
    np.testing.assert_allclose([ghz.integrated_gain_s, product.integrated_gain_s], 4 / (4 * GAMMA), rtol=1e-4)
    np.testing.assert_allclose(ghz.leads_until_s, math.log(4) / (12 * GAMMA), rtol=1e-3)
    np.testing.assert_allclose(ghz.phase_error_rad, 1 / math.sqrt(1000 * 16 / math.e), rtol=5e-4)
    assert abs(ghz.advantage_db.value) < 1e-3
    assert (round(ghz.gain_start, 12), round(product.gain_start, 12)) == (16, 4)


def test_squeezed_spins_have_what_moments_of_their_state_give():
    """<∂J_y>²/Var J_y of the twisted state itself, by matrices over Dicke states, after dephasing of every spin."""
    plan = qsense.plan_sensing(noise=DEPHASING, num_qubits=6)
    row = plan.row("squeezed", 6)
    strength = float(row.probe.partition(":")[2])
    m = np.arange(7) - 3.0
    raising = np.diag(np.sqrt(12 - m[:-1] * (m[:-1] + 1)), -1)
    jx, jy, jz = (raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)
    vector = np.linalg.eigh(jx)[1][:, -1] * np.exp(-1j * strength * m**2)
    mean = np.vdot(vector, jx @ vector).real
    turned = [np.cos(a) * jy + np.sin(a) * jz for a in np.linspace(0, np.pi, 20001)]
    least = min(np.vdot(one @ vector, one @ vector).real for one in turned[::10])
    eta = np.exp(-2 * GAMMA * row.best_time_s)
    gain = (mean * eta) ** 2 / (1.5 * (1 - eta**2) + eta**2 * least)
    np.testing.assert_allclose(row.rate_s, gain * row.best_time_s, rtol=1e-4)


def test_json_has_the_keys_that_others_rely_on():
    found = qsense.plan_sensing(noise="nv_ensemble", num_qubits=[2, 3], seconds=1.0).to_dict()
    assert isinstance(found["advice"], str)
    assert found["advice"].endswith(".")
    for row in found["rows"]:
        assert row.keys() >= KEYS
        assert row["advantage_db"].keys() == {"value", "low", "high"}
        np.testing.assert_allclose(
            row["field_error_t"], row["phase_error_rad"] / row["best_time_s"] / (2 * math.pi * 28.03e9), rtol=1e-4
        )
        assert row["device_s"] <= 1.0
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_no_number_depends_on_the_unit_of_time(unit):
    plans = [
        qsense.plan_sensing(
            noise=qsense.LocalNoise(dephasing=0.1 / one, emission=0.05 / one), num_qubits=3, dead_time=2.0 * one
        )
        for one in (1.0, unit)
    ]
    for before, after in zip(*(plan.rows for plan in plans), strict=True):
        np.testing.assert_allclose(after.best_time_s / unit, before.best_time_s, rtol=1e-9)
        np.testing.assert_allclose(after.rate_s / unit, before.rate_s, rtol=1e-9)
        np.testing.assert_allclose(after.advantage_db, before.advantage_db, rtol=1e-6, atol=1e-9)
        assert (after.probe, after.shots) == (before.probe, before.shots)


def test_dead_time_is_named_where_it_costs_the_advantage():
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(emission=0.1), num_qubits=2, dead_time=100.0)
    assert plan.row("ghz", 2).advantage_db.high < 0
    assert plan.advice.cause == "dead time"
    assert "dead time" in plan.advice.limit


def test_shared_noise_is_named_where_it_costs_the_advantage():
    noise = qsense.NoiseModel(qsense.LocalNoise(emission=0.1), collective_dephasing=0.2)
    plan = qsense.plan_sensing(noise=noise, num_qubits=2, goal="img")
    assert plan.advice.cause == "shared noise"
    matched = qsense.plan_sensing(noise=noise, num_qubits=4, goal="img", signal=Signal("alternating"))
    assert matched.row("ghz", 4).advantage_db.low > 0
    assert matched.advice.probe == "ghz:+-+-"
    assert ("squeezed", 4) in matched.left_out


def test_sizes_that_feel_shared_noise_are_told_from_those_that_do_not():
    """Odd numbers of alternating signs do not cancel a field that all spins share: Σ s_j is 1."""
    noise = qsense.NoiseModel(qsense.LocalNoise(dephasing=0.1), collective_dephasing=1.0)
    plan = qsense.plan_sensing(noise=noise, num_qubits=[4, 5, 6], signal=Signal("alternating"))
    assert plan.advice.limit == "entanglement pays at N = 4, 6, not at 5: shared noise"
    assert plan.advice.stops_at is None


def test_intervals_grow_with_what_t1_and_t2_leave_open():
    narrow, wide = (
        qsense.plan_sensing(noise=DEPHASING, num_qubits=2, uncertainty=share).row("ghz", 2).intervals["leads_until_s"]
        for share in (0.05, 0.2)
    )
    np.testing.assert_allclose(math.log(wide.high / wide.low) / math.log(narrow.high / narrow.low), 4.0, rtol=0.02)
    none = qsense.plan_sensing(noise=DEPHASING, num_qubits=2, uncertainty=0).row("ghz", 2).intervals["leads_until_s"]
    assert none.low == none.value == none.high


@pytest.mark.parametrize(("size", "goal"), [(2, "rate"), (4, "rate"), (2, "img"), (4, "img")])
def test_intervals_hold_t1_and_t2_that_are_uncertain_each_by_itself(size, goal):
    """By drawing T1 and T2, the same for all spins, and the closed form of GHZ with both."""
    rng, times, found = np.random.default_rng(1), np.geomspace(1e-8, 1e-2, 1000), []
    for _ in range(500):
        t1, t2 = np.array([50e-6, 60e-6]) * np.exp(0.2 * rng.standard_normal(2))
        t2, x = min(t2, 2 * t1), np.exp(-times / t1)
        ghz = size**2 * np.exp(-2 * size * times / t2) * 2 / (1 + x**size + (1 - x) ** size)
        product = size * np.exp(-2 * times / t2)
        both = [
            (one * times).max() if goal == "rate" else np.trapezoid(one * times, np.log(times))
            for one in (ghz, product)
        ]
        found.append(10 * np.log10(both[0] / both[1]))
    noise = qsense.LocalNoise.from_t1_t2(t1=50e-6, t2=60e-6)
    planned = qsense.plan_sensing(noise=noise, num_qubits=size, goal=goal).row("ghz", size).advantage_db
    np.testing.assert_allclose((planned.high - planned.low) / 2, 1.96 * np.std(found), rtol=0.15)


def test_kinds_of_rates_are_uncertain_each_by_itself():
    """By plans in which one rate after the other is larger; one kind alone scales time, and no advantage with it."""

    def advantage(*logs):
        noise = qsense.LocalNoise(*(np.array([1.0, 2.0, 1.0]) * np.exp(logs)))
        return qsense.plan_sensing(noise=noise, num_qubits=2, uncertainty=0).row("ghz", 2).advantage_db.value

    slopes = [(advantage(*row) - advantage(0, 0, 0)) / 0.05 for row in 0.05 * np.eye(3)]
    planned = qsense.plan_sensing(noise=qsense.LocalNoise(1.0, 2.0, 1.0), num_qubits=2).row("ghz", 2).advantage_db
    np.testing.assert_allclose((planned.high - planned.low) / 2, 1.96 * 0.2 * np.linalg.norm(slopes), rtol=0.1)
    alone = qsense.plan_sensing(noise=qsense.LocalNoise.depolarizing(1.0), num_qubits=2).row("ghz", 2).advantage_db
    assert alone.high - alone.low < 0.01


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"num_qubits": 1}, "one spin has nothing"),
        ({"goal": "best"}, "Unknown goal"),
        ({"dead_time": -1.0}, "dead_time"),
        ({"idle": "hahn"}, "refocuses a constant field"),
        ({"shots": 10, "seconds": 1.0}, "one budget"),
        ({"precision": 0.0}, "no number of shots"),
        ({"noise": qsense.LocalNoise()}, "nothing to plan"),
        ({"backend": "emulator", "noise": None}, "without noise of its own"),
        ({"backend": "fake:manila"}, "Give either"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_reason(given, words):
    with pytest.raises(ArgumentError, match=words):
        qsense.plan_sensing(**({"noise": DEPHASING, "num_qubits": 2} | given))


def test_the_spec_of_a_plan_loads_and_holds_what_was_foreseen(tmp_path):
    plan = qsense.plan_sensing(noise="dephasing", num_qubits=3, goal="crossover")
    path = tmp_path / "plan.toml"
    path.write_text(tomli_w.dumps(plan.to_spec("mine")))
    spec = qsense.RunSpec.load(path)
    assert [probe.name for probe in spec.probes] == ["ghz", "product"]
    assert spec.plan is not None
    ghz = spec.plan.rows[0]
    np.testing.assert_allclose(np.interp(0.1, ghz.times_s, ghz.gain), 9 * np.exp(-12 * GAMMA * 0.1), rtol=0.02)
    assert qsense.RunSpec.from_dict(spec.to_dict()).plan == spec.plan
    without = {key: value for key, value in spec.to_dict().items() if key != "plan"}
    assert qsense.RunSpec.from_dict(without).id == spec.id  # it decides no counts


def test_the_run_of_a_spec_keeps_the_seconds_and_says_what_its_circuits_reach():
    """Of GHZ one of two circuits tells of the phase, of product spins one of three, each at its own best time."""
    spec = qsense.plan_sensing(noise=DEPHASING, num_qubits=2, seconds=1e6, dead_time=1.0).to_spec()
    decays = {"ghz": (2, 4, 8), "product": (3, 2, 4)}
    for row, entry in zip(spec["plan"]["rows"], spec["estimators"], strict=True):
        circuits, top, rate = decays[row["probe"]]
        times = np.array(spec["times_s"][row["probe"]])
        np.testing.assert_allclose(circuits * entry["shots"] * (times + 1).sum(), 1e6, rtol=1e-3)
        np.testing.assert_allclose(row["run_device_s"], 1e6, rtol=1e-3)
        told = entry["shots"] * (times**2 * top * np.exp(-rate * GAMMA * times)).sum()
        np.testing.assert_allclose(row["run_frequency_error_rad_per_s"], told**-0.5, rtol=1e-3)


def test_a_budget_too_small_for_one_repetition_has_no_spec():
    plan = qsense.plan_sensing(noise=DEPHASING, num_qubits=2, seconds=0.1)
    assert plan.row("product", 2).shots == 0
    with pytest.raises(ArgumentError, match="Not one repetition"):
        plan.to_spec()


def test_the_figure_of_a_plan_has_every_probe_and_the_bound():
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(emission=0.1), num_qubits=[2, 3, 4])
    figure = import_module("qsense.reports.plan_figure").plan_figure(plan)
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert {"product", "GHZ", "squeezed", "beyond the bound on any probe"} <= set(labels)


def test_spins_that_relax_have_the_closed_forms_of_emission_too():
    """GHZ under emission: 2N² x^N/(1 + (1 − x)^N + x^N), x = e^{−γt}; 𝓘 is 1.38432 … times the product's at N = 6."""
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(emission=0.3), num_qubits=6, goal="img")
    np.testing.assert_allclose(plan.row("ghz", 6).integrated_gain_s, 6 / 0.3 * 1.38431981, rtol=1e-4)
    planned = plan.to_spec()["plan"]["rows"][0]
    x = np.exp(-0.3 * np.array(planned["times_s"]))
    np.testing.assert_allclose(planned["gain"], 72 * x**6 / (1 + (1 - x) ** 6 + x**6), rtol=1e-5)


def test_advice_that_hangs_on_t2_says_at_which():
    """T1 is fixed in ratio to T2; the threshold is where a planned advantage at that T2 is zero."""
    noise = qsense.LocalNoise.from_t1_t2(t1=100e-6, t2=150e-6)
    plan = qsense.plan_sensing(noise=noise, num_qubits=2, dead_time=45e-6)
    found = plan.advice.threshold
    assert found is not None
    assert found.pays_above
    assert f"only if T2 > {found.t2_s * 1e6:.3g} µs; it is 150 ± 30 µs" in plan.advice.sentence
    at = qsense.LocalNoise.from_t1_t2(t1=found.t2_s / 1.5, t2=found.t2_s)
    again = qsense.plan_sensing(noise=at, num_qubits=2, dead_time=45e-6)
    assert abs(again.row("ghz", 2).advantage_db.value) < 0.04


def test_the_figure_of_a_ranking_names_the_best_device_of_each_probe():
    """Of two noises the one that is half as fast is better at every N."""
    plans = tuple(qsense.plan_sensing(noise=qsense.LocalNoise(emission=one, name=f"rate {one}"), num_qubits=[2, 3])
                  for one in (0.2, 0.1))  # fmt: skip
    ranking = import_module("qsense.planning.ranking").Ranking(plans, {})
    panel = import_module("qsense.reports.plan_figure").ranking_figure(ranking).axes[0]
    lines = {line.get_label(): line for line in panel.get_lines()}
    assert {"product: rate 0.1", "GHZ: rate 0.1", "squeezed: rate 0.1"} <= set(lines)
    best = [1 / math.sqrt(plans[1].row("product", size).rate_s) for size in (2, 3)]
    np.testing.assert_allclose(lines["product: rate 0.1"].get_ydata(), best)
