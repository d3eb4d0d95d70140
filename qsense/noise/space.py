"""How noise of the phase is shared between spins: the spatial covariance C, 1 on its diagonal unless it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

_NEGATIVE = 1e-10  # of the largest eigenvalue: what rounding may leave below 0


class Space(Protocol):
    """The law of C."""

    kind: ClassVar[str]

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that C is not for, with an ArgumentError."""
        ...

    def covariance(self, num_qubits: int) -> FloatArray:
        """Returns C, symmetric and positive, shape (num_qubits, num_qubits)."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Returns the keys of a `phase_noise` entry that mean it."""
        ...


@dataclass(frozen=True)
class Local:
    """Every spin has noise of its own."""

    kind: ClassVar[str] = "local"

    def check(self, num_qubits: int) -> None:
        pass

    def covariance(self, num_qubits: int) -> FloatArray:
        return np.eye(num_qubits)

    def to_dict(self) -> dict[str, Any]:
        return {"space": self.kind}


@dataclass(frozen=True)
class Collective:
    """All spins share one fluctuating field."""

    kind: ClassVar[str] = "collective"

    def check(self, num_qubits: int) -> None:
        pass

    def covariance(self, num_qubits: int) -> FloatArray:
        return np.ones((num_qubits, num_qubits))

    def to_dict(self) -> dict[str, Any]:
        return {"space": self.kind}


@dataclass(frozen=True)
class Exponential:
    """C_jk = exp(−|x_j − x_k|/ℓ).

    Args:
        positions: x_j in m, one number a spin or a point of two or three numbers a spin.
        length: ℓ > 0 in m.

    >>> Exponential((0.0, 1.0), 1.0).covariance(2).round(4)
    array([[1.    , 0.3679],
           [0.3679, 1.    ]])
    """

    positions: tuple[Any, ...]
    length: float
    kind: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        points = _numbers(self.positions, "positions")
        if points.ndim not in (1, 2) or not points.size:
            raise ArgumentError("`positions` must hold one number, or one point of several numbers, for every spin.")
        if not (math.isfinite(self.length) and self.length > 0):
            raise ArgumentError(f"`length` of a spatial correlation must be positive, but is {self.length} m.")
        plain = points.tolist()
        object.__setattr__(self, "positions", tuple(tuple(x) if isinstance(x, list) else x for x in plain))
        object.__setattr__(self, "length", float(self.length))

    def check(self, num_qubits: int) -> None:
        _check_size("positions", len(self.positions), num_qubits)

    def covariance(self, num_qubits: int) -> FloatArray:
        self.check(num_qubits)
        points = np.array(self.positions).reshape(num_qubits, -1)
        return np.asarray(np.exp(-np.linalg.norm(points[:, None] - points[None], axis=-1) / self.length))

    def to_dict(self) -> dict[str, Any]:
        positions = [list(x) if isinstance(x, tuple) else x for x in self.positions]
        return {"space": self.kind, "positions_m": positions, "length_m": self.length}


@dataclass(frozen=True)
class Pairs:
    """Correlations between named pairs of spins, 0 between all others.

    Args:
        pairs: (i, j, c) with c = C_ij in [−1, 1]; each pair once.
    """

    pairs: tuple[tuple[int, int, float], ...]
    kind: ClassVar[str] = "pairs"

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(_pair(one) for one in self.pairs))
        named = [frozenset(pair[:2]) for pair in self.pairs]
        if len(set(named)) < len(named):
            raise ArgumentError("`pairs` names a pair of spins twice; name each once.")
        _check_positive(self.covariance(max(max(pair[:2]) for pair in self.pairs) + 1), "pairs")

    def check(self, num_qubits: int) -> None:
        last = max(max(pair[:2]) for pair in self.pairs)
        if last >= num_qubits:
            raise ArgumentError(f"`pairs` names spin {last}, but the probe has {num_qubits} spins, from 0 on.")

    def covariance(self, num_qubits: int) -> FloatArray:
        self.check(num_qubits)
        found = np.eye(num_qubits)
        for i, j, value in self.pairs:
            found[i, j] = found[j, i] = value
        return found

    def to_dict(self) -> dict[str, Any]:
        return {"space": self.kind, "pairs": [list(pair) for pair in self.pairs]}


@dataclass(frozen=True)
class Matrix:
    """C itself, symmetric and positive semidefinite; its diagonal need not be 1."""

    values: tuple[tuple[float, ...], ...]
    kind: ClassVar[str] = "matrix"

    def __post_init__(self) -> None:
        found = _numbers(self.values, "matrix")
        if found.ndim != 2 or found.shape[0] != found.shape[1] or not np.allclose(found, found.T, rtol=1e-12, atol=0):
            raise ArgumentError("`matrix` must be a symmetric matrix, one row and one column for every spin.")
        _check_positive(found, "matrix")
        object.__setattr__(self, "values", tuple(map(tuple, ((found + found.T) / 2).tolist())))

    def check(self, num_qubits: int) -> None:
        _check_size("matrix", len(self.values), num_qubits)

    def covariance(self, num_qubits: int) -> FloatArray:
        self.check(num_qubits)
        return np.array(self.values)

    def to_dict(self) -> dict[str, Any]:
        return {"space": self.kind, "matrix": [list(row) for row in self.values]}


def _numbers(values: Sequence[Any], key: str) -> FloatArray:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"`{key}` must hold numbers alone, in rows of equal length.") from error
    if not np.all(np.isfinite(found)):
        raise ArgumentError(f"`{key}` must hold finite numbers.")
    return found


def _pair(one: Sequence[Any]) -> tuple[int, int, float]:
    try:
        first, second, value = one
    except (TypeError, ValueError) as error:
        raise ArgumentError("`pairs` must hold [i, j, c]: two spins and their correlation.") from error
    for spin in (first, second):
        if isinstance(spin, bool) or spin != int(spin) or spin < 0:
            raise ArgumentError(f"`pairs` must name spins by whole numbers from 0 on, but has {spin!r}.")
    if first == second or not abs(value) <= 1:
        raise ArgumentError(f"`pairs` must hold two different spins and a correlation from -1 to 1, but has {one!r}.")
    return int(first), int(second), float(value)


def _check_positive(matrix: FloatArray, key: str) -> None:
    values = np.linalg.eigvalsh(matrix)
    if values[0] < -_NEGATIVE * max(values[-1], 0) or values[-1] <= 0:
        raise ArgumentError(
            f"`{key}` must make a positive covariance, but its smallest eigenvalue is {values[0]:.3g}: no noise "
            "correlates spins like that."
        )


def _check_size(key: str, size: int, num_qubits: int) -> None:
    if size != num_qubits:
        raise ArgumentError(f"`{key}` is for {size} spins, but the probe has {num_qubits}.")
