"""The best probes, the best rates, and the gradient that finds them."""

from math import comb

import numpy as np
import pytest
from cases import further, one_in
from dicke_states import random_amplitudes
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.noise import Environment, noise_model_of
from qsense.theory.bounds import gain_bound
from qsense.theory.dense import dense_gain
from qsense.theory.engines import uniform_channel
from qsense.theory.optimal import best_squeezing, optimal_probe
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.rate import operational_rate, rate_bound
from qsense.theory.search import integration_rule
from qsense.theory.symmetric import symmetric_gain
from qsense.theory.table import comparison

DEPHASING, EMISSION = LocalNoise(dephasing=0.25), LocalNoise(emission=1.0)  # N/(4γ) and N/γ are N s
NOISES = {
    "dephasing": DEPHASING,
    "emission": EMISSION,
    "mixed": LocalNoise(0.1, 0.3, 0.2),
    "collective": Environment(LocalNoise(emission=0.2), collective_dephasing=0.03),
    "stretched": LocalNoise(dephasing=0.3, exponent=1.6),
}


@pytest.mark.parametrize(
    ("size", "value"), [(2, 1.125), (3, 1.22115), (4, 1.30092), (5, 1.36968), (6, 1.43043), (10, 1.6226)]
)
def test_the_best_integrals_under_dephasing_are_those_checked_independently(size, value):
    best = optimal_probe(size, DEPHASING)
    assert best.value / size == pytest.approx(value, abs=1e-4)
    assert best.value == pytest.approx(integrated_gain(best.probe, DEPHASING).value, rel=1e-12)
    assert best.value < best.bound
    assert best.stationarity < 1e-6


def test_two_spins_are_best_at_nine_eighths_over_the_stated_dicke_states():
    best = optimal_probe(2, DEPHASING)
    assert best.value / 2 == pytest.approx(9 / 8, rel=1e-9)
    assert np.abs(best.probe.dicke_amplitudes()) == pytest.approx([0.6124, 0.5, 0.6124], abs=5e-5)


@pytest.mark.parametrize(("size", "value"), [(2, 1.22432), (3, 1.37898), (4, 1.48350), (5, 1.55644), (6, 1.61241)])
def test_the_best_integrals_under_emission_are_those_checked_independently(size, value):
    best = optimal_probe(size, EMISSION)
    assert best.value / size == pytest.approx(value, abs=1e-4)
    assert best.value < best.bound


def test_the_best_squeezing_of_24_spins_is_within_a_thousandth_of_the_optimum():
    best, squeezed = optimal_probe(24, DEPHASING), best_squeezing(24, DEPHASING)
    assert 2.025 < best.value / 24 < 2.0265  # printed as 2.025 and as 2.026
    assert 1 - 1e-3 < squeezed.value / best.value <= 1
    assert squeezed.bound == best.bound


@pytest.mark.parametrize("size", [2, 3, 4, 6, 10])
def test_one_axis_squeezing_is_within_a_thousandth_of_the_optimum_under_dephasing(size):
    best, squeezed = optimal_probe(size, DEPHASING), best_squeezing(size, DEPHASING)
    assert 1 - 1e-3 < squeezed.value / best.value <= 1 + 1e-9


@pytest.mark.parametrize("kind", ["one_axis", further("two_axis")])
def test_no_strength_on_a_fine_grid_beats_the_best_squeezing(kind):
    best = best_squeezing(4, DEPHASING, kind)
    values = [integrated_gain(Probe.named(f"{kind}:{s}", 4), DEPHASING).value for s in np.linspace(0, np.pi / 2, 60)]
    assert max(values) <= best.value * (1 + 1e-9)
    assert best.value == pytest.approx(max(values), rel=1e-3)
    named = Probe.named(f"{kind}:{best.parameter}", 4)
    assert integrated_gain(named, DEPHASING).value == pytest.approx(best.value, rel=1e-12)


def nodes(noise, count=24):
    """Times and weights for ∫₀^∞, Gauss–Legendre in u = e^{−2t/T2}."""
    x, weights = np.polynomial.legendre.leggauss(count)
    rate = float(2 * noise.coherence_rates(1)[0])
    u = (x + 1) / 2
    return -np.log(u) / rate, weights / 2 / (rate * u)


