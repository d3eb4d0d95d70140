"""The signal angle θ = φt, and with it the field φ, from counts: maximum likelihood or a posterior on a grid.

**Convention.** rz(θ) = exp(−iθZ/2) with the qubit's Z, whose |0> is down: θ > 0 turns a spin's azimuth by +θ, and
φ = θ/t. A paper that counts up as |0> has the opposite sign of φ.

**Visibility.** The model's V is taken as known. From the same counts it is not: at V = 0.2 and 20 to 100 shots such
intervals cover 61 to 90 %; `joint.turns` with `posterior.angle` leave V open, and cover.

**Ambiguity.** A fringe of frequency ν is read modulo 2π/ν, and from one quadrature alone θ and its mirror image look
alike. A ladder of sizes 1, 2, 4, …, N settles it: join their fringes. What is left open within the window is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.errors import ArgumentError
from qsense.estimators.phase.phase_model import FringeModel
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.numerics.angles import check_angle
from qsense.numerics.fisher import FloatArray

Method = Literal["maximum_likelihood", "bayes"]
_STEPS_OF_A_PEAK = 4.0  # grid points per standard deviation of the sharpest likelihood possible
_LARGEST_GRID = 4_000_000


@dataclass(frozen=True)
class PhaseEstimate:
    """A signal angle from counts.

    Attributes:
        angle: θ in rad, in the convention of this module.
        stderr: for maximum likelihood 1/√(M·CFI) at the estimate; for Bayes the posterior's standard deviation.
        interval: 95 %, in rad.
        aliases: other angles in the window that are as likely, whatever the number of shots.
        weight: the probability, with all angles in the window alike before, that θ lies in the same fringe as `angle`,
            within half a period of the fastest fringe.
    """

    angle: float
    stderr: float
    interval: tuple[float, float]
    aliases: tuple[float, ...]
    weight: float

    def field(self, time: float) -> Estimate:
        """Returns φ = θ/t in rad/s.

        Args:
            time: sensing time in s, > 0.
        """
        if not time > 0:
            raise ArgumentError(f"Argument `time` must be positive, but is {time} s.")
        return Estimate(self.angle / time, self.stderr / time)


class Efficiency(NamedTuple):
    """The scatter of repeated phase estimates beside what is possible.

    Attributes:
        variance: of the estimates about the truth, in rad².
        against_classical: variance × M·CFI; 1 for an efficient estimator of this readout.
        against_quantum: variance × M·Q; at least 1 for any readout (Eq. 60).
        relative_error: of all three, from the number of repetitions.
    """

    variance: float
    against_classical: float
    against_quantum: float
    relative_error: float


def efficiency(angles: FloatArray, truth: float, classical: float, quantum: float) -> Efficiency:
    """Returns the variance of repeated estimates of θ beside 1/(M·CFI) and 1/(M·Q).

    Args:
        angles: the estimates, shape (repetitions,), at least 2.
        truth: θ in rad.
        classical: M·CFI, the classical Fisher information about θ of one run's M shots (`FringeModel.information`).
        quantum: M·G.

    Source: arXiv:2512.21661v1, Eq. 60, with M repetitions.

    >>> found = efficiency(np.array([0.1, -0.1, 0.1, -0.1]), 0.0, 100.0, 200.0)
    >>> round(found.against_classical, 9), round(found.against_quantum, 9)
    (1.0, 2.0)
    """
    variance = float(np.mean((angles - truth) ** 2))
    return Efficiency(variance, variance * classical, variance * quantum, float(np.sqrt(2 / len(angles))))


def estimate(
    fringes: FringeModel, shares: IntArray, window: tuple[float, float], method: Method = "maximum_likelihood"
) -> PhaseEstimate:
    """Returns θ from the counts of one run.

    Args:
        fringes: the readouts.
        shares: shots that say +, − and neither, shape (readouts, 3).
        window: where θ is looked for, in rad; for Bayes all angles in it are alike before. At most one period 2π/N of a
            single GHZ fringe, or [−π, π] for a ladder.
        method: "maximum_likelihood" or "bayes" (the posterior's mean).

    Raises:
        ArgumentError: an empty window, no signal, or a window too wide for the grid.

    >>> fringes = FringeModel(np.array([4]), np.array([np.pi / 2]), np.array([0.9]), np.array([1.0]))
    >>> found = estimate(fringes, np.array([[545, 455, 0]]), (-0.3, 0.3))
    >>> round(found.angle, 4), round(found.stderr, 4)
    (0.025, 0.0088)
    """
    grid = _grid(fringes, shares, window)
    height = log_likelihood(fringes, shares, grid)
    posterior = np.exp(height - height.max())
    posterior /= posterior.sum()
    if method == "bayes":
        angle = float(posterior @ grid)
        error = float(np.sqrt(posterior @ (grid - angle) ** 2))
        below = np.cumsum(posterior) - posterior / 2
        low, high = (float(np.interp(share, below, grid)) for share in (0.025, 0.975))
        peak = float(grid[np.argmax(height)])
    else:
        angle = peak = float(maximum_likelihood(fringes, shares, window))
        error = float(1 / np.sqrt(max(float(fringes.information(np.array(angle), shares.sum(-1))), 1e-300)))
        low, high = max(angle - NORMAL_95 * error, window[0]), min(angle + NORMAL_95 * error, window[1])
    near = np.abs(grid - peak) <= np.pi / float(fringes.frequencies.max())
    return PhaseEstimate(angle, error, (low, high), fringes.aliases(peak, window), float(posterior[near].sum()))


def maximum_likelihood(fringes: FringeModel, shares: IntArray, window: tuple[float, float]) -> FloatArray:
    """Returns the most likely θ in the window, for any number of repetitions at once, shape (...).

    Args:
        fringes: the readouts.
        shares: shots that say +, − and neither, shape (..., readouts, 3).
        window: where θ is looked for, in rad.

    Raises:
        ArgumentError: as `estimate`.
    """
    grid = _grid(fringes, shares, window)
    flat = shares.reshape(-1, *shares.shape[-2:])
    rows = max(1, _LARGEST_GRID // len(grid))
    best = [np.argmax(log_likelihood(fringes, flat[k : k + rows], grid), axis=-1) for k in range(0, len(flat), rows)]
    start = grid[np.concatenate(best)]
    theta, reach = start.copy(), grid[1] - grid[0]
    shots = flat.sum(-1)
    for _ in range(8):  # Fisher's scoring, kept within a step of the best grid point
        p = np.maximum(fringes.probabilities(theta), 1e-300)
        score = (flat * fringes.slopes(theta) / p).sum((-1, -2))
        information = fringes.information(theta, shots)
        step = np.divide(score, information, out=np.zeros_like(score), where=information > 0)
        theta = np.clip(theta + step, np.maximum(start - reach, window[0]), np.minimum(start + reach, window[1]))
    return np.asarray(theta.reshape(shares.shape[:-2]))


def log_likelihood(fringes: FringeModel, shares: IntArray, grid: FloatArray) -> FloatArray:
    """Returns the logarithm of the likelihood, shape (..., grid).

    Args:
        fringes: the readouts.
        shares: shots that say +, − and neither, shape (..., readouts, 3).
        grid: signal angles, shape (grid,), in rad.
    """
    logs = np.log(np.maximum(fringes.probabilities(grid), 1e-300)).reshape(len(grid), -1)
    return np.asarray(shares.reshape(*shares.shape[:-2], -1) @ logs.T)


def _grid(fringes: FringeModel, shares: IntArray, window: tuple[float, float]) -> FloatArray:
    """Angles close enough to find the sharpest peak that these shots can have."""
    if not window[0] < window[1]:
        raise ArgumentError(f"Argument `window` must be two increasing angles, but is {window}.")
    fastest = float(np.max(fringes.frequencies, initial=1))
    check_angle(fastest * max(map(abs, window)), "Argument `window`: ν·θ", "give it modulo 2π")
    if shares.shape[-2:] != (len(fringes.angles), 3):
        raise ArgumentError(f"Argument `shares` must have {len(fringes.angles)} readouts, but has {shares.shape[-2]}.")
    shots = shares.sum(-1).reshape(-1, len(fringes.angles)).max(0)
    sharpest = float(shots @ ((fringes.frequencies * fringes.visibilities) ** 2 / fringes.populations))
    if sharpest == 0:
        raise ArgumentError("The fringes have no visibility or no shots: the counts say nothing of the phase.")
    count = int((window[1] - window[0]) * _STEPS_OF_A_PEAK * np.sqrt(sharpest)) + 16
    if count > _LARGEST_GRID:
        raise ArgumentError(f"Argument `window` would take {count} grid points; give a narrower one.")
    return np.linspace(window[0], window[1], count)
