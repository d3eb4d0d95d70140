"""The classical Fisher information of a measured distribution, its derivative by a parameter-shift rule.

F = Σ_o p'_o²/p_o is what the chosen readout can give, at most the quantum value. The readouts that reach it:

- `local_x` on a product probe: every spin along its fringe, the joint outcome kept.
- `parity` on a GHZ probe under dephasing: even or odd number of spins up.
- `loss_flag` on a GHZ probe under any local noise: the fan-out is undone; spin 0 shows the fringe, any other spin up
  says that the excitation pattern was broken, which carries no information.

p comes from unshifted circuits, p' from shifted ones, so their noise is independent. The square of p' has its own
variance subtracted, and 1/p_o is estimated by (S+1)/(k_o+1), whose mean is (1 − (1−p_o)^{S+1})/p_o: the estimate is
unbiased up to outcomes that are rarer than one in S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qsense.counts import IntArray
from qsense.errors import ArgumentError
from qsense.estimate.result import Estimate
from qsense.fisher import FloatArray
from qsense.sensing import Ending, Settings

Readout = Literal["local_x", "parity", "loss_flag"]
NUM_QUBITS_OF_A_JOINT_OUTCOME = 8


@dataclass(frozen=True)
class ShiftRule:
    """f'(θ) = Σ_k coefficients[k] f(θ + shifts[k]), one row of shifts per circuit, one column per spin, in rad."""

    shifts: FloatArray
    coefficients: FloatArray


def single_spin_rule(num_qubits: int) -> ShiftRule:
    """Returns the rule that shifts one spin's phase at a time by ±π/2: exact for every observable, 2N circuits.

    Source: Schuld et al., Phys. Rev. A 99, 032331 (2019); a spin's own phase has one frequency, 1.

    >>> single_spin_rule(3).coefficients
    array([ 0.5, -0.5,  0.5, -0.5,  0.5, -0.5])
    """
    eye = np.eye(num_qubits) * np.pi / 2
    shifts = np.stack([sign * row for row in eye for sign in (1.0, -1.0)])
    return ShiftRule(shifts, np.tile([0.5, -0.5], num_qubits))


def one_frequency_rule(num_qubits: int) -> ShiftRule:
    """Returns the rule for a distribution that oscillates at N θ alone, as GHZ parity does: two circuits.

    f'(θ) = (N/2) [f(θ + π/2N) − f(θ − π/2N)].

    Source: the rule of one frequency, Mari, Bromley & Killoran, Phys. Rev. A 103, 012405 (2021), at frequency N.

    >>> one_frequency_rule(2).coefficients
    array([ 1., -1.])
    """
    shift = np.full(num_qubits, np.pi / (2 * num_qubits))
    return ShiftRule(np.stack([shift, -shift]), num_qubits / 2 * np.array([1.0, -1.0]))


def all_frequencies_rule(num_qubits: int) -> ShiftRule:
    """Returns the rule for the collective angle and any observable: frequencies 1…N, 2N circuits.

    Source: Wierichs et al., Quantum 6, 677 (2022), Eq. 22.

    >>> rule = all_frequencies_rule(2)
    >>> round(float(rule.coefficients @ np.sin(2 * rule.shifts[:, 0])), 12)
    2.0
    """
    order = np.arange(1, 2 * num_qubits + 1)
    angles = (2 * order - 1) * np.pi / (2 * num_qubits)
    coefficients = (-1.0) ** (order - 1) / (4 * num_qubits * np.sin(angles / 2) ** 2)
    return ShiftRule(np.repeat(angles[:, None], num_qubits, axis=1), coefficients)


def rule_for(readout: Readout, num_qubits: int) -> ShiftRule:
    """Returns the cheapest rule that is right for a readout.

    Parity and the loss flag of a GHZ probe hold one frequency, N; local X holds all from 1 to N. Parity of another
    probe would need the single-spin rule, and is refused by `design`.
    """
    return single_spin_rule(num_qubits) if readout == "local_x" else one_frequency_rule(num_qubits)


def ending(readout: Readout) -> Ending:
    """Returns how the sensing circuit ends for this readout."""
    return "loss_flag" if readout == "loss_flag" else "directions"


