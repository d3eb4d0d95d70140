"""Nothing depends on the unit of time: with all rates in 1/τ and all times in τ, every answer is that number of τ.

τ runs from 1e-10 s to 1e10 s, so that a tolerance in seconds, hidden in a search, a root or a quadrature, shows.
"""

import re

import numpy as np
import pytest
from cases import further, spread
from typer.testing import CliRunner

from qsense import LocalNoise, Probe, classical_gain, crossover, gain, integrated_classical_gain, integrated_gain
from qsense.calibration.analysis import _rate
from qsense.circuits.sensing import Experiment, Settings
from qsense.circuits.transpilation import window_delays
from qsense.cli.app import app
from qsense.comparison import compare_points, measure_point
from qsense.comparison.crossing import crossing
from qsense.devices import layout
from qsense.devices.device import Device
from qsense.emulator import sample
from qsense.estimators.integral import allocate, fit
from qsense.estimators.phase.estimation import PhaseEstimate
from qsense.estimators.result import Estimate, integrate_estimates
from qsense.estimators.spam import does_not_decay, fit_amplitude, spin_decay, suspects
from qsense.noise import Environment
from qsense.numerics.integration import integrate
from qsense.numerics.quadrature import rule_for_times
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.optimal import best_squeezing, optimal_probe
from qsense.theory.rate import operational_rate, rate_bound
from qsense.theory.table import comparison
from qsense.theory.times import decay_rate, designed_rule

UNITS = [1e-10, 1e10]
UNEQUAL_STATE = Probe.from_state(np.arange(1, 9) / np.linalg.norm(np.arange(1, 9)))

NOISES = {
    "dephasing": lambda tau: LocalNoise(dephasing=0.1 / tau),
    "emission": lambda tau: LocalNoise(emission=0.3 / tau),
    "stretched": lambda tau: LocalNoise(dephasing=0.1 / tau, exponent=1.7),
    "stretched beside emission": lambda tau: LocalNoise(0.1 / tau, 0.1 / tau, exponent=2.0),
    "unequal": lambda tau: LocalNoise(np.array([0.1, 0.4, 0.02]) / tau, np.array([0.0, 0.1, 0.3]) / tau),
    "collective": lambda tau: Environment(LocalNoise(0.05 / tau), collective_dephasing=0.02 / tau),
    "transverse": lambda tau: LocalNoise(dephasing=0.1 / tau, transverse=0.2 / tau),
    "coupled": lambda tau: Environment(LocalNoise(emission=0.3 / tau), coupling=0.7 / tau),
}
PROBES = {
    "ghz": Probe.ghz(3),
    "product": Probe.product(3),
    "one_axis": Probe.named("one_axis:0.4", 3),
    "dense": UNEQUAL_STATE,
}


def agree(function, rel=1e-9):
    """Checks that a function of τ that returns numbers in units of τ returns the same at 1e-10, 1 and 1e10 s."""
    expected = np.asarray(function(1.0), dtype=float)
    rounding = 1e-13 * np.max(np.abs(expected[np.isfinite(expected)]), initial=0)
    for tau in UNITS:
        np.testing.assert_allclose(np.asarray(function(tau), dtype=float), expected, rtol=rel, atol=rounding)


@pytest.mark.parametrize(("name", "probe"), spread(2, NOISES, PROBES))
def test_gains_and_their_integrals(name, probe):
    def numbers(tau):
        state, noise, field = PROBES[probe], NOISES[name](tau), 0.5 / tau
        whole = integrated_gain(state, noise, None, field)
        part = integrated_gain(state, noise, 2 * tau, field)
        times = np.array([0.0, 0.3, 2.0]) * tau
        return [*gain(state, noise, times, field), whole.value / tau, part.value / tau]

    agree(numbers)


@pytest.mark.parametrize("name", NOISES)
def test_crossovers_rates_and_bounds(name):
    def numbers(tau):
        noise, field = NOISES[name](tau), 0.5 / tau
        found = [x / tau for dead in (0.0, 0.3 * tau) for x in operational_rate(Probe.ghz(3), noise, dead, field)]
        bounds = [*gain_bound(3, noise, np.array([0.1, 3.0]) * tau), integrated_gain_bound(3, noise).value / tau]
        return [crossover(3, noise, field) / tau, *found, *bounds, *(x / tau for x in rate_bound(3, noise, 0.3 * tau))]

    agree(numbers, rel=1e-7)  # a time at a flat maximum is known to 1e-8


