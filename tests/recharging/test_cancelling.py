"""Error cancellation: its quasi-probability is the inverse, its slope is unbiased, and it gains nothing per shot."""

import numpy as np
import oracle
import pytest
from cases import spread
from scipy.linalg import expm

from qsense import LocalNoise, Probe, gain
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import probabilities
from qsense.errors import ArgumentError
from qsense.recharging import cancelled_gain, measure, plain_gain, quasi_probabilities, sampling_cost
from qsense.recharging.insertions import WithResets, inserted

NOISES = {
    "dephasing": LocalNoise(dephasing=0.15),
    "emission": LocalNoise(emission=0.3),
    "all, unequal": LocalNoise([0.05, 0.1], [0.2, 0.1], [0.05, 0.15]),
}


def insertion_maps():
    """Nothing, Z, reset to down and reset to up on row-major ρ, up first."""
    z, down, up = np.diag([1.0, -1.0]), np.zeros((4, 4)), np.zeros((4, 4))
    down[3, [0, 3]] = 1
    up[0, [0, 3]] = 1
    return [np.eye(4), np.kron(z, z), down, up]


@pytest.mark.parametrize("seed", range(6))
def test_the_quasi_probability_is_the_inverse_of_the_noise(seed):
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.05, 0.6, 3) * [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 1, 1)][seed]
    time = 0.9
    noise = expm(oracle.liouvillian(1, 0.0, *rates[:, None]) * time)
    q = quasi_probabilities(LocalNoise(*rates).channel(np.array([time]), 1))[0, 0]
    assert q.sum() == pytest.approx(1, abs=1e-12)
    total = sum(weight * process for weight, process in zip(q, insertion_maps(), strict=True))
    assert np.allclose(total @ noise, np.eye(4), atol=1e-12)


def test_the_cost_is_that_of_the_literature():
    t = np.array([0.7])
    cost = sampling_cost(LocalNoise(dephasing=0.3).channel(t, 1))[0, 0]
    assert cost == pytest.approx(np.exp(2 * 0.3 * 0.7))  # 1/(1 − 2p) with p = (1 − e^{−2γt})/2
    cost = sampling_cost(LocalNoise(emission=0.3).channel(t, 1))[0, 0]
    p = -np.expm1(-0.3 * 0.7)
    assert cost == pytest.approx((1 + p) / (1 - p))


@pytest.mark.parametrize(
    ("rates", "psi"), [((0.3, 0, 0), [0.5**0.5, 0.5**0.5]), ((0, 0.3, 0), [1, 0]), ((0, 0, 0.3), [0, 1])]
)
def test_no_decomposition_of_the_inverse_costs_less(rates, psi):
    # Σ|q| of any processes is at least the trace norm of what the inverse makes of a state.
    noise = expm(oracle.liouvillian(1, 0.0, *np.array(rates)[:, None]) * 0.7)
    found = np.linalg.solve(noise, np.outer(psi, psi).ravel()).reshape(2, 2)
    least = np.abs(np.linalg.eigvalsh(found)).sum()
    assert sampling_cost(LocalNoise(*rates).channel(np.array([0.7]), 1))[0, 0] == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_cancellation_never_gains_in_theory(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    rates = rng.uniform(0, 0.5, (3, size)) * rng.integers(0, 2, (3, 1))
    rates[0] += 0.01
    noise, time = LocalNoise(*rates), float(rng.uniform(0.1, 2))
    for probe in (Probe.ghz(size), Probe.product(size)):
        exact, plain = gain(probe, noise, [time])[0], plain_gain(probe, noise, time)
        assert plain <= exact * (1 + 1e-12)
        assert cancelled_gain(probe, noise, time) <= plain * (1 + 1e-12)
    equal = LocalNoise(dephasing=0.2)
    for probe in (Probe.ghz(size), Probe.product(size)):
        assert cancelled_gain(probe, equal, time) == pytest.approx(gain(probe, equal, [time])[0], rel=1e-12)


@pytest.mark.parametrize(("name", "kind", "backend"), spread(2, NOISES, ["ghz", "product"], ["emulator", "aer"]))
def test_what_is_run_is_unbiased_and_gains_nothing(name, kind, backend):
    noise, time = NOISES[name], 0.8
    probe = Probe.named(kind, 2)
    plain, cancelled = measure(probe, noise, time, 20_000, seed=11, backend=backend)
    assert abs(cancelled.slope - -2) < 4 * cancelled.slope_error
    assert abs(plain.slope - -2) > 8 * plain.slope_error  # without cancellation the bias is seen
    _, wrong = measure(probe, noise, time, 20_000, seed=12, backend=backend, assumed=weaker(noise))
    assert abs(wrong.slope - -2) > 6 * wrong.slope_error  # and so is that of a wrong rate
    assert abs(cancelled.gain - cancelled_gain(probe, noise, time)) < 4 * cancelled.gain_error
    assert abs(plain.gain - plain_gain(probe, noise, time)) < 4 * plain.gain_error
    bound = gain(probe, noise, [time])[0]
    assert cancelled.gain < bound + 4 * cancelled.gain_error
    ideal = probe.num_qubits**2 if kind == "ghz" else probe.num_qubits
    assert cancelled.gain < ideal - 10 * cancelled.gain_error  # not what the spins would gain without noise


def weaker(noise):
    return LocalNoise(*(tuple(0.5 * np.array(rate)) for rate in (noise.dephasing, noise.emission, noise.absorption)))


@pytest.mark.parametrize("pattern", [(0, 0), (1, 0), (2, 1), (3, 2), (1, 3)])
def test_the_gates_on_aer_are_what_the_emulator_counts(pattern):
    from qiskit.quantum_info import DensityMatrix

    from qsense.backends.aer_noise import with_noise

    noise, probe = NOISES["all, unequal"], Probe.ghz(2)
    experiment = Experiment(probe, 0.8)
    angles = np.array([[0.3, 0.3]]), np.array([[1.1, np.pi / 2]]), np.array([[0.2, 0.4]])
    turned = Settings(angles[0] + np.pi * (np.array(pattern) == 1), *angles[1:])
    (ours,) = probabilities(experiment, turned, WithResets(noise, pattern))
    circuit = with_noise(inserted(experiment.circuit(), pattern), noise, keep_delays=False)
    circuit.remove_final_measurements()
    values = dict(zip((p.name for p in experiment.circuit().parameters), range(6), strict=True))
    assert len(values) == 6
    table = Settings(*angles).values()[0]
    names = [f"{name}[{spin}]" for name in ("phase", "polar", "azimuth") for spin in range(2)]
    bound = circuit.assign_parameters({p: table[names.index(p.name)] for p in circuit.parameters})
    theirs = DensityMatrix.from_label("00").evolve(bound).probabilities()
    assert np.allclose(ours[0], theirs, atol=1e-12)


def test_what_makes_no_sense_is_refused():
    noise = LocalNoise(dephasing=0.1)
    for probe, message in ((Probe.named("w", 3), '"ghz" and "product"'), (Probe.ghz(7), "at most 6 spins")):
        with pytest.raises(ArgumentError, match=message):
            measure(probe, noise, 1.0, 1000, 1)
    with pytest.raises(ArgumentError, match="`shots` must be at least 100"):
        measure(Probe.ghz(2), noise, 1.0, 10, 1)
    with pytest.raises(ArgumentError, match="`backend` must be one of emulator, aer"):
        measure(Probe.ghz(2), noise, 1.0, 1000, 1, "ibm")
    with pytest.raises(ArgumentError, match="has no inverse"):
        measure(Probe.ghz(2), LocalNoise(dephasing=1.0), 1e4, 1000, 1)
