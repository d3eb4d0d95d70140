"""The best pair code for a noise, by ascents over the N/2 + 1 amplitudes of its pairs."""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise
from qsense.probes import Probe
from qsense.probes.pair_codes import name_of
from qsense.theory.goal import Goal
from qsense.theory.mixing import Array
from qsense.theory.pair_gain import pair_gain, pair_gain_and_matrix
from qsense.theory.rate import operational_rate
from qsense.theory.search import SampledObjective, climb, climb_integral
from qsense.theory.starts import starts

SEARCHED_PAIRS = 20
_TURNS, _ENOUGH = 20, 1e-10  # of times and amplitudes in turn, and the relative gain at which a rate's search ends


class PairObjective(SampledObjective):
    """Σ_k w_k G(t_k) of a pair code, with its gradient by the amplitudes over the symmetric states of pairs."""

    def value_and_gradient(self, amplitudes: Array) -> tuple[float, Array]:
        """Returns the objective and its gradient, as `SampledObjective` does."""
        value, matrix, start = 0.0, np.zeros((len(amplitudes),) * 2), 0
        for part in self.channel.parts(len(amplitudes) - 1):
            weights = self.weights[start : start + len(part)]
            gains, matrices = pair_gain_and_matrix(amplitudes, part)
            value, matrix = value + float(weights @ gains), matrix + np.tensordot(weights, matrices, 1)
            start += len(part)
        return value, 2 * matrix @ amplitudes

    def value(self, amplitudes: Array) -> float:
        """Returns the objective of normalised amplitudes."""
        return float(self.weights @ pair_gain(amplitudes, self.channel))


def best_pair_code(num_qubits: int, noise: AnyNoise, goal: Goal) -> tuple[Probe, float]:
    """Returns the best pair code that ascents find, with its weights to six digits in its name, and its objective.

    Args:
        num_qubits: N ≤ 40, even.
        noise: as of `optimal_probe`.
        goal: the objective; a rate's time and amplitudes climb in turn.

    Raises:
        ArgumentError: N is odd or too large.

    >>> from qsense.noise import LocalNoise
    >>> probe, value = best_pair_code(6, LocalNoise(emission=1.0), Goal())
    >>> probe.name.partition(":")[0], round(value / 6, 4)
    ('pair_code', 1.6486)
    """
    if num_qubits % 2 or num_qubits > 2 * SEARCHED_PAIRS:
        raise ArgumentError(
            f"The best pair code is searched for even numbers of at most {2 * SEARCHED_PAIRS} spins, but `num_qubits` "
            f"is {num_qubits}."
        )
    begin = starts(num_qubits // 2)
    if goal.objective == "integrated_gain":
        found = climb_integral(num_qubits, noise, begin, PairObjective)[0]
    elif goal.objective == "gain":
        found = climb(PairObjective.at(num_qubits, noise, np.array([goal.time])), begin)
    else:
        found = _best_for_rate(num_qubits, noise, goal, begin)
    probe = Probe.named(name_of(np.abs(found)), num_qubits)
    return probe, goal.value(probe, noise)


def _best_for_rate(num_qubits: int, noise: AnyNoise, goal: Goal, begin: list[Array]) -> Array:
    rates = [(operational_rate(_code(one), noise, goal.dead_time), one) for one in begin]
    (value, time), found = max(rates, key=lambda pair: pair[0].value)
    for _ in range(_TURNS):
        better = climb(PairObjective.at(num_qubits, noise, np.array([time])), [found])
        now = operational_rate(_code(better), noise, goal.dead_time)
        if not now.value > value * (1 + _ENOUGH):
            break
        (value, time), found = now, better
    return found


def _code(amplitudes: Array) -> Probe:
    weights = np.abs(amplitudes) ** 2 / np.linalg.norm(amplitudes) ** 2
    return Probe.named("pair_code:" + ":".join(repr(float(one)) for one in weights), 2 * (len(amplitudes) - 1))
