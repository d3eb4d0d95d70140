"""What emission alone does to symmetric probes: one column of a block's factor for each number of lost excitations.

Spins and what they emitted into are symmetric together: a block of total spin j = N/2 − l comes with a state of spin j
of what was emitted. Of l + c lost excitations r + l spins are still up, and the Clebsch–Gordan coefficient of a spin
that points down as far as it can has one term (Varshalovich et al., Quantum Theory of Angular Momentum, 8.5.1). With
M = N − 2l, the probability s to stay up and d_j copies

    ρ_j = L L†,  L[r, c] = a[u] √(d_j C(M − c, r) C(M − r, c) s^{r+l} (1 − s)^{c+l} / C(N, u)),  u = r + c + 2l ≤ N.

Every factor is positive and rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.theory.mixing import binomials, copies, roots_of_binomials

if TYPE_CHECKING:
    from qsense.theory.symmetric import UniformChannel

_SAME = 1e-13  # η² and s of emission alone differ by rounding


def loses_alone(channel: UniformChannel) -> bool:
    """Whether spins emit, and nothing else happens to them."""
    is_loss = np.all(channel.stay_down == 1) and not np.any(channel.collective)
    return bool(is_loss and np.allclose(channel.coherence**2, channel.stay_up, rtol=_SAME, atol=1e-300))


def loss_factor(channel: UniformChannel, num_qubits: int, below: int) -> FloatArray:
    """Returns L of all amplitudes 1, shape (times, M+1, M+1) over (r, c); 0 where u > N."""
    size = num_qubits - 2 * below
    r = np.arange(size + 1)
    row, column = np.nonzero(np.add.outer(r, r) <= size)
    choose = np.sqrt(binomials(num_qubits)[: size + 1, : size + 1])
    found = np.zeros((len(channel), size + 1, size + 1))
    ways = choose[size - column, row] * choose[size - row, column] * np.sqrt(copies(num_qubits, below))
    ways /= roots_of_binomials(num_qubits)[row + column + 2 * below]
    stays, goes = (np.sqrt(one)[:, None] ** (r + below) for one in (channel.stay_up, 1 - channel.stay_up))
    found[:, row, column] = ways * stays[:, row] * goes[:, column]
    return found
