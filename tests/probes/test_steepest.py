"""The steepest point of a fringe, at which readouts measure, held against numpy alone."""

import functools

import numpy as np
import pytest

from qsense import LocalNoise, Probe
from qsense.probes import steepest_angle
from qsense.theory.measurement import classical_gain


def information(state, readout, angle, flip):
    """F of a readout along x at an angle, by finite differences of the probabilities of all outcomes."""
    size = len(state).bit_length() - 1
    ups = np.array([bin(k).count("1") for k in range(2**size)])
    turn = functools.reduce(np.kron, [np.array([[1, 1], [1, -1]]) / np.sqrt(2)] * size)
    flips = functools.reduce(np.kron, [np.array([[1 - flip, flip], [flip, 1 - flip]])] * size)
    kinds = {"local_x": np.arange(2**size), "total_jx": ups, "parity": ups % 2}[readout]

    def p(at):
        joint = flips @ np.abs(turn @ (np.exp(1j * at * ups) * state)) ** 2
        return np.bincount(kinds, joint)

    slope = (p(angle + 1e-5) - p(angle - 1e-5)) / 2e-5
    return float(np.sum(slope**2 / p(angle)))


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_ghz_is_read_at_a_quarter_of_its_own_fringe(size, readout):
    assert steepest_angle(Probe.ghz(size), readout) == np.pi / (2 * size)
    state = np.zeros(2**size)
    state[[0, -1]] = np.sqrt(0.5)
    angles = np.linspace(0.01, np.pi - 0.01, 400)
    best = max(information(state, readout, angle, 0.03) for angle in angles)
    assert information(state, readout, np.pi / (2 * size), 0.03) > 0.9999 * best


@pytest.mark.parametrize(
    ("readout", "size"),
    [("local_x", 4), ("local_x", 3), ("total_jx", 4), ("total_jx", 3), ("parity", 4), ("parity", 1)],
)
def test_a_product_probe_is_read_where_its_fringe_is_steepest(readout, size):
    angles = np.linspace(0, np.pi, 100_001)
    fringe = np.cos(angles) ** size if readout == "parity" else np.cos(angles)
    steepest = angles[np.argmax(np.abs(np.gradient(fringe, angles)))]
    assert steepest_angle(Probe.product(size), readout) == pytest.approx(steepest, abs=1e-4)


PROBES = {
    "twin_fock": Probe.named("twin_fock", 4),
    "one_axis:0.3": Probe.named("one_axis:0.3", 3),
    "two_axis:0.2": Probe.named("two_axis:0.2", 4),
    "random": Probe.from_state(np.array([0.5, 0.1j, 0.3, -0.4, 0.2j, 0.6, 0.3j, 0.1]) / np.sqrt(1.01)),
}


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
@pytest.mark.parametrize("name", PROBES)
def test_any_other_probe_is_read_where_it_tells_most(name, readout):
    probe = PROBES[name]
    found = steepest_angle(probe, readout)
    of_all = [information(probe.statevector(), readout, angle, 0.05) for angle in np.linspace(0.005, np.pi, 600)]
    assert information(probe.statevector(), readout, found, 0.05) > 0.9995 * max(of_all)


def test_what_is_blind_at_every_angle_is_read_anywhere():
    assert steepest_angle(Probe.named("w", 3), "local_x") == np.pi / 2
    assert steepest_angle(Probe.ghz(3), "z") == np.pi / 2


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
@pytest.mark.parametrize("size", [2, 3, 4, 5, 12])
def test_a_readout_along_x_sees_all_of_a_dephased_ghz_probe(size, readout):
    """Sum of p'²/p by hand: every outcome has (1 ± c cos Nθ)/2^N, c = exp(−2Nγt)."""
    contrast = np.exp(-2 * size * 0.1)
    found = classical_gain(Probe.ghz(size), LocalNoise(dephasing=0.1), [1.0], readout)
    assert found == pytest.approx(size**2 * contrast**2, rel=1e-12)


def test_the_value_of_two_dephased_spins_is_that_of_the_issue():
    assert classical_gain(Probe.ghz(2), LocalNoise(dephasing=0.1), [1.0], "local_x")[0] == pytest.approx(
        1.797316, abs=1e-6
    )
