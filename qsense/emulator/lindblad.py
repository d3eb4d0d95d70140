"""ρ(t) where noise, coupling and field do not commute: the Lindblad equation of at most six spins, with every phase.

    dρ/dt = −i[Σ_j (θ_j/t) Z_j/2 + H_c, ρ] + Σ_j Σ_a γ_a,j (L ρ L† − ½{L†L, ρ}) − ½ (dᵀẊd) ∘ ρ

with L = |down><up|, |up><down|, σ_z and σ_x of each spin, H_c = Σ ½χ_ij ZZ + D_ij/4 (2ZZ − XX − YY), and Ẋ of white
noise that spins share. All is multiplied by t, so that nothing depends on the unit of time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from qsense.emulator.window import schur_exponent, shared_root
from qsense.errors import ArgumentError
from qsense.noise import Local, NoiseModel
from qsense.numerics.fisher import ComplexArray, FloatArray

NUM_QUBITS = 6
_DENSE = 4  # spins up to which the exponential of the whole matrix is cheap


def check(model: NoiseModel, num_qubits: int) -> None:
    """Refuses more spins than the equation is solved for.

    Raises:
        ArgumentError: there are more than six.
    """
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f"Transverse noise, and a coupling beside noise that does not commute with it, are emulated for at most "
            f"{NUM_QUBITS} spins, but there are {num_qubits}; use fewer."
        )


def evolved(rho: ComplexArray, model: NoiseModel, time: float, phases: FloatArray) -> ComplexArray:
    """Returns ρ after a window.

    Args:
        rho: before it, shape (2^N, 2^N), N ≤ 6.
        model: exponential decay and white noise, any coupling.
        time: t in s.
        phases: θ_j of the field, shape (N,), in rad.

    Source: arXiv:2512.21661v1, Eqs. 1, 2 and 34, with the further terms above.

    >>> from qsense.noise import LocalNoise
    >>> evolved(np.diag([0, 1.0]), NoiseModel(LocalNoise(emission=1.0)), 1.0, np.zeros(1)).real.round(4)
    array([[0.6321, 0.    ],
           [0.    , 0.3679]])
    """
    size = len(phases)
    signs = 1.0 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    angles = signs @ phases / 2
    turn = -1j * np.subtract.outer(angles, angles)
    if time == 0:
        return np.asarray(np.exp(turn) * rho)
    from scipy.linalg import expm
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import expm_multiply

    check(model, size)
    whole = liouvillian(model, size, time) + diags_array(turn.ravel())
    if size <= _DENSE:
        return np.asarray((expm(whole.toarray()) @ rho.ravel()).reshape(rho.shape))
    moved = expm_multiply(whole.tocsr(), rho.ravel().astype(np.complex128), traceA=whole.diagonal().sum())
    return np.asarray(moved.reshape(rho.shape))


@lru_cache(maxsize=4)
def liouvillian(model: NoiseModel, num_qubits: int, time: float) -> Any:
    """Returns the sparse matrix of t·dvec(ρ)/dt without the field, vec by rows, shape (4^N, 4^N).

    >>> liouvillian(NoiseModel(dipolar=1.0), 2, 1.0).shape
    (16, 16)
    """
    from scipy.sparse import csr_matrix, eye_array, kron

    dimension, local = 2**num_qubits, model.local_noise()
    index = np.arange(4**num_qubits)
    row, column = np.divmod(index, dimension)
    hamiltonian = time * exchange(model, num_qubits)
    hamiltonian += csr_matrix(np.diag(time * model.coupling_energies(num_qubits)))
    one = eye_array(dimension)
    total = -1j * (kron(hamiltonian, one) - kron(one, hamiltonian.T))
    lost = schur_exponent(shared_root(model, time, num_qubits)).ravel()
    own = sum(one.memory.variance(np.array([time]))[0] / 2 for one in model.phase_noise if isinstance(one.space, Local))
    rates = {kind: time * rate for kind, rate in local.rates(num_qubits).items()}
    transverse = time * np.broadcast_to(np.array(local.transverse), (num_qubits,))
    values, targets, sources = [(-lost).astype(np.complex128)], [index], [index]
    for spin in range(num_qubits):
        left, right = row >> spin & 1, column >> spin & 1
        leaves = [rates["absorption"][spin], rates["emission"][spin]]  # of down, of up
        own_loss = 0.5 * (np.choose(left, leaves) + np.choose(right, leaves)) + transverse[spin]
        own_loss = own_loss + (2 * rates["dephasing"][spin] + own) * (left != right)
        arrives = np.where(left == right, np.choose(left, leaves), 0.0) + transverse[spin]
        values += [-own_loss.astype(np.complex128), arrives.astype(np.complex128)]
        targets += [index, index ^ ((dimension + 1) << spin)]
        sources += [index, index]
    places = (np.concatenate(targets), np.concatenate(sources))
    return csr_matrix(total) + csr_matrix((np.concatenate(values), places), shape=total.shape)


def exchange(model: NoiseModel, num_qubits: int) -> Any:
    """Returns −Σ D_ij/4 (XX + YY) in rad/s as a sparse matrix, shape (2^N, 2^N)."""
    from scipy.sparse import csr_matrix

    pairs, states = model.pairs(num_qubits, dipolar=True), np.arange(2**num_qubits)
    total = csr_matrix((2**num_qubits, 2**num_qubits))
    for i, j in zip(*np.nonzero(pairs), strict=True):
        differ = states[(states >> i & 1) != (states >> j & 1)]
        swapped = differ ^ (1 << int(i)) ^ (1 << int(j))
        total = total + csr_matrix((np.full(len(differ), -pairs[i, j] / 2), (swapped, differ)), shape=total.shape)
    return total
