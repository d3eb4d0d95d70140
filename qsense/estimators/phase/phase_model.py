"""What a run says of the signal angle: every readout of a structured probe as a fringe.

Of a readout's shots (P + V cos(νθ − α))/2 say "+", (P − V cos(νθ − α))/2 say "−", and 1 − P say nothing. GHZ parity has
ν = N and P = 1; the loss flag has ν = N; each spin of a product probe has ν = 1. P and V are given: from `ghz.block`,
`product.spins`, or a noise model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.numerics.fisher import FloatArray

Readout = Literal["parity", "loss_flag", "local_x"]
MID_FRINGE = (np.pi / 2,)


@dataclass(frozen=True)
class FringeModel:
    """Readouts p± = (P ± V cos(νθ − α))/2; arrays of shape (readouts,).

    Attributes:
        frequencies: ν, whole numbers.
        angles: α in rad.
        visibilities: V in [0, P].
        populations: P in (0, 1].
    """

    frequencies: IntArray
    angles: FloatArray
    visibilities: FloatArray
    populations: FloatArray

    def probabilities(self, theta: FloatArray) -> FloatArray:
        """Returns the probabilities of +, − and neither at signal angles, shape (..., readouts, 3)."""
        swing = self.visibilities * np.cos(self.frequencies * theta[..., None] - self.angles)
        neither = np.broadcast_to(1 - self.populations, swing.shape)
        return np.stack([(self.populations + swing) / 2, (self.populations - swing) / 2, neither], axis=-1)

    def slopes(self, theta: FloatArray) -> FloatArray:
        """Returns their derivatives by θ, shape (..., readouts, 3)."""
        swing = -self.frequencies * self.visibilities * np.sin(self.frequencies * theta[..., None] - self.angles)
        return np.stack([swing / 2, -swing / 2, np.zeros_like(swing)], axis=-1)

    def information(self, theta: FloatArray, shots: IntArray) -> FloatArray:
        """Returns the classical Fisher information about θ of all shots together, shape as `theta`.

        Args:
            theta: signal angle in rad.
            shots: of each readout, shape (readouts,).

        >>> fringes = FringeModel(np.array([2]), np.array([np.pi / 2]), np.array([0.5]), np.array([1.0]))
        >>> round(float(fringes.information(np.array(0.0), np.array([100]))), 9)  # M N² V²
        100.0
        """
        p = self.probabilities(theta)
        terms = np.where(p > 0, self.slopes(theta) ** 2 / np.where(p > 0, p, 1), 0).sum(-1)
        return np.asarray((shots * terms).sum(-1))

    def aliases(self, theta: float, window: tuple[float, float]) -> tuple[float, ...]:
        """Returns the other angles in the window that no number of shots tells from `theta`, in rad.

        >>> fringes = FringeModel(np.array([2, 2]), np.array([0.0, np.pi / 2]), np.ones(2), np.ones(2))
        >>> [round(a, 6) for a in fringes.aliases(0.5, (0.0, 4.0))]
        [3.641593]
        """
        seen = np.flatnonzero(self.visibilities > 0)
        if len(seen) == 0:
            return ()
        nu, alpha = float(self.frequencies[seen[0]]), float(self.angles[seen[0]])
        turn = 2 * np.pi / nu
        bases = (theta, 2 * alpha / nu - theta)  # the same fringe: cos(νθ − α) is even and periodic
        others = np.concatenate(
            [b + turn * np.arange(np.ceil((window[0] - b) / turn), np.floor((window[1] - b) / turn) + 1) for b in bases]
        )
        others = others[np.abs(others - theta) > 1e-7 / nu]
        same = np.abs(self.probabilities(others) - self.probabilities(np.array(theta))).max((-1, -2)) < 1e-9
        return tuple(float(o) for o in np.unique(np.round(others[same], 9)))


def ladder(largest: int) -> tuple[int, ...]:
    """Returns the sizes 1, 2, 4, … up to the largest, whose fringes together fix θ modulo 2π.

    >>> ladder(100)
    (1, 2, 4, 8, 16, 32, 64, 100)
    """
    return (*(2**k for k in range(max(largest - 1, 0).bit_length())), largest)


def design(
    readout: Readout, num_qubits: int, phase: float, angles: Sequence[float] = MID_FRINGE
) -> tuple[Ending, Settings]:
    """Returns how the circuit ends and the settings of one time, a row for each fringe angle.

    Args:
        readout: "parity" or "loss_flag" of a GHZ probe, "local_x" of a product probe.
        num_qubits: N.
        phase: the expected signal angle in rad.
        angles: where on the fringe θ = `phase` lies, in rad; π/2 is mid-fringe, the most sensitive. (0, π/2) also tells
            θ from its mirror image.
    """
    beta = np.asarray(angles, dtype=np.float64)
    shape = (len(beta), num_qubits)
    polars, azimuths = np.full(shape, np.pi / 2), np.zeros(shape)
    if readout == "loss_flag":
        polars[:, 1:] = 0
        azimuths[:, 0] = num_qubits * phase - beta
    else:
        azimuths[:] = phase - beta[:, None] / (num_qubits if readout == "parity" else 1)
    return "loss_flag" if readout == "loss_flag" else "directions", Settings(np.full(shape, phase), polars, azimuths)


def fringes_of(
    settings: Settings,
    phase: float,
    readout: Readout,
    visibility: float | FloatArray,
    population: float = 1.0,
) -> FringeModel:
    """Returns the fringes that settings read: their equatorial rows, and for `local_x` each spin of each such row.

    Args:
        settings: of this module's `design`, or of `ghz.design`, `product.design` or `parameter_shift.design`.
        phase: the expected signal angle that they were designed for, in rad.
        readout: as in `design`.
        visibility: V of the GHZ fringe, or each spin's coherence, shape (spins,).
        population: P, for `loss_flag`.

    Raises:
        ArgumentError: V is not in [0, P], or P is not in (0, 1].
    """
    rows = _equatorial(settings)
    azimuths, shifts = settings.azimuths[rows], settings.phases[rows] - phase
    num_qubits = azimuths.shape[1]
    if readout == "local_x":
        angles, frequency = (azimuths - shifts).ravel(), 1
        heights = np.broadcast_to(np.asarray(visibility, dtype=np.float64), azimuths.shape).ravel()
    else:
        turned = azimuths.sum(1) if readout == "parity" else azimuths[:, 0]
        angles, frequency = turned - shifts.sum(1), num_qubits
        heights = np.full(len(angles), float(np.asarray(visibility)))
    if not 0 < population <= 1:
        raise ArgumentError(f"Argument `population` must be in (0, 1], but is {population}.")
    if heights.min(initial=0) < 0 or heights.max(initial=0) > population * (1 + 1e-12):
        raise ArgumentError(f"Argument `visibility` must be in [0, {population}], but is {visibility}.")
    return FringeModel(np.full(len(angles), frequency), angles, heights, np.full(len(angles), population))


def shares_of(counts: Counts, settings: Settings, readout: Readout) -> IntArray:
    """Returns the shots that say +, − and neither, in the order of `fringes_of`, shape (readouts, 3)."""
    tally.check_rows(counts.num_rows, len(settings), "these settings")
    rows = _equatorial(settings)
    if readout == "loss_flag":
        return tally.flagged(counts)[rows]
    both = tally.parity(counts)[rows] if readout == "parity" else tally.per_spin(counts)[rows].reshape(-1, 2)
    return np.pad(both, ((0, 0), (0, 1)))


def joined(parts: Sequence[FringeModel]) -> FringeModel:
    """Returns the fringes of several probes as one, for a ladder; join their shares in the same order."""
    return FringeModel(
        np.concatenate([p.frequencies for p in parts]),
        np.concatenate([p.angles for p in parts]),
        np.concatenate([p.visibilities for p in parts]),
        np.concatenate([p.populations for p in parts]),
    )


def _equatorial(settings: Settings) -> IntArray:
    return np.flatnonzero(np.abs(settings.polars[:, 0] - np.pi / 2) < 1e-9)
