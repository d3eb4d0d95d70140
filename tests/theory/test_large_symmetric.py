"""Symmetric probes of more than a hundred spins, against closed forms and factors of ρ known in closed form."""

import logging
from math import comb

import numpy as np
import pytest
from dicke_states import channel_at, random_amplitudes

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.noise import Environment
from qsense.numerics.low_rank import factor, qfi_of_one
from qsense.probes import collective
from qsense.theory.dephased import dephased_gain, tables, weights
from qsense.theory.large import relaxed_gain, seconds_of


def information(rho, generator):
    """2 Σ (λ − μ)²/(λ + μ) |J|², by all eigenvectors."""
    values, vectors = np.linalg.eigh(rho)
    moved = vectors.conj().T @ (generator[:, None] * vectors)
    sums = values[:, None] + values
    seen = sums > 1e-15 * values.max()
    return 2 * np.sum(((values[:, None] - values) ** 2 * np.abs(moved) ** 2)[seen] / sums[seen])


def on_all_basis_states(amplitudes, dephasing, shared, time):
    """G of 2^N numbers: each element of ρ falls with the number of spins in which its row and column differ."""
    size = len(amplitudes) - 1
    states = np.arange(2**size)
    ups = np.array([state.bit_count() for state in states.tolist()])
    start = (amplitudes / np.sqrt([comb(size, up) for up in range(size + 1)]))[ups]
    differ = np.array([[(one ^ other).bit_count() for other in states.tolist()] for one in states.tolist()])
    exponent = -2 * time * (dephasing * differ + shared * (ups[:, None] - ups) ** 2)
    return information(np.outer(start, start.conj()) * np.exp(exponent), ups - size / 2)


@pytest.mark.parametrize("size", [1, 2, 5, 7])
@pytest.mark.parametrize("shared", [0.0, 0.05])
def test_dephased_probes_agree_with_matrices_of_all_basis_states(size, shared):
    noise, times = Environment(LocalNoise(dephasing=0.2), collective_dephasing=shared), (0.01, 0.4, 2.0)
    amplitudes = random_amplitudes(size, size)
    found = dephased_gain(np.abs(amplitudes), channel_at(noise, *times))
    expected = [on_all_basis_states(amplitudes, 0.2, shared, time) for time in times]
    assert np.allclose(found, expected, rtol=1e-11, atol=1e-13)


