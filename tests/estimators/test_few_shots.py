"""Few shots: every estimator says how many it needs, covers what it says from there on, and has no error of 0."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, RunSpec
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment
from qsense.emulator import probabilities
from qsense.errors import ArgumentError, SpecError
from qsense.estimators import Estimate, bootstrap, ghz, product, shifts
from qsense.estimators.fringe import as_estimates
from qsense.estimators.ghz.block import fringe_angles, gains
from qsense.estimators.readout import calibrate, patterns
from qsense.estimators.readout.calibration import DOWN, SIGN, product_mean
from qsense.estimators.shifts import min_shots
from qsense.estimators.shifts.method import ParameterShift
from qsense.estimators.tomography import general
from qsense.runs.plan import plan

SPEC = {
    "schema": 1, "name": "few", "probes": ["product"], "num_qubits": [8], "noise": ["dephasing"],
    "estimators": ["parameter_shift"], "field_rad_per_s": 0.2, "shots": 100, "seed": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("probe", "size", "estimator", "shots", "needed"),
    [
        ("product", 8, "parameter_shift", 100, 1024),  # 4 shots for each of 2^8 outcomes
        ("product", 32, "parameter_shift", 15, 200),
        ("ghz", 6, "parameter_shift", 19, 20),
        ("ghz", 6, {"estimator": "parameter_shift", "readout": "collective_x"}, 1000, 1024),
        ("ghz", 6, "ghz", 4, 5),
        ("product", 6, "product", 4, 5),
        ("product", 2, "tomography", 11, 12),
    ],
)
def test_a_run_with_too_few_shots_is_refused_with_the_number(probe, size, estimator, shots, needed):
    content = {**SPEC, "probes": [probe], "num_qubits": [size], "estimators": [estimator], "shots": shots}
    with pytest.raises(SpecError, match=f"needs at least {needed} shots a circuit, but `shots` is {shots}"):
        plan(RunSpec.from_dict(content))
    assert plan(RunSpec.from_dict({**content, "shots": needed}))


def covered(estimates, exact):
    return np.mean([one.interval[0] - 1e-12 <= exact <= one.interval[1] + 1e-12 for one in estimates])


@pytest.mark.parametrize("visibility", [1.0, 0.7, 0.2])
@pytest.mark.parametrize("size", [2, 8])
def test_intervals_of_five_shots_cover(size, visibility):
    """2000 repetitions of the same binomial counts: 95 % less four standard deviations, and what so few shots miss."""
    rng = np.random.default_rng(5)
    ups = rng.binomial(5, (1 - np.array([visibility, 0.0, 0.0]))[:, None] / 2, (2000, 3, size))
    estimates = as_estimates(product.gains(np.stack([5 - ups, ups], -1)), (0.0, float(size)))
    assert covered(estimates, size * visibility**2) > 0.92
    odd = rng.binomial(5, (1 - np.array([visibility, 0.0])) / 2, (2000, 2))
    shares = np.stack([5 - odd, odd, 0 * odd], -1)
    estimates = as_estimates(ghz.gains(shares, size, "loss_flag"), (0.0, float(size**2)))
    assert covered(estimates, (size * visibility) ** 2) > 0.92


CASES = [("local_x", "product", 2), ("local_x", "ghz", 4), ("parity", "ghz", 8), ("loss_flag", "ghz", 4),
         ("collective_x", "product", 4)]  # fmt: skip


@pytest.mark.parametrize("time", [0.0, 0.15, 0.6])
@pytest.mark.parametrize(("readout", "probe", "size"), CASES)
def test_intervals_of_parameter_shift_cover_at_its_least_shots(readout, probe, size, time):
    prepared = Probe.named(probe, size)
    method = ParameterShift.for_probe(prepared, readout=readout, rule="auto")
    ending, settings = method.design(0.0)
    noise = LocalNoise(dephasing=0.5 / size if probe == "ghz" else 0.5)
    p = np.concatenate(list(probabilities(Experiment(prepared, time, ending), settings, noise)))
    p = np.clip(p, 0, None) / np.clip(p, 0, None).sum(1, keepdims=True)
    contrast = np.exp(-time)  # of every spin exp(−2γt), of GHZ the N-th power of it
    exact = size**2 * contrast**2 if probe == "ghz" else size * contrast**2
    rng = np.random.default_rng(11)
    estimates = [shifts.estimate(rng.multinomial(method.needed_shots(), p), readout) for _ in range(300)]
    assert covered(estimates, exact) > 0.86  # 90 % less 2.3 standard deviations of 300
    assert min(one.stderr for one in estimates) > 0


def every(found):
    """All estimates in what an estimator returns."""
    if isinstance(found, Estimate):
        return [found, *found.others.values()]
    return [one for part in found for one in every(part)]


@pytest.mark.parametrize("shots", [5, 20, 200, 100_000])
@pytest.mark.parametrize("outcome", [0, 1, 3])
def test_no_error_is_zero_where_all_shots_agree(shots, outcome):
    def counts(rows):
        return Counts.from_histograms(2, [{outcome: shots}] * rows)

    found = []
    for method in ("loss_flag", "parity", "multiple_quantum"):
        rows = len(ghz.design(2, 0, method)[1])
        found += every(ghz.estimate(counts(rows), method)) + every(ghz.block(counts(rows), method))
    found += every(product.estimate(counts(3))) + every(product.spins(counts(3)).gains)
    assert np.all(product.spins(counts(3)).bloch_stderr > 0)
    assert np.all(ghz.spectrum(counts(6)).stderr > 0)
    for readout in ("local_x", "collective_x", "parity", "loss_flag"):
        if shots >= shifts.min_shots(readout, 2):
            found += every(shifts.estimate(counts(len(shifts.design(readout, 2, 0.0))), readout))
    known = calibrate(Counts.from_histograms(2, [{prepared: shots} for prepared in patterns(2)]))
    for observable in (SIGN, DOWN):
        found += every(product_mean(counts(1), known, [observable] * 2))
    assert all(0 < one.stderr < np.inf for one in found)


def test_tomography_refuses_counts_that_no_state_gives():
    table = np.zeros((len(general.design(1)), 2), dtype=int)
    table[:, 0] = 100
    with pytest.raises(ArgumentError, match="All shots of every setting agree"):
        general.estimate(table, "shift", np.random.default_rng(1))


def test_a_bootstrap_whose_resamples_all_agree_is_refused():
    with pytest.raises(ArgumentError, match="the same in all resamples"):
        bootstrap(lambda s: s[..., 0, 0] / s.sum(-1)[..., 0], np.array([[50, 0]]), np.random.default_rng(1))


@pytest.mark.parametrize("shots", [5, 8, 20])
def test_no_returns_of_a_multiple_quantum_readout_have_an_error_of_0(shots):
    rng = np.random.default_rng(shots)
    angles = fringe_angles("multiple_quantum", None)
    for population, visibility in [(0.6, 1.0), (0.2, 1.0), (0.2, 0.5), (0.05, 0.0)]:
        chance = population * (1 + visibility * np.cos(angles - 0.1)) / 2
        returned = rng.binomial(shots, chance, size=(300, 4))
        squared = gains(np.stack([returned, shots - returned], axis=-1), 3, "multiple_quantum")
        for one in as_estimates(squared, (0.0, 9.0)):
            assert one.stderr > 0
            assert one.interval[0] < one.interval[1] or one.is_unphysical


@pytest.mark.parametrize(
    ("probe", "size", "readout", "needed"),
    [
        ("one_axis:0.3", 3, "local_x", 128),
        ("one_axis:0.3", 4, "collective_x", 3200),
        ("twin_fock", 4, "local_x", 128),
        ("twin_fock", 4, "collective_x", 800),
        ("w", 4, "local_x", 64),  # blind: nothing is missed
    ],
)
def test_rare_outcomes_of_a_state_need_more_shots_and_then_intervals_cover(probe, size, readout, needed):
    estimators = [{"estimator": "parameter_shift", "readout": readout}]
    spec = {**SPEC, "probes": [probe], "num_qubits": [size], "estimators": estimators, "times_s": [0.0, 1.0]}
    if needed > min_shots(readout, size):
        with pytest.raises(SpecError, match=rf"needs at least {needed} shots a circuit"):
            plan(RunSpec.from_dict({**spec, "shots": needed - 1}))
    point = plan(RunSpec.from_dict({**spec, "shots": needed}))[0]
    one = point.acquisitions()[0]
    chances = np.concatenate(list(probabilities(one.experiment, one.settings, point.noise)))
    kinds = np.bitwise_count(np.arange(2**size)) if readout == "collective_x" else np.arange(2**size)
    slope = np.array([0.5, -0.5] * size) @ chances[1:]
    grouped = [np.bincount(kinds, row) for row in (chances[0], slope)]
    exact = sum(s**2 / p for p, s in zip(*grouped, strict=True) if p > 1e-12)
    rng, hits = np.random.default_rng(3), 0
    for _ in range(200):
        table = rng.multinomial(needed, np.clip(chances, 0, None) / np.clip(chances, 0, None).sum(1, keepdims=True))
        low, high = point.method.estimate(Counts.from_table(size, table), rng).interval
        hits += low - 1e-9 <= exact <= high + 1e-9
    assert hits >= 0.85 * 200
