"""The Lindblad equation, for noise or couplings that channels of single spins do not describe.

    dρ/dt = −i[φ K + H_c, ρ] + Σ_j Σ_a γ_a,j (L ρ L† − ½{L†L, ρ})

with L = σ_z, |down><up|, |up><down|, σ_x of each spin and white noise of the phase of any spatial covariance, as a
sparse matrix on the 4^N entries of ρ, and its exponential applied to the state to double precision. Where noise and
coupling commute with the field, ∂_θρ is a commutator; where they do not (transverse noise, a dipolar coupling between
spins that feel the field differently), ∂_φρ is carried along, driven by −i[K, ρ].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, White, World, world_of
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe
from qsense.theory.shared import over_states

NUM_QUBITS = 8
_LEAPING = 4  # spins up to which a whole matrix exponential is cheap enough
_SMALL = 64  # rows of a matrix whose exponential is the cheapest for steps of any length
_CHUNK = 2**20  # entries of exponentials that are held at once


def generator(num_qubits: int) -> FloatArray:
    """Returns the diagonal of Σ_j Z_j/2 of the qubits, shape (2^N,); −J_z of the spins, whose up is |1>.

    >>> generator(1)
    array([ 0.5, -0.5])
    """
    return num_qubits / 2 - np.bitwise_count(np.arange(2**num_qubits)).astype(np.float64)


def leaps(num_qubits: int) -> bool:
    """Whether a late time takes no longer to compute than an early one."""
    return num_qubits <= _LEAPING


def carries_phase(world: World, num_qubits: int) -> bool:
    """Whether noise and coupling leave the field's rotation alone, so that the phase can be put on after them.

    A dipolar coupling does between spins that feel the field alike: it conserves the sum of their Z.
    """
    if not world.noise.is_covariant:
        return False
    if not world.noise.is_dipolar or world.signal.has_unit_weights:
        return True
    one, other = np.nonzero(world.noise.pairs(num_qubits, dipolar=True))
    weights = world.weights(num_qubits)
    return bool(np.all(weights[one] == weights[other]))


def liouvillian(num_qubits: int, noise: AnyNoise, field: float = 0.0) -> Any:
    """Returns the sparse matrix of d vec(ρ)/dt, vec by rows, shape (4^N, 4^N).

    Args:
        num_qubits: N ≤ 8.
        noise: noise and coupling, without memory, and the signal's weights.
        field: φ in rad/s, the frequency of the qubits' K = ½ Σ w_j Z_j.

    Source: arXiv:2512.21661v1, Eqs. 1, 2 and 34, with absorption, σ_x, shared dephasing and couplings beside them.

    >>> from qsense.noise import LocalNoise
    >>> liouvillian(1, LocalNoise(emission=1.0)).toarray().real
    array([[ 0. ,  0. ,  0. ,  1. ],
           [ 0. , -0.5,  0. ,  0. ],
           [ 0. ,  0. , -0.5,  0. ],
           [ 0. ,  0. ,  0. , -1. ]])
    """
    from scipy.sparse import csr_matrix

    world = world_of(noise)
    model, local, dimension = world.noise, world.noise.local_noise(), 2**num_qubits
    rates = local.rates(num_qubits)
    transverse = np.broadcast_to(np.array(local.transverse), (num_qubits,))
    index = np.arange(4**num_qubits)
    row, column = np.divmod(index, dimension)
    energies = field * world.generator(num_qubits) + model.coupling_energies(num_qubits)
    diagonal = -1j * (energies[row] - energies[column])
    for part in model.phase_noise:
        assert isinstance(part.memory, White)
        diagonal -= 2 * part.memory.rate * over_states(part.space, num_qubits).ravel()
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
    exchanges = model.pairs(num_qubits, dipolar=True)
    for i, j in zip(*np.nonzero(exchanges), strict=True):  # −D/2 (|01><10| + |10><01|), on rows and on columns
        for side, turn in ((row, 0.5j), (column, -0.5j)):
            moves = np.flatnonzero((side >> i & 1) != (side >> j & 1))
            targets.append(moves ^ (((1 << i) | (1 << j)) * (dimension if side is row else 1)))
            sources.append(moves)
            values.append(np.full(len(moves), turn * exchanges[i, j]))
    entries = np.concatenate([diagonal, *values])
    return csr_matrix((entries, (np.concatenate(targets), np.concatenate(sources))), shape=(len(index), len(index)))


def lindblad_states(
    probe: Probe, noise: AnyNoise, times: FloatArray, field: float = 0.0
) -> tuple[ComplexArray, ComplexArray]:
    """Returns ρ and ∂_φρ / t at every time, each of shape (times, 2^N, 2^N); at t = 0 the latter is −i[K, ρ].

    Args:
        probe: N ≤ 8.
        noise: noise and coupling, without memory: exponential decay, white noise.
        times: shape (times,), in s, in any order.
        field: φ in rad/s; it matters only where noise or coupling do not commute with it.

    Raises:
        ArgumentError: N > 8, or noise that remembers, which has no Lindblad equation.
    """
    n, world = probe.num_qubits, world_of(noise)
    if n > NUM_QUBITS:
        raise ArgumentError(
            f"A coupling beside emission, a dipolar coupling, and transverse noise beside a coupling or shared "
            f"dephasing need the Lindblad equation of all {n} spins: 4^{n} numbers; at most {NUM_QUBITS} spins are "
            "supported."
        )
    world.noise.check_markovian()
    start = np.asarray(probe.density_matrix(), dtype=np.complex128).ravel()
    diagonal = world.generator(n)
    commutator = -1j * np.subtract.outer(diagonal, diagonal)
    order = np.argsort(times)
    if carries_phase(world, n):
        states = _evolved(liouvillian(n, world), start, times[order])
        rho = states.reshape(-1, 2**n, 2**n)[np.argsort(order)]
        return rho, commutator * rho
    from scipy.sparse import bmat, diags_array

    full, unit = liouvillian(n, world, field), float(np.max(times, initial=0.0)) or 1.0
    # ∂_φρ over the latest time: in seconds late times would make the pair's norm large, and its exponential inaccurate.
    pair = bmat([[full, None], [diags_array(commutator.ravel() / unit), full]], format="csr")
    states = _evolved(pair, np.concatenate([start, np.zeros_like(start)]), times[order])
    rho, slope = states[np.argsort(order)].reshape(len(times), 2, 2**n, 2**n).transpose(1, 0, 2, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rho, np.where(times[:, None, None] > 0, slope * (unit / times[:, None, None]), commutator * rho)


def _evolved(matrix: Any, state: ComplexArray, times: FloatArray) -> ComplexArray:
    from scipy.linalg import expm
    from scipy.sparse.linalg import expm_multiply

    trace, size, norm = matrix.diagonal().sum(), matrix.shape[0], float(np.max(abs(matrix).sum(0)))
    steps, states = np.diff(times, prepend=0.0), np.empty((len(times), size), dtype=np.complex128)
    # Steps cost the norm times the size, a whole exponential the size cubed; the smallest cost less than one step.
    whole = (size <= _SMALL) | ((norm * steps > size**2 / 400) & (size <= 2 * 4**_LEAPING))
    full, most = matrix.toarray() if whole.any() else np.empty((0, 0)), max(1, _CHUNK // size**2)
    for first in range(0, len(times), most):
        places = range(first, min(first + most, len(times)))
        leaping = [place for place in places if whole[place] and steps[place] > 0]
        powers = dict(zip(leaping, expm(full * steps[leaping, None, None]), strict=True)) if leaping else {}
        for place in places:
            if place in powers:
                state = powers[place] @ state
            elif steps[place] > 0:
                state = expm_multiply(matrix * steps[place], state, traceA=trace * steps[place])
            states[place] = state
    return states
