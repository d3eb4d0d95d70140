"""Two steps: the pilot's fringes give the field, and the rows that are said to be best are.

Statistical tests are seeded. A right estimator fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import synthetic

from qsense.errors import ArgumentError
from qsense.estimators import estimator_named, ghz, product
from qsense.estimators.two_steps import Expected, Lines, find_offset, square_variance
from qsense.probes import Probe

TIMES = np.array([0.15, 0.6, 1.4, 2.7, 4.6])


def method(name, size, readout="loss_flag", **options):
    probe = Probe.ghz(size) if name == "ghz" else Probe.product(size)
    more = {"readout": readout} if name == "ghz" else {}
    return estimator_named(name).for_probe(probe, **more, **options)


CASES = [("ghz", "loss_flag"), ("ghz", "parity"), ("product", "")]


@pytest.mark.parametrize("antipodal", [False, True])
@pytest.mark.parametrize(("name", "readout"), CASES)
def test_a_field_that_is_ahead_turns_every_line_forward(name, readout, antipodal):
    psi = np.full(4, 0.5) if name == "product" else np.sqrt([0.5, 0, 0, 0.5])
    rho = synthetic.state(psi, np.array([[0.1] * 2, [0.2] * 2, [0.05] * 2]), 0.8)
    one = method(name, 2, readout, antipodal=antipodal)
    ending, settings = one.design(0.9)
    found = one.lines(synthetic.as_counts(synthetic.read(rho, ending, settings.at(0.1))))
    assert np.angle(found.values) == pytest.approx(0.1 * found.frequencies, abs=1e-6)
    assert np.all(found.frequencies == (2 if name == "ghz" else 1))
    coherence = 2 * abs(rho[0, 3]) if name == "ghz" else 2 * abs(rho[0, 1] + rho[2, 3])
    assert np.abs(found.values) == pytest.approx(coherence, abs=1e-6)
    population = (rho[0, 0] + rho[3, 3]).real if name == "ghz" else 1.0
    assert found.population == pytest.approx(population, abs=1e-6)


def measured(rng, offset, frequency, error, times=TIMES, lines=3):
    lengths = [np.full(lines, np.exp(-0.3 * t)) for t in times]
    noise = error * rng.normal(size=(2, len(times), lines))
    values = [
        b * np.exp(1j * frequency * offset * t) + x + 1j * y for b, t, x, y in zip(lengths, times, *noise, strict=True)
    ]
    return [Lines(v, np.full(lines, error**2), np.full(lines, frequency), 1.0) for v in values], lengths


@pytest.mark.parametrize("offset", [0.0, 0.03, -1.1])
@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_the_offset_is_found_with_its_error_in_any_unit_of_time(offset, unit):
    rng = np.random.default_rng(1)
    pulls = []
    for _ in range(400):
        seen, lengths = measured(rng, offset, 8.0, 0.1)
        found = find_offset(TIMES * unit, seen, lengths)
        pulls.append((found.value * unit - offset) / (found.stderr * unit))
    assert abs(np.mean(pulls)) < 4.5 / np.sqrt(400)
    assert 0.85 < np.std(pulls) < 1.15  # known to 3.5 %
    assert np.mean(np.abs(pulls) > 5) == 0  # no other fringe is taken for it


def test_lines_that_do_not_turn_together_are_said_to_scatter():
    rng = np.random.default_rng(2)
    quiet = [find_offset(TIMES, *measured(rng, 0.1, 4.0, 0.05)).scatter for _ in range(300)]
    assert np.mean(np.array(quiet) > 0) < 0.04
    seen, lengths = measured(rng, 0.1, 4.0, 0.02)
    turned = [
        one._replace(values=one.values * np.exp(1j * a))
        for one, a in zip(seen, (0.4, -0.4, 0.4, -0.4, 0.4), strict=True)
    ]
    assert find_offset(TIMES, turned, lengths).scatter > 0.05


@pytest.mark.parametrize("square", [0.05, 0.6, 0.95])
@pytest.mark.parametrize("across", [0.0, 0.1])
def test_the_variance_of_unequal_rows_is_that_of_repeated_runs(square, across):
    """The variance of 40 000 repetitions is known to 0.7 % and more where it is not normal."""
    rng, repetitions = np.random.default_rng(3), 40_000
    x, y = np.sqrt(square * (1 - across)), np.sqrt(square * across)
    down = np.stack([rng.binomial(n, (1 + s) / 2, repetitions) for n, s in ((300, x), (60, y), (5, 0.0))], axis=1)
    shares = np.stack([down, np.array([300, 60, 5]) - down], axis=-1)[:, :, None, :]
    own = method("product", 1).variance(Expected(square, 1.0, across), (300, 60, 5))
    assert product.gains(shares).value.var() == pytest.approx(own, rel=0.06)

    p = 0.6
    means = np.array([x, y])
    chances = np.stack([p * (1 + means) / 2, p * (1 - means) / 2, np.full(2, 1 - p)], axis=1)
    flagged = np.stack([rng.multinomial(n, c, repetitions) for n, c in zip((600, 150), chances, strict=True)], axis=1)
    own = method("ghz", 3).variance(Expected(square, p, across), (600, 150))
    assert ghz.gains(flagged, 3, "loss_flag").value.var() / 81 == pytest.approx(own, rel=0.06)


@pytest.mark.parametrize(
    "expected", [Expected(0.1), Expected(0.9, 0.4, 0.05), Expected(0.999, 0.95), Expected(0.5, 1.0, 0.3)]
)
@pytest.mark.parametrize(("name", "readout"), CASES)
def test_no_other_rows_are_much_better_than_the_best(name, readout, expected):
    """Every split in steps of a fiftieth, and equal rows."""
    if name == "product":
        expected = expected._replace(population=1.0)
    one, total = method(name, 4, readout), 1500
    rows = one.best_rows(expected, total)
    found = one.variance(expected, rows)
    assert sum(rows) == total
    assert min(rows) >= 5
    parts = np.arange(1, 50) / 50
    z = [5] if name == "product" else [0] if readout == "loss_flag" else [int(total * part) for part in parts]
    others = []
    for first in z:
        for part in parts:
            along = int((total - first) * part)
            split = (along, total - first - along)
            every = {"product": (*split, first), "ghz": (first, *split) if first else split}[name]
            if min(split) >= 10 / expected.population:
                others.append(one.variance(expected, every))
    assert found <= 1.03 * min(others)


def test_antipodes_halve_each_direction():
    for name, readout in CASES:
        plain, both = method(name, 4, readout), method(name, 4, readout, antipodal=True)
        rows, sides = plain.best_rows(Expected(0.5, 0.9), 1500), both.best_rows(Expected(0.5, 0.9), 1500)
        assert sum(sides) == sum(rows)
        assert len(sides) == len(both.design(0.0)[1])
        assert both.variance(Expected(0.5, 0.9), sides) == pytest.approx(
            plain.variance(Expected(0.5, 0.9), rows), rel=1e-9
        )
        assert min(both.pilot_rows(200)) >= 5
        assert sum(both.pilot_rows(201)) == 201


def test_squares_have_the_noise_of_both_directions():
    assert square_variance(Expected(0.0), np.array(100.0), np.array(50.0)) == pytest.approx(2 / 100**2 + 2 / 50**2)


def test_a_readout_that_cannot_be_steered_is_refused():
    with pytest.raises(ArgumentError, match='"multiple_quantum" is not measured in two steps'):
        method("ghz", 3, "multiple_quantum").lines(synthetic.as_counts(np.full((4, 8), 1 / 8)))
