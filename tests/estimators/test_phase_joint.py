"""Phases with the visibility taken from the same counts: the likelihood is the integral that it says, intervals cover
where those of a visibility taken for known do not, and every readout has its fringe and its sign. Seeded."""

from dataclasses import replace

import numpy as np
import pytest
import synthetic
from cases import further

from qsense import Probe
from qsense.errors import ArgumentError
from qsense.estimators import phase
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.phase import Fringe, FringeModel, angle, field, joint, turns
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.shifts.method import ParameterShift

QUADRATURES = np.array([0.0, np.pi / 2])
NOISE = np.array([[0.1, 0.05, 0.02], [0.2, 0.1, 0.3], [0.05, 0.1, 0.0]])
EXPECTED, TRUE = 0.3, 0.47


def fringe(rng, visibility, shots, psi, frequency=1.0):
    plus = rng.binomial(shots, (1 + visibility * np.cos(psi - QUADRATURES)) / 2)
    return Fringe(frequency, QUADRATURES, np.stack([plus, shots - plus], axis=1))


def brute(shares, psi, population=1.0):
    """log ∫₀^P L dV on a fine grid."""
    heights = np.linspace(0, population, 40001)[1:-1]
    plus = (population + heights[:, None] * np.cos(psi - QUADRATURES)) / 2
    logs = (shares[:, 0] * np.log(plus) + shares[:, 1] * np.log1p(-plus)).sum(1)
    return logs.max() + np.log(np.exp(logs - logs.max()).mean() * population)


@pytest.mark.parametrize(
    "shares", [[[12, 8], [5, 15]], [[20, 0], [9, 11]], [[2100, 1900], [3900, 100]], [[10, 10]] * 2]
)
def test_the_likelihood_is_the_integral_over_the_visibility(shares):
    shares = np.array(shares)
    found = turns([Fringe(1.0, QUADRATURES, shares)])[0]
    places = np.array([-2.0, -0.7, 0.1, 0.9, 1.5, 2.8])
    exact = np.array([brute(shares, psi) for psi in places])
    near = exact > exact.max() - 15  # farther down nothing is left to weigh
    assert found.at(places)[near] - found.at(places)[near][0] == pytest.approx(exact[near] - exact[near][0], abs=0.02)


def test_a_readout_half_a_turn_away_says_the_same_with_its_outcomes_exchanged():
    shares, more = np.array([[320, 180], [410, 90]]), np.array([[101, 99], [37, 163]])
    both = [Fringe(1.0, QUADRATURES, shares), Fringe(1.0, QUADRATURES + np.pi, more)]
    places = np.linspace(-3, 3, 50)
    expected = turns([Fringe(1.0, QUADRATURES, shares + more[:, ::-1])])[0].at(places)
    assert turns(both)[0].at(places) == pytest.approx(expected, abs=1e-6)


def test_few_steps_are_taken_and_only_where_the_visibility_is_not_zero(monkeypatch):
    """Slopes of the likelihood are what reading φ costs: one at every ψ at first, one at last, and some in between."""
    asked = []

    def counted(height, *rest):
        asked.append(len(height))
        return derivatives(height, *rest)

    derivatives = joint._derivatives
    monkeypatch.setattr(joint, "_derivatives", counted)
    turns([fringe(np.random.default_rng(2), 0.6, 500, 0.4)])
    assert sum(asked) < 5 * asked[0]  # twelve steps everywhere would be 13


@pytest.mark.parametrize(
    ("visibility", "shots"),
    [(0.2, 20), (0.5, 20), (0.9, 1000), *map(further, ((0.2, 100), (0.2, 1000), (0.9, 20)))],
)
def test_intervals_cover_down_to_a_visibility_of_a_fifth(visibility, shots):
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        truth = rng.uniform(-np.pi, np.pi)
        low, high = angle(turns([fringe(rng, visibility, shots, truth)]), 0.0).interval
        hits += any(low <= truth + turn <= high for turn in (-2 * np.pi, 0, 2 * np.pi))
    assert hits >= 270  # 95 % less four standard deviations of 300


