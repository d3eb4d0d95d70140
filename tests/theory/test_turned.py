"""Twisted states turned about every axis: the widest direction of all is along z, and the best squeezing knows them."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain
from qsense.theory.optimal import best_squeezing


def spins(size):
    """J_x, J_y, J_z over Dicke states, from no spin up to all."""
    m = np.arange(size + 1) - size / 2
    ladder = np.diag(np.sqrt(size / 2 * (size / 2 + 1) - m[:-1] * (m[:-1] + 1)), -1)
    return (ladder + ladder.T) / 2, (ladder - ladder.T) / 2j, np.diag(m)


def widths_of(state):
    """The symmetrised covariance of J_x, J_y, J_z."""
    size = len(state) - 1
    means = [np.vdot(state, one @ state).real for one in spins(size)]
    products = [[np.vdot(one @ state, other @ state).real for other in spins(size)] for one in spins(size)]
    return np.array(products) - np.outer(means, means)


@pytest.mark.parametrize("name", ["one_axis:0.1", "one_axis:1", "one_axis:1.5707963268", "two_axis:0.3", "two_axis:2"])
@pytest.mark.parametrize("size", [2, 4, 5])
def test_no_direction_is_wider_than_z(name, size):
    family, _, strength = name.partition(":")
    turned, before = (Probe.named(one, size).dicke_amplitudes() for one in (f"{family}_turned:{strength}", name))
    assert np.linalg.norm(turned) == pytest.approx(1, abs=1e-12)
    widest = np.linalg.eigvalsh(widths_of(turned))[-1]
    assert widths_of(turned)[2, 2] == pytest.approx(widest, rel=1e-10)
    assert widest == pytest.approx(np.linalg.eigvalsh(widths_of(before))[-1], rel=1e-10)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_half_a_turn_of_twisting_is_a_ghz_state(size):
    probe = Probe.named("one_axis_turned:1.57079632679", size)
    noise = LocalNoise(emission=0.3)
    assert gain(probe, noise, [0.0, 0.4]) == pytest.approx(gain(Probe.ghz(size), noise, [0.0, 0.4]), rel=1e-8)


def test_the_best_squeezing_at_an_early_time_is_the_ghz_state():
    noise = LocalNoise(dephasing=0.25)
    best = best_squeezing(6, noise, objective="gain", time=0.01)
    assert best.probe.name == "one_axis_turned:1.57079633"
    assert best.value == pytest.approx(36 * np.exp(-4 * 0.25 * 6 * 0.01), rel=1e-9)
    assert best_squeezing(6, noise).probe.name.startswith("one_axis:0.3")
