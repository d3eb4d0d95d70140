"""The effect of each spin's outcome, carried back to the moment after preparation.

An outcome of all spins has the probability <ψ|⊗_j E_j|ψ>, with ψ the prepared pure state and E_j the effect of spin
j's outcome: the projector on the measured direction, mixed by the readout error, turned by the phase, and shrunk by the
spin's noise. Noise of each spin by itself thus costs nothing, and one pure state serves all times, phases and
directions.

An effect is written E = e_I 1 + e_X X + e_Y Y + e_Z Z, an array with last axis (I, X, Y, Z). Only the effect of "up" is
kept: that of "down" is 1 − E. A channel is a Pauli transfer matrix M, so that Bloch vectors follow r → M r and effects
go back with e → e M. |0> is down and has Z = +1.
"""

from __future__ import annotations

import numpy as np

from qsense.circuits.sensing import Experiment, Settings
from qsense.noise import SpinChannel
from qsense.numerics.fisher import ComplexArray, FloatArray

PAULIS: ComplexArray = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)
HADAMARD: ComplexArray = np.array([[1, 1], [1, -1]], dtype=np.complex128) / np.sqrt(2)


def measured(settings: Settings, confusions: FloatArray) -> FloatArray:
    """Returns the effects of "up" along every direction, right before the measurement, shape (rows, spins, 4).

    Args:
        settings: the directions.
        confusions: A[measured, prepared] of each spin, shape (spins, 2, 2).

    >>> along_z = Settings(*np.zeros((3, 1, 1)))
    >>> measured(along_z, np.eye(2)[None])[0, 0]
    array([ 0.5, -0. , -0. , -0.5])
    """
    read_up = confusions[:, 1, :]
    mean, half = read_up.mean(1), (read_up[:, 0] - read_up[:, 1]) / 2
    sine = np.sin(settings.polars)
    along = [sine * np.cos(settings.azimuths), sine * np.sin(settings.azimuths), np.cos(settings.polars)]
    effects = np.empty((*settings.polars.shape, 4))
    effects[..., 0] = mean
    for axis, component in enumerate(along, start=1):
        effects[..., axis] = half * component
    return effects


def sensing(phases: FloatArray, channel: SpinChannel) -> FloatArray:
    """Returns the transfer matrices of the sensing window: rz(phase) and the noise, which commute.

    Args:
        phases: shape (rows, spins), in rad.
        channel: each spin's channel at one time, arrays of shape (1, spins).

    Returns:
        shape (rows, spins, 4, 4).
    """
    matrices = np.zeros((*phases.shape, 4, 4))
    cosine, sine = channel.coherence * np.cos(phases), channel.coherence * np.sin(phases)
    matrices[..., 0, 0] = 1
    matrices[..., 1, 1] = matrices[..., 2, 2] = cosine
    matrices[..., 1, 2], matrices[..., 2, 1] = -sine, sine
    matrices[..., 3, 0] = channel.stay_down - channel.stay_up
    matrices[..., 3, 3] = channel.stay_down + channel.stay_up - 1
    return matrices


def transfer(unitary: ComplexArray) -> FloatArray:
    """Returns the transfer matrix of a spin's unitary, shape (4, 4): M_PQ = Tr(P U Q U†)/2.

    >>> transfer(HADAMARD).round(12) + 0.0
    array([[ 1.,  0.,  0.,  0.],
           [ 0.,  0.,  0.,  1.],
           [ 0.,  0., -1.,  0.],
           [ 0.,  1.,  0.,  0.]])
    """
    turned = unitary @ PAULIS @ unitary.conj().T
    return np.asarray(np.einsum("pij,qji->pq", PAULIS, turned).real / 2)


def unprepare_product(tilt: float) -> FloatArray:
    """Returns the transfer matrix that reverses the preparation of one spin of a product probe by `prepare`.

    Args:
        tilt: δ in (−1, 1).
    """
    if tilt == 0:
        return transfer(HADAMARD)
    up, down = np.sqrt((1 + tilt) / 2), np.sqrt((1 - tilt) / 2)
    return transfer(np.array([[down, up], [-up, down]], dtype=np.complex128))


def of_preparation(
    experiment: Experiment, settings: Settings, channel: SpinChannel, confusions: FloatArray
) -> FloatArray:
    """Returns the effects of "up" on the prepared state, shape (rows, spins, 4).

    Args:
        experiment: ends with "directions", or with "unprepare" for a product probe; other endings entangle.
        settings: phases and directions.
        channel: each spin's channel at the experiment's time, arrays of shape (1, spins).
        confusions: A[measured, prepared] of each spin, shape (spins, 2, 2).
    """
    effects = measured(settings, confusions)
    if experiment.ending == "unprepare":
        effects = effects @ unprepare_product(experiment.probe.tilt)
    return np.asarray((effects[..., None, :] @ sensing(settings.phases, channel))[..., 0, :])


def as_factors(effects: FloatArray) -> ComplexArray:
    """Returns vectors m with E = Σ_k |m_k><m_k|, complex conjugate, for both outcomes of every spin.

    Rounding may leave an eigenvalue of −1e-17 where the effect is a projector; it counts as 0.

    Args:
        effects: of "up", shape (..., 4).

    Returns:
        shape (..., 2 outcomes, 2 terms, 2 amplitudes); outcome 0 is down.

    >>> as_factors(np.array([0.5, 0.0, 0.0, -0.5])).round(12)[1].real + 0.0
    array([[0., 0.],
           [0., 1.]])
    """
    up = np.einsum("...p,pij->...ij", effects, PAULIS)
    values, vectors = np.linalg.eigh(np.stack([np.eye(2) - up, up], axis=-3))
    return np.asarray(np.sqrt(np.maximum(values, 0))[..., :, None] * np.swapaxes(vectors, -1, -2).conj())
