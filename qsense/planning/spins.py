"""The spins of a probe: T1 and T2, readout, weights and the pulses of their window."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.ghz_branches import Relaxation
from qsense.planning.question import Factors
from qsense.signals import FREE, Pulses

UNEVEN, WEIGHTS = "uneven T2 of the spins", "uneven weights"


@dataclass(frozen=True, eq=False)
class Spins:
    """The spins of a probe on a device: what its calibration reports of their qubits.

    Attributes:
        qubits: of the device.
        t1, t2: in s, T2 at most 2 T1, shape (spins,); infinite where nothing is reported.
        up_given_down, down_given_up: chances of a wrong reading, shape (spins,).
        weights: of the signal, shape (spins,).
        pulses: of the window.
        pulsed: λ of all of them together, shape (spins,); None without pulses.
        is_common: whether T1 and T2 are one number each, not of every spin its own, and uncertain as such.
    """

    qubits: tuple[int, ...]
    t1: FloatArray
    t2: FloatArray
    up_given_down: FloatArray
    down_given_up: FloatArray
    weights: FloatArray
    is_common: bool = False
    pulses: Pulses = FREE
    pulsed: FloatArray | None = None

    def relaxation(self, factors: Factors) -> Relaxation:
        """Returns T1 and T2 of every draw; T2 stays at most 2 T1."""
        by_t1, by_t2 = factors.t1, factors.t2
        if self.is_common and factors.kinds is not None:
            by_t1, by_t2 = np.exp(factors.kinds[:, :1]), np.exp(factors.kinds[:, 1:2])
        t1 = (self.t1 * by_t1)[:, None, :]
        t2 = np.minimum((self.t2 * by_t2)[:, None, :], 2 * t1)
        return Relaxation(t1, t2, self.up_given_down, self.down_given_up, self.pulses)

    @property
    def lost_in_window(self) -> FloatArray:
        """λ of each spin by the pulses, shape (spins,)."""
        return np.zeros(len(self.qubits)) if self.pulsed is None else self.pulsed

    @property
    def contrast(self) -> FloatArray:
        """What is left of each spin's ±1 after its readout, shape (spins,)."""
        return 1 - self.up_given_down - self.down_given_up


def evened(spins: Spins, without: frozenset[str]) -> Spins:
    """Returns spins whose T1 and T2, or weights, are their means where those that differ are taken away."""
    if UNEVEN in without:
        t1, t2 = (np.full(len(one), len(one) / float((1 / one).sum())) for one in (spins.t1, spins.t2))
        spins = replace(spins, t1=t1, t2=t2)
    return replace(spins, weights=even_weights(spins.weights)) if WEIGHTS in without else spins


def even_weights(weights: FloatArray) -> FloatArray:
    """Returns weights of one size, the mean one, with their signs; that of 0 is positive.

    >>> even_weights(np.array([1.0, -3.0])).tolist()
    [2.0, -2.0]
    """
    return np.where(weights < 0, -1.0, 1.0) * float(np.abs(weights).mean())


def is_uneven(values: FloatArray) -> bool:
    """Whether sizes of numbers differ; one is 0 or infinite where another is not, or by more than rounding."""
    sizes = np.abs(values)
    return not bool(np.allclose(sizes, sizes[0], rtol=1e-9, atol=0.0))
