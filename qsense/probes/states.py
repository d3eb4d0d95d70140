"""Reads and checks the numbers of a state that a user gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, ContentError
from qsense.files import DAMAGED
from qsense.numerics.fisher import ComplexArray

_NORMALISED = 1e-9


def normalised(argument: str, numbers: Any, dimensions: int) -> ComplexArray:
    """Returns a vector of unit length (1 dimension) or a density matrix (2 dimensions) as complex numbers.

    Raises:
        ArgumentError: the numbers are no state; names the argument.

    >>> normalised("state", [0.6, 0.8], 1)
    array([0.6+0.j, 0.8+0.j])
    """
    try:
        array = np.ascontiguousarray(numbers, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"Argument `{argument}` must be numbers, but is {numbers!r:.60}.") from error
    if array.ndim != dimensions or len(array) < 2 or not np.all(np.isfinite(array)):
        raise ArgumentError(f"Argument `{argument}` must be at least two finite numbers, but has shape {array.shape}.")
    if dimensions == 1:
        norm = float(np.linalg.norm(array))
        if abs(norm - 1) > _NORMALISED:
            raise ArgumentError(
                f"Argument `{argument}` must have length 1 (within {_NORMALISED}), but its norm is {norm}."
            )
        return np.asarray(array / norm)
    trace = np.trace(array)
    if abs(trace - 1) > _NORMALISED or not np.allclose(array, array.conj().T, rtol=0, atol=_NORMALISED):
        raise ArgumentError(f"Argument `{argument}` must be Hermitian of trace 1, but its trace is {trace:.9g}.")
    if float(np.linalg.eigvalsh(array)[0]) < -_NORMALISED:
        raise ArgumentError(f"Argument `{argument}` must be positive, but has a negative eigenvalue.")
    return array


def load(path: Path) -> Any:
    """Returns the array of a NumPy file, which may not hold objects.

    Raises:
        ContentError: the file cannot be read.
    """
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise ContentError(f"{path}: no such file; give the path of a .npy file.") from error
    except DAMAGED as error:
        raise ContentError(f"{path}: not a NumPy array of numbers ({type(error).__name__}).") from error
