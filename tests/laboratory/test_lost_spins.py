"""Shots with lost spins: the spins that are left count where each is read by itself, and nowhere else.

Shots are drawn with NumPy from Bloch vectors written here, spins lost whatever their state; oracles are sums over the
known outcomes of each spin.
"""

from functools import cache

import foreign
import numpy as np
import pytest

import qsense
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, ContentError, RecordError
from qsense.estimators import tally
from qsense.estimators.product.correlations import independence_p_value, pairs, shared_shots
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object

LOSS, LENGTHS = 0.02, np.array([0.9, 0.5, 0.7])
ESTIMATORS = ["product", {"estimator": "ramsey_scan", "angles_deg": [0, 40, 95, 150, 200, 290]}]


@cache
def design(estimators=2):
    return designed(foreign.spec(probes=["product"], estimators=ESTIMATORS[:estimators], times_s=[0.0], shots=80))


def shots(rng, loss=LOSS, phase=0.3):
    """Of every circuit: spins of these lengths, turned by the phase, each −1 where it is lost."""
    found = {}
    for one in design().measuring:
        polar, azimuth = one.settings.polars[0], one.settings.azimuths[0]
        up = (1 - LENGTHS * np.sin(polar) * np.cos(azimuth - phase)) / 2
        drawn = (rng.random((one.shots, 3)) < up).astype(np.int8)
        found[one.id] = np.where(rng.random(drawn.shape) < loss, -1, drawn).astype(np.int8)
    return found


def brought(given, **reading):
    return arranged(design(), of_object(given, design()), Reading(lost="keep", **reading))


def squares(given):
    """x² + y² of every spin by the product's rows and by the scan's, from its known outcomes alone."""
    rows = [(one.settings, given[one.id]) for one in design().measuring]
    n = np.array([(table >= 0).sum(0) for _, table in rows])
    mean = np.array([np.where(table >= 0, 1 - 2 * table, 0).sum(0) for _, table in rows]) / n
    noise = (1 - mean**2) / (n - 1)
    product = (mean**2 - noise)[:2].sum()
    scan = 0.0
    for spin in range(3):
        angles = np.array([one.azimuths[0, spin] for one, _ in rows[3:]])
        root = np.sqrt(n[3:, spin])
        matrix = np.stack([np.cos(angles), np.sin(angles), np.ones(len(angles))], 1) * root[:, None]
        x, y = solve = (np.linalg.inv(matrix.T @ matrix) @ matrix.T * root)[:2]
        scan += (x @ mean[3:, spin]) ** 2 + (y @ mean[3:, spin]) ** 2 - (solve**2 @ noise[3:, spin]).sum()
    return product, scan


def test_each_spin_counts_in_the_shots_in_which_it_is_known():
    given = shots(np.random.default_rng(1), 0.1)
    found = brought(given)
    every = np.concatenate(list(given.values()))
    assert (found.lost, found.kept) == ((every < 0).all(1).sum(), ((every < 0).any(1) & ~(every < 0).all(1)).sum())
    values = [point.estimate([one])[0].value for point, one in zip(found.points, found.counts, strict=True)]
    np.testing.assert_allclose(values, squares(given), rtol=1e-9)


def test_estimates_stay_unbiased_and_their_intervals_cover():
    rng, exact = np.random.default_rng(2), (LENGTHS**2).sum()
    hits, values = [], []
    for _ in range(150):
        found = brought(shots(rng))
        each = [point.estimate([one])[0] for point, one in zip(found.points, found.counts, strict=True)]
        values.append([one.value for one in each])
        hits.append([one.interval[0] <= exact <= one.interval[1] for one in each])
    error = np.std(values, axis=0) / np.sqrt(len(values))
    assert np.all(np.abs(np.mean(values, axis=0) - exact) < 4 * error)
    assert np.all(np.mean(hits, axis=0) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / len(hits)))


