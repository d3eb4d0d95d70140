"""Shift rules: the derivative of a distribution by the signal angle, from the distribution at shifted angles.

A rule is right for some frequencies of θ and silently wrong for others: the ±π/2 rule, right for one gate, gives 0 for
the parity of a GHZ state of even N. So each rule is checked against the frequencies that the readout holds before it is
used, and where these are unknown, against the counts at two more phases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import IntArray
from qsense.errors import ArgumentError, nearest
from qsense.estimators.chance import p_value
from qsense.estimators.ghz.branch import Branch
from qsense.numerics.fisher import FloatArray

RuleName = Literal["auto", "single_spin", "all_frequencies", "one_frequency", "half_turn"]
REFUSED_BELOW = 1e-4  # a right rule is refused by its counts once in 10⁴ times
# Two angles, in rad, off every lattice of fringes: 2π times 1 and 2 golden sections.
CHECK_PHASES = tuple(2 * np.pi * k * (3 - np.sqrt(5)) / 2 for k in (1, 2))
_COUNTS_OF_A_GROUP = 20


@dataclass(frozen=True)
class ShiftRule:
    """f'(θ) = Σ_k coefficients[k] f(θ + shifts[k]), one row of shifts per circuit, one column per spin, in rad."""

    shifts: FloatArray
    coefficients: FloatArray

    def is_right_for(self, frequency: int) -> bool:
        """True if the rule is exact for a part of the distribution that oscillates at `frequency` times θ.

        A coherence of order q of N spins turns with any q of them, or with more, some of them backwards; all such are
        tried.

        >>> one_frequency_rule(4).is_right_for(4), one_frequency_rule(4).is_right_for(3)
        (True, False)
        """
        size = self.shifts.shape[1]
        forward = np.arange(frequency, size + 1)[: (size - frequency) // 2 + 1]
        for ahead in forward:
            turns = np.zeros(size)
            turns[:ahead], turns[ahead : 2 * ahead - frequency] = 1, -1
            for one in (turns, turns[::-1]):
                slope = self.coefficients @ np.exp(1j * self.shifts @ one)
                if abs(slope - 1j * frequency) > 1e-9 * size**2:
                    return False
        return True


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


def half_turn_rule(num_qubits: int) -> ShiftRule:
    """Returns the textbook rule on the collective angle, f'(θ) = [f(θ + π/2) − f(θ − π/2)]/2: right for frequency 1
    only.

    >>> half_turn_rule(2).is_right_for(2)
    False
    """
    shift = np.full(num_qubits, np.pi / 2)
    return ShiftRule(np.stack([shift, -shift]), np.array([0.5, -0.5]))


def for_signal(rule: ShiftRule, name: str, branch: Branch) -> ShiftRule:
    """Returns a rule for the angle of a signal of weights w, given the rule for equal weights.

    The rule of single spins takes each with its weight. That of one frequency turns the branches of a GHZ probe, of
    signs s, by ±π/2 against each other: every spin by its sign's share. The others shift all spins alike.

    Raises:
        ArgumentError: it shifts all spins alike, and the weights differ; or the probe does not see the signal.
    """
    weights, size = np.array(branch.weights), len(branch.weights)
    if name == "single_spin":
        return ShiftRule(rule.shifts, rule.coefficients * np.repeat(weights, 2))
    if name == "one_frequency":
        return ShiftRule(rule.shifts * np.array(branch.signs), rule.coefficients * branch.frequency / size)
    if np.ptp(weights) > 0:
        raise ArgumentError(
            f'The rule "{name}" shifts all spins alike, but the signal has weights that differ; use "single_spin".'
        )
    return ShiftRule(rule.shifts, rule.coefficients * weights[0])


RULES = {
    "single_spin": single_spin_rule,
    "all_frequencies": all_frequencies_rule,
    "one_frequency": one_frequency_rule,
    "half_turn": half_turn_rule,
}


def rule_named(name: str, num_qubits: int, frequencies: Sequence[int]) -> ShiftRule:
    """Returns a rule that is right for the frequencies; the cheapest for "auto".

    Args:
        name: one of RULES, or "auto".
        num_qubits: N.
        frequencies: those of θ that the distribution holds besides 0.

    Raises:
        ArgumentError: there is no such rule, or it is wrong for one of the frequencies.

    >>> rule_named("half_turn", 4, [4])
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The rule "half_turn" is wrong for a readout that oscillates at 4θ; use "one_frequency".
    """
    fitting = "one_frequency" if set(frequencies) <= {num_qubits} else "single_spin"
    if name == "auto":
        return RULES[fitting](num_qubits)
    if name not in RULES:
        raise ArgumentError(f'Unknown rule "{name}". {nearest(name, [*RULES, "auto"])}')
    rule = RULES[name](num_qubits)
    for frequency in frequencies:
        if not rule.is_right_for(frequency):
            raise ArgumentError(
                f'The rule "{name}" is wrong for a readout that oscillates at {_times(frequency)}; use "{fitting}".'
            )
    return rule


def needs_check(name: str, num_qubits: int) -> bool:
    """True if a rule is not right for every readout, so that counts can contradict it."""
    return name in ("one_frequency", "half_turn") and num_qubits > 1


def misfit(shares: IntArray, phases: FloatArray, frequencies: Sequence[int]) -> float:
    """Returns how likely counts that fit the frequencies so badly are, if the distribution holds no others.

    Each class is taken as a_0 + Σ_ν (a_ν cos νθ + b_ν sin νθ); more phases than coefficients leave something to test.

    Args:
        shares: shots by class, shape (rows, classes).
        phases: the collective angle of each row, shape (rows,), in rad.
        frequencies: ν.

    Source: Wald's test on the residuals; classes are joined until each has 20 counts.
    """
    waves = [np.ones_like(phases)] + [f(v * phases) for v in frequencies for f in (np.cos, np.sin)]
    system = np.stack(waves, axis=1)
    left = np.linalg.svd(system)[0][:, np.linalg.matrix_rank(system, tol=1e-6) :]
    grouped = joined(shares, _COUNTS_OF_A_GROUP)
    if left.shape[1] == 0 or grouped.shape[1] < 2:
        return 1.0
    total = grouped.sum(1)
    # All groups but the last; the last is what is left. One count in each keeps the variances above 0.
    p = (grouped[:, :-1] / total[:, None]).ravel()
    smooth = ((grouped + 1) / (total + grouped.shape[1])[:, None])[:, :-1]
    blocks = np.einsum("rc,cd->rcd", smooth, np.eye(smooth.shape[1])) - np.einsum("rc,rd->rcd", smooth, smooth)
    blocks = blocks / total[:, None, None]
    contrast = np.kron(left.T, np.eye(smooth.shape[1]))
    size = p.size
    covariance = np.zeros((size, size))
    for row, block in enumerate(blocks):
        part = slice(row * len(block), (row + 1) * len(block))
        covariance[part, part] = block
    found = contrast @ p
    return p_value(float(found @ np.linalg.solve(contrast @ covariance @ contrast.T, found)), len(found))


def check(name: str, shares: IntArray, phases: FloatArray, num_qubits: int) -> None:
    """Raises if the counts at the rule's phases and at CHECK_PHASES contradict the rule.

    Args:
        name: the rule.
        shares: shots by class, shape (rows, classes).
        phases: the collective angle of each row, shape (rows,), in rad.
        num_qubits: N.

    Raises:
        ArgumentError: the distribution holds frequencies that the rule is wrong for.
    """
    right = 1 if name == "half_turn" else num_qubits
    chance = misfit(shares, phases, [right])
    if chance < REFUSED_BELOW:
        raise ArgumentError(
            f'The rule "{name}" takes the counts to oscillate at {_times(right)} alone, but they do not '
            f'(p = {chance:.1g}); use "single_spin", which is always right.'
        )


def _times(frequency: int) -> str:
    return "θ" if frequency == 1 else f"{frequency}θ"


def joined(shares: NDArray[Any], least: int) -> NDArray[Any]:
    """Returns neighbouring classes joined until each group has `least` counts in the mean row, shape (rows, groups).

    >>> joined(np.array([[1, 9, 12, 7, 1]]), 5).tolist()
    [[10, 12, 8]]
    """
    groups: list[NDArray[Any]] = []
    for column in shares.T:
        if groups and groups[-1].sum() < least * len(column):
            groups[-1] = groups[-1] + column
        else:
            groups.append(column)
    if len(groups) > 1 and groups[-1].sum() < least * len(groups[-1]):
        last = groups.pop()
        groups[-1] = groups[-1] + last
    return np.stack(groups, axis=1)
