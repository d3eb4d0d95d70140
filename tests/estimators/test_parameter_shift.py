"""Parameter shift: the rules are exact, the classical Fisher information unbiased with true error bars."""

from itertools import product

import numpy as np
import pytest
import sampling
import synthetic
from cases import spread

from qsense import LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.estimators.shifts import parameter_shift as ps
from qsense.estimators.shifts import shift_rules
from qsense.theory.measurement import classical_gain

NOISES = {"dephasing": LocalNoise(dephasing=0.1), "emission": LocalNoise(emission=0.1)}


def distributions(probe, noise, time, readout, settings):
    build = sampling.loss_flag_distributions if readout == "loss_flag" else sampling.distributions
    return build(probe, noise, time, settings)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_all_frequencies_rule_is_exact_for_every_frequency(size):
    rule = ps.all_frequencies_rule(size)
    for frequency in range(size + 1):
        for phase in (0.0, 0.7):
            shifted = np.cos(frequency * (0.3 + rule.shifts[:, 0]) + phase)
            assert rule.coefficients @ shifted == pytest.approx(-frequency * np.sin(frequency * 0.3 + phase), abs=1e-12)


@pytest.mark.parametrize("readout", ["parity", "local_x", "loss_flag"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_rule_of_a_readout_gives_its_exact_gain(readout, size):
    noise = LocalNoise(*np.random.default_rng(size).uniform(0.05, 0.4, (3, size)))
    probe = Probe.product(size) if readout == "local_x" else Probe.ghz(size)
    settings = ps.design(readout, size, phase=0.0)
    exact = distributions(probe, noise, 0.6, readout, settings)
    kind = ps.classes(readout, size)
    classes = np.stack([exact[:, kind == k].sum(1) for k in range(kind.max() + 1)], axis=1)
    slope = ps.rule_for(readout, size).coefficients @ classes[1:]
    value = np.sum(slope**2 / classes[0])
    assert value == pytest.approx(classical_gain(probe, noise, np.array([0.6]), readout)[0], rel=1e-10)


def test_the_half_turn_rule_on_the_collective_angle_gives_nothing_for_even_ghz():
    # The trap: (f(θ+π/2) − f(θ−π/2))/2 of cos(Nθ) is 0 for even N, whatever the fringe.
    theta = np.linspace(0, 3, 7)
    wrong = (np.cos(4 * (theta + np.pi / 2)) - np.cos(4 * (theta - np.pi / 2))) / 2
    assert np.allclose(wrong, 0, atol=1e-14)
    rule = ps.one_frequency_rule(4)
    right = rule.coefficients @ np.cos(4 * (theta[None, :] + rule.shifts[:, :1]))
    assert np.allclose(right, -4 * np.sin(4 * theta))


def repeated(kind, noise, size, time, readout, shots, repetitions):
    rng = np.random.default_rng(7)
    probe = Probe.named(kind, size)
    settings = ps.design(readout, size, phase=0.0)
    exact = distributions(probe, NOISES[noise], time, readout, settings)
    results = [ps.estimate(rng.multinomial(shots, exact), readout) for _ in range(repetitions)]
    return np.array([(r.value, r.stderr) for r in results]).T, classical_gain(
        probe, NOISES[noise], np.array([time]), readout
    )[0]


READINGS = [("ghz", "parity"), ("ghz", "loss_flag"), ("product", "local_x")]


@pytest.mark.parametrize(("reading", "noise", "lifetimes"), spread(2, READINGS, NOISES, [0.05, 0.7, 3.0]))
def test_the_classical_gain_is_unbiased_and_its_error_bar_is_true(reading, noise, lifetimes):
    kind, readout = reading
    fall = 2 * NOISES[noise].coherence_rates(1)[0] * (2 if kind == "ghz" else 1)
    (values, errors), exact = repeated(kind, noise, 2, lifetimes / fall, readout, shots=500, repetitions=400)
    # 4.5 standard errors of the mean: once in 10⁵ seeds.
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(400)
    # At 95 % fewer than 360 or more than 396 of 400 happens once in 10⁴ seeds; 100 % would mean bars too wide.
    assert 360 / 400 < np.mean(np.abs(values - exact) < 1.96 * errors) <= 397 / 400
    assert 0.85 < errors.mean() / values.std() < 1.2


@pytest.mark.parametrize(("reading", "noise"), spread(2, READINGS, NOISES))
def test_the_classical_gain_is_unbiased_from_few_shots_too(reading, noise):
    kind, readout = reading
    fall = 2 * NOISES[noise].coherence_rates(1)[0] * (2 if kind == "ghz" else 1)
    (values, _), exact = repeated(kind, noise, 2, 3.0 / fall, readout, shots=60, repetitions=3000)
    # 4.5 standard errors of the mean; without the correction the bias is five times that.
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(3000)


def test_without_its_correction_the_estimate_is_biased():
    # The control: Σ p̂'²/p̂ of the same counts, at a time where G is small.
    rng = np.random.default_rng(7)
    settings = ps.design("local_x", 2, phase=0.0)
    exact = sampling.distributions(Probe.product(2), NOISES["dephasing"], 3.0 / 0.4, settings)
    truth = classical_gain(Probe.product(2), NOISES["dephasing"], np.array([3.0 / 0.4]), "local_x")[0]
    naive = []
    for _ in range(200):
        f = rng.multinomial(200, exact) / 200
        naive.append(np.sum((ps.single_spin_rule(2).coefficients @ f[1:]) ** 2 / f[0]))
    assert np.mean(naive) - truth > 4.5 * np.std(naive) / np.sqrt(200)


def test_the_measured_direction_follows_the_signal():
    for readout, probe in (("parity", Probe.ghz(3)), ("local_x", Probe.product(3)), ("loss_flag", Probe.ghz(3))):
        ours = [
            distributions(probe, NOISES["emission"], 0.4, readout, ps.design(readout, 3, phase)) for phase in (0, 1.1)
        ]
        assert np.allclose(ours[0], ours[1], atol=1e-12)


def test_too_few_shots_and_too_many_outcomes_are_refused():
    with pytest.raises(ArgumentError, match="at least 20 shots"):
        ps.estimate(np.eye(2, dtype=int)[[0, 0, 1]], "parity")
    with pytest.raises(ArgumentError, match=r"2\^12 values"):
        ps.design("local_x", 12, 0.0)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_rule_knows_which_frequencies_it_is_right_for(size):
    # Every rule against every observable: Fourier parts exp(i d·θ) with d_j in {−1, 0, 1}, shifted spin by spin.
    for name, build in shift_rules.RULES.items():
        rule = build(size)
        for frequency in range(size + 1):
            exact = all(
                np.isclose(rule.coefficients @ np.exp(1j * rule.shifts @ d), 1j * frequency)
                for d in np.array(list(product((-1, 0, 1), repeat=size)))
                if d.sum() == frequency
            )
            assert rule.is_right_for(frequency) == exact, (name, frequency)


@pytest.mark.parametrize("size", [2, 3, 4, 100])
def test_the_half_turn_rule_is_refused_for_ghz_parity(size):
    with pytest.raises(ArgumentError, match=rf'"half_turn" is wrong .* {size}θ; use "one_frequency"'):
        ps.design("parity", size, 0.0, rule="half_turn")
    with pytest.raises(ArgumentError, match='"half_turn" is wrong'):
        ps.estimate(synthetic.packed(np.zeros((30, size)), [0, 10, 20, 30]), "parity", rule="half_turn")


def test_one_frequency_is_refused_for_the_parity_of_another_probe():
    with pytest.raises(ArgumentError, match='wrong for a readout that oscillates at θ; use "single_spin"'):
        ps.design("parity", 4, 0.0, rule="one_frequency", frequencies=range(1, 5))
    assert len(ps.design("parity", 4, 0.0, frequencies=range(1, 5))) == 9
    with pytest.raises(ArgumentError, match='Did you mean "half_turn"'):
        ps.design("parity", 4, 0.0, rule="half_turns")
    with pytest.raises(ArgumentError, match="measure `with_check`"):
        ps.design("parity", 4, 0.0, frequencies=())


@pytest.mark.parametrize("rule", ["single_spin", "all_frequencies", "one_frequency"])
def test_every_right_rule_gives_the_same_gain(rule):
    noise, probe = LocalNoise(0.1, 0.2, 0.05), Probe.ghz(3)
    for readout in ("parity", "loss_flag"):
        settings = ps.design(readout, 3, 0.4, rule=rule)
        exact = distributions(probe, noise, 0.6, readout, settings)
        value = ps.estimate(synthetic.as_counts(exact), readout, rule=rule).value
        assert value == pytest.approx(classical_gain(probe, noise, np.array([0.6]), readout)[0], rel=1e-8)


def product_rows(coherence, phases, readout):
    """Exact distributions of independent spins along −π/2 (mid-fringe) at signal angles, shape (rows, classes)."""
    rows = []
    for row in phases:
        up = 0.5 * (1 - coherence * np.cos(row + np.pi / 2))
        histogram = np.ones(1)
        for p in up:
            histogram = np.convolve(histogram, [1 - p, p])
        rows.append(histogram if readout == "collective_x" else [histogram[::2].sum(), histogram[1::2].sum()])
    return np.array(rows)


def sparse(rng, rows, shots, readout, size):
    """Counts of strings with so many spins up, all such strings alike."""
    bits = []
    for row in rows:
        number = rng.choice(len(row), size=shots, p=row / row.sum())
        bits.append(rng.permuted(np.arange(size) < number[:, None], axis=1))
    return synthetic.packed(np.concatenate(bits), shots * np.arange(len(rows) + 1))


def test_the_counts_of_a_product_probe_contradict_the_rule_of_one_frequency():
    rng = np.random.default_rng(3)
    for readout in ("parity", "collective_x"):
        settings = ps.design(readout, 5, 0.0, rule="one_frequency", frequencies=(), with_check=True)
        rows = product_rows(np.full(5, 0.9), settings.phases, readout)
        counts = sparse(rng, rows, 2000, readout, 5)
        with pytest.raises(ArgumentError, match=r'oscillate at 5θ alone, but they do not .* use "single_spin"'):
            ps.estimate(counts, readout, rule="one_frequency", frequencies=())


def test_the_counts_of_a_ghz_probe_do_not_contradict_it():
    rng = np.random.default_rng(4)
    settings = ps.design("parity", 32, 0.0, frequencies=(), with_check=True)
    fringe = 0.5 * (1 + np.outer(0.8 * np.cos(32 * settings.phases[:, 0] + np.pi / 2), [1, -1]))
    shares = synthetic.draw(rng, fringe, 400, 2000)
    phases = settings.phases[:, 0]
    values = np.array([shift_rules.misfit(s, phases, [32]) for s in shares])
    # Uniform p-values: of 2000, more than 138 below 0.05 or fewer than 66 happens once in 10⁴ seeds.
    assert 66 <= np.sum(values < 0.05) <= 138
    wrong = np.array([shift_rules.misfit(s, phases, [31]) for s in shares[:50]])
    assert wrong.max() < 1e-4


@pytest.mark.parametrize("size", [8, 32, 100])
def test_the_histogram_of_j_gives_the_gain_of_alike_spins_at_any_size(size):
    rng = np.random.default_rng(size)
    settings = ps.design("collective_x", size, 0.0)
    rows = product_rows(np.full(size, 0.8), settings.phases, "collective_x")
    results = []
    for _ in range(250):
        shares = synthetic.draw(rng, rows, 300, 1)[0]
        joined = shift_rules.joined(shares, 10).astype(float)
        results.append(ps._from_tallies(joined, ps.single_spin_rule(size).coefficients, size**2))
    values = np.array([r.value for r in results])
    # Joining rare numbers loses up to 2 % at 300 shots; then 4.5 standard errors of the mean.
    assert -0.02 * 0.64 * size - 4.5 * values.std() / np.sqrt(250) < values.mean() - 0.64 * size
    assert values.mean() - 0.64 * size < 4.5 * values.std() / np.sqrt(250)
    # At 95 % fewer than 222 or more than 248 of 250 happens once in 10⁴ seeds.
    assert 222 <= 250 * synthetic.covered(results, 0.64 * size) <= 248
    counts = sparse(rng, rows, 300, "collective_x", size)
    one = ps.estimate(counts, "collective_x")
    joined = shift_rules.joined(ps.tallies(counts, "collective_x"), 10).astype(float)
    assert one == ps._from_tallies(joined, ps.single_spin_rule(size).coefficients, size**2)
    assert abs(one.value - 0.64 * size) < 4.5 * one.stderr


def test_without_joining_rare_numbers_the_histogram_loses_gain():
    # The control of the test above.
    rng = np.random.default_rng(0)
    rows = product_rows(np.full(100, 0.8), ps.design("collective_x", 100, 0.0).phases, "collective_x")
    coefficients = ps.single_spin_rule(100).coefficients
    values = [
        ps._from_tallies(synthetic.draw(rng, rows, 300, 1)[0].astype(float), coefficients, 1e4).value
        for _ in range(100)
    ]
    assert np.mean(values) < 0.97 * 64


def test_sparse_counts_and_their_table_say_the_same():
    rng = np.random.default_rng(1)
    exact = sampling.distributions(Probe.product(3), NOISES["emission"], 0.5, ps.design("local_x", 3, 0.0))
    table = rng.multinomial(400, exact)
    counts = synthetic.as_counts(table, shots=1)
    for readout in ("local_x", "collective_x"):
        assert ps.estimate(counts, readout).value == pytest.approx(
            ps.estimate(counts.table(), readout).value, rel=1e-12
        )


@pytest.mark.parametrize("readout", ["parity", "loss_flag"])
def test_a_hundred_spins_are_no_harder(readout):
    rng = np.random.default_rng(8)
    block = synthetic.ghz("mixed", 100, synthetic.ghz_time("mixed", 100, 2.5))
    rows = synthetic.ghz_rows(readout, block, np.pi / 2 + np.array([0, np.pi / 2, -np.pi / 2]))
    rows = rows[1:] if readout == "parity" else rows
    exact = block.gain * (block.population if readout == "parity" else 1)
    shares = synthetic.draw(rng, rows, 500, 1500).astype(float)
    results = [ps._from_tallies(s, ps.one_frequency_rule(100).coefficients, 1e4) for s in shares]
    values = np.array([r.value for r in results])
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(1500)
    # At 95 % fewer than 1390 or more than 1456 of 1500 happens once in 10⁴ seeds.
    assert 1390 <= 1500 * synthetic.covered(results, exact) <= 1456
