"""What entanglement bought: the exact crossing at any time, and verdicts from numbers that say something about it."""

import numpy as np
import pytest
from scipy.optimize import brentq

from qsense import LocalNoise, RunSpec, compare, crossover, gain, run
from qsense.comparison.advantage import Crossover, crossovers
from qsense.comparison.crossing import crossing
from qsense.comparison.points import MeasuredPoint
from qsense.comparison.verdicts import verdicts
from qsense.estimators import Estimate
from qsense.estimators.result import IntegratedEstimate
from qsense.numerics.quadrature import rule_for_times
from qsense.runs.plan import plan
from qsense.theory import IntegratedGain

pytestmark = pytest.mark.usefixtures("without_figures")

RUN = {
    "schema": 1, "name": "some", "probes": ["ghz", "product"], "num_qubits": [2], "noise": [{"emission_rate": 0.1}],
    "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 2000, "backend": "emulator", "seed": 1,
}  # fmt: skip


def rates(gains, before, after):
    """Where a difference of gains changes sign, by bisection."""
    for _ in range(200):
        middle = (before + after) / 2
        before, after = (middle, after) if gains(middle) > 0 else (before, middle)
    return before


def test_probes_on_different_spins_cross_where_their_own_gains_do():
    ghz = LocalNoise(dephasing=[3e3, 1e3], emission=[2e4, 1e4])
    product = LocalNoise(dephasing=[1e3, 2e3], emission=[1e4, 3e4])

    def lead(time):
        phi, down = np.array([3e3, 1e3]), np.array([2e4, 1e4])
        coherence = np.exp(-np.sum(2 * phi + down / 2) * time)
        kept = (np.exp(-down.sum() * time) + 1 + np.prod(1 - np.exp(-down * time))) / 2
        other = np.exp(-2 * (2 * np.array([1e3, 2e3]) + np.array([1e4, 3e4]) / 2) * time).sum()
        return 4 * coherence**2 / kept - other

    assert crossover(2, ghz, product_noise=product) == pytest.approx(rates(lead, 1e-7, 1e-3), rel=1e-9)
    assert crossover(2, ghz, product_noise=LocalNoise()) < crossover(2, ghz)
    assert crossover(2, LocalNoise(), product_noise=ghz) is None


@pytest.mark.parametrize("scale", [1e-10, 1.0, 1e10])
def test_the_crossing_of_different_spins_is_free_of_units(scale):
    one, other = LocalNoise(emission=[0.2, 0.3]), LocalNoise(emission=[0.1, 0.1])
    scaled = [LocalNoise(emission=[rate / scale for rate in noise.emission]) for noise in (one, other)]
    assert crossover(2, scaled[0], product_noise=scaled[1]) == pytest.approx(
        scale * crossover(2, one, product_noise=other), rel=1e-12
    )


@pytest.mark.parametrize("estimator", ["auto", {"estimator": "parameter_shift", "readout": "local_x"}])
def test_the_exact_crossing_does_not_depend_on_the_times_measured(tmp_path, estimator):
    found = []
    for times in ([0.0, 1.0, 2.0], [0.0, 3.0, 20.0]):
        record = run(RunSpec.from_dict({**RUN, "times_s": times, "estimators": [estimator]}), tmp_path)
        found.append(compare(record).crossovers[0]["crossover_exact_s"])
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    # N² e^{−Nγt}, of parity, against N e^{−γt}; of the block it is divided by its population.
    assert found[0] == pytest.approx(crossover(2, LocalNoise(emission=0.1)) if estimator == "auto" else np.log(2) / 0.1)


def test_the_verdict_comes_from_the_quantum_value_and_names_its_estimator(tmp_path):
    estimators = [{"estimator": "parameter_shift", "readout": "local_x"}, "auto"]
    record = run(RunSpec.from_dict({**RUN, "estimators": estimators}), tmp_path)
    (verdict,) = compare(record).verdicts
    assert verdict.endswith("exact 1.209), by auto.")
    assert "gains" in verdict


