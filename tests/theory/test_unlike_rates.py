"""Spins of very unlike rates: some only emit, some only absorb, some do neither, some are ten decades slower."""

import json
import math

import forked
import numpy as np
import precise
import pytest

from qsense import LocalNoise, Probe, crossover, gain, integrated_gain, operational_rate
from qsense.theory import resolution
from qsense.theory.closed import ghz_gain

OPPOSITE = LocalNoise(emission=[1, 0], absorption=[0, 1])


def test_a_ghz_probe_of_which_one_spin_emits_and_another_absorbs():
    """By hand: |c|² = e^{−2t}/4, p_up = p_down = e^{−t}/2."""
    times = np.array([1e-12, 1.0, 36.0, 50.0, 700.0])
    assert np.allclose(gain(Probe.ghz(2), OPPOSITE, times), 4 * np.exp(-times), rtol=1e-12, atol=0)
    assert np.array_equal(gain(Probe.ghz(2), OPPOSITE, [1e5, 1e306]), [0, 0])
    assert resolution(Probe.ghz(2), OPPOSITE) == 0
    integral = integrated_gain(Probe.ghz(2), OPPOSITE)
    assert abs(integral.value - 4) <= integral.error < 1e-10
    rate = operational_rate(Probe.ghz(2), OPPOSITE)
    assert (rate.value, rate.time) == (pytest.approx(4 / math.e, rel=1e-12), pytest.approx(1, rel=1e-6))
    assert crossover(2, OPPOSITE) is None  # the product probe has 2 e^{−t}


def test_the_command_line_says_finite():
    asked = [
        "theory",
        "--probe",
        "ghz",
        "--num-qubits",
        "2",
        "--emission",
        "1,0",
        "--absorption",
        "0,1",
        "--times",
        "50,700",
    ]
    text = forked.run(*asked).stdout
    assert "= 4 s" in text
    assert "infinite" not in text
    answer = json.loads(forked.run(*asked, "--json").stdout)
    assert answer["gain"] == pytest.approx([4 * math.exp(-50), 4 * math.exp(-700)], rel=1e-12, abs=0)
    assert (answer["integrated_gain_s"], answer["rate_s"]) == pytest.approx((4, 4 / math.e))


def _rates(rng, size):
    kind = rng.integers(4)
    if kind < 2:
        return np.full(size, kind * 10.0 ** rng.uniform(-1, 1))
    rates = 10.0 ** rng.uniform(-10 if kind == 2 else -60, 1, size)
    rates[rng.random(size) < 0.3] = 0
    return rates


def test_ghz_probes_of_any_mix_of_spins():
    rng = np.random.default_rng(23)
    for _ in range(300):
        size = int(rng.integers(1, 40))
        rates = [_rates(rng, size) for _ in range(3)]
        if rng.random() < 0.5:
            rates[0] = np.zeros(size)  # so that the populations decide
        time = 10.0 ** rng.uniform(-4, 5)
        exact = precise.ghz_gain(*rates, time)
        found = ghz_gain(size, LocalNoise(*rates), np.array([time]))[0]
        if exact < 1e-306:
            assert found <= 1.1e-306
        else:
            assert abs(found / exact - 1) < 1e-12, (rates, time)


def test_populations_keep_their_relative_accuracy():
    times = np.array([1e-9, 1.0, 50.0, 700.0])
    channel = LocalNoise(emission=[1, 0, 1], absorption=[0, 1, 1e-20]).channel(times, 3)
    for row, time in enumerate(times):
        for spin, (emission, absorption) in enumerate([(1, 0), (0, 1), (1, 1e-20)]):
            _, (up, _, _, down) = precise.one_spin(0, emission, absorption, time)
            assert abs(channel.stay_up[row, spin] / up - 1) < 1e-13
            assert abs(channel.stay_down[row, spin] / down - 1) < 1e-13
    at_zero = LocalNoise(emission=[0.1, 1e-300, 3], absorption=[0.7, 1, 1e-17]).channel(np.zeros(1), 3)
    for stays in (at_zero.stay_up, at_zero.stay_down):
        assert np.array_equal(stays, np.ones((1, 3)))
