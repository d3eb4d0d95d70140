"""The table of `qsense optimal`: what named probes, the best squeezing and the best probes found reach."""

from __future__ import annotations

from typing import NamedTuple

from qsense.noise import AnyNoise, World, world_of
from qsense.probes import Probe
from qsense.theory.ancillas import best_with_ancillas, goes_with_ancillas
from qsense.theory.channels import flips_none
from qsense.theory.goal import Goal, Objective
from qsense.theory.optimal import TWISTS, OptimalProbe, best_beside, best_squeezing, check, named_probes, of_all_states
from qsense.theory.pair_search import best_pair_code
from qsense.theory.shared import is_alike

BEST_SYMMETRIC, BEST_PAIRS = "best symmetric", "best pair code"
BEST_OF_ALL, WITH_ANCILLAS = "best of all states", "best with ancillas"
MOST_SPINS_IN_PAIRS = 20  # whose best pair code takes ten seconds of a processor


class ProbeComparison(NamedTuple):
    """Names with what they reach, product and GHZ first, the best found last.

    Attributes:
        values: (name, objective), in s or, of the gain, 1.
        symmetric: the best symmetric probe that was found; None where spins differ.
        pair_code: the best pair code; None of odd or many spins, and where populations stay, so that no pair can show
            that it was hit.
        all_states: the best of all states; None where they were not searched.
        bound: on any probe.
    """

    values: list[tuple[str, float]]
    symmetric: OptimalProbe | None
    pair_code: Probe | None
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
    """Returns what product, GHZ, twin Fock, the best squeezed states, symmetric probe and pair code reach.

    Twin Fock of even N; pair codes of even N ≤ 20 and where populations change.

    Args:
        num_qubits, noise, objective, time, dead_time: as in `optimal_probe`.
        all_states: whether states that are not symmetric are searched too, N ≤ 8, and of N ≤ 3 those with ancillas.
            Spins may differ then: product, GHZ of the signs of the weights and the best of all states are compared.

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
        return ProbeComparison([*values, *_of_all(num_qubits, noise, goal, found)], None, None, found, found.bound)
    check(num_qubits, noise)
    named = [(probe, goal.value(probe, noise)) for probe in named_probes(num_qubits)]
    if num_qubits > 1:
        squeezed = [best_squeezing(num_qubits, noise, kind, objective, time, dead_time) for kind in TWISTS]
        named += [(best.probe, best.value) for best in squeezed]
    best = best_beside(num_qubits, noise, goal, named)
    values = [*((probe.name, value) for probe, value in named), (BEST_SYMMETRIC, best.value)]
    pairs = None
    if 2 < num_qubits <= MOST_SPINS_IN_PAIRS and num_qubits % 2 == 0 and _moves(world, num_qubits):
        pairs, value = best_pair_code(num_qubits, noise, goal)
        values.append((BEST_PAIRS, value))
    if not all_states:
        return ProbeComparison(values, best, pairs, None, best.bound)
    found = of_all_states(num_qubits, noise, goal, best)
    return ProbeComparison([*values, *_of_all(num_qubits, noise, goal, found)], best, pairs, found, best.bound)


def _moves(world: World, num_qubits: int) -> bool:
    """Whether populations change."""
    return not flips_none(world.spin_channel(1 / world.decay_rates(num_qubits)[:1], num_qubits))


def _of_all(num_qubits: int, noise: AnyNoise, goal: Goal, found: OptimalProbe) -> list[tuple[str, float]]:
    """The rows of the best of all states, and of those with ancillas."""
    rows = [(BEST_OF_ALL, found.value)]
    if goes_with_ancillas(num_qubits, noise):
        rows.append((WITH_ANCILLAS, max(found.value, best_with_ancillas(num_qubits, noise, goal))))
    return rows
