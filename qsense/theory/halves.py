"""States that a flip of all spins leaves alone: even and odd halves, which J joins and nothing else does.

Noise that treats up and down alike keeps a probe with a_u = ±a_{N−u} so: its blocks are alike when rows and columns are
read backwards. On (|m> ± |−m>)/√2 they are two blocks of half the size, and J maps |m,+> to m |m,−>.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray
from qsense.numerics.low_rank import logarithmic_derivative, support_of

Array = NDArray[Any]
_TINY = 1e-300  # beside λ_m + λ_n, so that 0/0 is 0
_ROOT = 2**0.5


def is_flipped(amplitudes: Array) -> bool:
    """Whether a flip of all spins changes the state by a sign at most, to the last digit.

    >>> is_flipped(np.array([0.6, 0.5, -0.6])), is_flipped(np.array([0.6, 0.0, -0.6]))
    (False, True)
    """
    turned = amplitudes[::-1]
    return bool(np.array_equal(amplitudes, turned) or np.array_equal(amplitudes, -turned))


def halves(block: Any, arrays: Arrays = CPU) -> tuple[Any, Any]:
    """Returns the even and the odd half of blocks (…, d, d) of `arrays` that are alike when read backwards.

    The even half has ⌈d/2⌉ rows, from m = 0 or ½ up; the odd half ⌊d/2⌋, from ½ or 1 up.

    >>> even, odd = halves(np.array([[0.3, 0.1, 0.2], [0.1, 0.4, 0.1], [0.2, 0.1, 0.3]]))
    >>> even.round(4).tolist(), odd.round(4).tolist()
    ([[0.4, 0.1414], [0.1414, 0.5]], [[0.1]])
    """
    size = block.shape[-1]
    low = size // 2
    straight = block[..., size - low :, size - low :]
    crossed = block[..., size - low :, :low][..., ::-1]
    even, odd = straight + crossed, straight - crossed
    if size % 2:
        whole = arrays.xp.empty((*block.shape[:-2], low + 1, low + 1), dtype=block.dtype)
        whole[..., 1:, 1:] = even
        whole[..., 0, 0] = block[..., low, low]
        whole[..., 0, 1:] = _ROOT * block[..., low, low + 1 :]
        whole[..., 1:, 0] = _ROOT * block[..., low + 1 :, low]
        even = whole
    return even, odd


def joined(even: Array, odd: Array) -> Array:
    """Returns the blocks of these halves.

    >>> block = np.array([[0.3, 0.1, 0.2], [0.1, 0.4, 0.1], [0.2, 0.1, 0.3]])
    >>> bool(np.allclose(joined(*halves(block)), block))
    True
    """
    low, more = odd.shape[-1], even.shape[-1] - odd.shape[-1]
    size = 2 * low + more
    block = np.empty((*odd.shape[:-2], size, size), dtype=even.dtype)
    upper = even[..., more:, more:]
    straight, crossed = (upper + odd) / 2, ((upper - odd) / 2)[..., ::-1]
    block[..., low + more :, low + more :] = straight
    block[..., low + more :, :low] = crossed
    block[..., :low, :low] = straight[..., ::-1, ::-1]
    block[..., :low, low + more :] = crossed[..., ::-1, ::-1]
    if more:
        block[..., low, low] = even[..., 0, 0]
        block[..., low, low + 1 :] = even[..., 0, 1:] / np.sqrt(2)
        block[..., low + 1 :, low] = even[..., 1:, 0] / np.sqrt(2)
        block[..., low, :low] = block[..., low, :low:-1]
        block[..., :low, low] = block[..., :low:-1, low]
    return block


def gain_of_halves(block: Any, arrays: Arrays = CPU) -> FloatArray:
    """Returns G of blocks (times, d, d), d ≥ 2, that are alike when read backwards, shape (times,).

    >>> gain_of_halves(np.full((1, 2, 2), 0.5)).round(12).tolist()
    [1.0]
    """
    xp, (even, odd) = arrays.xp, halves(block, arrays)
    (plus, ups), (minus, downs) = arrays.eigh(even), arrays.eigh(odd)
    plus, minus = (xp.maximum(one, xp.zeros_like(one)) for one in (plus, minus))
    m, bras = xp.asarray(_projections(odd, even)), xp.matrix_transpose(ups[..., even.shape[-1] - odd.shape[-1] :, :])
    between = xp.matmul(xp.conj(bras) if xp.isdtype(ups.dtype, "complex floating") else bras, m[:, None] * downs)
    terms, sums = plus[:, :, None] - minus[:, None, :], plus[:, :, None] + minus[:, None, :]
    terms *= terms
    terms /= sums + _TINY
    terms *= xp.abs(between) ** 2
    return np.asarray(4 * arrays.host(xp.sum(terms, axis=(1, 2))))


def observable_of_halves(block: Array) -> Array:
    """Returns i[2J, X] − X² of such blocks, X the SLD, which is i times an anti-Hermitian Y.

    Y joins the halves alone: Y = Z from odd to even, −Z† back.
    """
    even, odd = halves(block)
    more, m = even.shape[-1] - odd.shape[-1], _projections(odd, even)
    plus, (minus, downs) = support_of(even), support_of(odd)
    longer = np.pad(downs, ((0, 0), (more, 0), (0, 0)))  # with a row of m = 0, where J is 0
    z = logarithmic_derivative(plus, (minus, longer), np.pad(m, (more, 0)))[..., more:]
    back = np.swapaxes(z.conj(), -1, -2)
    left = np.zeros((*z.shape[:-1], z.shape[-2]), dtype=z.dtype)  # J Y†
    left[..., more:, :] = m[:, None] * back
    right = m[:, None] * z[..., more:, :]
    even = 2 * (left + np.swapaxes(left.conj(), -1, -2)) - z @ back
    odd = -2 * (right + np.swapaxes(right.conj(), -1, -2)) - back @ z
    return joined(even, odd)


def _projections(odd: Array, even: Array) -> FloatArray:
    """m > 0 of the rows of the odd half."""
    return np.asarray(np.arange(odd.shape[-1]) + (1.0 if even.shape[-1] > odd.shape[-1] else 0.5))
