"""Aer is the referee: its counts and the emulator's are of one distribution, and a control that is not is found."""

import itertools

import numpy as np
import pytest
from cases import further
from referee import ENDINGS, ERRORS, NOISES, noise_of, probes_of, random_settings, same_p_value

from qsense import LocalNoise, Probe, ReadoutError
from qsense.backends import AerSampler, EmulatorSampler
from qsense.circuits.sensing import Experiment, Settings

pytestmark = pytest.mark.long

CASES = [
    case if (size + list(NOISES).index(kind) + list(ENDINGS).index(ending)) % 3 == 0 else further(case)
    for case in itertools.product(range(1, 9), NOISES, ENDINGS)
    for size, kind, ending in [case]
    if size < 6 or ending != "directions" or kind in ("mixed", "unequal")
]


@pytest.mark.parametrize(("size", "kind", "ending"), CASES)
def test_counts_agree_with_aer(size, kind, ending):
    """Chi-square of the emulator's counts against Aer's; rows × probes × cases are 500 p-values.

    Below 5e-7 by chance once in 4000 seeds.
    """
    shots, noise, settings = 8000, noise_of(kind, size), random_settings(size, 2, seed=10 * size)
    for probe in probes_of(size, ending):
        experiment = Experiment(probe, 0.8, ending)
        errors = tuple(ERRORS[:size]) if kind in ("mixed", "unequal") else None
        ours = EmulatorSampler(errors).sample(experiment, settings, shots, noise, seed=21).table()
        theirs = AerSampler(readout_error=errors).sample(experiment, settings, shots, noise, seed=22).table()
        assert np.all(ours.sum(1) == shots)
        for row in range(len(settings)):
            assert same_p_value(ours[row], theirs[row]) > 5e-7


@pytest.mark.parametrize("wrong", ["noise", "phase", "readout error", "ending"])
@pytest.mark.parametrize("size", [2, 5, further(8)])
def test_the_agreement_with_aer_is_lost_where_anything_is_wrong(wrong, size):
    shots, noise, right = 80_000, noise_of("mixed", size), ReadoutError(0.02, 0.08)
    # X at mid-fringe, X at the top of the fringe, and Z.
    polars = np.pi / 2 * np.array([[1.0], [1.0], [0.0]]) * np.ones(size)
    azimuths = np.array([[-np.pi / (2 * size)], [0.0], [0.0]]) * np.ones(size)
    settings = Settings(np.zeros((3, size)), polars, azimuths)
    experiment = Experiment(Probe.ghz(size), 0.8, "unprepare" if wrong == "ending" else "directions")
    theirs = AerSampler(readout_error=right).sample(experiment, settings, shots, noise, seed=22).table()

    def worst_p_value(experiment, settings, noise, error):
        ours = EmulatorSampler(error).sample(experiment, settings, shots, noise, seed=21).table()
        return min(same_p_value(*rows) for rows in zip(ours, theirs, strict=True))

    assert worst_p_value(experiment, settings, noise, right) > 5e-7
    if wrong == "noise":
        off = LocalNoise(1.4 * noise.dephasing[0], 1.4 * noise.emission[0], 1.4 * noise.absorption[0])
        assert worst_p_value(experiment, settings, off, right) < 5e-7
    elif wrong == "phase":
        assert worst_p_value(experiment, settings.at(0.2 / size), noise, right) < 5e-7
    elif wrong == "readout error":
        assert worst_p_value(experiment, settings, noise, ReadoutError(0.08, 0.02)) < 5e-7
    else:
        assert worst_p_value(Experiment(Probe.ghz(size), 0.8, "loss_flag"), settings, noise, right) < 5e-7
