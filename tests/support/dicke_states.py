"""Amplitudes over Dicke states, and what noise does to every spin alike, for tests of the symmetric engine."""

import numpy as np

from qsense.noise import noise_model_of
from qsense.theory.engines import uniform_channel


def random_amplitudes(size, seed, real=False):
    """Normalised amplitudes from no spin up to all, complex by default."""
    rng = np.random.default_rng(seed)
    amplitudes = rng.normal(size=size + 1) + 1j * rng.normal(size=size + 1) * (not real)
    return amplitudes / np.linalg.norm(amplitudes)


def channel_at(noise, *times):
    return uniform_channel(noise_model_of(noise), 1, np.array(times))
