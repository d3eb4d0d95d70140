"""𝓘 by fitted laws, and the allocation of shots: unbiased, covered, and a wrong law is refused.

Statistical tests are seeded. A right fit fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import synthetic
from cases import further
from scipy.integrate import quad

from qsense.errors import ArgumentError
from qsense.estimators import ghz
from qsense.estimators.chance import p_value
from qsense.estimators.fringe import as_estimates, stderr
from qsense.estimators.integral import fit
from qsense.estimators.integral.allocation import allocate
from qsense.estimators.integral.decay import law
from qsense.estimators.result import Estimate, integrate_estimates
from qsense.numerics.quadrature import gauss_rule, rule_for_times

pytestmark = pytest.mark.long

TIMES = np.array([0.2, 0.5, 1.0, 1.7, 2.6])  # in lifetimes of G


def ghz_estimates(rng, noise, size, times, shots, repetitions):
    """Lists of estimates of G at the times, one list a repetition."""
    columns = []
    for time in times:
        block = synthetic.ghz(noise, size, time)
        shares = synthetic.draw(rng, synthetic.ghz_rows("loss_flag", block, (0.0, np.pi / 2)), shots, repetitions)
        found = ghz.gains(shares, size, "loss_flag")
        columns.append(as_estimates(found, (0.0, float(size**2))))
    return list(zip(*columns, strict=True))


def exact_img(noise, size):
    rate = 1 / synthetic.ghz_time(noise, size, 1.0)
    return quad(lambda t: synthetic.ghz(noise, size, t).gain, 0, 40 / rate, epsabs=0, epsrel=1e-9, limit=200)[0]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("model", ["exponential", "stretched", "ghz_emission"])
def test_the_tail_of_a_law_is_the_integral_of_its_shape(model, size):
    found = law(model, size)
    beta = 1.4 if model == "stretched" else 1.0
    scale = size if model == "ghz_emission" else 1
    assert found.shape(np.array([0.0]), beta)[0] == pytest.approx(1, abs=1e-15)
    for start in (0.0, 0.3 / scale, 2.0 / scale):
        exact = quad(lambda s: found.shape(np.array([s]), beta)[0], start, 60 / scale, epsabs=0, epsrel=1e-11)[0]
        assert found.tail(start, beta) == pytest.approx(exact, rel=1e-9)


def test_the_ghz_law_is_the_gain_under_emission():
    for size in (1, 2, 8, 100):
        times = synthetic.ghz_time("emission", size, 1.0) * TIMES
        gains = [synthetic.ghz("emission", size, t).gain for t in times]
        assert size**2 * law("ghz_emission", size).shape(0.1 * times, 1.0) == pytest.approx(gains, rel=1e-12)


def test_exact_data_give_the_exact_integral():
    found = fit(TIMES, [Estimate(5 * float(np.exp(-((0.7 * t) ** 1.6))), 0.01) for t in TIMES], "stretched")
    exact = quad(lambda t: 5 * np.exp(-((0.7 * t) ** 1.6)), 0, 30)[0]
    tail = quad(lambda t: 5 * np.exp(-((0.7 * t) ** 1.6)), TIMES[-1], 30)[0]
    assert found.integral.total.value == pytest.approx(exact, rel=1e-7)
    assert found.integral.tail.value == pytest.approx(tail, rel=1e-6)
    assert found.parameters["exponent"].value == pytest.approx(1.6, rel=1e-6)
    assert found.chi_square < 1e-8


@pytest.mark.parametrize(
    ("noise", "model", "size", "amplitude"),
    [
        case if ((i, j, k) in ((0, 0, 0), (1, 2, 1))) else further(case)
        for i, (noise, model) in enumerate((("dephasing", "exponential"), ("emission", "ghz_emission")))
        for j, size in enumerate((1, 8, 100)) for k, amplitude in enumerate(("known", "fitted"))
        for case in [(noise, model, size, amplitude)]
    ],
)  # fmt: skip
def test_the_integral_of_a_right_law_is_unbiased_and_its_interval_covers(noise, model, size, amplitude):
    rng = np.random.default_rng(size)
    repetitions = 200
    times = synthetic.ghz_time(noise, size, 1.0) * TIMES
    exact = exact_img(noise, size)
    height = float(size**2) if amplitude == "known" else None
    runs = ghz_estimates(rng, noise, size, times, 500, repetitions)
    results = [fit(times, run, model, size, height, refused_below=0.0) for run in runs]
    totals = [r.integral.total for r in results]
    values = np.array([t.value for t in totals])
    # A quarter of a standard error is allowed (of second order in the noise), and 4.5 standard errors of the mean.
    assert abs(values.mean() - exact) < (0.25 + 4.5 / np.sqrt(repetitions)) * values.std()
    # At 95 % fewer than 176 or all of 200 happens less than once in 10⁴ seeds.
    assert 176 <= repetitions * synthetic.covered(totals, exact) <= 199
    # A right law is refused at 1 % at most once in a hundred: of 200 more than 9 happens once in 10⁴ seeds.
    assert np.sum([r.p_value < 0.01 for r in results]) <= 9
    bends = np.array([r.bend for r in results])
    # Standard normal: the mean of 200 is known to 0.07, the scatter to 5 %.
    assert abs(bends.mean()) < 0.32
    assert 0.75 < bends.std() < 1.25


def test_a_law_finds_the_rate_that_the_quadrature_takes_as_given():
    # The decay is twice as fast as the rule was told, and the last time is 1.2 lifetimes.
    rng = np.random.default_rng(1)
    lifetime = synthetic.ghz_time("dephasing", 8, 1.0)
    rule = rule_for_times(lifetime * np.linspace(0.2, 1.2, 5), 0.5 / lifetime)
    exact = exact_img("dephasing", 8)
    runs = ghz_estimates(rng, "dephasing", 8, rule.times, 500, 100)
    results = [fit(rule.times, run, "exponential", amplitude=64.0, refused_below=0.0) for run in runs]
    fitted = np.array([r.integral.total.value for r in results])
    summed = np.array([integrate_estimates(rule, run).total.value for run in runs])
    assert abs(fitted.mean() - exact) < (0.25 + 4.5 / 10) * fitted.std()
    assert summed.mean() > 1.2 * exact


def test_a_right_law_is_not_refused_where_there_is_no_gain_left():
    # Eight of ten times beyond five lifetimes: estimates of 0 have long upper tails.
    rng = np.random.default_rng(1)
    times = synthetic.ghz_time("dephasing", 8, 1.0) * np.array([0.3, 1, 5, 6, 7, 8, 9, 10, 11, 12])
    runs = ghz_estimates(rng, "dephasing", 8, times, 500, 400)
    chances = [fit(times, run, "exponential", amplitude=64.0, refused_below=0.0).p_value for run in runs]
    # A right law is refused at 1 % once in a hundred: of 400 more than 13 happens once in 10⁴ seeds.
    assert np.sum(np.array(chances) < 0.01) <= 13


def test_the_bend_finds_a_wrong_law_where_chi_square_does_not():
    # 500 shots a time: the exponential misses GHZ under emission by two standard errors of the integral.
    rng = np.random.default_rng(6)
    times = synthetic.ghz_time("emission", 2, 1.0) * TIMES
    runs = ghz_estimates(rng, "emission", 2, times, 500, 200)
    found = [fit(times, run, "exponential", amplitude=4.0, refused_below=0.0) for run in runs]
    bent = np.mean([abs(f.bend) > 2.81 for f in found])  # a chance of 0.005
    by_chi_square = np.mean([p_value(f.chi_square, f.degrees) < 0.005 for f in found])
    assert bent > 0.5
    assert bent > 1.4 * by_chi_square
    assert np.mean([f.bend for f in found]) > 1  # it falls off more abruptly than e^{−Λt}


def test_a_law_that_does_not_describe_the_data_is_refused():
    rng = np.random.default_rng(2)
    times = synthetic.ghz_time("emission", 8, 1.0) * TIMES
    runs = ghz_estimates(rng, "emission", 8, times, 20000, 20)
    for run in runs:
        fit(times, run, "ghz_emission", 8, refused_below=1e-6)
        with pytest.raises(ArgumentError, match=r"exponential does not describe the data: χ² = .* σ .* use another"):
            fit(times, run, "exponential", amplitude=64.0)


def test_weights_from_the_scattered_values_themselves_would_pull_the_curve_down():
    # The control: the same estimates without their spread.
    rng = np.random.default_rng(3)
    times = synthetic.ghz_time("dephasing", 8, 1.0) * np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    exact = exact_img("dephasing", 8)
    runs = ghz_estimates(rng, "dephasing", 8, times, 100, 200)
    bare = [[Estimate(e.value, e.stderr) for e in run] for run in runs]
    values = {
        name: np.array(
            [fit(times, run, "exponential", amplitude=64.0, refused_below=0.0).integral.total.value for run in some]
        )
        for name, some in (("spread", runs), ("bare", bare))
    }
    bias = {name: (v.mean() - exact) / v.std() for name, v in values.items()}
    assert abs(bias["spread"]) < 0.35
    assert bias["bare"] < -0.35


def test_a_covariance_between_times_widens_the_error():
    estimates = [Estimate(4 * float(np.exp(-t)), 0.1) for t in TIMES]
    independent = fit(TIMES, estimates, "exponential").integral.total
    together = fit(TIMES, estimates, "exponential", covariance=0.01 * (0.2 * np.eye(5) + 0.8)).integral.total
    assert together.stderr > independent.stderr
    rule = gauss_rule(1.0, 1.0, 5)
    covariance = 0.01 * np.ones((5, 5))
    total = integrate_estimates(rule, estimates, covariance).total
    assert total.stderr == pytest.approx(0.1 * abs(rule.weights.sum()))
    assert total.stderr > integrate_estimates(rule, estimates).total.stderr
    with pytest.raises(ArgumentError, match=r"shape \(5, 5\), but is \(4, 4\)"):
        integrate_estimates(rule, estimates, np.eye(4))


def test_too_few_times_no_decay_and_unknown_laws_are_refused():
    estimates = [Estimate(4.0, 0.1), Estimate(2.0, 0.1), Estimate(1.0, 0.1)]
    with pytest.raises(ArgumentError, match="takes at least 4 times"):
        fit([0.5, 1.0, 2.0], estimates, "stretched")
    with pytest.raises(ArgumentError, match="do not fix the rate"):
        fit([0.5, 1.0, 2.0], [Estimate(g, 5.0) for g in (0.3, -0.2, 0.1)], "exponential")
    with pytest.raises(ArgumentError, match='Did you mean "exponential"'):
        fit([0.5, 1.0, 2.0], estimates, "exponental")
    with pytest.raises(ArgumentError, match="`num_qubits` must be given"):
        fit([0.5, 1.0, 2.0], estimates, "ghz_emission")
    with pytest.raises(ArgumentError, match="one for each of 3 times, but are 2"):
        fit([0.5, 1.0, 2.0], estimates[:2], "exponential")


def test_the_allocation_is_the_best_of_all_neighbours():
    rng = np.random.default_rng(4)
    for _ in range(20):
        weights, sigmas = rng.normal(size=5), rng.uniform(0, 3, 5)
        found = allocate(3000, weights, sigmas, 100)
        shots = np.array(found.shots)
        assert shots.sum() == 3000
        assert shots.min() >= 100
        error = np.sum((weights * sigmas) ** 2 / shots)
        assert found.stderr == pytest.approx(np.sqrt(error))
        for i in range(5):
            for j in range(5):
                moved = shots.astype(float).copy()
                moved[i] += 3
                moved[j] -= 3
                if moved.min() >= 100:
                    # To the rounding of one shot in a hundred.
                    assert np.sum((weights * sigmas) ** 2 / moved) >= error * (1 - 1e-3)


def test_allocated_shots_give_a_smaller_error_than_equal_ones():
    rng = np.random.default_rng(5)
    rate = 1 / synthetic.ghz_time("emission", 8, 1.0)
    rule = gauss_rule(rate, rate / 8, 5)
    blocks = [synthetic.ghz("emission", 8, t) for t in rule.times]

    def scatter(shots, repetitions=2000):
        columns = [
            ghz.gains(
                synthetic.draw(rng, synthetic.ghz_rows("loss_flag", b, (0.0, np.pi / 2)), n, repetitions),
                8,
                "loss_flag",
            )
            for b, n in zip(blocks, shots, strict=True)
        ]
        return np.std(np.stack([c.value for c in columns], axis=1) @ rule.weights)

    pilot = [
        ghz.gains(synthetic.draw(rng, synthetic.ghz_rows("loss_flag", b, (0.0, np.pi / 2)), 500, 1)[0], 8, "loss_flag")
        for b in blocks
    ]
    sigmas = [float(stderr(p, (0.0, 64.0)) * np.sqrt(500)) for p in pilot]
    found = allocate(5000, rule.weights, sigmas, 50)
    measured = scatter(found.shots)
    # The scatter of 2000 repetitions is known to 1.6 %; the pilot knows each σ to some 10 %.
    assert measured == pytest.approx(found.stderr, rel=0.15)
    assert measured < 0.95 * scatter([1000] * 5)


def test_impossible_allocations_are_refused():
    with pytest.raises(ArgumentError, match="at least 100 shots at each of 3 times, 300, but is 200"):
        allocate(200, [1.0] * 3, [1.0] * 3, 100)
    with pytest.raises(ArgumentError, match="`deviations` must hold one number"):
        allocate(200, [1.0] * 3, [1.0, -1.0, 0.0], 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("values", "amplitude"), [
    ((-0.3, 0.2, 0.8, 0.6), 4.0), ((-1.4, -0.1, -0.7, -0.4), None), ((-0.8, 0.4, 0.3, 0.8), 4.0),
])  # fmt: skip
def test_counts_without_a_signal_are_refused_without_a_warning(values, amplitude):
    """Their fit runs away, to an amplitude without end times a shape of 0."""
    spreads = ((0.2446, 0.939, -0.1074), (0.3607, 1.1402, -0.1074), (0.2331, 0.8755, -0.0781), (0.5843, 1.4512, -0.131))
    estimates = [Estimate.from_spread(one, law, (0.0, 4.0)) for one, law in zip(values, spreads, strict=True)]
    with pytest.raises(ArgumentError, match="do not fix the rate"):
        fit(np.array([0.0, 0.5, 1.0, 2.0]), estimates, "stretched", amplitude=amplitude)
