"""Runs a sensing circuit with something done to each spin right after its window: on the emulator, and on Aer.

The two share nothing but the numbers of `inverse.INSERTIONS`: the emulator turns a Z into half a turn of the phase and
a reset into the spin's channel, Aer runs the gates `z`, `reset` and `x`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.noise import SpinChannel, SpinNoise
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Execute = Callable[[Experiment, Settings, int, SpinNoise, tuple[int, ...], int], Counts]
"""(experiment, settings, shots, noise, what is inserted on each spin, seed) → counts."""
_Z, _DOWN, _UP = 1, 2, 3


@dataclass(frozen=True)
class WithResets:
    """A noise after which some spins are reset, as another noise.

    Attributes:
        noise: acts first.
        pattern: what is inserted on each spin; here resets count.
    """

    noise: SpinNoise
    pattern: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.noise.name

    @property
    def is_uniform(self) -> bool:
        return False

    def check(self, num_qubits: int) -> None:
        self.noise.check(num_qubits)

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        before = self.noise.channel(times, num_qubits)
        down, up = (np.array(self.pattern) == which for which in (_DOWN, _UP))
        return SpinChannel(
            np.where(down | up, 0.0, before.coherence),
            np.where(down, 0.0, np.where(up, 1.0, before.stay_up)),
            np.where(up, 0.0, np.where(down, 1.0, before.stay_down)),
        )

    def decay_rates(self, num_qubits: int) -> FloatArray:
        return self.noise.decay_rates(num_qubits)

    def to_dict(self) -> dict[str, Any]:
        return self.noise.to_dict()


def on_the_emulator(
    experiment: Experiment, settings: Settings, shots: int, noise: SpinNoise, pattern: tuple[int, ...], seed: int
) -> Counts:
    """Returns exact counts without a circuit."""
    half_turns = np.where(np.array(pattern) == _Z, np.pi, 0.0)
    turned = Settings(settings.phases + half_turns, settings.polars, settings.azimuths)
    return emulator.sample(experiment, turned, shots, WithResets(noise, pattern), seed)


def on_aer(
    experiment: Experiment, settings: Settings, shots: int, noise: SpinNoise, pattern: tuple[int, ...], seed: int
) -> Counts:
    """Returns the counts of Aer running the gates."""
    from qiskit_aer import AerSimulator

    from qsense.backends.aer_noise import with_noise
    from qsense.backends.runners import aer_runner

    circuit = with_noise(inserted(experiment.circuit(), pattern), noise, keep_delays=False)
    return aer_runner(AerSimulator(method="density_matrix"))(circuit, settings.values(), shots, seed)


def inserted(circuit: QuantumCircuit, pattern: tuple[int, ...]) -> QuantumCircuit:
    """Returns a sensing circuit with a gate z, a reset, or a reset and x after the last delay of some spins.

    >>> from qsense.probes import Probe
    >>> inserted(Experiment(Probe.ghz(2), 1.0).circuit(), (1, 2)).count_ops()["reset"]
    1
    """
    last = {
        circuit.find_bit(one.qubits[0]).index: place
        for place, one in enumerate(circuit.data)
        if one.operation.name == "delay"
    }
    longer = circuit.copy_empty_like()
    for place, instruction in enumerate(circuit.data):
        longer.append(instruction)
        for spin in [spin for spin, end in last.items() if end == place]:
            if pattern[spin] == _Z:
                longer.z(spin)
            if pattern[spin] in (_DOWN, _UP):
                longer.reset(spin)
            if pattern[spin] == _UP:
                longer.x(spin)
    return longer


EXECUTORS: dict[str, Execute] = {"emulator": on_the_emulator, "aer": on_aer}
