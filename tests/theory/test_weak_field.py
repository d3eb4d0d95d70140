"""Fields much weaker than transverse noise: eigenvalues of (φt)² beside 1 add as much to G as the others."""

import re

import numpy as np
import precise
import pytest
from cases import spread

from qsense import Environment, LocalNoise, Probe, classical_gain, gain, integrated_gain, operational_rate
from qsense.errors import ArgumentError
from qsense.noise import NoiseModel
from qsense.theory import resolution

TRANSVERSE = LocalNoise(transverse=1.0)


def noise_of(num_spins, dephasing=0, emission=0, absorption=0, transverse=0):
    given = {"dephasing": dephasing, "emission": emission, "absorption": absorption, "transverse": transverse}
    rates = {kind: np.broadcast_to(np.array(rate, dtype=float), num_spins) for kind, rate in given.items()}
    return {**rates, "exponent": 1, "collective": 0, "coupling": None}


@pytest.mark.parametrize(
    ("field", "scale"),
    spread(3, [1.0, 1e-2, 5e-4, 1e-4, 1e-6, 1e-7, 1e-9, 1e-12, 1e-15, 1e-20], [1e-10, 1.0, 1e10]),
)
def test_the_gain_in_a_weak_field(field, scale):
    """Fifty digits: 0.56766764… for one spin, 1.50915782… for GHZ of two; 0.18691 and 0.4732 at φ = 0 alone."""
    noise = LocalNoise(transverse=1 / scale)
    for probe in (Probe.product(1), Probe.ghz(2), Probe.product(2), Probe.ghz(3)):
        least = resolution(probe, noise, field / scale)
        n = probe.num_qubits
        exact = precise.gain(probe.statevector(), noise_of(n, transverse=1), 1, field)
        assert abs(gain(probe, noise, [scale], field=field / scale)[0] - exact) <= 1e-11 < least


def test_the_numbers_of_the_report():
    assert gain(Probe.product(1), TRANSVERSE, [1.0], field=1e-7)[0] == pytest.approx(0.5676676416, abs=1e-10)
    assert gain(Probe.ghz(2), TRANSVERSE, [1.0], field=1e-7)[0] == pytest.approx(1.509157819, abs=1e-9)
    for field, window in ((1e-7, 0.75159571455), (1e-12, 0.75159571455), (1e-4, 0.75159571442)):
        found = integrated_gain(Probe.product(1), TRANSVERSE, until=1, field=field)
        assert found.value == pytest.approx(window, abs=1e-11)
        assert found.error < 1e-10


def test_a_state_with_rounding_is_right_or_refused():
    """The amplitudes' rounding is a field too: what it hides is refused, and an integral states it."""
    probe = Probe.named("one_axis:0.3", 3)
    refused = 0
    for field in 10.0 ** np.arange(-16, 1):
        exact = precise.gain(probe.statevector(), noise_of(3, transverse=1), 1, field)
        try:
            found = gain(probe, TRANSVERSE, [1.0], field=field)[0]
        except ArgumentError:
            assert field < 1e-9
            refused += 1
        else:
            assert abs(found - exact) <= resolution(probe, TRANSVERSE, field)
    assert 0 < refused < 10
    with pytest.raises(ArgumentError, match=r"Give a field of \S+ rad/s, or none"):
        gain(probe, TRANSVERSE, [1.0], field=1e-16)


