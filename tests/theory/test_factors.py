"""Blocks as L L†: the gains and gradients of the transposed engine, and its blocks under emission in closed form."""

import numpy as np
import pytest
from cases import further
from dicke_states import random_amplitudes

from qsense import LocalNoise
from qsense.noise import Environment, noise_model_of
from qsense.theory.engines import uniform_channel
from qsense.theory.factors import Factors, factorises
from qsense.theory.loss import loses_alone
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.symmetric import blocks, blocks_of, coherences

TIMES = np.array([0.0, 1e-6, 0.02, 0.3, 1.0, 4.0, 30.0])
WEIGHTS = np.array([0.1, 0.3, 1.0, 0.7, 0.2, 2.0, 0.5])
NOISES = {
    "dephasing": LocalNoise(dephasing=0.25),
    "emission": LocalNoise(emission=1.0),
    "collective": Environment(LocalNoise(dephasing=0.2), collective_dephasing=0.03),
}


def state_of(size, kind):
    """Random amplitudes: complex, real, or alike up to a sign when read backwards."""
    amplitudes = random_amplitudes(size, 4, real=kind != "complex")
    if kind in ("even", "odd"):
        amplitudes = amplitudes + (1 if kind == "even" else -1) * amplitudes[::-1]
    return amplitudes / np.linalg.norm(amplitudes)


def channel_of(noise, size):
    return uniform_channel(noise_model_of(noise), size, TIMES)


@pytest.mark.parametrize("kind", ["complex", "real", "even", "odd"])
@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 7, 30, further(41)])
def test_gains_and_gradients_are_those_of_the_transposed_engine(size, name, kind):
    amplitudes, channel = state_of(size, kind), channel_of(NOISES[name], size)
    assert factorises(channel)
    gains, matrices = gain_and_matrix(amplitudes, channel)
    gradient = 2 * np.tensordot(WEIGHTS, matrices, 1) @ amplitudes
    flipped = kind in ("even", "odd")
    found, of_factors = Factors.of(channel, size, flipped).gains_and_gradient(amplitudes, lambda gains: WEIGHTS)
    assert found == pytest.approx(gains, rel=1e-11, abs=1e-13)
    assert np.linalg.norm(of_factors - gradient) < 1e-10 * np.linalg.norm(gradient)


def test_weights_may_follow_from_the_gains():
    amplitudes, channel = state_of(6, "real"), channel_of(NOISES["emission"], 6)
    factors = Factors.of(channel, 6, False)
    gains, gradient = factors.gains_and_gradient(amplitudes, lambda gains: 2 * gains * WEIGHTS)
    assert np.allclose(gradient, factors.gains_and_gradient(amplitudes, lambda _: 2 * gains * WEIGHTS)[1], rtol=1e-13)


@pytest.mark.parametrize("size", [1, 2, 9, 30, further(80)])
def test_emission_in_closed_form_is_what_relaxation_in_general_does(size):
    channel, amplitudes = channel_of(NOISES["emission"], size), state_of(size, "complex")
    f = np.broadcast_to(coherences(amplitudes), (len(TIMES), size + 1, size + 1))
    for of_loss, in_general in zip(blocks(amplitudes, channel), blocks_of(f, channel), strict=True):
        assert np.allclose(of_loss, in_general, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "noise",
    [
        LocalNoise(0.1, emission=0.5),
        LocalNoise(absorption=0.3),
        LocalNoise(emission=0.5, absorption=1e-9),
        Environment(LocalNoise(emission=0.2), collective_dephasing=0.03),
    ],
    ids=str,
)
def test_other_relaxation_is_not_taken_for_emission_alone(noise):
    channel = channel_of(noise, 3)
    assert not loses_alone(channel)
    assert not factorises(channel)
