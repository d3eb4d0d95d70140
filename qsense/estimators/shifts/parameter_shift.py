"""The classical Fisher information of a measured distribution, its derivative by a parameter-shift rule.

F = Σ_o p'_o²/p_o is what the chosen readout can give, at most the quantum value. The readouts:

- `local_x` on a product probe: every spin along its fringe, the joint outcome kept (2^N classes). Reaches it.
- `collective_x`: the same circuits, but only the number of spins up is kept: any N. Reaches it on a product probe whose
  spins are alike. Neighbouring numbers are joined until each class is seen ten times a row: rare ones would be left
  out.
- `parity` on a GHZ probe under dephasing: even or odd number of spins up. Any N.
- `loss_flag` on a GHZ probe under any local noise: the fan-out is undone; spin 0 shows the fringe, any other spin up
  says that the excitation pattern was broken, which carries no information. Any N.

p comes from unshifted circuits, p' from shifted ones, so their noise is independent. The square of p' has its own
variance subtracted, and 1/p_o is estimated by (S+1)/(k_o+1), whose mean is (1 − (1−p_o)^{S+1})/p_o: the estimate is
unbiased up to outcomes that are rarer than one in S.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.histograms import check_whole
from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.result import Estimate
from qsense.estimators.shifts.readouts import NUM_QUBITS_OF_A_JOINT_OUTCOME, Readout, classes, ending, tallies
from qsense.estimators.shifts.shift_rules import (
    CHECK_PHASES,
    RuleName,
    ShiftRule,
    all_frequencies_rule,
    check,
    for_signal,
    joined,
    needs_check,
    one_frequency_rule,
    rule_named,
    single_spin_rule,
)
from qsense.numerics.fisher import FloatArray

__all__ = [
    "Readout", "RuleName", "ShiftRule", "all_frequencies_rule", "classes", "design", "ending", "estimate",
    "min_shots", "one_frequency_rule", "rule_for", "single_spin_rule", "tallies",
]  # fmt: skip

_ROUNDING = 1e-12  # less probable outcomes are rounding
_COUNTS_OF_A_CLASS = 10  # joined numbers of spins up lose 0.5 % of F at N = 100 and 500 shots, rare ones would lose 5 %


def rule_for(
    readout: Readout, num_qubits: int, rule: RuleName = "auto", frequencies: Sequence[int] | None = None
) -> ShiftRule:
    """Returns the rule that a readout is differentiated with: the one that is named, or the cheapest that is right.

    Args:
        readout: what is measured.
        num_qubits: N.
        rule: its name.
        frequencies: of θ in the distribution, where known. By default what the readout says: N alone for parity and the
            loss flag, which are readouts of a GHZ probe, 1…N for the others. Give range(1, N + 1) for the parity of
            another probe, and () for a rule that is tested against the counts alone (`design` with `with_check`).

    Raises:
        ArgumentError: there is no such rule, or it is wrong for one of the frequencies.

    >>> rule_for("parity", 4, "half_turn")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The rule "half_turn" is wrong for a readout that oscillates at 4θ; use "one_frequency".
    """
    if frequencies is None:
        one = readout in ("parity", "loss_flag")
        frequencies = [num_qubits] if one else range(1, num_qubits + 1)
    return rule_named(rule, num_qubits, frequencies)


def min_shots(readout: Readout, num_qubits: int) -> int:
    """Returns the shots of every row from which on F of GHZ and product probes is off by at most a third of its error.

    Other probes may need more, see `shots_for`. An outcome as rare as one in S shots is left out of Σ p'²/p: F is too
    small. At a half of these shots the bias is up to 0.9 (`local_x`, N = 6), 1.8 (N = 8) and 0.8 (`collective_x`)
    errors; at these, up to 0.27 and 0.32; at twice as many, under 0.2. Parity and the loss flag have no such bias.
    Intervals cover 89 % or more.

    Source: emulated for N = 1 to 32 from pure states to weak fringes: benchmarks/few_shots.py,
        docs/benchmarks/accuracy.md.

    >>> min_shots("local_x", 8), min_shots("parity", 8)
    (1024, 20)
    """
    if readout == "local_x":
        return max(int(4 * 2**num_qubits), 20)
    return 200 if readout == "collective_x" else 20


def shots_for(
    probabilities: FloatArray, readout: Readout, rule: RuleName, least: int, branch: Branch | None = None
) -> int:
    """Returns the shots of every row from which on outcomes too rare to be seen take less than a third of F's error.

    Args:
        probabilities: of all outcomes of each row of `design`, shape (rows, 2^N).
        readout, rule: as in `design`.
        branch: as in `design`.
        least: the answer is this number times a power of 2, up to 2^20.

    Source: E[(S+1)/(k+1)] = (1 − (1−p)^{S+1})/p for binomial k; checked in tests/estimators/test_few_shots.py.
    """
    num_qubits = int(probabilities.shape[1]).bit_length() - 1
    kinds, named = classes(readout, num_qubits), rule_for(readout, num_qubits, rule)
    if branch is not None:
        named = for_signal(named, _name(rule, named), branch)
    coefficients = named.coefficients
    p = probabilities @ np.eye(int(kinds.max()) + 1)[kinds]
    p = np.where(p > _ROUNDING, p, 0)

    def seen(shares: FloatArray, shots: float) -> float:
        some = shares[:, shares[0] > 0]
        return float(np.sum((coefficients @ some[1:]) ** 2 * (1 - (1 - some[0]) ** shots) / some[0]))

    full = seen(p, np.inf)
    for shots in (least * 2**double for double in range(20)):
        shares = joined(p * shots, _COUNTS_OF_A_CLASS) if readout == "collective_x" else p * shots
        error = _from_tallies(shares, coefficients, _most(num_qubits, branch)).stderr
        if full - seen(np.minimum(shares / shots, 1), shots + 1) <= error / 3:
            return int(2 * shots if readout == "collective_x" and shots > least else shots)  # joined or not by chance
    return int(least * 2**20)


def design(
    readout: Readout,
    num_qubits: int,
    phase: float,
    rule: RuleName = "auto",
    frequencies: Sequence[int] | None = None,
    with_check: bool = False,
    angle: float | Sequence[float] | None = None,
    branch: Branch | None = None,
) -> Settings:
    """Returns the settings of one time, at one point of the fringe: unshifted first, then the shifted ones.

    Args:
        readout: what is measured.
        num_qubits: N.
        phase: the expected signal angle θ = φt in rad; the measured direction follows it.
        rule, frequencies: as in `rule_for`.
        with_check: two more phases, with which `estimate` refuses a rule that the counts contradict. Needed where the
            frequencies are not known; rules that are right for every readout add nothing.
        angle: from where the probe was prepared to where it is measured, in rad, such as `probes.steepest_angle` says;
            by default the steepest point of a GHZ probe for `parity` and `loss_flag` (π/2N, always that of the latter),
            of a product probe for the others (π/2). One for each spin where they differ.
        branch: the signs of a GHZ probe and the weights of the signal; all +, all 1 by default.

    Raises:
        ArgumentError: the joint outcome of too many spins, or a rule that is wrong for the readout.

    >>> len(design("parity", 4, 0.0)), len(design("local_x", 4, 0.0)), len(design("parity", 4, 0.0, with_check=True))
    (3, 9, 5)
    """
    if readout == "local_x" and num_qubits > NUM_QUBITS_OF_A_JOINT_OUTCOME:
        raise ArgumentError(
            f"The joint outcome of {num_qubits} spins has 2^{num_qubits} values, too many to count; parameter_shift "
            f"with readout local_x is limited to {NUM_QUBITS_OF_A_JOINT_OUTCOME} spins: use collective_x."
        )
    named = rule_for(readout, num_qubits, rule, frequencies)
    _refuse_unchecked(_name(rule, named), num_qubits, frequencies, with_check)
    if branch is not None:
        named = for_signal(named, _name(rule, named), branch)
    own = phase if branch is None else np.array(branch.weights) * phase
    shifts = np.concatenate([np.zeros((1, num_qubits)), named.shifts])
    if with_check and needs_check(_name(rule, named), num_qubits):
        shifts = np.concatenate([shifts, np.outer(CHECK_PHASES, np.ones(num_qubits))])
    polars = np.full(shifts.shape, np.pi / 2)
    if readout == "loss_flag":
        polars[:, 1:] = 0.0
        azimuths = np.zeros(shifts.shape)
        azimuths[:, 0] = (num_qubits if branch is None else branch.frequency) * phase - np.pi / 2
    else:
        if angle is None:
            angle = np.pi / (2 * num_qubits) if readout == "parity" else np.pi / 2
        azimuths = np.broadcast_to(own - np.asarray(angle), shifts.shape)
    return Settings(shifts + own, polars, azimuths)


def estimate(
    counts: Counts | IntArray,
    readout: Readout,
    rule: RuleName = "auto",
    frequencies: Sequence[int] | None = None,
    branch: Branch | None = None,
) -> Estimate:
    """Returns the classical gain of a readout from the counts of one time.

    Args:
        counts: of all settings of `design`, in their order; or their table, shape (rows, 2^N).
        readout, rule, frequencies, branch: as in `design`.

    Raises:
        ArgumentError: a row has fewer shots than `min_shots`, the rows do not fit, or the counts contradict the rule.

    Source: bias and variance derived in tests/estimators/test_parameter_shift.py.
    """
    if isinstance(counts, Counts):
        num_qubits, shares = counts.num_bits, tallies(counts, readout)
    else:
        num_qubits = int(np.shape(counts)[-1]).bit_length() - 1
        check_whole("counts", counts, (2**num_qubits,))
        kind = classes(readout, num_qubits)
        shares = np.zeros((len(counts), int(kind.max()) + 1), dtype=np.int64)
        np.add.at(shares.T, kind, counts.T)
    named = rule_for(readout, num_qubits, rule, frequencies)
    rows, name = 1 + len(named.shifts), _name(rule, named)
    checked = len(shares) == rows + len(CHECK_PHASES) and needs_check(name, num_qubits)
    _refuse_unchecked(name, num_qubits, frequencies, checked)
    tally.check_rows(len(shares), rows + len(CHECK_PHASES) * checked, f"{readout} with the rule {name}")
    tally.check_shots(shares.sum(1), min_shots(readout, num_qubits))
    if checked:
        check(name, shares, np.concatenate([[0.0], named.shifts[:, 0], CHECK_PHASES]), num_qubits)
    if readout == "collective_x":
        shares = joined(shares, _COUNTS_OF_A_CLASS)
    if branch is not None:
        named = for_signal(named, name, branch)
    return _from_tallies(shares[:rows].astype(np.float64), named.coefficients, _most(num_qubits, branch))


def _most(num_qubits: int, branch: Branch | None) -> float:
    """The largest gain that any state could have."""
    return float(num_qubits**2) if branch is None else float(np.abs(branch.weights).sum() ** 2)


def _refuse_unchecked(name: str, num_qubits: int, frequencies: Sequence[int] | None, checked: bool) -> None:
    if frequencies is not None and not frequencies and needs_check(name, num_qubits) and not checked:
        raise ArgumentError(
            f'The rule "{name}" is not right for every readout, and no frequencies are given: measure `with_check`.'
        )


def _name(rule: RuleName, named: ShiftRule) -> str:
    return rule if rule != "auto" else "one_frequency" if len(named.shifts) == 2 else "single_spin"


def _from_tallies(shares: FloatArray, coefficients: FloatArray, top: float) -> Estimate:
    """F from the shots by class of the unshifted row and of the rule's rows."""
    shots = shares.sum(1)
    frequencies = shares / shots[:, None]
    inverse = (shots[0] + 1) / (shares[0] + 1)
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
    scaled = inverse[:, None] * covariance
    degenerate = float(np.sum(scaled * scaled.T))
    # Of the inverses the second derivative H = 2 p'²/p³ gives Tr(HCHC)/2. It is all that is left where the information
    # is the same at p ± δp, as at the steepest point of a pure state's fringe.
    p = frequencies[0]
    curved = (2 * square * inverse**3)[:, None] * (np.diag(p) - np.outer(p, p)) / (shots[0] - 1)
    bent = float(np.sum(curved * curved.T)) / 2
    signal = max(linear - 4 * degenerate, bent)
    # Where F is small all rows are alike, C = Σ c²/S (diag p − pp^T), and the signal's part is 4 F Σ c²/S.
    growth = 4 * float(np.sum(coefficients**2 / shots[1:]))
    bend = (signal - growth * value) / max(value**2 + 8 * degenerate, 1e-300)
    if bend < 0 and growth * top + bend * top**2 < signal:  # the law would vanish at the limit: a straight line instead
        growth, bend = signal / value, 0.0
    found = Estimate.from_spread(value, (2 * degenerate, growth, bend), (0.0, top))
    error = float(np.sqrt(signal + 2 * degenerate))
    return replace(found, stderr=error) if error > 0 else found


def _multinomial_variance(frequencies: FloatArray, values: FloatArray, shots: FloatArray) -> float:
    """Σ over rows of the variance of the mean of `values` over a row's shots."""
    mean = np.sum(frequencies * values, axis=1)
    square = np.sum(frequencies * values**2, axis=1)
    return float(np.sum((square - mean**2) / (shots - 1)))