@pytest.mark.parametrize("phase", ["mid", "best", 0.4])
@pytest.mark.parametrize("readout", ["total_jx", "parity"])
def test_classical_gains(readout, phase):
    def numbers(tau):
        noise, probe = NOISES["stretched beside emission"](tau), Probe.named("one_axis:0.4", 2)
        curve = classical_gain(probe, noise, np.array([0.0, 0.4, 1.5]) * tau, readout, phase)
        return [*curve, integrated_classical_gain(probe, noise, readout, phase).value / tau]

    agree(numbers, rel=1e-8)


@pytest.mark.parametrize("name", [*map(further, ("dephasing", "collective")), "stretched beside emission"])
def test_the_best_probe(name):
    def numbers(tau):
        noise = NOISES[name](tau)
        found = comparison(3, noise)
        assert found.symmetric.stationarity < 1e-6
        assert found.symmetric.value == max(value for _, value in found.values)
        return [*(value / tau for _, value in found.values), optimal_probe(3, noise, "gain", 0.4 * tau).value]

    agree(numbers)


@pytest.mark.parametrize(("size", "value"), [(2, 9 / 16), (4, 1.3009162), (8, 3.0693567)])
@pytest.mark.parametrize("tau", [1e-10, 3.9e-9, 1.0, 1e10])
def test_the_largest_integrals_under_dephasing_are_numbers_of_lifetimes(size, value, tau):
    assert optimal_probe(size, LocalNoise(dephasing=1 / tau)).value == pytest.approx(value * tau, rel=1e-7)


def test_the_best_rate_and_squeezing():
    def numbers(tau):
        noise = NOISES["emission"](tau)
        best = optimal_probe(2, noise, "rate", dead_time=0.2 * tau)
        squeezed = best_squeezing(4, noise)
        return [best.value / tau, squeezed.value / tau]

    agree(numbers, rel=1e-8)
    agree(lambda tau: [best_squeezing(4, NOISES["emission"](tau)).parameter], rel=1e-5)  # at a flat maximum


@pytest.mark.parametrize("name", [n for n in NOISES if n not in ("transverse", "coupled", "collective")])
def test_designed_times_and_rules(name):
    def numbers(tau):
        noise, probe = NOISES[name](tau), PROBES["product"]
        designed = designed_rule(probe, noise)
        given = rule_for_times(np.array([0.1, 1.0, 3.0]) * tau, decay_rate(probe, noise))
        between = np.array([0.5, 2.0]) * tau
        parts = [
            part
            for rule in (designed, given)
            for part in (
                rule.times / tau,
                rule.weights / tau,
                rule.tail_weights / tau,
                rule.interpolation(between).ravel(),
            )
        ]
        return np.concatenate(parts)

    agree(numbers, rel=1e-7)  # times have nine digits


def curve(tau, law=lambda s: np.exp(-s), times=(0.2, 0.5, 1.0, 2.0, 4.0)):
    scatter = np.array([0.4, -0.7, 0.2, 0.5, -0.3]) * 0.01
    at = np.array(times) * tau
    return at, [Estimate(float(3 * law(0.7 * t / tau) + e), 0.01) for t, e in zip(at, scatter, strict=True)]


@pytest.mark.parametrize("model", ["exponential", "stretched", "ghz_emission"])
def test_fits_of_laws_of_decay(model):
    laws = {
        "exponential": lambda s: np.exp(-s),
        "stretched": lambda s: np.exp(-(s**1.4)),
        "ghz_emission": lambda s: 2 * np.exp(-3 * s) / (1 + (1 - np.exp(-s)) ** 3 + np.exp(-3 * s)),
    }

    def numbers(tau):
        found = fit(*curve(tau, laws[model]), model, 3)
        powers = [0, -1, 0][: len(found.parameters)]
        values = [
            x
            for p, e in zip(powers, found.parameters.values(), strict=True)
            for x in (e.value / tau**p, e.stderr / tau**p)
        ]
        scaled = found.covariance / np.multiply.outer(*[np.array([tau**p for p in powers])] * 2)
        total, tail = found.integral.total, found.integral.tail
        integrals = [x / tau for x in (total.value, total.stderr, tail.value, tail.stderr)]
        return [*values, *scaled.ravel(), *integrals, found.chi_square, found.bend, found.p_value]

    agree(numbers, rel=1e-8)  # errors come from differences


