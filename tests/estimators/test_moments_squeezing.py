"""The squeezing parameters and the test of "not squeezed", from collective counts of exact laws of this file's own."""

from math import comb

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.estimators.moments import Frame, estimate, p_not_squeezed, squeezing


def counts_from(table):
    """Counts of numbers of ups, shape (rows, N + 1): which spins are up does not matter."""
    size = table.shape[1] - 1
    return Counts.from_histograms(size, [{(1 << u) - 1: int(n) for u, n in enumerate(row) if n} for row in table])


def binomial(size, up):
    return np.array([comb(size, u) * up**u * (1 - up) ** (size - u) for u in range(size + 1)])


def drawn(rng, laws, shots):
    return counts_from(np.array([rng.multinomial(shots, law / law.sum()) for law in laws]))


def squeezed_law(size, width):
    j = size / 2 - np.arange(size + 1)
    return np.exp(-(j**2) / (2 * width**2))


def test_the_worst_state_that_is_not_squeezed_is_hardly_ever_called_squeezed():
    """Spins all along x have ξ² = 1: 2000 repetitions. Chernoff's bound is far from tight, so none is expected."""
    rng, size = np.random.default_rng(3), 10
    frame = Frame(size)
    laws = [binomial(size, 0.0), *[binomial(size, 0.5)] * (len(frame.rows) - 1)]
    found = np.array([p_not_squeezed(drawn(rng, laws, 40), frame) for _ in range(2000)])
    assert np.mean(found < 0.05) <= 0.05
    # What the error bar says instead: ξ² below 1 by its interval, in about 2.5 % of all runs.
    below = [
        squeezing(c, frame, estimate(c, frame)).wineland[2] < 1 for c in (drawn(rng, laws, 40) for _ in range(500))
    ]
    assert np.mean(below) > 0


def test_a_squeezed_state_is_recognised():
    rng, size = np.random.default_rng(5), 20
    frame = Frame(size)
    law = squeezed_law(size, 1.0)
    laws = [binomial(size, 0.05), *[law] * (len(frame.rows) - 1)]
    j = size / 2 - np.arange(size + 1)
    variance = (law / law.sum()) @ j**2
    exact = size * variance / (size * 0.9 / 2) ** 2
    counts = drawn(rng, laws, 1500)
    found = squeezing(counts, frame, estimate(counts, frame))
    assert exact == pytest.approx(0.247, abs=0.01)
    assert found.wineland[1] < exact < found.wineland[2]
    assert found.kitagawa_ueda[1] < 4 * variance / size < found.kitagawa_ueda[2]
    assert found.p_not_squeezed < 0.001


def test_the_p_value_is_the_bound_of_chernoff():
    """Against the same bound from its exponential form: min over s of E[e^{−sY}] of the two-point law at the limits."""
    size, shots = 4, 200
    frame = Frame(size)
    counts = counts_from(np.array([[shots, 0, 0, 0, 0], [0, 20, 160, 20, 0]]))
    found = p_not_squeezed(counts, frame)
    lower = (5e-5) ** (1 / shots)  # of a share of 1: (1 − β)-limit p with p^n = β/2
    least = (size / 2 * (2 * lower - 1)) ** 2 / (size * (size / 2) ** 2)
    seen = 0.2 / (size / 2) ** 2
    tilts = np.linspace(0, 20, 200001)
    chance = np.min(np.exp(tilts * seen) * (1 - least + least * np.exp(-tilts))) ** shots
    assert found == pytest.approx(1e-4 + chance, rel=1e-3)


def test_kitagawa_and_uedas_parameter_covers():
    rng, size = np.random.default_rng(6), 12
    frame = Frame(size)
    laws = [binomial(size, 0.1), *[binomial(size, 0.5)] * (len(frame.rows) - 1)]
    inside = 0
    for _ in range(600):
        counts = drawn(rng, laws, 30)
        low, high = squeezing(counts, frame, estimate(counts, frame)).kitagawa_ueda[1:]
        inside += low <= 1.0 <= high
    assert 0.92 < inside / 600 < 0.98


def test_weights_have_their_own_limit_of_separable_states():
    rng = np.random.default_rng(7)
    frame = Frame(2, weights=(1.0, -2.0))
    counts = Counts.from_table(2, np.array([rng.multinomial(4000, p) for p in ([1, 0, 0, 0], [0.25] * 4)]))
    found = squeezing(counts, frame, estimate(counts, frame))
    assert found.wineland[0] == pytest.approx(1.0, rel=0.1)  # Σ w² = 5 is the gain of two spins along x
    assert found.kitagawa_ueda is None


def test_second_moments_have_no_such_test():
    frame = Frame(4, 2, 0.5)
    rng = np.random.default_rng(8)
    counts = counts_from(np.array([rng.multinomial(500, binomial(4, p)) for p in (0.2, 0.8, 0.4, 0.4)]))
    found = squeezing(counts, frame, estimate(counts, frame))
    assert (found.kitagawa_ueda, found.p_not_squeezed) == (None, None)
