"""Scans with readout error undone: unbiased, and as uncertain as they say, with the calibration's own errors.

Shots are drawn with NumPy: a fringe of each spin, or of the parity of a GHZ probe, then each bit read wrong.
"""

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.estimators.readout import calibrate, patterns
from qsense.estimators.registry import estimator_named
from qsense.probes import Probe

DOWN_WRONG, UP_WRONG = np.array([0.02, 0.10, 0.05]), np.array([0.08, 0.03, 0.15])
ANGLES = (0.0, 21.0, 60.0, 99.0, 153.0, 240.0)


def read(rng, bits):
    """Bits as read, each wrong as often as stated."""
    return np.where(rng.random(bits.shape) < np.where(bits, UP_WRONG, DOWN_WRONG), 1 - bits, bits)


def counted(rows):
    return Counts.from_histograms(3, [
        {int(k): int(n) for k, n in zip(*np.unique(one @ [1, 2, 4], return_counts=True), strict=True)} for one in rows
    ])  # fmt: skip


def calibration(rng, shots=400):
    strings = [np.tile(string >> np.arange(3) & 1, (shots, 1)) for string in patterns(3)]
    return calibrate(counted([read(rng, one) for one in strings]))


def ramsey(rng, angles, shots=150):
    lengths = np.array([0.9, 0.6, 0.8])
    chances = [(1 - lengths * np.cos(angle - 0.4)) / 2 for angle in angles]
    return [(rng.random((shots, 3)) < chance).astype(int) for chance in chances], (lengths**2).sum()


def parity(rng, angles, shots=150):
    """A GHZ state with P = 0.8 in its block and a fringe of 0.6; beside the block one spin is up."""
    inside = rng.random(shots) < 0.8
    first = np.where(inside[:, None], rng.integers(0, 2, (shots, 1)), [[1, 0, 0]])
    rows = [first]
    for angle in angles:
        bits = rng.integers(0, 2, (shots, 3))
        even = rng.random(shots) < (1 + 0.6 * np.cos(0.4 - 3 * angle)) / 2
        bits[:, 2] = (bits[:, 0] + bits[:, 1] + ~even) % 2
        rows.append(bits)
    return rows, 9 * 0.36 / 0.8


@pytest.mark.parametrize(("name", "probe", "drawn"), [
    ("ramsey_scan", Probe.product(3), ramsey), ("parity_scan", Probe.ghz(3), parity),
])  # fmt: skip
def test_what_readout_takes_is_put_back(name, probe, drawn):
    method = estimator_named(name).for_probe(probe, angles_deg=ANGLES, num_angles=12)
    rng, found, raw = np.random.default_rng(6), [], []
    for _ in range(250):
        rows, exact = drawn(rng, method.angles)
        counts = counted([read(rng, one) for one in rows])
        found.append(method.readout_mitigation()(counts, calibration(rng)))
        raw.append(method.estimate(counts, rng).value)
    values = np.array([one.value for one in found])
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - exact) < 4 * error
    assert np.mean(raw) < exact - 10 * error
    stated = np.sqrt(np.mean([one.stderr**2 for one in found]))
    assert stated / values.std() == pytest.approx(1, abs=4 / np.sqrt(2 * len(values)))


def test_a_calibration_that_is_poorly_known_widens_the_error():
    rng = np.random.default_rng(7)
    method = estimator_named("ramsey_scan").for_probe(Probe.product(3), angles_deg=ANGLES, num_angles=12)
    counts = counted([read(rng, one) for one in ramsey(rng, method.angles)[0]])
    few, many = (method.readout_mitigation()(counts, calibration(rng, shots)) for shots in (30, 30_000))
    assert few.stderr > 1.3 * many.stderr
    assert np.sum(np.square(few.shared)) > 50 * np.sum(np.square(many.shared))