@pytest.mark.parametrize(
    ("size", "noise"),
    [
        (2, EMISSION),
        (3, DEPHASING),
        *(pytest.param(*one, marks=pytest.mark.study) for one in ((2, DEPHASING), (3, EMISSION))),
    ],
    ids=str,
)
def test_no_search_over_all_complex_states_finds_a_better_one(size, noise):
    # Brute force: all 2^N complex amplitudes, no symmetry, gradients by differences, dense matrices.
    times, weights = nodes(noise)
    rng = np.random.default_rng(size)

    def lost(x):
        psi = x[: 2**size] + 1j * x[2**size :]
        return -float(weights @ dense_gain(Probe.from_state(psi / np.linalg.norm(psi)), noise, times))

    found = [
        -minimize(lost, rng.normal(size=2 ** (size + 1)), method="L-BFGS-B", options={"maxiter": 60}).fun
        for _ in range(4)
    ]
    best = optimal_probe(size, noise).value
    assert max(found) <= best * (1 + 1e-6)
    assert max(found) > 0.99 * best  # the search does search


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_gradient_is_that_of_finite_differences(name, size):
    channel = uniform_channel(noise_model_of(NOISES[name]), size, np.array([0.2, 1.0]))
    amplitudes, direction = random_amplitudes(size, 1), random_amplitudes(size, 2)
    gains, matrices = gain_and_matrix(amplitudes, channel)
    assert np.allclose(gains, symmetric_gain(amplitudes, channel), rtol=1e-12)
    for matrix, value in zip(matrices, gains, strict=True):
        assert np.vdot(amplitudes, matrix @ amplitudes).real == pytest.approx(value, rel=1e-10)
    # G scales as the square of the amplitudes, so that d/ds G(ψ + sδ) = 2 Re <δ|M|ψ> with no normalisation.
    step = 1e-4

    def at(s):
        moved = amplitudes + s * direction
        norm = np.linalg.norm(moved)
        return symmetric_gain(moved / norm, channel) * norm**2

    numeric = (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)) / (12 * step)
    exact = [2 * np.vdot(direction, matrix @ amplitudes).real for matrix in matrices]
    assert np.allclose(exact, numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", NOISES)
def test_the_matrix_bounds_the_gain_of_every_other_probe_from_below(name):
    channel = uniform_channel(noise_model_of(NOISES[name]), 4, np.array([0.4]))
    _, matrices = gain_and_matrix(random_amplitudes(4, 3), channel)
    for seed in range(40):
        other = random_amplitudes(4, seed, real=seed % 2 == 0)
        assert np.vdot(other, matrices[0] @ other).real <= symmetric_gain(other, channel)[0] + 1e-11


@pytest.mark.parametrize("rate", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_product_and_ghz_have_the_same_operational_rate_at_different_times(size, rate):
    noise = LocalNoise(dephasing=0.1 * rate)
    for probe, spins in ((Probe.product(size), 1), (Probe.ghz(size), size)):
        found = operational_rate(probe, noise)
        assert found.value == pytest.approx(size / (4 * np.e * 0.1 * rate), rel=1e-13)
        assert found.time == pytest.approx(1 / (4 * spins * 0.1 * rate), rel=1e-6)


@pytest.mark.parametrize("dead_time", [1e-4, 0.3, 5.0, 1e4])
def test_dead_time_moves_the_best_time_to_the_root_of_a_quadratic(dead_time):
    # d/dt ln[t² e^{−at}/(t + d)] = 0 ⇔ a t² + (a d − 1) t − 2 d = 0.
    a = 4 * 0.1
    time = (1 - a * dead_time + np.sqrt((a * dead_time - 1) ** 2 + 8 * a * dead_time)) / (2 * a)
    found = operational_rate(Probe.product(3), LocalNoise(dephasing=0.1), dead_time)
    assert found.time == pytest.approx(time, rel=1e-6)
    assert found.value == pytest.approx(3 * time**2 * np.exp(-a * time) / (time + dead_time), rel=1e-12)


@pytest.mark.parametrize("name", NOISES)
def test_the_rate_of_a_squeezed_probe_is_that_of_a_scalar_search(name):
    noise, probe = NOISES[name], Probe.named("one_axis:0.3", 4)
    found = operational_rate(probe, noise, 0.2)
    other = minimize_scalar(
        lambda t: -(t**2) * gain(probe, noise, [t])[0] / (t + 0.2), bounds=(0.01, 20), options={"xatol": 1e-9}
    )
    assert found.value == pytest.approx(-other.fun, rel=1e-12)
    assert found.value <= rate_bound(4, noise, 0.2).value


@pytest.mark.parametrize(("size", "exponent"), [(1, 0.2), (100, 0.25), (3, 3.0)])
def test_the_best_time_of_stretched_decay_is_found_however_early_or_late(size, exponent):
    # t exp[−2N(2γt)^β] of GHZ is largest at (2γt)^β = 1/(2βN).
    found = operational_rate(Probe.ghz(size), LocalNoise(dephasing=0.5, exponent=exponent))
    assert found.time == pytest.approx((1 / (2 * exponent * size)) ** (1 / exponent), rel=1e-6)


def test_a_gain_that_never_decays_has_no_best_time_and_its_bound_no_value():
    for probe, noise in (
        (Probe.product(2), LocalNoise(dephasing=[0.0, 0.1])),
        (Probe.product(2), LocalNoise()),
        (Probe.product(2), LocalNoise(transverse=[0.0, 0.1])),
    ):
        with pytest.raises(ArgumentError, match="a longer time is always better"):
            operational_rate(probe, noise)
    assert rate_bound(2, LocalNoise(dephasing=[0.0, 0.1])) == (np.inf, np.inf)
    assert rate_bound(2, LocalNoise(transverse=0.1)) == (np.inf, np.inf)  # only N² is known
    assert operational_rate(Probe.product(2), LocalNoise(transverse=0.1)).value < np.inf
    assert operational_rate(Probe.ghz(2), LocalNoise(dephasing=[0.0, 0.1])).time == pytest.approx(2.5, rel=1e-6)


def test_collective_dephasing_bounds_every_rate_by_a_quarter_of_its_inverse():
    noise = Environment(collective_dephasing=0.1)
    bound = rate_bound(4, noise)
    assert bound == (pytest.approx(2.5), np.inf)
    late = np.geomspace(1, 1e8, 9)
    assert np.all(late * gain_bound(4, noise, late) <= bound.value)


def test_a_probe_without_gain_has_no_rate():
    assert operational_rate(Probe.named("w", 4), LocalNoise(dephasing=0.1)).value == 0.0


@pytest.mark.parametrize(("name", "dead_time"), [
    ("dephasing", 0.0), ("emission", 0.5),
    *(pytest.param(name, 0.0, marks=pytest.mark.study) for name in NOISES if name != "dephasing"),
])  # fmt: skip
def test_the_best_rate_is_at_least_that_of_every_named_probe(name, dead_time):
    noise = NOISES[name]
    best = optimal_probe(4, noise, "rate", dead_time=dead_time)
    named = [Probe.product(4), Probe.ghz(4), Probe.named("twin_fock", 4)]
    named += [Probe.named(f"one_axis:{s}", 4) for s in (0.1, 0.2, 0.4, 0.8)]
    named += [Probe.symmetric(random_amplitudes(4, seed)) for seed in range(4)]
    rates = [operational_rate(probe, noise, dead_time).value for probe in named]
    assert max(rates) <= best.value * (1 + 1e-9) <= best.bound
    assert operational_rate(best.probe, noise, dead_time).value == pytest.approx(best.value, rel=1e-12)


def test_the_best_rate_under_collective_dephasing_beats_product_by_little():
    # A search that starts at the bound's time alone ends below the product probe.
    noise = Environment(collective_dephasing=0.1)
    best, product = optimal_probe(4, noise, "rate").value, operational_rate(Probe.product(4), noise).value
    assert product * 1.01 < best < 2.5


@pytest.mark.parametrize("time", [0.0, 1e-9])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_at_no_time_ghz_is_the_best_probe(size, time):
    best = optimal_probe(size, DEPHASING, "gain", time=time)
    assert best.value == pytest.approx(size**2, rel=1e-7)
    assert np.abs(best.probe.dicke_amplitudes())[[0, -1]] == pytest.approx([0.5**0.5] * 2, abs=1e-3)


def test_at_late_times_product_is_nearly_the_best_probe_and_the_bound_is_met():
    time = 3.0
    best = optimal_probe(3, DEPHASING, "gain", time=time)
    assert best.value >= gain(Probe.product(3), DEPHASING, [time])[0] * (1 - 1e-9)
    assert best.value <= best.bound == gain_bound(3, DEPHASING, np.array([time]))[0]


@pytest.mark.parametrize("rate", [1e-9, 1e6])
def test_the_optimum_does_not_depend_on_the_unit_of_time(rate):
    best = optimal_probe(3, LocalNoise(dephasing=0.25 * rate))
    assert best.value * rate / 3 == pytest.approx(optimal_probe(3, DEPHASING).value / 3, rel=1e-8)
    at = optimal_probe(3, LocalNoise(dephasing=0.25 * rate), "gain", time=0.3 / rate).value
    assert at == pytest.approx(optimal_probe(3, DEPHASING, "gain", time=0.3).value, rel=1e-8)


def test_one_spin_has_no_choice():
    assert optimal_probe(1, DEPHASING).value == pytest.approx(1, rel=1e-9)
    assert optimal_probe(1, DEPHASING).bound == pytest.approx(1, rel=1e-9)


def test_the_table_rises_from_product_to_the_bound():
    found = comparison(4, DEPHASING)
    rows = dict(found.values)
    assert list(rows)[:3] == ["product", "ghz", "twin_fock"]
    assert rows["product"] == rows["ghz"] == pytest.approx(4, rel=1e-14)
    assert rows["twin_fock"] == pytest.approx(4 * 1.1476, abs=4e-4)
    assert list(rows)[-1] == "best symmetric"
    assert max(rows.values()) == rows["best symmetric"] == found.symmetric.value < found.bound
    assert "twin_fock" not in dict(comparison(3, DEPHASING, "gain", 0.5).values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objective": "best"}, "`objective` must be one of integrated_gain, rate, gain"),
        ({"objective": "gain"}, "`time` goes with the objective"),
        ({"objective": "integrated_gain", "time": 1.0}, "`time` goes with the objective"),
        ({"objective": "gain", "time": -1.0}, "`time` must be finite and not negative"),
        ({"objective": "gain", "time": np.inf}, "`time` must be finite and not negative"),
        ({"objective": "rate", "dead_time": -0.1}, "`dead_time` must be finite and not negative"),
        ({"objective": "rate", "dead_time": np.nan}, "`dead_time` must be finite and not negative"),
        ({"noise": LocalNoise()}, "without noise it is GHZ"),
        ({"noise": LocalNoise(dephasing=[0.1, 0.2, 0.3])}, "the same for all spins and commutes"),
        ({"noise": LocalNoise(dephasing=[0.1, 0.1])}, "rates for 2 spins, but the probe has 3"),
        ({"noise": LocalNoise(transverse=0.1)}, "the same for all spins and commutes"),
        ({"noise": Environment(DEPHASING, coupling=0.1)}, "the same for all spins and commutes"),
        ({"num_qubits": 101}, "at most 100 spins, but `num_qubits` is 101"),
        ({"num_qubits": 0}, "`num_qubits`"),
    ],
)
def test_what_cannot_be_optimised_is_refused(arguments, message):
    for search in (optimal_probe, best_squeezing):
        with pytest.raises(ArgumentError, match=message):
            search(**{"num_qubits": 3, "noise": DEPHASING, **arguments})


def test_an_unknown_squeezing_and_a_negative_dead_time_are_refused():
    with pytest.raises(ArgumentError, match="`kind` must be one_axis or two_axis"):
        best_squeezing(3, DEPHASING, "three_axis")
    with pytest.raises(ArgumentError, match="`dead_time` must be finite and not negative"):
        operational_rate(Probe.ghz(2), DEPHASING, -1.0)


STRETCHED = {
    "square": LocalNoise(dephasing=0.1, exponent=2.0),
    "square beside emission": LocalNoise(0.1, 0.1, exponent=2.0),
    "slow start": LocalNoise(dephasing=0.1, exponent=3.0),
    "fast start": LocalNoise(dephasing=0.1, exponent=0.4),
    "emission beside a collective part": NOISES["collective"],
}


def integral_by_hand(amplitudes, exponent, rate):
    """𝓘 of real Dicke amplitudes under exp[−(2γt)^β] dephasing: all 2^N states, eigenvalues, SciPy's integrator."""
    size = len(amplitudes) - 1
    ups = np.bitwise_count(np.arange(2**size)).astype(int)
    psi = amplitudes[ups] / np.sqrt([float(comb(size, int(u))) for u in ups])
    flips = np.bitwise_count(np.arange(2**size)[:, None] ^ np.arange(2**size)).astype(int)

    def gain_at(t):
        values, vectors = np.linalg.eigh(np.outer(psi, psi) * np.exp(-flips * (2 * rate * t) ** exponent))
        values = np.maximum(values, 0)
        moved = vectors.T @ ((ups - size / 2)[:, None] * vectors)
        sums, differences = np.add.outer(values, values), np.subtract.outer(values, values)
        return 2 * np.sum(np.divide(differences**2, sums, out=np.zeros_like(sums), where=sums > 0) * moved**2)

    return quad(gain_at, 0, 4 / rate, epsabs=0, epsrel=1e-9, limit=200)[0]


@pytest.mark.parametrize(
    ("size", "name"), [*one_in(2, [(4, name) for name in STRETCHED]), (1, "square"), further((7, "square"))]
)
def test_no_probe_of_its_own_table_is_above_the_optimum(name, size):
    found = comparison(size, STRETCHED[name])
    assert found.symmetric.value == max(value for _, value in found.values)
    assert found.symmetric.value == pytest.approx(
        integrated_gain(found.symmetric.probe, STRETCHED[name]).value, rel=1e-12
    )
    assert found.symmetric.stationarity < 1e-6
    # Without the table the search is as good.
    assert optimal_probe(size, STRETCHED[name]).value == pytest.approx(found.symmetric.value, rel=1e-9)


def test_better_probes_than_ghz_are_found_where_the_decay_begins_slowly():
    # N²  Γ(3/2) √(1/N)/ (2γ) / √2 of GHZ and better states found by an independent search.
    for size, least in ((10, 99.0950), (16, 1.0009 * 200.530262)):
        assert optimal_probe(size, STRETCHED["square"]).value >= least - 1e-4
    assert optimal_probe(5, STRETCHED["square beside emission"]).value > 27.581783 * (1 + 1.2e-4)


def test_the_optimum_under_stretched_decay_is_what_an_integral_over_all_states_gives():
    best = optimal_probe(5, LocalNoise(dephasing=0.1, exponent=2.0))
    by_hand = integral_by_hand(best.probe.dicke_amplitudes().real, 2.0, 0.1)
    assert best.value == pytest.approx(by_hand, rel=1e-8)


@pytest.mark.parametrize("name", ["square", "fast start", "emission beside a collective part"])
def test_the_rule_of_the_search_agrees_with_the_checked_integral(name):
    for probe in (Probe.ghz(6), Probe.product(6), Probe.symmetric(random_amplitudes(6, 5))):
        times, weights = integration_rule(6, STRETCHED[name], 1)
        exact = integrated_gain(probe, STRETCHED[name]).value
        assert weights @ gain(probe, STRETCHED[name], times) == pytest.approx(exact, rel=1e-8)


def test_stationarity_is_that_of_the_objective_and_not_of_a_coarse_sum():
    # The gradient of 𝓘 by differences of the checked integral, along the state that raises it most.
    noise = STRETCHED["square beside emission"]
    best = optimal_probe(4, noise)
    amplitudes, slopes = best.probe.dicke_amplitudes().real, []
    for direction in np.linalg.svd(amplitudes[None])[2][1:]:  # the tangent space
        sides = [
            integrated_gain(Probe.symmetric(np.cos(s) * amplitudes + np.sin(s) * direction), noise).value
            for s in (-1e-4, 1e-4)
        ]
        slopes.append((sides[1] - sides[0]) / 2e-4 / best.value)
    assert np.linalg.norm(slopes) < 1e-6
    assert best.stationarity < 1e-6


def test_a_gain_below_rounding_is_not_optimised():
    with pytest.raises(ArgumentError, match="which is rounding, so that a search cannot tell"):
        optimal_probe(4, LocalNoise(0.1, 0.1, exponent=2.0), "gain", time=30.0)


# Found by a search of another kind, from all patterns of signs; amplitudes of these are positive and negative.
@pytest.mark.parametrize(
    ("size", "rates", "objective", "options", "least"),
    [
        (5, (0.01, 0.1, 0.02), "integrated_gain", {}, 46.983303),
        (7, (0.0, 0.1, 0.1), "integrated_gain", {}, 64.69409),
        (3, (0.1, 0.1, 0.03), "rate", {}, 2.383663),
        (5, (0.03, 0.1, 0.01), "rate", {"dead_time": 0.43478}, 8.68768),
        (7, (0.03, 0.1, 0.0), "gain", {"time": 0.5 / 0.22}, 6.750422),
    ],
)
def test_the_best_may_have_amplitudes_of_both_signs(size, rates, objective, options, least):
    found = optimal_probe(size, LocalNoise(*rates), objective, **options)
    assert found.value >= least * (1 - 1e-7)
    assert found.stationarity < 1e-5
    amplitudes = found.probe.dicke_amplitudes().real
    assert amplitudes.min() < -0.05 < 0.05 < amplitudes.max()
