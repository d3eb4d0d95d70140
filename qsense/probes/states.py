"""Reads and checks the numbers of a state that a user gives, and writes them."""

from __future__ import annotations

import hashlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, ContentError
from qsense.files import DAMAGED
from qsense.files.archives import array_header, read_array
from qsense.files.near import meant
from qsense.numerics.fisher import ComplexArray

_NORMALISED = 1e-9
_ROUNDED = 1e-15  # times √n: the norm of a vector of n numbers that has been divided by its norm
_SINGLE = 1e-6  # of numbers with 24 bits, as Cirq and GPUs make them
MOST_NUMBERS = 2**20  # a vector of 20 spins, a density matrix of 10
MOST_BYTES = 32 * MOST_NUMBERS + 2**16  # the longest complex numbers, and the header


def normalised(argument: str, numbers: Any, dimensions: int) -> ComplexArray:
    """Returns a vector of unit length (1 dimension) or a density matrix (2 dimensions) as complex numbers.

    A state in single precision is held to 1e-6 and renormalised; eigenvalues of a density matrix that are zero to its
    precision are set to zero. All others are held to 1e-9.

    Args:
        argument: what messages call it.
        numbers: a vector may be a column, shape (n, 1).
        dimensions: 1 or 2.

    Raises:
        ArgumentError: the numbers are no state; says which check failed, and the fix.

    >>> normalised("state", [0.6, 0.8], 1)
    array([0.6+0.j, 0.8+0.j])
    >>> normalised("state", np.full((2, 1), np.sqrt(0.5), dtype=np.complex64), 1).real.round(9)
    array([0.70710678, 0.70710678])
    """
    try:
        given = np.asarray(numbers)
        if given.dtype.kind in "USmM":
            raise TypeError
        array = np.ascontiguousarray(given, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"Argument `{argument}` must be numbers, but is {numbers!r:.60}.") from error
    if dimensions == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0].copy()
    if array.ndim != dimensions or len(array) < 2:
        raise ArgumentError(f"Argument `{argument}` must be at least two numbers, but has shape {array.shape}.")
    if not np.all(np.isfinite(array)):
        place = tuple(int(one) for one in np.argwhere(~np.isfinite(array))[0])
        raise ArgumentError(
            f"Argument `{argument}` must be finite numbers, but number {place[0] if len(place) == 1 else place} is "
            f"{array[place]}."
        )
    within = _SINGLE if _is_single(given, array) else _NORMALISED
    if dimensions == 1:
        norm = float(np.linalg.norm(array))
        if not abs(norm - 1) <= within:
            raise ArgumentError(
                f"Argument `{argument}` must have length 1 (within {within}), but its norm is {norm}; divide it by its "
                "norm."
            )
        # One that has been normalised is kept to its last bit, so that what is stored is read as it was.
        return array if abs(norm - 1) <= _ROUNDED * math.sqrt(len(array)) else np.asarray(array / norm)
    skew = float(np.max(np.abs(array - array.conj().T)))
    if skew > within:
        raise ArgumentError(
            f"Argument `{argument}` must be Hermitian (within {within}), but differs from its conjugate transpose by "
            f"{skew:.3g}; take the mean of both."
        )
    trace = np.trace(array)
    if abs(trace - 1) > within:
        raise ArgumentError(
            f"Argument `{argument}` must have trace 1 (within {within}), but its trace is {trace.real:.12g}; divide it "
            "by its trace."
        )
    least = float(np.linalg.eigvalsh(array)[0])
    if least < -within:
        raise ArgumentError(f"Argument `{argument}` must be positive, but has the negative eigenvalue {least:.3g}.")
    if max(skew, abs(trace - 1), -least) <= _NORMALISED:
        return array
    return _cleaned(array)


def _is_single(given: np.ndarray[Any, np.dtype[Any]], array: ComplexArray) -> bool:
    """Whether all numbers have 24 bits at most, whatever they are stored in."""
    if given.dtype.kind == "O":
        return False
    with np.errstate(over="ignore"):
        return bool(np.array_equal(array.astype(np.complex64), array))


def _cleaned(array: ComplexArray) -> ComplexArray:
    """The density matrix nearest to one in single precision: what is zero to rounding becomes zero."""
    values, vectors = np.linalg.eigh((array + array.conj().T) / 2)
    values = np.where(values > _SINGLE, values, 0)
    cleaned = (vectors * (values / values.sum())) @ vectors.conj().T
    return np.ascontiguousarray((cleaned + cleaned.conj().T) / 2)


def load(path: Path) -> Any:
    """Returns the array of a NumPy file, which may not hold objects.

    The header is read before the numbers: what it declares must be what the file holds, and no more than a state has.

    Raises:
        ContentError: the file cannot be read, or is no array of a state's size.
    """
    try:
        if path.exists() and not path.is_file():
            raise ContentError(f"{path}: is no file; give the path of a .npy file.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ContentError(f"{path}: no such file; {meant(path, 'give the path of a .npy file', ('.npy',))}") from error
    except DAMAGED as error:
        raise ContentError(f"{path}: not a NumPy array of numbers ({type(error).__name__}).") from error
    return from_bytes(content, str(path))


def from_bytes(content: bytes, source: str) -> Any:
    """Returns the array of a NumPy file's content, as `load` does; `source` is what an error calls it.

    Raises:
        ContentError: it is no array of a state's size.

    >>> from_bytes(to_bytes(np.array([0.6, 0.8j])), "some.npy")
    array([0.6+0.j , 0. +0.8j])
    """
    try:
        shape, _, kind, start = array_header(content)
        declared = math.prod(shape)
        if kind.hasobject or kind.kind not in "biufc":
            raise ContentError(f"{source}: not a NumPy array of numbers, but of {kind.name}; save numbers.")
        if declared > MOST_NUMBERS:
            raise ContentError(
                f"{source}: declares {declared:.6g} numbers; at most {MOST_NUMBERS} are read, a vector of 20 spins or "
                "a density matrix of 10."
            )
        held = len(content) - start
        if held != declared * kind.itemsize:
            raise ContentError(f"{source}: declares {declared * kind.itemsize} bytes, but holds {held}; save it again.")
        return read_array(content)
    except DAMAGED as error:
        raise ContentError(f"{source}: not a NumPy array of numbers ({type(error).__name__}).") from error


def to_bytes(state: ComplexArray) -> bytes:
    """Returns the content of a NumPy file (.npy) of complex numbers."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(state, dtype="<c16"), (1, 0), allow_pickle=False)
    return buffer.getvalue()


def sha256_of(state: ComplexArray) -> str:
    """Returns the SHA-256 of a state's shape and numbers: the same whatever wrote its file.

    >>> sha256_of(np.array([0.6, 0.8]))[:12], sha256_of(np.array([[0.6, 0.8]]))[:12]
    ('410da9ced9c6', 'a38f6ac5696c')
    """
    numbers = np.ascontiguousarray(state, dtype="<c16")
    return hashlib.sha256(f"{numbers.shape}:".encode() + numbers.tobytes()).hexdigest()
