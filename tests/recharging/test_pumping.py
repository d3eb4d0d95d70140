"""Pumping never raises the gain: against a Lindblad equation of its own, and as a process that follows the noise."""

import numpy as np
import oracle
import pytest
from scipy.linalg import expm

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.recharging import choi_eigenvalues, pumped, pumping, quantum_of_energy, reversed_channel, what_pumping_adds


def random_state(rng, size):
    state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return state / np.linalg.norm(state)


def referee(state, time, dephasing, emission, absorption):
    return oracle.gain(oracle.in_paper_order(state), time, 0.0, dephasing, emission, absorption)


@pytest.mark.parametrize("with_emission", [False, True], ids=["dephasing", "beside emission"])
@pytest.mark.parametrize("seed", range(8))
def test_no_probe_gains_by_pumping_at_any_time(seed, with_emission):
    rng = np.random.default_rng([seed, with_emission])
    size = 1 + seed % 3
    state = random_state(rng, size)
    dephasing, emission = rng.uniform(0.02, 0.5, (2, size))
    emission = emission * with_emission
    for time in (0.2, 1.0, 3.0):
        gains = [referee(state, time, dephasing, emission, np.full(size, rate)) for rate in (0.0, 0.1, 0.3, 1.0)]
        assert np.all(np.diff(gains) < 1e-9)
        assert gains[-1] < 0.95 * gains[0]  # it is no tie
        # The same comparison sees a noise that is really taken away.
        assert referee(state, time, dephasing / 2, emission, np.zeros(size)) > gains[0] + 1e-6
        noise = LocalNoise(tuple(dephasing), tuple(emission))
        ours = [gain(Probe.from_state(state), pumped(noise, rate), [time])[0] for rate in (0.0, 0.1, 0.3, 1.0)]
        assert np.allclose(ours, gains, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_pumping_is_a_process_after_the_noise(seed):
    rng = np.random.default_rng(seed)
    emission, rate, dephasing, time = rng.uniform(0.05, 1, 4) * (seed > 0, 1, 1, 2)
    without = expm(oracle.liouvillian(1, 0.0, [dephasing], [emission], [0.0]) * time)
    beside = expm(oracle.liouvillian(1, 0.0, [dephasing], [emission], [rate]) * time)
    channel = what_pumping_adds(LocalNoise(dephasing, emission), rate, np.array([time]), 1)
    coherence, up, down = (float(field[0, 0]) for field in channel)
    process = np.diag([up, coherence, coherence, down]).astype(complex)  # row-major ρ, up first
    process[0, 3], process[3, 0] = 1 - down, 1 - up
    assert np.allclose(process @ without, beside, atol=1e-12)
    assert choi_eigenvalues(channel).min() > -1e-12
    assert choi_eigenvalues(reversed_channel(channel)).min() < -1e-3  # the test of a process can fail


def test_the_integral_falls_for_ghz_product_and_symmetric_probes():
    for noise in (LocalNoise(dephasing=0.1), LocalNoise(emission=0.1), LocalNoise(dephasing=0.05, emission=0.1)):
        for probe in (Probe.ghz(4), Probe.product(4), Probe.named("twin_fock", 4), Probe.named("one_axis:0.38", 4)):
            found = [one.integrated_gain for one in pumping(probe, noise, [0, 0.05, 0.2, 0.8])]
            assert np.all(np.diff(found) < 0)
    (one,) = pumping(Probe.product(3), LocalNoise(dephasing=0.1), [0.2])
    assert one.integrated_gain == pytest.approx(3 / (4 * 0.1 + 0.2), rel=1e-12)  # N/(4γ + γ_↑)
    assert one.quanta == pytest.approx(0.2 * 3 / 0.6, rel=1e-6)  # γ_↑ N t at t = 1/(4γ + γ_↑)


def test_a_photon_that_is_scattered_dephases():
    rate, branching, time = 0.3, 0.4, 0.7
    scattered = rate / branching - rate
    full = oracle.liouvillian(1, 0.0, [0.1], [0.0], [rate])
    down = np.diag([0.0, 1.0])
    one = np.eye(2)
    extra = scattered * (np.kron(down, down) - 0.5 * (np.kron(down, one) + np.kron(one, down)))
    channel = pumped(LocalNoise(dephasing=0.1), rate, branching).channel(np.array([time]), 1)
    assert expm((full + extra) * time)[1, 1].real == pytest.approx(channel.coherence[0, 0], abs=1e-13)
    pure = integrated_gain(Probe.ghz(2), pumped(LocalNoise(dephasing=0.1), rate)).value
    assert integrated_gain(Probe.ghz(2), pumped(LocalNoise(dephasing=0.1), rate, branching)).value < pure


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_negative_rate_is_no_process_and_its_gain_exceeds_all(size):
    gamma, time = 0.2, 1.3
    rates, none = np.full(size, -gamma), np.zeros(size)
    ghz = Probe.ghz(size).statevector()
    rho, _ = oracle.state_and_slope(oracle.in_paper_order(ghz), time, 0.0, rates, none, none)
    assert np.linalg.eigvalsh(rho)[0] == pytest.approx((1 - np.exp(2 * size * gamma * time)) / 2, rel=1e-9)
    for noise in (LocalNoise(dephasing=gamma), LocalNoise(emission=gamma), LocalNoise(0.1, 0.2, 0.3)):
        channel = noise.channel(np.array([time]), size)
        assert choi_eigenvalues(channel).min() > -1e-15
        assert choi_eigenvalues(reversed_channel(channel)).min() < -0.1
    back = reversed_channel(LocalNoise(dephasing=gamma).channel(np.array([time]), size))
    assert size**2 * np.prod(back.coherence) ** 2 == pytest.approx(size**2 * np.exp(4 * size * gamma * time))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pumped(LocalNoise(dephasing=0.1), -1), "must be finite and not negative"),
        (lambda: pumped(LocalNoise(dephasing=0.1), 1, 0), "above 0 and at most 1"),
        (lambda: pumped(LocalNoise(transverse=0.1), 1), "leave `transverse` out"),
        (lambda: what_pumping_adds(LocalNoise(absorption=0.1), 1, np.ones(1), 1), "without absorption"),
        (lambda: quantum_of_energy(0), "positive frequency"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
