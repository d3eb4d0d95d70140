"""Readout error: how often a spin is read wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray


@dataclass(frozen=True)
class ReadoutError:
    """The chance that one spin is read wrong; the same for every spin, independent between spins.

    Args:
        up_given_down: probability to read |1> when the spin is |0>, in [0, 0.5).
        down_given_up: probability to read |0> when the spin is |1>, in [0, 0.5).

    Raises:
        ArgumentError: a probability is out of range.

    >>> ReadoutError(0.01, 0.02).matrix
    array([[0.99, 0.02],
           [0.01, 0.98]])
    """

    up_given_down: float = 0.0
    down_given_up: float = 0.0

    def __post_init__(self) -> None:
        for key in ("up_given_down", "down_given_up"):
            if not 0 <= getattr(self, key) < 0.5:
                raise ArgumentError(f"Argument `{key}` must be in [0, 0.5), but is {getattr(self, key)}.")

    @property
    def matrix(self) -> FloatArray:
        """A[measured, prepared], shape (2, 2)."""
        return np.array([[1 - self.up_given_down, self.down_given_up], [self.up_given_down, 1 - self.down_given_up]])
