"""The fringe of the collective spin: a bound that is unbiased wherever the mean spin lies, and a test of its fit.

Spins are drawn with NumPy, independent or with a phase that they share; the bound is written here from their moments.
"""

import numpy as np
import pytest

import qsense
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, QsenseError
from qsense.estimators.registry import estimator_named
from qsense.probes import Probe

UNEVEN = (0.0, 25.0, 40.0, 75.0, 130.0, 170.0, 200.0, 285.0)


def scan(size, **options):
    return estimator_named("collective_scan").for_probe(
        Probe.product(size), **{"angles_deg": (), "num_angles": 12, **options}
    )


def counted(size, rows):
    return Counts.from_histograms(size, [
        {int(k): int(n) for k, n in zip(*np.unique(one @ 2 ** np.arange(size), return_counts=True), strict=True)}
        for one in rows
    ])  # fmt: skip


def drawn(rng, size, angles, shots, contrast=0.8, phase=2.1, shared=0.0, wrong=(0.0, 0.0)):
    rows = []
    for angle in angles:
        turned = phase + shared * rng.standard_normal((shots, 1)) - angle
        bits = (rng.random((shots, size)) < (1 - contrast * np.cos(turned)) / 2).astype(int)
        rows.append(np.where(rng.random(bits.shape) < np.where(bits, wrong[1], wrong[0]), 1 - bits, bits))
    return counted(size, rows)


def bound(size, contrast, shared):
    """C²/V of spins of this contrast with a normal phase of this spread in common; V across the mean spin."""
    kept = np.exp(-(shared**2) / 2)
    pair = contrast**2 * (1 - np.exp(-2 * shared**2)) / 2  # <σσ'> across
    return (size / 2 * contrast * kept) ** 2 / (size / 4 + size * (size - 1) / 4 * pair)


@pytest.mark.parametrize("shared", [0.0, 0.3])
@pytest.mark.parametrize("angles", [(), UNEVEN])
def test_the_bound_is_unbiased_and_scatters_as_it_says(angles, shared):
    rng, method = np.random.default_rng(1), scan(4, angles_deg=angles)
    found = [method.estimate(drawn(rng, 4, method.angles, 200, shared=shared), rng) for _ in range(250)]
    values = np.array([one.value for one in found])
    assert abs(values.mean() - bound(4, 0.8, shared)) < 4 * values.std() / np.sqrt(250) + 0.002 * bound(4, 0.8, shared)
    stated = np.sqrt(np.mean([one.stderr**2 for one in found]))
    assert stated / values.std() == pytest.approx(1, abs=4 / np.sqrt(500))


def test_unlike_readout_of_up_and_down_leaves_the_shape():
    """Spins that are read wrong keep 1 − e0 − e1 of their mean; the variance across it is that of readings."""
    rng, method = np.random.default_rng(2), scan(3)
    wrong = (0.02, 0.12)
    values = [method.estimate(drawn(rng, 3, method.angles, 300, wrong=wrong), rng).value for _ in range(150)]
    kept, offset = 1 - sum(wrong), wrong[1] - wrong[0]
    exact = (1.5 * 0.8 * kept) ** 2 / (0.75 * (1 - offset**2))
    assert abs(np.mean(values) - exact) < 4 * np.std(values) / np.sqrt(150) + 0.002 * exact


def test_the_fit_is_tested():
    rng, method = np.random.default_rng(3), scan(4, num_angles=16)
    chances = [method.fits(drawn(rng, 4, method.angles, 100))[0].p_value for _ in range(200)]
    assert np.mean(np.array(chances) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)
    # Spins that all agree along their mean: nothing but rows with a known variance is tested.
    whole = [method.fits(drawn(rng, 4, method.angles, 100, contrast=1.0))[0].p_value for _ in range(100)]
    assert np.mean(np.array(whole) < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100)
    (fit,) = method.fits(drawn(rng, 4, method.angles, 4000))
    assert fit.contrast == pytest.approx(0.8, abs=5 * fit.contrast_stderr)
    assert fit.phase == pytest.approx(2.1, abs=5 * fit.phase_stderr)
    drifting = np.array(method.angles) - np.linspace(0, 1.0, 16)
    (found,) = method.assumptions(np.array([1.0]), [drawn(rng, 4, drifting, 400)])
    assert (found.name, found.held, found.withholds) == ("no drift between rows", False, True)


def test_a_run_agrees_with_the_exact_bound(tmp_path, without_figures):
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "j", "probes": ["product", "one_axis:0.2"], "num_qubits": 4,
        "noise": [{"dephasing_rate": 0.1}, {"collective_dephasing_rate": 0.1, "name": "shared"}],
        "estimators": [{"estimator": "collective_scan", "num_angles": 9}], "times_s": [0.0, 0.5, 1.0, 2.0],
        "field_rad_per_s": 0.7, "shots": 500, "seed": 3,
    })  # fmt: skip
    record = qsense.run(spec, tmp_path)
    rows = record.summary()["rows"]
    assert len(rows) == 4
    assert abs(rows[0]["z"]) < 4  # the others do not decay by a law that four times are enough for
    for line in record.read_csv("estimates.csv"):
        assert abs(line["gain"] - line["gain_exact"]) < 5 * line["stderr"]
    assert len(record.read_csv("fringes.csv")) == 16


def test_what_fixes_no_fringe_is_refused():
    for options, message in (
        ({"num_angles": 5}, "at least 6 angles"),
        ({"angles_deg": (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)}, "spread them over a whole turn"),
    ):
        with pytest.raises(ArgumentError, match=message):
            scan(3, **options)
    with pytest.raises(QsenseError, match="signals of equal weights"):
        scan(2).with_weights((1.0, 0.5))
    with pytest.raises(ArgumentError, match="need a mean spin"):
        estimator_named("collective_scan").for_probe(Probe.named("twin_fock", 4), angles_deg=(), num_angles=12)
