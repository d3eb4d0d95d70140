"""Populations of all down and all up with readout undone, by tensored weights and by mthree."""

import sys

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators.readout import ReadoutCalibration, calibrate, patterns
from qsense.estimators.readout.inversion import populations


def packed(bits):
    """Counts of outcomes of shape (rows, shots, spins)."""
    return Counts.from_shots(bits.shape[2], np.packbits(bits, axis=2, bitorder="little"))


def misread(bits, errors, rng):
    return bits ^ (rng.random(bits.shape) < np.where(bits == 1, errors[1], errors[0])).astype(np.uint8)


def one_run(size, rng, shots=2000, calibration_shots=500):
    """A GHZ state of which 30 % has decayed into random strings; p(0…0) = p(1…1) = 0.35 + 0.3/2^N."""
    errors = rng.uniform(0.005, 0.06, (2, size))
    strings = np.array([[s >> spin & 1 for spin in range(size)] for s in patterns(size)], dtype=np.uint8)
    known = calibrate(packed(misread(np.repeat(strings[:, None, :], calibration_shots, axis=1), errors, rng)))
    alike = np.repeat(rng.integers(0, 2, (1, shots, 1), dtype=np.uint8), size, axis=2)
    random = rng.integers(0, 2, alike.shape, dtype=np.uint8)
    return packed(misread(np.where(rng.random((1, shots, 1)) < 0.3, random, alike), errors, rng)), known


def coverage(method, size, runs, seed, **calibrated):
    rng, truth, inside = np.random.default_rng(seed), 0.35 + 0.3 / 2**size, 0
    for _ in range(runs):
        counts, known = one_run(size, rng, **calibrated)
        for one in populations(counts, known, method)[0]:
            inside += abs(one.mitigated.value - truth) < 1.96 * one.mitigated.stderr
    return inside / (2 * runs)


@pytest.mark.parametrize("method", ["tensored", "mthree"])
def test_error_bars_cover_the_truth_at_few_spins(method):
    """200 intervals at N = 3: coverage below 90 % has a chance of some 0.5 % for right error bars."""
    if method == "mthree":
        pytest.importorskip("mthree", reason="needs the extra readout")
    assert coverage(method, 3, 100, seed=1) > 0.9


@pytest.mark.parametrize("method", ["tensored", "mthree"])
def test_without_the_calibrations_own_error_they_do_not(method, monkeypatch):
    """The control: a calibration of 60 shots a string that takes itself for exact."""
    if method == "mthree":
        pytest.importorskip("mthree", reason="needs the extra readout")
    with monkeypatch.context() as patched:
        patched.setattr(ReadoutCalibration, "variances", lambda self: np.zeros((2, len(self.ups))))
        assert coverage(method, 3, 100, seed=2, shots=20000, calibration_shots=60) < 0.8
    assert coverage(method, 3, 100, seed=2, shots=20000, calibration_shots=60) > 0.88


def test_where_every_outcome_is_seen_both_methods_are_one():
    """mthree's numbers are of single precision, and the error by the calibration a difference, not a derivative."""
    pytest.importorskip("mthree", reason="needs the extra readout")
    counts, known = one_run(4, np.random.default_rng(3))
    assert np.all(counts.table()[0] > 0)
    for ours, theirs in zip(populations(counts, known)[0], populations(counts, known, "mthree")[0], strict=True):
        assert ours.raw == theirs.raw
        assert abs(ours.mitigated.value - theirs.mitigated.value) < 1e-5
        assert theirs.mitigated.stderr == pytest.approx(ours.mitigated.stderr, rel=1e-3)


@pytest.mark.parametrize("size", [3, 8])
def test_the_value_is_that_of_mthree_s_own_correction(size):
    mthree = pytest.importorskip("mthree", reason="needs the extra readout")
    counts, known = one_run(size, np.random.default_rng(4))
    machine = mthree.M3Mitigation(None)
    rates = zip(known.up_given_down, known.down_given_up, strict=True)
    machine.cals_from_matrices([np.array([[1 - a, b], [a, 1 - b]], dtype=np.float32) for a, b in rates])
    words = {f"{k:0{size}b}": int(v) for k, v in enumerate(counts.table()[0]) if v}
    theirs = machine.apply_correction(words, list(range(size)))
    found = populations(counts, known, "mthree")[0]
    for end, mine in zip("01", found, strict=True):
        assert mine.mitigated.value == pytest.approx(theirs[end * size], abs=1e-4)


def test_every_row_is_corrected_by_itself():
    pytest.importorskip("mthree", reason="needs the extra readout")
    rng = np.random.default_rng(5)
    (one, known), (two, _) = one_run(3, rng), one_run(3, rng)
    both = populations(Counts.joined([one, two]), known, "mthree")
    assert both == [*populations(one, known, "mthree"), *populations(two, known, "mthree")]


def test_a_population_that_was_not_seen_is_zero():
    pytest.importorskip("mthree", reason="needs the extra readout")
    known = one_run(3, np.random.default_rng(6))[1]
    found = populations(Counts.from_histograms(3, [{0: 500, 1: 20}]), known, "mthree")[0]
    assert found.up.mitigated.value == 0
    assert found.down.mitigated.value > 0.95


def test_other_methods_more_spins_and_a_missing_package_are_refused(monkeypatch):
    counts, known = one_run(3, np.random.default_rng(7))
    with pytest.raises(ArgumentError, match=r'Unknown method "m3"\. .*Known: mthree, tensored'):
        populations(counts, known, "m3")
    many, wide = one_run(11, np.random.default_rng(8))
    with pytest.raises(ArgumentError, match='at most 10 spins, but there are 11; use "tensored"'):
        populations(many, wide, "mthree")
    monkeypatch.setitem(sys.modules, "mthree", None)
    with pytest.raises(ArgumentError, match=r'needs mthree; run: pip install .*\[readout\]"'):
        populations(counts, known, "mthree")
