"""Which branches a GHZ probe has, and how fast a signal turns one against the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate


class Branch(NamedTuple):
    """A GHZ probe |not b> + |b> under a signal of weights w.

    Attributes:
        signs: s_j = +1 where spin j is up in b, −1 where it is down.
        weights: w_j of the signal.
    """

    signs: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def plain(cls, num_qubits: int) -> Branch:
        """Returns all signs + and all weights 1."""
        return cls((1.0,) * num_qubits, (1.0,) * num_qubits)

    @property
    def frequency(self) -> float:
        """ν = Σ s_j w_j: the branches turn against each other by νθ.

        Raises:
            ArgumentError: it is 0; the probe does not see the signal.

        >>> Branch((1.0, -1.0), (1.0, -0.5)).frequency
        1.5
        """
        found = float(np.dot(self.signs, self.weights))
        if abs(found) <= 1e-12 * float(np.abs(self.weights).sum()):
            shown = "".join("+" if sign > 0 else "-" for sign in self.signs)
            fitting = "".join("+" if weight >= 0 else "-" for weight in self.weights)
            raise ArgumentError(
                f'the probe "ghz:{shown}" does not see this signal: the weights times its signs add up to 0; use the '
                f'signs of the signal, "ghz:{fitting}".'
            )
        return found

    def scaled(self, plain: Estimate) -> Estimate:
        """Returns G of this probe and signal from that of frequency N."""
        factor = self.frequency**2 / len(self.signs) ** 2
        return plain if factor == 1 else plain.scaled(factor)
