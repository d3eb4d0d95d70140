"""Transverse noise of each spin beside its dephasing, emission and absorption, in closed form.

σ_x does not commute with the field, so that the channel depends on φ. Of one spin, populations mix as under emission
and absorption at rates that are larger by γ_x, and the two coherences obey

    d/dt (ρ_01, ρ_10) = (−a + K) (ρ_01, ρ_10),   a = 1/T2 + γ_x,   K = [[−iφ, γ_x], [γ_x, iφ]],   K² = κ² = γ_x² − φ²,

so that exp is e^{−at} (cosh κt + sinh(κt)/κ · K): no step and no series, at any time and any field. Its derivative in φ
goes along through the spins by the product rule.
"""

from __future__ import annotations

from math import factorial
from typing import NamedTuple

import numpy as np

from qsense.noise import LocalNoise
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe

_NEAR = 0.1  # |κt|² below which a difference quotient would cancel
_SERIES = [2 * (k + 1) / factorial(2 * k + 3) for k in range(8)]


class Turn(NamedTuple):
    """How the coherences (ρ_01, ρ_10) of a spin map and how that changes with the field, each (times, spins, 2, 2).

    Attributes:
        map: the channel.
        slope: its derivative in φ over t, 1.
    """

    map: ComplexArray
    slope: ComplexArray


def turn(noise: LocalNoise, times: FloatArray, num_qubits: int, field: float | FloatArray) -> Turn:
    """Returns how the coherences of every spin map in the field; φ in rad/s, of each spin's own where it is an array.

    Source: derived in the module's docstring; checked against the Lindblad equation in tests/theory/test_lindblad.py.

    >>> at = turn(LocalNoise(transverse=0.5), np.array([1.0]), 1, 0.0).map[0, 0].real
    >>> at.round(6)  # the sum of the coherences is kept, the difference falls with e^{−2γ_x t}
    array([[0.68394, 0.31606],
           [0.31606, 0.68394]])
    """
    t, field = np.asarray(times, dtype=np.float64)[:, None], np.broadcast_to(field, (num_qubits,))
    transverse = np.broadcast_to(np.array(noise.transverse), (num_qubits,))
    kappa = np.sqrt(np.abs(transverse**2 - field**2))
    slow = np.abs(field) < transverse
    # e^{−at} cosh κt with the growing half taken into the decay, whose rate a − κ must not cancel.
    rest = np.divide(field**2, transverse + kappa, out=transverse.copy(), where=slow)
    decay = np.exp(-t * (noise.coherence_rates(num_qubits) + rest))
    k = kappa * t
    y = np.where(slow, k**2, -(k**2))
    fallen = -np.expm1(-2 * np.where(slow, k, 0))
    cosh = np.where(slow, 1 - fallen / 2, np.cos(k))
    sinh = np.where(slow, fallen / 2, np.sin(k))
    sinhc = np.divide(sinh, k, out=np.ones_like(k), where=k > 0)
    near = np.abs(y) < _NEAR
    series = np.polynomial.polynomial.polyval(np.where(near, y, 0), _SERIES) * np.exp(-np.where(slow & near, k, 0))
    quotient = np.where(near, series, (cosh - sinhc) / np.where(near, 1, y))
    one, flip, sign = np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([-1j, 1j])
    c, s, d = ((decay * factor)[..., None, None] for factor in (cosh, sinhc, quotient))
    at = t[..., None, None]
    field = field[:, None, None]
    generator = field * sign + transverse[:, None, None] * flip
    return Turn(c * one + s * at * generator, s * sign - field * at * (s * one + d * at * generator))


def transverse_states(
    probe: Probe, noise: LocalNoise, times: FloatArray, field: float, weights: FloatArray | None = None
) -> tuple[ComplexArray, ComplexArray]:
    """Returns ρ and ∂_φρ / t at every time, each (times, 2^N, 2^N); at t = 0 the latter is −i[K, ρ].

    Args:
        probe: the state that is prepared.
        noise: local noise with exponential decay.
        times: shape (times,), in s.
        field: φ in rad/s, the frequency of the qubits' K = ½ Σ w_j Z_j.
        weights: w_j, shape (N,); 1 by default.
    """
    n = probe.num_qubits
    felt = np.ones(n) if weights is None else weights
    shape = (len(times),) + (2,) * (2 * n)
    rho = np.broadcast_to(probe.density_matrix().reshape((1, *shape[1:])), shape).astype(np.complex128)
    slope = np.zeros_like(rho)
    flips = LocalNoise(
        emission=np.add(noise.emission, noise.transverse), absorption=np.add(noise.absorption, noise.transverse)
    )
    populations, turned = flips.channel(times, n), turn(noise, times, n, field * felt)
    for spin in range(n):
        # Axis 0 is time; the row index of spin j is axis N−j, its column index N further.
        state, moved = (np.moveaxis(array, (n - spin, 2 * n - spin), (0, 1)) for array in (rho, slope))
        column = (slice(None),) + (None,) * (2 * n - 2)
        up, down = populations.stay_up[:, spin][column], populations.stay_down[:, spin][column]
        (a, b), (c, d) = np.moveaxis(turned.map[:, spin], 0, -1)[(..., *column[1:])]
        (da, db), (dc, dd) = np.moveaxis(felt[spin] * turned.slope[:, spin], 0, -1)[(..., *column[1:])]
        ket, bra = state[0, 1].copy(), state[1, 0].copy()
        moved_ket, moved_bra = moved[0, 1].copy(), moved[1, 0].copy()
        moved[0, 1] = a * moved_ket + b * moved_bra + da * ket + db * bra
        moved[1, 0] = c * moved_ket + d * moved_bra + dc * ket + dd * bra
        state[0, 1], state[1, 0] = a * ket + b * bra, c * ket + d * bra
        for blocks in (state, moved):
            ground, excited = blocks[0, 0].copy(), blocks[1, 1].copy()
            blocks[0, 0] = down * ground + (1 - up) * excited
            blocks[1, 1] = (1 - down) * ground + up * excited
    size = 2**n
    return rho.reshape(-1, size, size), slope.reshape(-1, size, size)
