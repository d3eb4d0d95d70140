"""Hermitian matrices as real ones of the same shape: sums of them cost a quarter, and traces become plain sums."""

from __future__ import annotations

from typing import Any

from qsense.numerics.arrays import CPU, Arrays


def real_form(matrix: Any, arrays: Arrays = CPU) -> Any:
    """Returns Re A + Im A of Hermitian matrices: Tr(AB) is the sum of the products of their elements.

    >>> import numpy as np
    >>> y = np.array([[0, -1j], [1j, 0]])
    >>> real_form(y)
    array([[ 0., -1.],
           [ 1.,  0.]])
    >>> float(np.sum(real_form(y) * real_form(y)))
    2.0
    """
    return arrays.xp.real(matrix) + arrays.xp.imag(matrix)


def hermitian(real: Any, arrays: Arrays = CPU) -> Any:
    """Returns the Hermitian matrix of a real form: the symmetric part is real, the antisymmetric one imaginary.

    >>> import numpy as np
    >>> hermitian(np.array([[0.0, -1.0], [1.0, 0.0]]))
    array([[0.+0.j, 0.-1.j],
           [0.+1.j, 0.+0.j]])
    """
    turned = arrays.xp.matrix_transpose(real)
    out = 0.5j * (real - turned)
    out += (real + turned) / 2
    return out


def adjoint(matrix: Any, arrays: Arrays = CPU) -> Any:
    """Returns the conjugate transpose of the last two axes."""
    return arrays.xp.matrix_transpose(arrays.xp.conj(matrix))