def test_a_visibility_read_from_the_counts_and_taken_for_known_does_not_cover():
    # The control: V plugged in.
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        truth = rng.uniform(-1, 1)
        one = fringe(rng, 0.2, 20, truth)
        means = (one.shares[:, 0] - one.shares[:, 1]) / 20
        height = np.full(2, min(float(np.hypot(*means)), 0.999))
        model = FringeModel(np.ones(2, dtype=int), QUADRATURES, height, np.ones(2))
        if height[0] == 0:
            continue
        low, high = phase.estimate(model, np.pad(one.shares, ((0, 0), (0, 1))), (-np.pi, np.pi), "bayes").interval
        hits += low <= truth <= high
    assert hits < 185


def test_many_spins_of_few_shots_cover_together():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        truth = rng.uniform(-2, 2)
        spins = [fringe(rng, height, 20, truth) for height in np.linspace(0.1, 0.3, 8)]
        low, high = angle(turns(spins), 0.0).interval
        hits += low <= truth <= high
    assert hits >= 178


@pytest.mark.parametrize(("top", "shots"), [(0.95, 20), further((0.95, 1000)), (0.2, 100)])
def test_the_field_from_all_times_covers_within_its_range(top, shots):
    rng = np.random.default_rng(4)
    times, heights = np.linspace(0.2, 1.0, 5), top * (0.2 / top) ** np.linspace(0, 1, 5)
    hits = 0
    for _ in range(150):
        truth = 0.3 + rng.uniform(-0.6, 0.6) * np.pi / (4 * 0.2)
        seen = [
            turns([fringe(rng, height, shots, 4 * truth * time, 4.0)])
            for time, height in zip(times, heights, strict=True)
        ]
        found = field(seen, times.tolist(), 0.3)
        assert found.ambiguity == pytest.approx(np.pi / (4 * 0.2))
        hits += found.interval[0] <= truth <= found.interval[1]
    assert hits >= 132


def test_a_fringe_is_read_next_to_the_expected_angle_and_across_its_edge():
    one = turns([Fringe(4.0, QUADRATURES, np.array([[0, 1000], [520, 480]]))])  # ψ just below π
    low = angle(one, 0.0)
    assert abs(low.value) == pytest.approx(np.pi / 4, abs=0.02)
    assert low.interval[1] - low.interval[0] < 0.1  # not the whole turn
    assert low.ambiguity == pytest.approx(np.pi / 4)
    far = angle(one, 10 * np.pi / 2 + 0.7)
    assert far.value == pytest.approx(10 * np.pi / 2 + np.pi / 4, abs=0.02)


def test_windows_that_collect_the_other_way_and_none_at_all():
    rng = np.random.default_rng(5)
    seen = [turns([fringe(rng, 0.9, 4000, 0.5 * duration)]) for duration in (-0.4, 0.0, 1.0)]
    found = field(seen, [-0.4, 0.0, 1.0], 0.2)
    assert found.interval[0] < 0.5 < found.interval[1]
    assert field(seen, [0.0, 0.0, 0.0], 0.2) is None
    assert field([()], [1.0], 0.2) is None
    with pytest.raises(ArgumentError, match="does not turn"):
        turns([Fringe(0.0, QUADRATURES, np.ones((2, 2), dtype=int))])


