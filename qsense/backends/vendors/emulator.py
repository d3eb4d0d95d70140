"""The emulator of qsense: exact counts without a circuit."""

from __future__ import annotations

from dataclasses import dataclass

from qsense import emulator
from qsense.backends.vendor import Simulator, Vendor
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import Readout
from qsense.noise import AnyNoise


@dataclass(frozen=True)
class EmulatorSampler:
    """The exact emulator: any probe up to ten spins; GHZ, product and other weakly entangled probes of any size.

    Attributes:
        readout_error: of every measured spin; one for all or one for each.
    """

    readout_error: Readout = None

    @property
    def name(self) -> str:
        return "emulator"

    def check(self, experiment: Experiment) -> None:
        emulator.check(experiment)

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int) -> Counts:
        return emulator.sample(experiment, settings, shots, noise, seed, self.readout_error)


VENDOR = Vendor("emulator", simulators=(Simulator("emulator", 10, EmulatorSampler),))
