"""Readout error: measured from calibration bitstrings, mitigated for products of observables; its correlations."""

import numpy as np
import pytest

from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment
from qsense.errors import ArgumentError
from qsense.estimators import ghz, product, readout
from qsense.estimators.readout import ANY, DOWN, SIGN, UP, calibrate, mitigated, patterns, product_mean
from qsense.estimators.readout.correlation import crosstalk
from qsense.noise import LocalNoise, ReadoutError
from qsense.probes import Probe
from qsense.theory import gain

pytestmark = pytest.mark.long


def packed(bits):
    """Counts of outcomes of shape (rows, shots, spins)."""
    return Counts.from_shots(bits.shape[2], np.packbits(bits, axis=2, bitorder="little"))


def misread(bits, errors, rng):
    e0, e1 = errors
    flips = rng.random(bits.shape) < np.where(bits == 1, e1, e0)
    return bits ^ flips.astype(np.uint8)


def random_errors(size, rng, most=0.06):
    return rng.uniform(0.005, most, size), rng.uniform(0.005, most, size)


def calibration_bits(size, shots):
    strings = patterns(size)
    rows = np.array([[s >> spin & 1 for spin in range(size)] for s in strings], dtype=np.uint8)
    return np.repeat(rows[:, None, :], shots, axis=1)


def even_parity(size, shots, rng):
    """Shots of a state whose parity is +1 and that looks random otherwise, as a GHZ state along X."""
    bits = rng.integers(0, 2, (1, shots, size), dtype=np.uint8)
    bits[..., 0] ^= bits.sum(2, dtype=np.uint8) & 1
    return bits


def coverage(size, runs, calibration_shots, shots, seed, forget_calibration=False):
    """How often parity = 1 lies within 1.96 standard errors, and the mean of the estimates."""
    rng = np.random.default_rng(seed)
    inside, values = 0, []
    for _ in range(runs):
        errors = random_errors(size, rng)
        known = calibrate(packed(misread(calibration_bits(size, calibration_shots), errors, rng)))
        if forget_calibration:
            known = Exact(known)
        found = readout.parity(packed(misread(even_parity(size, shots, rng), errors, rng)), known)[0].mitigated
        inside += abs(found.value - 1) < 1.96 * found.stderr
        values.append(found.value)
    return inside / runs, float(np.mean(values)), float(np.std(values) / np.sqrt(runs))


class Exact(readout.ReadoutCalibration):
    """The negative control: a calibration that takes itself for exact."""

    def __init__(self, known):
        super().__init__(known.wrong_downs, known.downs, known.wrong_ups, known.ups)

    def variances(self):
        return np.zeros((2, len(self.ups)))


def test_error_bars_of_the_mitigated_parity_cover_the_truth():
    """200 runs at N = 20: coverage below 90 % has a chance of 0.2 % for right error bars; the control must fail."""
    share, mean, error = coverage(20, 200, 100, 8000, 1)
    assert share > 0.90
    assert abs(mean - 1) < 4 * error + 0.01
    control, _, _ = coverage(20, 100, 100, 8000, 1, forget_calibration=True)
    assert control < 0.85


def test_exact_weights_are_unbiased_for_any_product_of_observables():
    """Summing over all outcomes by hand: E[Π w] under the read distribution is E[Π o] under the true one."""
    rng = np.random.default_rng(3)
    e0, e1 = random_errors(3, rng, 0.3)
    known = readout.ReadoutCalibration(*(np.round(1e9 * x).astype(int) for x in (e0, np.ones(3), e1, np.ones(3))))
    true = rng.dirichlet(np.ones(8))
    matrices = [np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(e0, e1, strict=True)]
    read = np.kron(matrices[2], np.kron(matrices[1], matrices[0])) @ true
    counts = Counts.from_table(3, np.round(read * 1e9).astype(np.int64)[None])
    observables = [SIGN, DOWN, (0.3, -2.0)]
    outcomes = np.arange(8)
    expected = sum(true[k] * np.prod([observables[spin][k >> spin & 1] for spin in range(3)]) for k in outcomes)
    assert product_mean(counts, known, observables)[0].mitigated.value == pytest.approx(expected, abs=1e-7)