@pytest.mark.parametrize("probe", [Probe.ghz(2), Probe.product(2), Probe.named("w", 3), Probe.product(3)], ids=str)
@pytest.mark.parametrize("coupling", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("emission", [0.0, 1e-4, 0.1])
def test_what_a_refusal_advises_is_known(probe, coupling, emission):
    """Of σ_x noise beside a coupling, in fields of either sign: each way that the message names works at all times."""
    noise, times = NoiseModel(LocalNoise(transverse=0.3, emission=emission), 0.0, coupling), [0.05, 1.0, 20.0]
    for field in (1e-17, 1e-6, -3e-5, 1e-3):
        try:
            gain(probe, noise, times, field)
        except ArgumentError as error:
            ways = re.findall(r"a field of (\S+) rad/s|(none)\.$", str(error))
            assert ways
            for stronger, _ in ways:
                gain(probe, noise, times, float(stronger or 0.0))


def test_noise_ten_decades_below_lifts_what_the_field_does_not():
    rng = np.random.default_rng(25)
    for _ in range(60):
        n = int(rng.integers(1, 4))
        probe = [Probe.product, Probe.ghz][rng.integers(2)](n)
        own = {kind: 10.0 ** rng.uniform(-16, -3) for kind in ("dephasing", "emission") if rng.random() < 0.7}
        field, time = 10.0 ** rng.uniform(-12, 0), 10.0 ** rng.uniform(-6, 1)
        exact = precise.gain(probe.statevector(), noise_of(n, transverse=1, **own), time, field)
        noise = LocalNoise(transverse=1.0, **own)
        try:
            found = gain(probe, noise, [time], field=field)[0]
        except ArgumentError:
            continue
        assert abs(found - exact) <= resolution(probe, noise, field), (probe, noise, field, time)


def test_without_a_field_the_kernel_stays_a_kernel():
    for probe in (Probe.product(2), Probe.ghz(2), Probe.named("one_axis:0.3", 3)):
        n = probe.num_qubits
        exact = precise.information(
            *precise.state_and_slope(probe.statevector(), noise_of(n, transverse=1), 1, 0), least=1e-25
        )
        assert gain(probe, TRANSVERSE, [1.0])[0] == pytest.approx(float(exact), abs=resolution(probe, TRANSVERSE))


@pytest.mark.parametrize("field", [1e-12, 1e-6, 1e-3, 1e-2, 1.0])
def test_a_lindblad_equation_in_a_weak_field_is_right_or_refused(field):
    noise, probe = Environment(TRANSVERSE, coupling=0.7), Probe.product(2)
    exact = precise.gain(
        probe.statevector(), {**noise_of(2, transverse=1), "coupling": [[0, 0.7], [0.7, 0]]}, 1, field, precise.lindblad
    )
    try:
        found = gain(probe, noise, [1.0], field=field)[0]
    except ArgumentError:
        assert field < 1e-2
    else:
        assert abs(found - exact) <= resolution(probe, noise, field)


def test_the_stated_error_of_an_integral_is_a_true_error():
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.array([0, 0.05, 0.2, 0.5, 1.0])
    half = np.diff(edges)[:, None] / 2
    times = edges[:-1, None] + half * (nodes + 1)
    for probe, field in ((Probe.product(1), 1e-3), (Probe.product(1), 1e-9), (Probe.ghz(2), 1e-5)):
        noise = noise_of(probe.num_qubits, transverse=1)
        exact = [float(precise.gain(probe.statevector(), noise, time, field)) for time in times.ravel()]
        integral = float(np.sum(np.reshape(exact, times.shape) * weights * half))
        found = integrated_gain(probe, TRANSVERSE, until=1, field=field)
        assert abs(found.value - integral) <= found.error + 1e-14
        assert found.error < 1e-10


@pytest.mark.parametrize("field", [1e-10, 1e-7, 1e-6, 1e-5, 1e-3, 1.0])
def test_an_outcome_that_only_the_field_lets_happen(field):
    """Along x one of two outcomes has p = c(φt)²: it adds 4c to the classical gain, or the field is refused."""
    rho, slope = precise.state_and_slope(Probe.product(1).statevector(), noise_of(1, transverse=1), 1, field)
    p, change = ((m[0, 0] + m[1, 1] - m[0, 1] - m[1, 0]).real / 2 for m in (rho, slope))
    exact = change**2 / (p * (1 - p))
    for phase in (0.0, "best"):
        try:
            found = classical_gain(Probe.product(1), TRANSVERSE, [1.0], "local_x", phase, field)[0]
        except ArgumentError:
            assert field < 3e-7
        else:
            most = exact if phase == 0 else gain(Probe.product(1), TRANSVERSE, [1.0], field=field)[0]
            assert exact * (1 - 1e-7) <= found <= most * (1 + 1e-7)
    assert classical_gain(Probe.product(1), TRANSVERSE, [0.0], "local_x", 0.0, field)[0] == 0


@pytest.mark.parametrize("field", [1e-4, 1e-2, 0.5, 3.0])
def test_the_best_rate_is_looked_for_as_late_as_a_weak_field_takes(field):
    times = np.geomspace(1e-3, 1e12, 2000)
    for probe in (Probe.product(1), Probe.ghz(2)):
        reached = np.max(times * gain(probe, TRANSVERSE, times, field=field))
        assert operational_rate(probe, TRANSVERSE, 0.0, field).value >= reached * (1 - 1e-12)
    tilted = Probe.from_state(np.array([np.cos(0.3), np.sin(0.3) * np.exp(2j)]))
    reached = np.max(times * gain(tilted, TRANSVERSE, times, field=field))
    assert operational_rate(tilted, TRANSVERSE, 0.0, field).value >= reached * (1 - 1e-3)