def test_other_estimates_of_decay():
    def numbers(tau):
        times, estimates = curve(tau)
        found = spin_decay(times, estimates)
        amplitude = fit_amplitude(estimates, 3 * np.exp(-0.7 * times / tau))
        rule = rule_for_times(times, 0.7 / tau)
        total = integrate_estimates(rule, estimates).total
        other = [Estimate(2 * float(np.exp(-0.2 * t / tau)), 0.01) for t in times]
        cross = crossing(rule, estimates, rule_for_times(times, 0.2 / tau), other)
        culprits = suspects([0, 1], [Estimate(1 / tau, 0.1 / tau), Estimate(2 / tau, 0.1 / tau)], [1 / tau, 1 / tau])
        phase = PhaseEstimate(0.3, 0.01, (0.28, 0.32), (), 1.0).field(2 * tau)
        shots = allocate(1000, [1.0, 1.0], rule.weights[:2], 50).shots
        return [
            found.amplitude.value, found.amplitude.stderr, found.rate.value * tau, found.rate.stderr * tau,
            amplitude.amplitude.value, amplitude.p_value, total.value / tau, total.stderr / tau,
            cross.value / tau, cross.stderr / tau, *(c.z for c in culprits), phase.value * tau, phase.stderr * tau,
            does_not_decay(estimates, np.exp(-0.7 * times / tau)), *shots,
        ]  # fmt: skip

    agree(numbers, rel=1e-8)


def test_calibration_fits_and_windows_and_layouts():
    def numbers(tau):
        times = np.array([0.1, 0.3, 0.8, 1.5, 3.0]) * tau
        shares = 0.05 + 0.9 * np.exp(-times / tau) + np.array([1, -2, 1, 0, 1]) * 1e-3
        rate = _rate(times, shares, 4000)
        line = Device.uniform(4, [(0, 1), (1, 2), (2, 3)], t1=tau, t2=0.8 * tau)
        found = window_delays(1000 * tau, line, 0, "xy4")
        chosen = layout.choose(line, Probe.ghz(3)).qubits
        return [
            rate.value * tau,
            rate.stderr * tau,
            *np.array(found) / tau,
            *chosen,
            *layout.product_merits(line),
        ]

    agree(numbers, rel=1e-7)


def test_the_emulator_draws_the_same_counts():
    rows = Settings(np.full((2, 3), 0.3), np.full((2, 3), np.pi / 2), np.zeros((2, 3)))
    for probe in PROBES.values():
        drawn = [
            sample(Experiment(probe, 0.7 * tau), rows, 500, NOISES["unequal"](tau), 3).to_bytes()
            for tau in (1.0, *UNITS)
        ]
        assert drawn[0] == drawn[1] == drawn[2]


def test_a_run_and_its_comparison():
    def numbers(tau):
        spec = RunSpec.from_dict({
            "schema": 1, "name": "unit", "probes": ["ghz", "product"], "num_qubits": [3], "shots": 2000, "seed": 1,
            "noise": [{"name": "n", "dephasing_rate": 0.1 / tau}], "estimators": ["auto"], "field_rad_per_s": 0.2 / tau,
        })  # fmt: skip
        measured = []
        for point in plan(spec):
            jobs = point.acquisitions()
            # A point's own seed is a hash of its times: here it is one for every unit.
            parts = [sample(j.experiment, j.settings, j.shots, point.noise, 7 + k) for k, j in enumerate(jobs)]
            measured.append(measure_point(point, parts))
        (found,) = compare_points(measured).crossovers
        totals = [x / tau for m in measured for x in (m.integral.total.value, m.integrated_gain_exact.value)]
        return [found.exact / tau, found.measured.value / tau, found.measured.stderr / tau, found.ratio.value, *totals]

    agree(numbers, rel=1e-4)  # the interval's numbers come from differences


def test_integrals_have_no_absolute_tolerance():
    agree(lambda tau: [integrate(lambda t: np.exp(-3 * t / tau), 3 / tau, 3 / tau).value / tau], rel=1e-12)


@pytest.mark.parametrize("tau", [1e-10, 1.0, 1e10])
def test_the_table_of_the_best_probe_is_readable_in_every_unit(tau):
    result = CliRunner().invoke(app, ["optimal", "--num-qubits", "2", "--dephasing", f"{1 / tau:g}"])
    assert result.exit_code == 0
    unit = {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[re.search(r"𝓘 in (\S+):", result.output)[1]]
    value = float(re.search(r"best symmetric\s+(\S+)", result.output)[1])
    assert value * unit == pytest.approx(9 / 16 * tau, rel=1e-7)
    assert re.search(r"best symmetric.*1\.12500.*0\.8115", result.output)
