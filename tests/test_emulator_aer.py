"""Aer is the referee: the emulator's counts and Aer's are of one distribution, and a control that is not is found out."""

import numpy as np
import pytest
from referee import ENDINGS, ERRORS, NOISES, noise_of, probes_of, random_settings, same_p_value

from qsense import LocalNoise, Probe, ReadoutError, emulator
from qsense.backends import AerSampler, EmulatorSampler
from qsense.sensing import Experiment, Settings

CASES = [
    (size, kind, ending)
    for size in range(1, 9)
    for kind in NOISES
    for ending in ENDINGS
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
@pytest.mark.parametrize("size", [2, 5, 8])
def test_the_agreement_with_aer_is_lost_where_anything_is_wrong(wrong, size):
    shots, noise = 8000, noise_of("mixed", size)
    settings = Settings(np.full((1, size), 0.2), np.full((1, size), np.pi / 2), np.zeros((1, size)))
    experiment = Experiment(Probe.ghz(size), 0.8, "unprepare" if wrong == "ending" else "directions")
    theirs = AerSampler(readout_error=ERRORS[0]).sample(experiment, settings, shots, noise, seed=22).table()[0]
    errors, used = ERRORS[0], noise
    if wrong == "noise":
        used = LocalNoise(1.6 * noise.dephasing[0], 1.6 * noise.emission[0], 1.6 * noise.absorption[0])
    elif wrong == "phase":
        settings = settings.at(0.4 / size)
    elif wrong == "readout error":
        errors = ReadoutError(0.08, 0.02)
    else:
        experiment = Experiment(Probe.ghz(size), 0.8, "loss_flag")
    ours = emulator.sample(experiment, settings, shots, used, 21, errors).table()[0]
    assert same_p_value(ours, theirs) < 5e-7
