"""Outcomes that hardly ever happen, beside p'²/p in sixty digits at the phase that is returned."""

import numpy as np
import precise
import pytest
from cases import spread
from mpmath import mp, mpf

from qsense import Environment, LocalNoise, Probe, classical_gain, gain
from qsense.errors import ArgumentError
from qsense.theory import best_phase

NONE = dict.fromkeys(("dephasing", "emission", "absorption", "transverse"), (0.0,) * 3)


def exact_gain(probe, rates, time, readout, phase, field=0.0, coupling=None, evolve=precise.evolved):
    """Σ p'²/p from ρ in sixty digits, turned by the phase and seen along x."""
    size = probe.num_qubits
    numbers = {**NONE, **rates, "exponent": 1.0, "collective": 0.0, "coupling": coupling}
    rho, slope = precise.state_and_slope(probe.statevector(), numbers, time, field, evolve)
    ups = [bin(index).count("1") for index in range(2**size)]
    outcomes = {}
    for row in range(2**size):
        kind = ups[row] if readout == "total_jx" else ups[row] % 2
        amplitudes = [mp.expj(mpf(phase) * up) * (-1) ** bin(row & k).count("1") for k, up in enumerate(ups)]
        for place, matrix in enumerate((rho, slope)):
            value = sum(
                mp.re(a * matrix[i, j] * mp.conj(b)) for i, a in enumerate(amplitudes) for j, b in enumerate(amplitudes)
            )
            outcomes.setdefault(kind, [mpf(0), mpf(0)])[place] += value / 2**size
    return float(sum(change**2 / p for p, change in outcomes.values() if p > mpf(10) ** -45))


@pytest.mark.parametrize("readout", ["total_jx", "parity", "local_x"])
@pytest.mark.parametrize("rate", [0.0, 1e-16, 1e-13, 1e-9])
@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_no_best_phase_exceeds_the_quantum_gain_where_outcomes_vanish_at_a_high_order(size, rate, readout):
    noise = LocalNoise(rate, rate / 3)
    for probe in (Probe.product(size), Probe.product(size, tilt=0.3), Probe.ghz(size), Probe.named("w", size)):
        best = classical_gain(probe, noise, [1.0], readout, "best")[0]
        assert best <= gain(probe, noise, [1.0])[0] * (1 + 1e-12) + 1e-12
    least = size * np.exp(-4 * rate) * (1 - 1e-9)
    if readout != "parity":
        assert classical_gain(Probe.product(size), noise, [1.0], readout, "best")[0] >= least


@pytest.mark.parametrize("phase", [1e-3, 0.01, 0.05, np.pi - 0.07, np.pi + 1e-4])
def test_outcomes_that_vanish_at_a_high_order(phase):
    found = classical_gain(Probe.product(3), LocalNoise(), [1.0], "total_jx", phase)[0]
    assert 3 * (1 - 3e-8) <= found <= 3 * (1 + 1e-9)  # where p is rounding it adds less than 1e-7


@pytest.mark.parametrize(
    ("field", "transverse"),
    spread(2, [-1.1964843133402165e-05, 1e-9, 1e-7, 1e-3], [(0.000153, 6.05e-05), (0.3, 0.2)]),
)
def test_the_narrow_peak_of_an_outcome_that_only_the_field_lets_happen(transverse, field):
    turned = np.array([1, np.exp(0.7j)]) / np.sqrt(2)
    for probe in (Probe.named("w", 2), Probe.from_state(np.kron(turned, turned)), Probe.ghz(2)):
        noise = LocalNoise(transverse=transverse)
        best = classical_gain(probe, noise, [0.78], "total_jx", "best", field)[0]
        phase = best_phase(probe, noise, [0.78], "total_jx", field)[0]
        around = phase + np.abs(field) * 0.78 * np.array([0, -3, -1, -0.3, 0.3, 1, 3])
        exact = [exact_gain(probe, {"transverse": transverse}, 0.78, "total_jx", at, field) for at in around]
        assert best == pytest.approx(exact[0], rel=1e-7, abs=1e-14)
        assert best >= max(exact) * (1 - 1e-5)
        assert best <= gain(probe, noise, [0.78], field)[0] * (1 + 1e-9)


def test_beside_a_coupling_what_rounding_hides_is_not_added():
    transverse, coupling = (5.5e-7, 5.5e-7), np.array([[0, 1.0947e-6], [1.0947e-6, 0]])
    noise = Environment(LocalNoise(transverse=transverse), coupling=coupling)
    best = classical_gain(Probe.ghz(2), noise, [3.37e6], "parity", "best", -4.59e-11)[0]
    phase = best_phase(Probe.ghz(2), noise, [3.37e6], "parity", -4.59e-11)[0]
    rates = {"transverse": transverse}
    exact = exact_gain(Probe.ghz(2), rates, 3.37e6, "parity", phase, -4.59e-11, coupling, precise.lindblad)
    assert exact * (1 - 1e-5) <= best <= exact * (1 + 1e-10)
    with pytest.raises(ArgumentError, match="rounding hides"):
        classical_gain(Probe.ghz(2), noise, [3.37e6], "parity", "best", 1e-14)