def design(readout: Readout, num_qubits: int, phase: float) -> Settings:
    """Returns the settings of one time, at the steepest point of the fringe: unshifted first, then the shifted ones.

    Args:
        readout: what is measured.
        num_qubits: N.
        phase: the expected signal angle θ = φt in rad; the measured direction follows it to mid-fringe.

    Raises:
        ArgumentError: the joint outcome of too many spins.

    >>> len(design("parity", 4, 0.0)), len(design("local_x", 4, 0.0))
    (3, 9)
    """
    if readout == "local_x" and num_qubits > NUM_QUBITS_OF_A_JOINT_OUTCOME:
        raise ArgumentError(
            f"The joint outcome of {num_qubits} spins has 2^{num_qubits} values, too many to count; "
            f"parameter_shift with readout local_x is limited to {NUM_QUBITS_OF_A_JOINT_OUTCOME} spins."
        )
    shifts = np.concatenate([np.zeros((1, num_qubits)), rule_for(readout, num_qubits).shifts])
    polars = np.full(shifts.shape, np.pi / 2)
    if readout == "local_x":
        azimuths = np.full(shifts.shape, phase - np.pi / 2)
    elif readout == "parity":
        azimuths = np.full(shifts.shape, phase - np.pi / (2 * num_qubits))
    else:
        polars[:, 1:] = 0.0
        azimuths = np.zeros(shifts.shape)
        azimuths[:, 0] = num_qubits * phase - np.pi / 2
    return Settings(shifts + phase, polars, azimuths)


def classes(readout: Readout, num_qubits: int) -> NDArray[np.int64]:
    """Returns the class of each of the 2^N outcomes: what the readout tells apart.

    >>> classes("parity", 2).tolist(), classes("loss_flag", 2).tolist()
    ([0, 1, 1, 0], [0, 1, 2, 2])
    """
    outcomes = np.arange(2**num_qubits)
    if readout == "local_x":
        return outcomes
    if readout == "parity":
        return np.array([outcome.bit_count() % 2 for outcome in range(2**num_qubits)])
    return np.minimum(outcomes, 2)


def estimate(table: IntArray, readout: Readout) -> Estimate:
    """Returns the classical gain of a readout from the counts of one time.

    Args:
        table: counts of all settings of `design`, shape (rows, 2^N).
        readout: as in `design`.

    Raises:
        ArgumentError: a row has fewer than 2 shots.

    Source: bias and variance derived in tests/test_parameter_shift.py.
    """
    num_qubits = int(table.shape[1]).bit_length() - 1
    kind = classes(readout, num_qubits)
    counts = np.zeros((len(table), int(kind.max()) + 1))
    np.add.at(counts.T, kind, table.T)
    shots = counts.sum(1)
    if shots.min() < 2:
        raise ArgumentError(f"Each setting must have at least 2 shots, but one has {int(shots.min())}.")
    frequencies = counts / shots[:, None]
    coefficients = rule_for(readout, num_qubits).coefficients

    inverse = (shots[0] + 1) / (counts[0] + 1)
    slope = coefficients @ frequencies[1:]
    weights = coefficients**2 / (shots[1:] - 1)
    covariance = np.diag(weights @ frequencies[1:]) - (weights[:, None] * frequencies[1:]).T @ frequencies[1:]
    square = slope**2 - np.diag(covariance)
    value = float(inverse @ square)

    # Linear part: a shifted row moves F by 2 c p'/p, the unshifted one by −(p'/p)².
    score = slope * inverse
    linear = _multinomial_variance(frequencies[1:], 2 * np.outer(coefficients, score), shots[1:])
    linear += _multinomial_variance(frequencies[:1], -(square * inverse**2)[None], shots[:1])
    # Its slopes carry noise themselves, which counts 4 Tr(BCBC) on average; the true quadratic part is 2 Tr(BCBC).
    degenerate = float(np.sum((inverse[:, None] * covariance) * (inverse[:, None] * covariance).T))
    variance = max(linear - 4 * degenerate, 0.0) + 2 * degenerate
    return Estimate(value, float(np.sqrt(variance)))


def _multinomial_variance(frequencies: FloatArray, values: FloatArray, shots: FloatArray) -> float:
    """Σ over rows of the variance of the mean of `values` over a row's shots."""
    mean = np.sum(frequencies * values, axis=1)
    square = np.sum(frequencies * values**2, axis=1)
    return float(np.sum((square - mean**2) / (shots - 1)))
