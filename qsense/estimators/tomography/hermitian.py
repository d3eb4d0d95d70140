"""Hermitian matrices as real ones of the same shape: sums of them cost a quarter, and traces become plain sums."""

from __future__ import annotations

import numpy as np

from qsense.numerics.fisher import ComplexArray, FloatArray


def real_form(matrix: ComplexArray) -> FloatArray:
    """Returns Re A + Im A of Hermitian matrices: Tr(AB) is the sum of the products of their elements.

    >>> y = np.array([[0, -1j], [1j, 0]])
    >>> real_form(y)
    array([[ 0., -1.],
           [ 1.,  0.]])
    >>> float(np.sum(real_form(y) * real_form(y)))
    2.0
    """
    return np.asarray(matrix.real + matrix.imag)


def hermitian(real: FloatArray) -> ComplexArray:
    """Returns the Hermitian matrix of a real form: the symmetric part is real, the antisymmetric one imaginary.

    >>> hermitian(np.array([[0.0, -1.0], [1.0, 0.0]]))
    array([[0.+0.j, 0.-1.j],
           [0.+1.j, 0.+0.j]])
    """
    turned = np.swapaxes(real, -1, -2)
    out = np.empty(real.shape, dtype=np.complex128)
    out.real, out.imag = (real + turned) / 2, (real - turned) / 2
    return out


def adjoint(matrix: ComplexArray) -> ComplexArray:
    """Returns the conjugate transpose of the last two axes."""
    return np.swapaxes(matrix.conj(), -1, -2)