def test_a_verdict_from_a_readout_alone_says_so(tmp_path):
    estimators = [{"estimator": "parameter_shift", "readout": "local_x"}]
    (verdict,) = compare(run(RunSpec.from_dict({**RUN, "estimators": estimators}), tmp_path)).verdicts
    assert verdict.endswith("by parameter_shift(local_x), for this readout alone.")


def test_a_readout_that_is_blind_gives_no_verdict():
    blind = Crossover("n", 2, "one", None, None, Estimate(0.01, 0.1), 0.0, False, "the readout of one is blind to ghz")
    seen = Crossover("n", 2, "other", Estimate(1.0, 0.1), 1.0, Estimate(1.5, 0.1), 1.5, False)
    assert verdicts([blind]) == ["n, N = 2: no verdict: the readout of one is blind to ghz."]
    assert "by other" in verdicts([blind, seen])[0]


@pytest.mark.parametrize("errors", [(0.035, 0.035), (0.01, 0.06)])
def test_numbers_that_readout_spoils_have_no_z_and_give_no_verdict(tmp_path, errors):
    wrong = dict(zip(("up_given_down", "down_given_up"), errors, strict=True))
    found = compare(run(RunSpec.from_dict({**RUN, "num_qubits": [4], "readout_error": wrong}), tmp_path))
    assert [row["z"] for row in found.rows] == [None, None]
    assert not any(row["is_exact_as_read"] for row in found.rows)
    assert found.verdicts == (
        "custom, N = 4: no verdict: auto does not undo the readout error, which changes G of each probe by another "
        "factor.",
    )


def test_a_readout_error_of_zero_spoils_nothing(tmp_path):
    none = {"up_given_down": 0.0, "down_given_up": 0.0}
    found = compare(run(RunSpec.from_dict({**RUN, "readout_error": none}), tmp_path))
    assert all(abs(row["z"]) < 4.5 for row in found.rows)
    assert "by auto" in found.verdicts[0]


@pytest.mark.parametrize("readout", ["auto", "local_x", "collective_x", "parity"])
def test_the_classical_gain_of_a_readout_holds_its_errors(tmp_path, readout):
    """GHZ under dephasing, read with errors: outcomes (1 + (−1)^ups c cos Nθ)/2^N, bits flipped by hand."""
    probes = ["ghz"] if readout == "parity" else ["ghz", "product"]
    estimators = [{"estimator": "parameter_shift", "readout": readout, "shots": 20000}]
    noise, wrong = [{"dephasing_rate": 0.1}], {"up_given_down": 0.02, "down_given_up": 0.08}
    content = {**RUN, "probes": probes, "noise": noise, "estimators": estimators, "readout_error": wrong}
    record = run(RunSpec.from_dict(content), tmp_path)
    found = compare(record)
    assert all(abs(row["z"]) < 4 for row in found.rows)
    first = record.estimates().iloc[0]
    if readout != "auto":
        confusion = np.array([[0.98, 0.08], [0.02, 0.92]])
        both = np.kron(confusion, confusion)
        signs = np.array([1, -1, -1, 1])
        contrast = np.exp(-4 * 0.1 * first["time_s"])
        p, slope = both @ np.full(4, 0.25), both @ (-signs / 4 * 2 * contrast)
        kinds = {"local_x": [0, 1, 2, 3], "collective_x": [0, 1, 1, 2], "parity": [0, 1, 1, 0]}[readout]
        p, slope = np.bincount(kinds, p), np.bincount(kinds, slope)
        assert first["gain_exact"] == pytest.approx(np.sum(slope**2 / p), rel=1e-9)
    assert found.rows[0]["quantity"] == "classical_integrated_gain"


def test_a_probe_measured_without_gain_has_no_ratio():
    nothing = Crossover("n", 2, "auto", None, 1.0, None, 1.2, True, "the product probe has no gain by auto")
    assert verdicts([nothing]) == ["n, N = 2: no verdict: the product probe has no gain by auto."]


