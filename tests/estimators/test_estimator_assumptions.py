"""The tests of what estimators take for granted: how often they accuse what holds, and what does not.

Counts are drawn with NumPy; a right test fails these limits less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import synthetic

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Settings
from qsense.estimators import ghz
from qsense.estimators.assumptions import NAMES, Assumption
from qsense.estimators.assumptions.drift import Alike, alike_p_value, means_p_value, sides_p_value, spins_p_value
from qsense.estimators.assumptions.known_phase import phase_p_value
from qsense.estimators.assumptions.readings import Readings, read
from qsense.estimators.assumptions.shots import enough_shots
from qsense.estimators.assumptions.symmetry import symmetry_p_value
from qsense.estimators.ghz.drift import drift_p_value
from qsense.estimators.registry import estimator_named, estimator_names
from qsense.estimators.tomography import general, symmetric


def shares(chances):
    """How often p is below 5 % and 0.1 %."""
    return np.mean(np.array(chances) < 0.05), np.mean(np.array(chances) < 0.001)


def test_every_estimator_declares_what_it_assumes():
    for name in estimator_names():
        if name != "auto":
            assumes = estimator_named(name).assumes
            assert {"readout calibrated", "decay law", "enough shots"} <= set(assumes) <= set(NAMES)
            assert list(assumes) == sorted(assumes, key=NAMES.index)


@pytest.mark.parametrize(("rows", "shots"), [(2, 10), (9, 12), (30, 100)])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_rows_that_are_alike_are_accused_as_often_as_stated(rows, shots, share):
    rng = np.random.default_rng(1)
    draws = [[Alike(rng.binomial(shots, share, rows), np.full(rows, shots)) for _ in range(5)] for _ in range(400)]
    found = [one for one in map(alike_p_value, draws) if one is not None]
    five, tenth = shares(found or [1.0])
    assert five < 0.08
    assert tenth < 0.006


def test_a_trend_over_many_rows_is_found_where_their_scatter_alone_hides_it():
    rng = np.random.default_rng(2)
    trend = 0.5 + np.linspace(-0.06, 0.06, 81)
    groups = [[Alike(rng.binomial(100, trend), np.full(81, 100))] for _ in range(50)]
    assert np.mean([alike_p_value(one) < 0.001 for one in groups]) > 0.9
    scatter = [(np.square(g.hits - g.hits.mean()).sum() / 25) for (g,) in groups]
    assert np.mean(np.array(scatter) > 124.8) < 0.7  # χ² of 80 at 0.1 %


def test_rows_without_hits_tell_nothing():
    assert alike_p_value([Alike(np.zeros(3), np.full(3, 100))]) is None
    assert alike_p_value([]) is None


@pytest.mark.parametrize(("drift", "least", "most"), [(0.0, 0.0, 0.01), (0.6, 0.9, 1.0)])
def test_tomography_sees_a_phase_that_drifts(drift, least, most):
    """Two spins along x; every setting reads each spin by itself."""
    rng, settings = np.random.default_rng(3), general.design(2)
    turned = settings.phases + np.linspace(-drift, drift, len(settings))[:, None]
    mean = 0.9 * np.sin(settings.polars) * np.cos(turned - settings.azimuths)
    found = []
    for _ in range(150):
        bits = rng.random((len(settings), 30, 2)) >= (1 + mean[:, None]) / 2
        found.append(spins_p_value([synthetic.packed(bits.reshape(-1, 2), 30 * np.arange(46))], [settings]))
    assert least <= np.mean(np.array(found) < 0.001) <= most


def test_spins_are_compared_where_they_are_read_alike_and_only_there():
    settings = Settings(np.zeros((2, 1)), np.full((2, 1), np.pi / 2), np.array([[0.0], [np.pi / 2]]))
    counts = Counts.from_histograms(1, [{0: 90, 1: 10}, {0: 50, 1: 50}])
    assert spins_p_value([counts], [settings]) is None
    same = Settings(np.zeros((2, 1)), np.zeros((2, 1)), np.array([[0.0], [np.pi / 2]]))  # along Z whatever the azimuth
    assert spins_p_value([counts], [same]) < 1e-8


@pytest.mark.parametrize("method", ["loss_flag", "parity"])
@pytest.mark.parametrize("shots", [5, 200])
def test_both_sides_of_a_ghz_fringe_show_drift_and_nothing_else(method, shots):
    rng, angles, found = np.random.default_rng(4), np.array(ghz.ANTIPODAL), {}
    for drift, offset in ((0.0, 0.0), (0.0, 0.05), (0.5, 0.0)):
        visibility = np.array([0.9, 0.6, 0.3])
        turned = angles + drift * np.array([0.0, 1.0, -1.0, 0.5]) + 0.3
        chances = []
        for _ in range(60):
            counts = []
            for v in visibility:
                up = rng.random((4, shots)) >= (1 + v * np.cos(turned)[:, None] + offset) / 2
                rows = [{0: int((~one).sum()), 1: int(one.sum())} for one in up]
                before = [{0: shots}] if method == "parity" else []
                rows = [{k: n for k, n in row.items() if n} for row in (*before, *rows)]
                counts.append(Counts.from_histograms(2, rows))
            chances.append(drift_p_value(counts, method, angles))
        found[drift, offset] = shares(chances)
    for right in ((0.0, 0.0), (0.0, 0.05)):  # what readout adds to every side drops out
        assert found[right][0] < 0.12
        assert found[right][1] < 0.02
    assert shots < 200 or found[0.5, 0.0][0] > 0.9


def test_two_rows_of_a_fringe_cannot_show_drift_but_flags_can():
    rows = [Counts.from_histograms(3, [{0: 80, 2: 20}, {0: 40, 1: 40, 2: 20}])]
    assert drift_p_value(rows, "loss_flag", np.array(ghz.ANGLES["loss_flag"])) > 0.5
    other = [Counts.from_histograms(3, [{0: 95, 2: 5}, {0: 40, 1: 20, 2: 40}])]
    assert drift_p_value(other, "loss_flag", np.array(ghz.ANGLES["loss_flag"])) < 1e-6
    assert drift_p_value([Counts.from_histograms(1, [{0: 9}, {0: 4, 1: 5}])], "loss_flag", np.array([0, 1.57])) is None


@pytest.mark.parametrize(("off", "least", "most"), [(0.0, 0.0, 0.02), (0.3, 0.95, 1.0)])
def test_means_of_one_setting_that_differ_are_accused(off, least, most):
    rng, found = np.random.default_rng(5), []
    for _ in range(200):
        times = []
        for _ in range(3):
            values = rng.normal(np.array([0.0, off, 0.0, -off])[:, None], 1.0, (4, 100))
            times.append(Readings(values.mean(1), values.var(1, ddof=1), np.full(4, 100.0)))
        found.append(means_p_value(times))
    assert least <= np.mean(np.array(found) < 0.001) <= most
    assert means_p_value([Readings(np.zeros(1), np.ones(1), np.full(1, 50.0))]) is None


def test_a_mean_that_is_zero_is_accused_as_often_as_stated_from_ten_shots_on():
    rng = np.random.default_rng(6)
    values = rng.normal(size=(800, 4, 10))
    found = [phase_p_value(one.mean(1), one.var(1, ddof=1), np.full(4, 10)) for one in values]
    five, tenth = shares(found)
    assert 0.02 < five < 0.08
    assert tenth < 0.006
    assert phase_p_value([0.5], [1.0], [100]) < 1e-5


def test_where_all_shots_agree_a_mean_still_has_an_error():
    found = read(Counts.from_histograms(1, [{0: 10}]), [1.0], 2.0)
    assert found.variances[0] == pytest.approx(4 * 0.5 / 11)


def dicke(rng, size, ups, shots):
    """Each shot has so many spins up, any of them."""
    bits = np.zeros((shots, size))
    bits[:, :ups] = 1
    return rng.permuted(bits, axis=1)


def test_exchangeable_spins_are_not_accused_however_entangled():
    rng = np.random.default_rng(7)
    found = []
    for _ in range(300):
        rows = [dicke(rng, 5, 2, 60), rng.random((60, 5)) < 0.4, np.repeat(rng.random((60, 1)) < 0.5, 5, axis=1)]
        found.append(symmetry_p_value([synthetic.packed(np.concatenate(rows), 60 * np.arange(4))]))
    five, tenth = shares(found)
    assert 0.01 < five < 0.09
    assert tenth < 0.01


def test_a_spin_or_a_pair_that_differs_is_accused():
    rng, spins, pairs = np.random.default_rng(8), [], []
    for _ in range(30):
        one = rng.random((400, 5)) < np.array([0.3, 0.5, 0.5, 0.5, 0.5])
        spins.append(symmetry_p_value([synthetic.packed(one, [0, 400])]))
        two = rng.random((400, 5)) < 0.5
        two[:, 1] = np.where(rng.random(400) < 0.5, two[:, 0], two[:, 1])  # alike more often than others
        pairs.append(symmetry_p_value([synthetic.packed(two, [0, 400])]))
    assert np.mean(np.array(spins) < 0.001) > 0.9
    assert np.mean(np.array(pairs) < 0.001) > 0.9


def test_symmetric_tomography_declares_it():
    rng = np.random.default_rng(9)
    settings = symmetric.design(4, "commutator")
    bits = rng.random((len(settings), 50, 4)) < np.array([0.2, 0.5, 0.5, 0.8])
    counts = synthetic.packed(bits.reshape(-1, 4), 50 * np.arange(len(settings) + 1))
    (found,) = symmetric.assumptions([counts])
    assert (found.name, found.held, found.withholds) == ("permutation symmetry", False, True)
    (few,) = symmetric.assumptions([Counts.from_histograms(4, [{0: 3}] * len(settings))])
    assert few.held is None
    assert few.said.startswith("not tested")


def test_fewer_shots_than_intervals_need_are_said_so():
    counts = [Counts.from_histograms(1, [{0: 30}, {0: 12}])]
    assert enough_shots(counts, 12).held
    found = enough_shots(counts, 20)
    assert (found.held, found.withholds, found.is_known) == (False, True, True)
    assert "12 shots" in found.said


def test_an_assumption_that_holds_says_nothing():
    assert Assumption.tested("known phase", 0.5, "what follows").said == ""
    assert Assumption.tested("known phase", 0.001, "what follows").said == "what follows"
    assert Assumption.not_tested("known phase", "no row shows it").said == "not tested: no row shows it"


def test_sides_that_add_up_alike_are_not_accused_whatever_their_fringe():
    rng, found = np.random.default_rng(10), []
    for _ in range(500):
        values = rng.random((4, 40)) < (1 + 0.8 * np.cos(np.array(ghz.ANTIPODAL) + 1.0))[:, None] / 2
        signs = 2.0 * values - 1
        found.append(sides_p_value([1, -1, -1, 1], [Readings(signs.mean(1), signs.var(1, ddof=1), np.full(4, 40.0))]))
    assert 0.02 < shares(found)[0] < 0.09
