"""Multiple-quantum coherences: which orders of coherence between J_z states a prepared, sensed and un-prepared probe
holds.

The probability to return to |0…0> after a rotation by ϕ about z is F(ϕ) = Σ_q I_q e^{iqϕ}, q = −N…N. A GHZ probe under
local noise holds the orders 0 and ±N only: I_0 = P/2, |I_N| = V/4. Anything else means that the preparation
was not inverted exactly or that noise is not local, and G from the 2×2 block would be wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.estimators.ghz.block import MIN_SHOTS
from qsense.numerics.fisher import ComplexArray, FloatArray


class Spectrum(NamedTuple):
    """Coherences by order.

    Attributes:
        intensities: I_q for q = 0…N, unbiased, shape (N + 1,).
        stderr: the standard error of their real and imaginary parts together, shape (N + 1,).
        stray_p_value: how likely orders 1…N−1 as large as these are, if there are none; 1 for N = 1.
    """

    intensities: ComplexArray
    stderr: FloatArray
    stray_p_value: float


def full_scan(num_qubits: int) -> tuple[float, ...]:
    """Returns the fringe angles of a scan that tells all orders apart: 2N + 2 rotations π k/(N + 1), times N.

    Give them as `angles` to `ghz.design` and `ghz.estimate` with method "multiple_quantum".

    Source: Gärttner et al., Nature Phys. 13, 781 (2017), for the protocol.

    >>> len(full_scan(100))
    202
    """
    count = 2 * num_qubits + 2
    return tuple(float(num_qubits * 2 * np.pi * k / count) for k in range(count))


def spectrum(counts: Counts) -> Spectrum:
    """Returns the coherences by order from the counts of a full scan.

    Args:
        counts: of the settings of `ghz.design(N, phase, "multiple_quantum", full_scan(N))`.

    Raises:
        ArgumentError: the counts are not of a full scan, or a row has fewer than 5 shots.

    Source: discrete Fourier transform of F; the test of stray orders is Wald's.
    """
    num_qubits = counts.num_bits
    shares = tally.returned(counts)
    count = 2 * num_qubits + 2
    tally.check_rows(len(shares), count, "a full scan")
    total = shares.sum(-1)
    tally.check_shots(total, MIN_SHOTS)
    returned = shares[:, 0] / total
    waves = np.exp(-2j * np.pi * np.outer(np.arange(num_qubits + 1), np.arange(count)) / count) / count
    errors = np.sqrt(np.abs(waves) ** 2 @ tally.share_variance(returned, total))
    # The error of a row without any return is not zero: one more return and one more loss.
    smooth = (shares[:, 0] + 1) / (total + 2)
    variances = smooth * (1 - smooth) / total
    chance = 1.0
    if num_qubits > 1:
        stray = np.concatenate([waves[1:-1].real, waves[1:-1].imag])
        found = stray @ returned
        chance = p_value(float(found @ np.linalg.solve((stray * variances) @ stray.T, found)), len(stray))
    return Spectrum(waves @ returned, errors, chance)