def test_a_run_on_a_device_says_what_its_verdict_holds(tmp_path):
    on = {"noise": "calibration", "backend": "fake:burlington", "field_rad_per_s": 2000.0, "shots": 500}
    on["device"] = {"qubits": "best"}
    found = compare(run(RunSpec.from_dict({**RUN, **on, "times_s": [0.0, 1e-5, 3e-5]}), tmp_path))
    assert found.crossovers[0]["crossover_exact_s"] == pytest.approx(48.548e-6, rel=2e-5)
    errors, qubits = "preparation and readout errors are part of it", "the verdict is also of the qubits"
    assert found.verdicts[0].endswith(f"; {errors}; each probe on its own best qubits: {qubits}.")


@pytest.mark.parametrize("first", [1e-6, 1e-3, 0.1])
def test_the_error_of_a_crossing_is_that_of_shifted_curves_however_early_it_comes(first):
    times = np.array([first / 3, first, 3 * first, 0.5, 1.0])
    rules = (rule_for_times(times, 3.0), rule_for_times(times, 2.0))
    steep = [Estimate(4 * float(np.exp(-t / first)), 0.01) for t in times]
    flat = [Estimate(2 * float(np.exp(-2 * t)), 0.02) for t in times]
    found = crossing(rules[0], steep, rules[1], flat)
    shifts = []
    for estimates, place in [(one, k) for one in (steep, flat) for k in range(len(times))]:
        original = estimates[place]
        roots = []
        for sign in (-1, 1):
            estimates[place] = Estimate(original.value + sign * 1e-5, original.stderr)
            roots.append(crossing(rules[0], steep, rules[1], flat).value)
        estimates[place] = original
        shifts.append((roots[1] - roots[0]) / 2e-5 * original.stderr)
    assert first / 3 < found.value < 3 * first
    assert found.stderr == pytest.approx(np.linalg.norm(shifts), rel=1e-3)


@pytest.mark.parametrize("rates", [[0.1] * 3, [1e-4, 1.0, 1e4]])
def test_a_crossing_before_the_first_time_has_the_error_of_the_drawn_curves(rates):
    spec = RunSpec.from_dict({**RUN, "num_qubits": [3], "noise": [{"name": "n", "dephasing_rate": rates}]})
    measured = []
    for point in plan(spec):
        values = gain(point.probe, point.noise, point.rule.times)
        total = float(point.rule.weights @ values)
        estimates = tuple(Estimate(float(g), 0.01) for g in values)
        integral = IntegratedEstimate(Estimate(total, 0.01), Estimate(0.0, 0.0), {})
        measured.append(MeasuredPoint(point, (), estimates, integral, values, IntegratedGain(total, 0.0, "exact")))
    (found,) = crossovers(measured)
    # 9 exp(−4Σγt) against Σ exp(−4γ_j t), by hand.
    g = np.array(rates)
    assert found.exact == pytest.approx(
        brentq(lambda t: 9 * np.exp(-4 * g.sum() * t) - np.exp(-4 * g * t).sum(), 1e-3 / g.sum(), 10 / g.sum()),
        rel=1e-6,
    )
    assert abs(found.measured.value - found.exact) <= found.measured.stderr
    if len(set(rates)) == 1:  # nothing is missed where the curves are exponentials
        assert found.measured.stderr < 0.02 * found.exact


def test_one_time_of_a_probe_tells_neither_a_crossing_nor_a_ratio(tmp_path):
    spec = {
        "schema": 1, "name": "one", "probes": ["ghz", "product"], "num_qubits": 3, "noise": {"dephasing_rate": 0.1},
        "estimators": "auto", "field_rad_per_s": 0.2, "shots": 2000, "seed": 1,
    }  # fmt: skip
    found = {}
    for name, times in (("one", {"ghz": [0.5], "product": [2.0]}), ("several", [0.2, 0.6, 1.5])):
        found[name] = compare(run(RunSpec.from_dict({**spec, "name": name, "times_s": times}), tmp_path))
    only = found["one"].crossovers[0]
    assert only["crossover_s"] is None
    assert "one time of ghz tells G and φ there" in only["withheld"]
    assert "no verdict: one time of ghz" in found["one"].verdicts[0]
    assert found["several"].crossovers[0]["withheld"] is None