GHZ = np.sqrt([0.5, 0, 0, 0, 0, 0, 0, 0.5])
SIGNED = np.sqrt([0, 0.5, 0, 0, 0, 0, 0.5, 0])  # spin 0 against the others
PRODUCT = np.full(8, np.sqrt(1 / 8))
CASES = [
    (GhzBlock(3, "loss_flag"), GHZ, "", None), (GhzBlock(3, "parity"), GHZ, "", None),
    (GhzBlock(3, "multiple_quantum"), GHZ, "", None), (ProductSpins(3), PRODUCT, "", None),
    (ProductSpins(3, (1.0, -0.5, 2.0)), PRODUCT, "", (1.0, -0.5, 2.0)),
    (GhzBlock(3, "parity", (), (1.0, 0.5, 0.25)), GHZ, "", (1.0, 0.5, 0.25)),
    (GhzBlock(3, "loss_flag", (), (1.0, 0.5, 0.25)), GHZ, "", (1.0, 0.5, 0.25)),
    (ParameterShift.for_probe(Probe.ghz(3), readout="parity", rule="auto"), GHZ, "", None),
    (ParameterShift.for_probe(Probe.ghz(3), readout="loss_flag", rule="auto"), GHZ, "", None),
    (ParameterShift.for_probe(Probe.product(3), readout="local_x", rule="auto"), PRODUCT, "", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "psi", "signs", "weights"), CASES, ids=str)
def test_every_readout_shows_the_angle_with_its_sign(method, psi, signs, weights):
    ending, settings = method.design(EXPECTED)
    turned = replace(settings, phases=settings.phases + (TRUE - EXPECTED) * np.array(weights or (1.0,) * 3))
    counts = synthetic.as_counts(synthetic.read(synthetic.state(psi, NOISE, 0.5), ending, turned, signs), 10**5)
    found = angle(turns(method.fringes(counts, EXPECTED)), EXPECTED)
    assert found.value == pytest.approx(TRUE, abs=0.01)
    # The opposite sign would be told.
    assert not found.interval[0] <= 2 * EXPECTED - TRUE <= found.interval[1]


@pytest.mark.parametrize(("visibility", "shots"), [(0.2, 20), (0.2, 100), (0.9, 1000)])
def test_the_information_has_no_bias_and_the_error_that_it_says(visibility, shots):
    rng = np.random.default_rng(6)
    found, errors = [], []
    for _ in range(200):
        psi = rng.uniform(0, 2 * np.pi)
        swing, slope = visibility * np.cos(psi - QUADRATURES), visibility * np.sin(psi - QUADRATURES)
        exact = np.sum(slope**2 / (1 - swing**2))  # of one shot of each readout
        value, error = turns([fringe(rng, visibility, shots, psi)])[0].information
        found.append(value / shots - exact)
        errors.append(error / shots)
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(200) + 0.04 * visibility**2
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(found), rel=0.4)


def test_readouts_without_a_fringe_show_none():
    method = ParameterShift.for_probe(Probe.product(4), readout="collective_x", rule="auto")
    settings = method.design(0.0)[1]
    counts = synthetic.as_counts(np.full((len(settings), 16), 1 / 16), 1600)
    assert method.fringes(counts, 0.0) == ()


def test_where_no_fringe_is_seen_the_interval_is_the_whole_turn_and_covers():
    """Without a fringe 24 of 200 intervals that miss are seen once in 10⁴ at 95 %; the posterior alone misses 40."""
    rng, missed, whole = np.random.default_rng(11), 0, 0
    for _ in range(200):
        plus = rng.binomial(20, 0.5, 2)
        found = angle(turns([Fringe(1.0, np.array([0.0, np.pi / 2]), np.stack([plus, 20 - plus], 1))]), 0.0)
        truth, (low, high) = rng.uniform(-np.pi, np.pi), found.interval
        missed += not any(low <= truth + turn <= high for turn in (-2 * np.pi, 0, 2 * np.pi))
        whole += high - low > 6.28
    assert missed < 24
    assert whole > 160
    plus = np.array([19, 10])
    seen = angle(turns([Fringe(1.0, np.array([0.0, np.pi / 2]), np.stack([plus, 20 - plus], 1))]), 0.0)
    assert seen.interval[1] - seen.interval[0] < 1.5
