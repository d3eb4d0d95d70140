"""Recharging: what "reversing the sign of γ" would need, four physical ways to come near it, and what each costs.

`pumping` absorbs while the spins sense; `resetting` prepares them anew between windows; `cancelling` undoes the noise
in the estimate, by a quasi-probability (`inverse`, `insertions`); `correcting` flips spins of a repetition code back
while they sense. `energy` counts what is spent. The package may import `errors`, `numerics`, `probes`, `noise`,
`circuits`, `theory`, `emulator` and `backends`. Public: the names below; docs/recharging.md walks through them.
"""

from qsense.recharging.cancelling import Measured, cancelled_gain, measure, plain_gain
from qsense.recharging.correcting import code_rate, corrected_gain, longest_interval
from qsense.recharging.energy import as_inverse_energy, pumping_quanta, quantum_of_energy
from qsense.recharging.inverse import choi_eigenvalues, quasi_probabilities, reversed_channel, sampling_cost
from qsense.recharging.pumping import Pumped, pumped, pumping, what_pumping_adds
from qsense.recharging.resetting import best_random_rate, periodic_rate, random_rate, unseen_information

__all__ = [
    "Measured",
    "Pumped",
    "as_inverse_energy",
    "best_random_rate",
    "cancelled_gain",
    "choi_eigenvalues",
    "code_rate",
    "corrected_gain",
    "longest_interval",
    "measure",
    "periodic_rate",
    "plain_gain",
    "pumped",
    "pumping",
    "pumping_quanta",
    "quantum_of_energy",
    "quasi_probabilities",
    "random_rate",
    "reversed_channel",
    "sampling_cost",
    "unseen_information",
    "what_pumping_adds",
]
