"""What rounding must not decide: crossings, probes that cannot sense, and times beyond the range of numbers."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf

from qsense import Environment, LocalNoise, Probe, crossover, gain, integrated_gain, operational_rate
from qsense.errors import ArgumentError
from qsense.numerics.integration import first_root
from qsense.theory import integrated_gain_bound


def test_transverse_noise_has_no_crossing_in_the_rounding():
    """GHZ of three stays ahead by e^{−…} at all times; at 227.6 s the difference was +1e-22, in rounding −1e-22."""
    for rate in (1e-9, 0.1, 1e9):
        assert crossover(3, LocalNoise(transverse=rate)) is None


def test_a_crossing_must_be_larger_than_the_resolution():
    def falls(t):
        return np.exp(-t) - 1e-13

    grid = np.linspace(0, 60, 30)
    assert first_root(falls, grid, resolution=1e-12) is None
    assert first_root(falls, grid, resolution=1e-14) == pytest.approx(13 * math.log(10), rel=1e-12)


@pytest.mark.parametrize("exponent", [0.01, 0.005, 0.02, 0.5, 3])
def test_crossings_of_stretched_decay_at_any_exponent(exponent):
    """(2γt)^β = ln N/(2(N − 1)), from N² e^{−2N(2γt)^β} = N e^{−2(2γt)^β}."""
    for rate in (1e-10, 1.0):
        log = math.log(math.log(2) / 2) / exponent - math.log(2 * rate)
        found = crossover(2, LocalNoise(dephasing=rate, exponent=exponent))
        assert math.log(found) == pytest.approx(log, rel=1e-12)


def test_beyond_the_range_of_numbers_is_one_line():
    noise = LocalNoise(dephasing=1.0, exponent=0.001)  # the crossing is at 1e-460 s
    for call in (
        lambda: crossover(2, noise),
        lambda: integrated_gain(Probe.product(2), noise),
        lambda: integrated_gain(Probe.ghz(2), noise),
    ):
        with pytest.raises(ArgumentError, match="exponent"):
            call()


@pytest.mark.parametrize("exponent", [0.05, pytest.param(0.005, marks=pytest.mark.study)])
def test_near_the_range_of_numbers_there_is_no_error_but_our_own(exponent):
    for noise in (
        LocalNoise(dephasing=1, exponent=exponent),
        LocalNoise(dephasing=1, emission=1, exponent=exponent),
    ):
        for ask in (
            lambda noise: operational_rate(Probe.ghz(2), noise),
            lambda noise: integrated_gain(Probe.ghz(2), noise),
            lambda noise: integrated_gain(Probe.named("twin_fock", 2), noise),
            lambda noise: integrated_gain_bound(2, noise),
            lambda noise: crossover(2, noise),
        ):
            try:
                answer = ask(noise)
            except ArgumentError:
                continue
            assert not np.isnan(answer if isinstance(answer, float) else answer[:2]).any()


@pytest.mark.parametrize("noise", [LocalNoise(), LocalNoise(dephasing=0.1), LocalNoise(emission=[0.1, 0, 3])])
def test_a_state_that_cannot_sense_has_no_integral_and_no_error(noise):
    mixed = np.diag([0.5, 0.25, 0.125, 0, 0.125, 0, 0, 0]).astype(complex)
    lopsided = np.array([0, 0.6, 0.8, 0, 0, 0, 0, 0])
    for probe in (Probe.named("w", 3), Probe.named("dicke:2", 3), Probe.from_state(mixed), Probe.from_state(lopsided)):
        assert integrated_gain(probe, noise)[:2] == (0, 0)
        assert integrated_gain(probe, noise, until=2.0)[:2] == (0, 0)
    collective = Environment(LocalNoise(dephasing=0.1), collective_dephasing=0.1, coupling=2.0)
    assert integrated_gain(Probe.named("dicke:1", 3), collective)[:2] == (0, 0)


@pytest.mark.parametrize("exponent", [0.3, *(pytest.param(b, marks=pytest.mark.study) for b in (0.1, 0.05, 0.005))])
def test_the_bound_on_integrals_holds_at_any_exponent(exponent):
    for emission in (0, 1e-3):
        noise = LocalNoise(dephasing=1, emission=emission, exponent=exponent)
        bound = integrated_gain_bound(2, noise).value
        for probe in (Probe.product(2), Probe.ghz(2), Probe.named("one_axis:0.5", 2)):
            try:
                found = integrated_gain(probe, noise)
            except ArgumentError:
                continue
            assert found.value - found.error <= bound


@pytest.mark.parametrize("tilt", [0.999, -0.999999, 1 - 1e-12])
def test_a_tilt_near_one_leaves_a_gain_that_is_known(tilt):
    with mp.workdps(40):
        exact = float(1 - mpf(tilt) ** 2)
    probe, noise = Probe.product(1, tilt=tilt), LocalNoise(dephasing=0.25)
    assert gain(probe, noise, [0.0])[0] == pytest.approx(exact, rel=1e-15)
    integral = integrated_gain(probe, noise)
    assert abs(integral.value - exact) <= integral.error < 1e-14 * exact


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e10])
@pytest.mark.parametrize("exponent", [0.05, 0.3, 0.5, 1.0, 1.5, 4.0])
def test_closed_integrals_are_as_exact_as_they_say(exponent, unit):
    """Product: Σ_j Γ(1+1/β) 2^{−1/β}/(2γ_j); GHZ: N² of one spin whose (2γ)^β is the sum of all."""
    rates = [rate / unit for rate in (0.0986, 0.356, 0.526, 2.91)]
    noise = LocalNoise(dephasing=rates, exponent=exponent)
    with mp.workdps(40):
        power = 1 / mpf(exponent)
        each = [mp.gamma(1 + power) * 2**-power / (2 * mpf(rate)) for rate in rates]
        together = mp.fsum((2 * mpf(rate)) ** mpf(exponent) for rate in rates) ** power
        exact = {"product": mp.fsum(each), "ghz": 16 * mp.gamma(1 + power) * 2**-power / together}
        for probe in (Probe.product(4), Probe.ghz(4)):
            found = integrated_gain(probe, noise)
            assert found.method == "closed form"
            assert abs(found.value - exact[probe.kind]) <= found.error < 1e-12 * found.value
