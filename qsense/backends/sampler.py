"""The interface of everything that runs experiments."""

from __future__ import annotations

from typing import Protocol

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.noise import AnyNoise


class Sampler(Protocol):
    """Runs one experiment with many rows of settings."""

    @property
    def name(self) -> str: ...

    def check(self, experiment: Experiment) -> None:
        """Refuses an experiment that this sampler cannot run.

        Raises:
            ArgumentError: the message says why, and the fix.
        """
        ...

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int) -> Counts:
        """Returns the counts of every row of the settings, `shots` each.

        A simulator applies `noise` while the spins sense; a device has its own and ignores it.
        """
        ...
