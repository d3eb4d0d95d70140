"""The table of `qsense optimal`: what named probes, the best squeezing and the best probes found reach."""

from __future__ import annotations

from typing import NamedTuple

from qsense.noise import AnyNoise, world_of
from qsense.probes import Probe
from qsense.theory.goal import Goal, Objective
from qsense.theory.optimal import TWISTS, OptimalProbe, best_beside, best_squeezing, check, named_probes, of_all_states
from qsense.theory.shared import is_alike

BEST_SYMMETRIC, BEST_OF_ALL = "best symmetric", "best of all states"


class ProbeComparison(NamedTuple):
    """Names with what they reach, product and GHZ first, the best found last.

    Attributes:
        values: (name, objective), in s or, of the gain, 1.
        symmetric: the best symmetric probe that was found; None where spins differ.
        all_states: the best of all states; None where they were not searched.
        bound: on any probe.
    """

    values: list[tuple[str, float]]
    symmetric: OptimalProbe | None
    all_states: OptimalProbe | None
    bound: float


def comparison(
    num_qubits: int,
    noise: AnyNoise,
    objective: Objective = "integrated_gain",
    time: float | None = None,
    dead_time: float = 0.0,
    all_states: bool = False,
) -> ProbeComparison:
    """Returns what product, GHZ, twin Fock (even N), the best squeezed states and the best symmetric probe reach.

    Args:
        num_qubits, noise, objective, time, dead_time: as in `optimal_probe`.
        all_states: whether states that are not symmetric are searched too, N ≤ 8. Spins may differ then; of spins that
            do, product, GHZ of the signs of the weights and the best of all states are compared.

    >>> from qsense.noise import LocalNoise
    >>> rows = comparison(2, LocalNoise(dephasing=0.25)).values
    >>> [name for name, _ in rows][:2], round(rows[0][1], 9)
    (['product', 'ghz'], 2.0)
    """
    goal, world = Goal(objective, time, dead_time), world_of(noise)
    if all_states and not is_alike(world, num_qubits):
        ghz = Probe.ghz(num_qubits, world.signal.matching_signs(num_qubits))
        found = of_all_states(num_qubits, noise, goal, None)
        values = [
            (name, goal.value(one, noise)) for name, one in (("product", Probe.product(num_qubits)), ("ghz", ghz))
        ]
        return ProbeComparison([*values, (BEST_OF_ALL, found.value)], None, found, found.bound)
    check(num_qubits, noise)
    named = [(probe, goal.value(probe, noise)) for probe in named_probes(num_qubits)]
    if num_qubits > 1:
        squeezed = [best_squeezing(num_qubits, noise, kind, objective, time, dead_time) for kind in TWISTS]
        named += [(best.probe, best.value) for best in squeezed]
    best = best_beside(num_qubits, noise, goal, named)
    values = [*((probe.name, value) for probe, value in named), (BEST_SYMMETRIC, best.value)]
    if not all_states:
        return ProbeComparison(values, best, None, best.bound)
    found = of_all_states(num_qubits, noise, goal, best)
    return ProbeComparison([*values, (BEST_OF_ALL, found.value)], best, found, best.bound)
