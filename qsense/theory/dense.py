"""Dense density matrices: any probe under local noise, channel by channel, exact at every time.

Dephasing, emission and absorption commute with rotations about z, so that ρ_φ(t) is the rotated channel output and
∂_θρ = −i[J_z, ρ]. The matrix has 4^N entries: for probes without a closed form, N ≤ 8.
"""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import ComplexArray, FloatArray, qfi_of_rotation
from qsense.noise import LocalNoise
from qsense.probes import Probe

NUM_QUBITS = 8
_CHUNK_BYTES = 2**26


def generator(num_qubits: int) -> FloatArray:
    """Returns the diagonal of Σ_j Z_j/2 of the qubits, shape (2^N,); −J_z of the spins, whose up is |1>.

    >>> generator(1)
    array([ 0.5, -0.5])
    """
    ups = np.array([index.bit_count() for index in range(2**num_qubits)])
    return num_qubits / 2 - ups.astype(np.float64)


def density_matrices(probe: Probe, noise: LocalNoise, times: FloatArray, phases: FloatArray) -> ComplexArray:
    """Returns ρ at every time after noise and a rotation by the phase θ (the circuit's `rz(θ)` on every spin).

    Args:
        probe: the state that is prepared, N ≤ 8.
        noise: local noise.
        times: shape (times,), in s.
        phases: θ at each time, shape (times,), in rad.

    Returns:
        shape (times, 2^N, 2^N).

    Source: arXiv:2512.21661v1, Eqs. 7 and 35, for rates of each spin's own.

    >>> rho = density_matrices(Probe.ghz(1), LocalNoise(dephasing=0.25), np.array([1.0]), np.array([0.0]))
    >>> rho[0].real.round(6)
    array([[0.5     , 0.303265],
           [0.303265, 0.5     ]])
    """
    num_qubits = probe.num_qubits
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f'The probe "{probe.name}" has no closed form, and a dense matrix of {num_qubits} spins is too large; '
            f"at most {NUM_QUBITS} spins are supported."
        )
    state = probe.statevector()
    decay = noise.decay(times, num_qubits)
    shape = (len(times),) + (2,) * (2 * num_qubits)
    rho = np.broadcast_to(np.outer(state, state.conj()).reshape((1, *shape[1:])), shape).copy()
    for spin in range(num_qubits):
        # Axis 0 is time; the row index of spin j is axis N−j, its column index N further.
        blocks = np.moveaxis(rho, (num_qubits - spin, 2 * num_qubits - spin), (0, 1))
        column = (slice(None),) + (None,) * (2 * num_qubits - 2)
        coherence, up, down = (factor[:, spin][column] for factor in decay)
        ground, excited = blocks[0, 0].copy(), blocks[1, 1].copy()
        blocks[0, 0] = down * ground + (1 - up) * excited
        blocks[1, 1] = (1 - down) * ground + up * excited
        blocks[0, 1] *= coherence
        blocks[1, 0] *= coherence
    rho = rho.reshape(len(times), 2**num_qubits, 2**num_qubits)
    angles = np.exp(-1j * np.outer(phases, generator(num_qubits)))
    return np.asarray(angles[:, :, None] * rho * angles[:, None, :].conj())


def dense_gain(probe: Probe, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns G(t) of any probe of at most 8 spins, shape (times,).

    >>> dense_gain(Probe.ghz(2), LocalNoise(dephasing=0.25), np.array([0.0])).round(6)
    array([4.])
    """
    diagonal = generator(probe.num_qubits)
    step = max(1, _CHUNK_BYTES // (16 * 4**probe.num_qubits))
    parts = [
        qfi_of_rotation(density_matrices(probe, noise, part, np.zeros(len(part))), diagonal)
        for part in np.array_split(times, range(step, len(times), step))
    ]
    return np.concatenate(parts)
