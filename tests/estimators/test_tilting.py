"""Intervals by tests on tilted worlds cover where those read off the replicates do not. Seeded."""

import numpy as np
import pytest
from cases import further

from qsense.estimators import bootstrap
from qsense.estimators.tilting import interval

ANGLES = np.array([0.0, np.pi / 2])


def squared(shares):
    """V² of a fringe, each quadrature's own variance taken off."""
    shots = shares.sum(-1)
    means = (shares[..., 0] - shares[..., 1]) / shots
    return (means**2 - (1 - means**2) / (shots - 1)).sum(-1)


def with_noise(shares):
    means = (shares[..., 0] - shares[..., 1]) / shares.sum(-1)
    return (means**2).sum(-1)


def drawn(rng, visibility, shots):
    ups = rng.binomial(shots, (1 + visibility * np.cos(rng.uniform(0, 7) - ANGLES)) / 2)
    return np.stack([ups, shots - ups], axis=1)


@pytest.mark.parametrize(
    ("visibility", "shots"),
    [(0.05, 1000), (0.2, 20), (1.0, 20), *map(further, ((0.2, 100), (0.5, 20), (0.9, 100)))],
)
def test_intervals_of_a_squared_visibility_cover_and_basic_ones_do_not(visibility, shots):
    rng = np.random.default_rng(1)
    hits, basic = 0, 0
    for _ in range(200):
        shares = drawn(rng, visibility, shots)
        found = bootstrap(squared, shares, rng, limits=(0.0, 1.0), replicates=200)
        low, high = found.intervals[0]
        hits += low - 1e-9 <= visibility**2 <= high + 1e-9
        lower, upper = np.quantile(found.replicates[:, 0] - with_noise(shares), [0.025, 0.975])
        basic += found.value[0] - upper <= visibility**2 <= found.value[0] - lower
    assert hits >= 178  # 95 % less four standard deviations of 200
    if (visibility, shots) in ((0.05, 1000), (0.2, 20), (0.2, 100)):
        assert basic < 178  # the control


def test_no_visibility_is_in_the_interval_where_there_is_none():
    rng = np.random.default_rng(2)
    lows = [bootstrap(squared, drawn(rng, 0.0, 100), rng, (0.0, 1.0), 200).intervals[0, 0] for _ in range(60)]
    assert np.mean(np.array(lows) == 0) > 0.85


def test_a_share_has_the_interval_that_binomial_tests_give():
    # Clopper and Pearson's, less the part that ties take: between mid-p limits of 30 in 100.
    low, high = interval(lambda s: s[..., 0, :1] / s.sum(-1), np.array([[30, 70]]), 0, (0.0, 1.0), 4000,
                         np.random.default_rng(3))  # fmt: skip
    assert low == pytest.approx(0.2166, abs=0.006)
    assert high == pytest.approx(0.3947, abs=0.006)