def test_slopes_of_the_weights_are_their_derivatives():
    known = readout.ReadoutCalibration(*(np.array([k]) for k in (40_000_000, 10**9, 90_000_000, 10**9)))
    for observable in (SIGN, DOWN, UP, (0.3, -2.0)):
        for which, field in enumerate(("wrong_downs", "wrong_ups")):
            moved = {key: getattr(known, key).copy() for key in ("wrong_downs", "downs", "wrong_ups", "ups")}
            moved[field] += 1000
            step = (readout.ReadoutCalibration(**moved).weights(observable) - known.weights(observable)) / 1e-6
            assert np.allclose(known.slopes(observable)[which], step, rtol=1e-4)


def test_a_spin_left_out_does_not_matter():
    rng = np.random.default_rng(0)
    known = calibrate(packed(misread(calibration_bits(3, 1000), random_errors(3, rng), rng)))
    counts = packed(rng.integers(0, 2, (1, 500, 3), dtype=np.uint8))
    assert product_mean(counts, known, [ANY, ANY, ANY])[0].mitigated.value == pytest.approx(1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_known_strings_show_every_spin_in_both_states_and_every_pair_in_all_four(size):
    strings = patterns(size)
    assert len(strings) == 2 + 2 * (size - 1).bit_length() - 2 * (size == 2) or size <= 2
    bits = np.array([[s >> spin & 1 for spin in range(size)] for s in strings])
    for one in range(size):
        for two in range(one):
            assert len({tuple(pair) for pair in bits[:, [one, two]].tolist()}) == 4


@pytest.mark.parametrize("probe", [Probe.ghz(6), Probe.product(6)], ids=["ghz", "product"])
def test_mitigated_gain_is_the_gain_without_readout_error(probe):
    """60 runs: the mean within 4 standard errors of the exact G, 95 % intervals cover in at least 85 % of the runs
    (0.2 % of right ones have fewer), and the raw estimate, the control, is off by more than 10."""
    rng = np.random.default_rng(7)
    noise, time = LocalNoise(dephasing=0.1, emission=0.2), 0.7
    exact = float(gain(probe, noise, [0.0, time])[1])
    ending, settings = (ghz if probe.kind == "ghz" else product).design(6, 0.3)
    undo = mitigated.ghz_gain if probe.kind == "ghz" else mitigated.product_gain
    raw, found, inside = [], [], 0
    for run in range(60):
        e0, e1 = random_errors(6, rng)
        errors = [ReadoutError(float(a), float(b)) for a, b in zip(e0, e1, strict=True)]
        known = calibrate(packed(misread(calibration_bits(6, 1000), (e0, e1), rng)))
        counts = emulator.sample(Experiment(probe, time, ending), settings, 4000, noise, run, errors)
        both = undo(counts, known)
        raw.append(both.raw.value)
        found.append(both.mitigated.value)
        inside += abs(both.mitigated.value - exact) < 1.96 * both.mitigated.stderr
    error = np.std(found) / np.sqrt(60)
    assert abs(np.mean(found) - exact) < 4 * error
    assert inside >= 51
    assert abs(np.mean(raw) - exact) > 10 * error


def test_the_parity_method_is_undone_too():
    """One run with many shots: within 5 standard errors of the exact G, where the raw value is off by more than 20."""
    rng = np.random.default_rng(11)
    probe, noise, time = Probe.ghz(5), LocalNoise(emission=0.2), 0.5
    exact = float(gain(probe, noise, [0.0, time])[1])
    ending, settings = ghz.design(5, 0.1, "parity")
    e0, e1 = random_errors(5, rng)
    errors = [ReadoutError(float(a), float(b)) for a, b in zip(e0, e1, strict=True)]
    known = calibrate(packed(misread(calibration_bits(5, 20000), (e0, e1), rng)))
    counts = emulator.sample(Experiment(probe, time, ending), settings, 40000, noise, 1, errors)
    both = mitigated.ghz_gain(counts, known, "parity")
    assert abs(both.mitigated.value - exact) < 5 * both.mitigated.stderr
    assert abs(both.raw.value - exact) > 20 * both.raw.stderr


def test_nothing_left_of_the_fringe_gives_a_mitigated_gain_of_nothing_on_average():
    """200 runs of 100 shots where G is below 0.02: the mean within 4 standard errors of it. Squares that keep their own
    variance, the control, would be off by more than eight."""
    rng = np.random.default_rng(13)
    probe, noise, time = Probe.ghz(4), LocalNoise(dephasing=0.1), 4.2
    exact = float(gain(probe, noise, [0.0, time])[1])
    assert exact < 0.02
    ending, settings = ghz.design(4, 0.3)
    e0, e1 = random_errors(4, rng)
    errors = [ReadoutError(float(a), float(b)) for a, b in zip(e0, e1, strict=True)]
    found = []
    for run in range(200):
        known = calibrate(packed(misread(calibration_bits(4, 500), (e0, e1), rng)))
        counts = emulator.sample(Experiment(probe, time, ending), settings, 100, noise, run, errors)
        found.append(mitigated.ghz_gain(counts, known).mitigated.value)
    error = float(np.std(found) / np.sqrt(200))
    assert abs(np.mean(found) - exact) < 4 * error
    plug_in_bias = 16 * 2 / 100
    assert plug_in_bias > 8 * error


def test_readout_without_correlations_is_rarely_accused():
    """300 calibrations of 8 spins at a stated rate of 2 %: more than 15 accusations have a chance of 0.1 %."""
    rng = np.random.default_rng(5)
    accused = 0
    for _ in range(300):
        bits = misread(calibration_bits(8, 400), random_errors(8, rng), rng)
        accused += crosstalk(packed(bits), false_alarm=0.02).is_correlated
    assert accused <= 15


def test_two_spins_that_are_wrong_together_are_found_and_named():
    rng = np.random.default_rng(6)
    bits = misread(calibration_bits(8, 1000), random_errors(8, rng), rng)
    both = rng.random(bits.shape[:2]) < 0.01
    bits[..., 2] ^= both.astype(np.uint8)
    bits[..., 5] ^= both.astype(np.uint8)
    found = crosstalk(packed(bits))
    assert found.is_correlated
    assert found.pair == (2, 5)


def test_a_spin_whose_readout_depends_on_anothers_state_is_found_and_named():
    rng = np.random.default_rng(8)
    prepared = calibration_bits(8, 1000)
    bits = misread(prepared, random_errors(8, rng), rng)
    extra = (rng.random(bits.shape[:2]) < 0.05) & (prepared[..., 1] == 1)
    bits[..., 4] ^= extra.astype(np.uint8)
    found = crosstalk(packed(bits))
    assert found.is_correlated
    assert found.spin == 4


def test_a_spin_whose_readout_says_nothing_is_refused():
    rng = np.random.default_rng(1)
    bits = misread(calibration_bits(3, 1000), (np.array([0.01, 0.5, 0.01]),) * 2, rng)
    with pytest.raises(ArgumentError, match="Spin 1 is read wrong"):
        calibrate(packed(bits))


def test_a_spin_that_was_never_up_is_refused():
    with pytest.raises(ArgumentError, match="prepared down and up"):
        calibrate(Counts.from_histograms(2, [{0: 10}, {1: 10}]), [0b00, 0b01])


def test_populations_of_few_spins_agree_with_mthree():
    """The same shots through mthree's own inversion: all down and all up agree within 3 of our standard errors."""
    mthree = pytest.importorskip("mthree")
    rng = np.random.default_rng(2)
    e0, e1 = random_errors(4, rng)
    known = calibrate(packed(misread(calibration_bits(4, 20000), (e0, e1), rng)))
    alike = np.repeat(rng.integers(0, 2, (1, 20000, 1), dtype=np.uint8), 4, axis=2)
    counts = packed(misread(alike, (e0, e1), rng))
    machine = mthree.M3Mitigation(None)
    rates = zip(known.up_given_down, known.down_given_up, strict=True)
    machine.cals_from_matrices([np.array([[1 - a, b], [a, 1 - b]], dtype=np.float32) for a, b in rates])
    rows = {f"{k:04b}": int(v) for k, v in enumerate(counts.table()[0]) if v}
    theirs = machine.apply_correction(rows, [0, 1, 2, 3])
    for observable, bits in ((DOWN, "0000"), (UP, "1111")):
        ours = product_mean(counts, known, [observable] * 4)[0].mitigated
        assert abs(ours.value - theirs[bits]) < 3 * ours.stderr