def by_closed_factors(sizes, eta):
    """G after dephasing by η of amplitudes of these sizes, by singular values of a factor of every block.

    |down> → |down> + η|up>, |up> → √(1 − η²)|up> is a root of [[1, η], [η, 1]]; on M spins it takes |D_k> to the sum of
    C(r, k) √(1−η²)^k η^(r−k) √(C(M, r)/C(M, k)) |D_r>.
    """
    size, total = len(sizes) - 1, 0.0
    lost = np.sqrt((1 - eta) * (1 + eta))
    for below in range(size // 2 + 1):
        spins = size - 2 * below
        copies = comb(size, below) - (comb(size, below - 1) if below else 0)
        root, number = np.zeros((spins + 1, spins + 1)), range(spins + 1)
        for r in number:
            shared = copies * comb(spins, r)
            ways = [comb(r, k) ** 2 * shared / (comb(size, r + below) * comb(spins, k)) for k in range(r + 1)]
            k = np.arange(r + 1)
            root[r, : r + 1] = sizes[r + below] * np.sqrt(ways) * lost ** (k + below) * eta ** (r - k)
        vectors, singular, _ = np.linalg.svd(root)
        values, moved = singular**2, vectors.T @ (np.arange(spins + 1)[:, None] * vectors)
        sums = values[:, None] + values + 1e-300
        total += 2 * np.sum((values[:, None] - values) ** 2 / sums * moved**2)
    return total


@pytest.mark.parametrize("time", [0.003, 0.05, 0.6, 1.5])
def test_random_probes_of_120_spins_agree_with_closed_factors_of_their_blocks(time):
    amplitudes, noise = random_amplitudes(120, 18), LocalNoise(dephasing=1.0)
    found = gain(Probe.symmetric(amplitudes), noise, [time])[0]
    # 1e-13 of N² is rounding in either.
    assert found == pytest.approx(by_closed_factors(np.abs(amplitudes), np.exp(-2 * time)), rel=1e-12, abs=1e-13)


def test_a_random_probe_of_120_spins_has_the_value_of_twenty_digits():
    # One-sided Jacobi rotations of the closed factors in 80-bit numbers; the sizes of amplitudes from the same seed.
    sizes = np.abs(np.random.default_rng(18).normal(size=121))
    sizes /= np.linalg.norm(sizes)
    channel = channel_at(LocalNoise(dephasing=-np.log(0.9) / 2), 1.0)
    assert dephased_gain(sizes, channel)[0] == pytest.approx(264.02710948395121, rel=5e-14)


@pytest.mark.parametrize(("size", "times"), [(200, (1e-4, 0.02, 1.0)), (500, (0.001, 0.5))])
def test_ghz_and_product_of_hundreds_of_spins_under_dephasing(size, times):
    times, noise = np.array(times), LocalNoise(dephasing=0.3)
    ghz, product = collective.ghz(size), collective.coherent(size)
    found = dephased_gain(ghz, channel_at(noise, *times))
    assert np.allclose(found, size**2 * np.exp(-4 * size * 0.3 * times), rtol=1e-11, atol=1e-15 * size**2)
    found = gain(Probe.symmetric(product), noise, times)
    assert np.allclose(found, size * np.exp(-4 * 0.3 * times), rtol=1e-12, atol=0)


@pytest.mark.parametrize("size", [120, 200])
def test_ghz_and_product_of_hundreds_of_spins_under_emission(size):
    # Of GHZ, with s = e^{−γt}: 2N² s^N / (s^N + (1 − s)^N + 1); a product's spins have |c|² = s each.
    s = np.exp(-0.4 * 0.05)
    channel = channel_at(LocalNoise(emission=0.4), 0.05)
    ghz = relaxed_gain(collective.ghz(size), channel)
    assert ghz == pytest.approx(2 * size**2 * s**size / (s**size + (1 - s) ** size + 1), rel=1e-12)
    if size == 120:
        assert relaxed_gain(collective.coherent(size).real, channel) == pytest.approx(size * s, rel=1e-12)


@pytest.mark.parametrize("is_real", [True, False])
def test_one_time_after_the_other_is_all_times_together(is_real):
    amplitudes, noise = random_amplitudes(40, 2), LocalNoise(0.05, 0.3, 0.1)
    amplitudes = amplitudes.real / np.linalg.norm(amplitudes.real) if is_real else amplitudes
    for time in (0.0, 1e-4, 0.3, 4.0):
        together = gain(Probe.symmetric(amplitudes), noise, [time])[0]
        assert relaxed_gain(amplitudes, channel_at(noise, time)) == pytest.approx(together, rel=1e-11, abs=1e-12)


def test_squeezed_states_of_hundreds_of_spins_gain_what_their_variance_is_and_lose_it():
    probe = Probe.named("one_axis:0.02", 200)
    amplitudes = probe.dicke_amplitudes()
    m = np.arange(201) - 100
    variance = np.abs(amplitudes) ** 2 @ m**2 - (np.abs(amplitudes) ** 2 @ m) ** 2
    found = gain(probe, LocalNoise(dephasing=0.1), [0.0, 0.1, 1.0])
    assert found[0] == pytest.approx(4 * variance, rel=1e-12)
    # It beats the product probe by much less than at the start: no probe exceeds N e/(1 − e), e = e^{−4γt}.
    rest = np.exp(-0.4 * np.array([0.1, 1.0]))
    assert np.all(found[1:] < 200 * rest / (1 - rest))
    assert np.all(found[1:] > 200 * rest)


@pytest.mark.parametrize("eta", [0.0, 1e-3, 0.4, 1.0])
def test_tables_are_sums_over_the_spins_that_differ(eta):
    for spins, half in tables(eta, 9):
        assert half.shape == (spins // 2 + 1, spins + 1)
        for r, row in enumerate(half):
            for c, value in enumerate(row):
                both = range(max(0, r + c - spins), min(r, c) + 1)
                ways = [comb(spins, s) * comb(spins - s, r - s) * comb(spins - r, c - s) for s in both]
                expected = sum(way * eta ** (r + c - 2 * s) for way, s in zip(ways, both, strict=True)) / 2**spins
                assert value == pytest.approx(expected, rel=1e-14, abs=0)


def test_weights_of_five_hundred_spins_are_finite():
    assert all(np.all(np.isfinite(one)) and np.all(one > 0) for one in weights(500))


@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("rank", [1, 7, 50])
def test_information_of_low_rank_is_that_of_all_eigenvectors(kind, rank):
    rng = np.random.default_rng(rank)
    root = rng.normal(size=(50, rank)) * np.geomspace(1, 1e-6, rank)
    if kind is complex:
        root = root + 1j * rng.normal(size=(50, rank)) * np.geomspace(1, 1e-6, rank)
    rho = root @ root.conj().T
    rho /= np.trace(rho).real
    assert factor(rho).shape[1] <= rank
    # Eigenvalues of rounding size, which `information` takes for a kernel, add 1e-15 of J² each.
    assert qfi_of_one(rho, np.arange(50.0)) == pytest.approx(information(rho, np.arange(50.0)), rel=1e-10)


def test_more_spins_than_the_engine_holds_are_refused():
    with pytest.raises(ArgumentError, match="at most 500 spins, but the probe has 501"):
        gain(Probe.named("w", 501), LocalNoise(dephasing=0.1), [1.0])
    with pytest.raises(ArgumentError, match="but the probe has 501"):
        gain(Probe.named("w", 501), LocalNoise(emission=0.1), [1.0])


def test_a_long_computation_says_so_before(monkeypatch, caplog):
    monkeypatch.setattr("qsense.theory.large.in_threads", lambda function, each: [np.zeros(1) for _ in each])
    with caplog.at_level(logging.WARNING, logger="qsense"):
        gain(Probe.named("w", 500), LocalNoise(dephasing=0.1), np.linspace(0, 1, 20))
    assert not caplog.messages
    with caplog.at_level(logging.WARNING, logger="qsense"):
        gain(Probe.named("w", 500), LocalNoise(dephasing=0.1), np.linspace(0, 1, 400))
    assert caplog.messages[0].startswith("G of 500 spins at 400 times by the symmetric engine takes about ")
    assert seconds_of(200, 20, True) > seconds_of(200, 20, False)
