"""What an estimate is of: the exact quantity beside which a record sets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qsense.numerics.fisher import ComplexArray


@dataclass(frozen=True)
class QuantumGain:
    """The estimate is of the quantum value G, the quantum Fisher information about θ = φt."""


@dataclass(frozen=True)
class ClassicalGain:
    """The estimate is of the classical Fisher information about θ of a readout.

    Attributes:
        readout: as `theory.classical_gain` names it, or the matrices of a POVM, each (2^N, 2^N).
        phase: the angle at which it is read, in rad, "mid" or "best".
        reaches_quantum: whether it equals G for this probe.
    """

    readout: str | Sequence[ComplexArray]
    phase: float | str = "mid"
    reaches_quantum: bool = False


@dataclass(frozen=True)
class MomentBound:
    """The estimate is of a lower bound on G, |∂_θ<M>|²/Var M, with M from moments of one direction of J.

    Attributes:
        order: 1 for J_α of every spin across its mean, 2 for the best combination of J_α and J_α².
        angle: α, from where the spins are expected, in rad.
        azimuths: of the spins as prepared, in rad; () is 0 for all.
    """

    order: Literal[1, 2] = 1
    angle: float = np.pi / 2
    azimuths: tuple[float, ...] = ()


Quantity = QuantumGain | ClassicalGain | MomentBound
