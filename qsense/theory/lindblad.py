"""The Lindblad equation, for noise or couplings that channels of single spins do not describe.

    dρ/dt = −i[φ J_z + H_c, ρ] + Σ_j Σ_a γ_a,j (L ρ L† − ½{L†L, ρ})

with L = σ_z, |down><up|, |up><down|, σ_x of each spin and L = 2J_z of all, as a sparse matrix on the 4^N entries of ρ,
and its exponential applied to the state to double precision. Where the noise commutes with the field, ∂_θρ is a
commutator; where it does not (transverse noise), ∂_φρ is carried along, driven by −i[J_z, ρ].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Environment
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe

NUM_QUBITS = 8
_LEAPING = 4  # spins up to which a whole matrix exponential is cheap enough


def generator(num_qubits: int) -> FloatArray:
    """Returns the diagonal of Σ_j Z_j/2 of the qubits, shape (2^N,); −J_z of the spins, whose up is |1>.

    >>> generator(1)
    array([ 0.5, -0.5])
    """
    return num_qubits / 2 - np.bitwise_count(np.arange(2**num_qubits)).astype(np.float64)


def leaps(num_qubits: int) -> bool:
    """Whether a late time takes no longer to compute than an early one."""
    return num_qubits <= _LEAPING


def liouvillian(num_qubits: int, environment: Environment, field: float = 0.0) -> Any:
    """Returns the sparse matrix of d vec(ρ)/dt, vec by rows, shape (4^N, 4^N).

    Args:
        num_qubits: N ≤ 8.
        environment: noise and coupling.
        field: φ in rad/s, the frequency of the qubits' Z/2.

    Source: arXiv:2512.21661v1, Eqs. 1, 2 and 34, with absorption, σ_x, 2J_z and a coupling beside them.

    >>> from qsense.noise import LocalNoise
    >>> liouvillian(1, Environment(LocalNoise(emission=1.0))).toarray().real
    array([[ 0. ,  0. ,  0. ,  1. ],
           [ 0. , -0.5,  0. ,  0. ],
           [ 0. ,  0. , -0.5,  0. ],
           [ 0. ,  0. ,  0. , -1. ]])
    """
    from scipy.sparse import csr_matrix

    local, dimension = environment.local_noise(), 2**num_qubits
    rates = local.rates(num_qubits)
    transverse = np.broadcast_to(np.array(local.transverse), (num_qubits,))
    index = np.arange(4**num_qubits)
    row, column = np.divmod(index, dimension)
    energies = field * generator(num_qubits) + environment.coupling_energies(num_qubits)
    order = generator(num_qubits)[row] - generator(num_qubits)[column]
    diagonal = -1j * (energies[row] - energies[column]) - 2 * environment.collective_dephasing * order**2
    targets, sources, values = [index], [index], []
    for spin in range(num_qubits):
        left, right = row >> spin & 1, column >> spin & 1
        down, up = rates["absorption"][spin], rates["emission"][spin]
        # Half of what leaves, by the rows' bit and by the columns'; then dephasing and σ_x.
        diagonal -= 0.5 * (np.where(left, up, down) + np.where(right, up, down))
        diagonal -= 2 * rates["dephasing"][spin] * (left != right) + transverse[spin]
        arrives = np.where(left == right, np.where(left, up, down), 0.0) + transverse[spin]
        moves = np.flatnonzero(arrives)
        targets.append(moves ^ ((dimension + 1) << spin))
        sources.append(moves)
        values.append(arrives[moves].astype(np.complex128))
    entries = np.concatenate([diagonal, *values])
    return csr_matrix((entries, (np.concatenate(targets), np.concatenate(sources))), shape=(len(index), len(index)))


def lindblad_states(
    probe: Probe, environment: Environment, times: FloatArray, field: float = 0.0
) -> tuple[ComplexArray, ComplexArray]:
    """Returns ρ and ∂_φρ / t at every time, each of shape (times, 2^N, 2^N); at t = 0 the latter is −i[ΣZ/2, ρ].

    Args:
        probe: N ≤ 8.
        environment: noise and coupling; exponential decay only.
        times: shape (times,), in s, in any order.
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: N > 8, or stretched decay, which is no Lindblad equation.
    """
    n = probe.num_qubits
    if n > NUM_QUBITS:
        raise ArgumentError(
            f"A coupling beside emission, and transverse noise beside a coupling or collective dephasing, need the "
            f"Lindblad equation of all {n} spins: 4^{n} numbers; at most {NUM_QUBITS} spins are supported."
        )
    if environment.exponent != 1:
        raise ArgumentError(
            "Stretched decay is no Lindblad equation; with a coupling beside emission leave `exponent` at 1."
        )
    start = np.asarray(probe.density_matrix(), dtype=np.complex128).ravel()
    diagonal = generator(n)
    commutator = -1j * np.subtract.outer(diagonal, diagonal)
    order = np.argsort(times)
    if environment.is_covariant:
        states = _evolved(liouvillian(n, environment), start, times[order])
        rho = states.reshape(-1, 2**n, 2**n)[np.argsort(order)]
        return rho, commutator * rho
    from scipy.sparse import bmat, diags_array

    full = liouvillian(n, environment, field)
    pair = bmat([[full, None], [diags_array(commutator.ravel()), full]], format="csr")
    states = _evolved(pair, np.concatenate([start, np.zeros_like(start)]), times[order])
    rho, slope = states[np.argsort(order)].reshape(len(times), 2, 2**n, 2**n).transpose(1, 0, 2, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rho, np.where(times[:, None, None] > 0, slope / times[:, None, None], commutator * rho)


def _evolved(matrix: Any, state: ComplexArray, times: FloatArray) -> ComplexArray:
    from scipy.linalg import expm
    from scipy.sparse.linalg import expm_multiply

    trace, states, now = matrix.diagonal().sum(), [], 0.0
    size, norm = matrix.shape[0], float(np.max(abs(matrix).sum(0)))
    for time in times:
        step = float(time) - now
        # Steps cost the norm times the size, a whole exponential the size cubed.
        if norm * step > size**2 / 8 and size <= 2 * 4**_LEAPING:
            state, now = expm((matrix * step).toarray()) @ state, float(time)
        elif step > 0:
            state, now = expm_multiply(matrix * step, state, traceA=trace * step), float(time)
        states.append(state)
    return np.array(states)
