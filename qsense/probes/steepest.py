"""At which angle a readout of a probe is the most sensitive: the point called "mid", where it is measured.

A phase θ turns an amplitude with u spins up by e^{iuθ}, so that every outcome's probability is a Fourier series up to
order N: 2N + 1 angles give it at all.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qsense.numerics.fisher import ComplexArray, FloatArray, cfi
from qsense.probes.collective import eigenstates_of_jx
from qsense.probes.probe import Probe

_FLIPPED = 0.05  # of a spin's outcomes: without any noise many readouts are as good at every angle
_ALIKE = 1e-9  # relative: of angles that are alike, the smallest is taken, …
_AS_GOOD = 1e-6  # … and π/2 where it is as good as any
_NUM_QUBITS = 12


def steepest_angle(probe: Probe, readout: str) -> float:
    """Returns the angle in rad from where a probe was prepared to where a readout is measured, in (0, π].

    GHZ: π/2N, the steepest point of its fringe cos Nθ, for every readout. Product: π/2, the steepest point of each
    spin's fringe cos θ, for `local_x` and `total_jx`, and atan(1/√(N−1)), the steepest of cos^N θ, for `parity`. Any
    other probe: where the classical gain is largest when noise flips every spin with a chance of 5 %; π/2 where every
    angle is as good, as for a readout that is blind to the phase, and for more than 12 spins that are not symmetric.

    Args:
        probe: the state that is prepared.
        readout: "local_x", "total_jx", "parity", "loss_flag" or "z".

    >>> round(steepest_angle(Probe.ghz(4), "local_x") / np.pi, 9), round(steepest_angle(Probe.product(4), "local_x"), 4)
    (0.125, 1.5708)
    """
    size = probe.num_qubits
    if readout not in ("local_x", "total_jx", "parity", "loss_flag"):
        return float(np.pi / 2)
    if probe.kind == "ghz":
        return float(np.pi / (2 * size))
    if probe.kind == "product" and readout != "parity":
        return float(np.pi / 2)
    if probe.kind == "product":
        return float(np.arctan2(1, np.sqrt(size - 1)))
    if probe.kind != "symmetric" and size > _NUM_QUBITS:
        return float(np.pi / 2)
    return _of_any(probe, readout)


@lru_cache(maxsize=64)
def _of_any(probe: Probe, readout: str) -> float:
    size = probe.num_qubits
    samples = 2 * np.pi * np.arange(2 * size + 1) / (2 * size + 1)
    series = np.fft.fft(_distributions(probe, readout, samples), axis=0) / len(samples)
    orders = np.fft.fftfreq(len(samples), 1 / len(samples))
    slopes = 1j * orders[:, None] * series

    def gains(angles: FloatArray) -> FloatArray:
        waves = np.exp(1j * np.outer(angles, orders))
        return cfi((waves @ series).real, (waves @ slopes).real)

    step = np.pi / (16 * size + 16)
    angles = np.asarray(np.arange(1, 16 * size + 17) * step, dtype=np.float64)
    values = gains(angles)
    if values.max() < 1e-12:  # blind
        return float(np.pi / 2)
    for _ in range(8):
        best = angles[np.flatnonzero(values >= (1 - _ALIKE) * values.max())[0]]
        angles = np.clip(best + step * np.linspace(-1, 1, 33), 0, np.pi)
        step, values = step / 8, gains(angles)
    middle = np.array([np.pi / 2])
    return float(middle[0] if gains(middle)[0] >= (1 - _AS_GOOD) * values.max() else best)


def _distributions(probe: Probe, readout: str, angles: FloatArray) -> FloatArray:
    """The outcomes' probabilities at the angles, with flips, shape (angles, outcomes)."""
    size, symmetric = probe.num_qubits, probe.dicke_amplitudes()
    if symmetric is not None:  # the number of spins up along x holds all that their joint outcome does
        ups = np.arange(size + 1)
        p = np.abs(symmetric * np.exp(1j * np.outer(angles, ups)) @ eigenstates_of_jx(size)) ** 2 @ _flips(size)
    else:
        ups = np.bitwise_count(np.arange(2**size)).astype(np.int64)
        weights, vectors = np.linalg.eigh(probe.density_matrix()) if probe.is_mixed else _pure(probe)
        turn = _on_all(np.array([[1, 1], [1, -1]]) / np.sqrt(2), size)
        joint = [weights @ np.abs(vectors.T * np.exp(1j * angle * ups) @ turn) ** 2 for angle in angles]
        p = np.array(joint) @ _on_all(np.array([[1 - _FLIPPED, _FLIPPED], [_FLIPPED, 1 - _FLIPPED]]), size)
        if readout == "local_x":
            return np.asarray(p)
    kinds = ups % 2 if readout == "parity" else ups
    return np.asarray(p @ np.eye(int(kinds.max()) + 1)[kinds])


def _pure(probe: Probe) -> tuple[FloatArray, ComplexArray]:
    return np.ones(1), probe.statevector()[:, None]


def _on_all(matrix: FloatArray, size: int) -> FloatArray:
    found = np.ones((1, 1))
    for _ in range(size):
        found = np.asarray(np.kron(found, matrix), dtype=np.float64)
    return found


def _flips(size: int) -> FloatArray:
    """How flips change the number of spins up, shape (before, after): a row is the product of two binomials."""
    rows = np.zeros((size + 1, size + 1))
    for ups in range(size + 1):
        row = np.ones(1)
        for spin in range(size):
            chance = 1 - _FLIPPED if spin < ups else _FLIPPED
            row = np.convolve(row, [1 - chance, chance])
        rows[ups] = row
    return rows