def test_pairs_are_compared_where_both_are_known():
    """No false alarm from loss alone; spins that agree more often than by chance are found."""
    rng, chances = np.random.default_rng(3), []
    for shared in [0.0] * 40 + [0.3]:
        table = (rng.random((200, 3)) < 0.5).astype(np.int8)
        table[rng.random(200) < shared] = 1
        table[rng.random(table.shape) < 0.1] = -1
        given = {name: table if name.endswith((".t0.r0", ".t0.r1")) else own for name, own in shots(rng).items()}
        counts = brought(given, shots="measured").counts[0]
        known = table >= 0
        assert shared_shots(counts)[0] == min((known[:, j] & known[:, k]).sum() for j in range(3) for k in range(3))
        (one,) = pairs(counts, [0])
        both = known[:, 0] & known[:, 1]
        assert one.covariances[0, 1] == pytest.approx(np.cov(1 - 2 * table[both, 0], 1 - 2 * table[both, 1])[0, 1])
        chances.append(independence_p_value([1.0], [[one]]))
    assert min(chances[:-1]) > 1e-4
    assert chances[-1] < 1e-4


def test_what_needs_all_spins_refuses_in_one_line(tmp_path):
    spec = foreign.spec()
    given = foreign.drawn(designed(spec))
    ghz, product = next(iter(given)), list(given)[-1]
    for name in (ghz, product):
        given[name][4, 1] = -1
    with pytest.raises(ContentError, match=rf"shot 4: 1 shots of {ghz} .* needs all spins.*--lost keep_or_drop") as one:
        qsense.import_counts(spec, given, tmp_path, lost="keep")
    assert "\n" not in str(one.value)
    with pytest.raises(ContentError, match=r"--lost drop\) to leave such shots out\."):
        qsense.import_counts(spec, given, tmp_path)
    assert not any(tmp_path.iterdir())
    record = qsense.import_counts(spec, given, tmp_path, lost="keep_or_drop", shots="measured")
    stated = record.read_json("import.json")
    assert (stated["lost_shots"], stated["kept_shots"], stated["missing_shots"]) == (1, 1, 0)
    before = record.read_bytes("estimates.csv")
    assert qsense.estimate(record.path).read_bytes("estimates.csv") == before
    assert qsense.import_counts(spec, given, tmp_path, lost="keep_or_drop", shots="measured").path == record.path


def test_spins_that_are_known_too_rarely_are_named():
    given = shots(np.random.default_rng(4))
    name = list(given)[1]
    given[name][4:, 2] = -1
    with pytest.raises(ContentError, match=f"{name} has 4 shots in which no spin that counts is lost, .*product needs"):
        brought(given)


def test_counts_with_lost_spins_are_kept_and_never_taken_for_whole(tmp_path):
    counts = brought(shots(np.random.default_rng(5), 0.2)).counts[0]
    again = Counts.from_bytes(counts.to_bytes(), "x")
    assert counts.lost.any()
    for name in ("offsets", "outcomes", "numbers", "lost"):
        np.testing.assert_array_equal(getattr(again, name), getattr(counts, name))
    per_spin = tally.per_spin(counts)
    assert (tally.per_spin(Counts.merged([counts, again])) == 2 * per_spin).all()
    assert (tally.per_spin(Counts.joined([counts.part(0, 1), counts.part(1, 3)])) == per_spin).all()
    assert (tally.per_spin(counts.pooled()) == per_spin.sum(0)).all()
    for read in (tally.bits, tally.num_ups, tally.parity, tally.ups, tally.flagged, tally.returned, Counts.table):
        with pytest.raises(ArgumentError, match="needs all spins of every shot, but some are lost"):
            read(counts)
    whole = tally.with_all_spins(counts)
    assert whole.table().sum(1).tolist() == [counts.part(k, k + 1).numbers[~counts.part(k, k + 1).lost.any(1)].sum()
                                             for k in range(3)]  # fmt: skip
    for lost in (counts.lost[:-1], counts.lost * 0, counts.lost | 8, counts.lost | counts.outcomes):
        bad = Counts(3, counts.offsets, counts.outcomes, counts.numbers, lost)
        with pytest.raises(RecordError, match="do not fit together"):
            Counts.from_bytes(bad.to_bytes(), "x")
