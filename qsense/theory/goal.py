"""The objective of a search for the best probe: 𝓘, the operational rate, or the gain at one time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.files.old_names import current_name
from qsense.noise import AnyNoise
from qsense.probes import Probe
from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.engines import engine_for
from qsense.theory.gains import integrated_gain
from qsense.theory.rate import operational_rate, rate_bound

Objective = Literal["integrated_gain", "rate", "gain"]
OBJECTIVES = ("integrated_gain", "rate", "gain")


@dataclass(frozen=True)
class Goal:
    """The objective of a search for the best probe.

    Attributes:
        objective: "integrated_gain" (𝓘, s; formerly "img"), "rate" (max_t Q/(t + t_dead), s) or "gain" (G at one
            time, 1).
        time: the time of "gain" in s.
        dead_time: preparation and readout of one repetition in s, of "rate".

    Raises:
        ArgumentError: the objective is unknown, or its time is missing or out of range.
    """

    objective: Objective = "integrated_gain"
    time: float | None = None
    dead_time: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "objective", current_name(self.objective))
        if self.objective not in OBJECTIVES:
            raise ArgumentError(
                f'Argument `objective` must be one of {", ".join(OBJECTIVES)}, but is "{self.objective}".'
            )
        if (self.objective == "gain") != (self.time is not None):
            raise ArgumentError('Argument `time` goes with the objective "gain", and that objective needs it.')
        if self.time is not None and not 0 <= self.time < np.inf:
            raise ArgumentError(f"Argument `time` must be finite and not negative, but is {self.time} s.")
        if not 0 <= self.dead_time < np.inf:
            raise ArgumentError(f"Argument `dead_time` must be finite and not negative, but is {self.dead_time} s.")

    def value(self, probe: Probe, noise: AnyNoise) -> float:
        """Returns the objective of a probe, in s or, of the gain, 1."""
        if self.objective == "integrated_gain":
            return integrated_gain(probe, noise).value
        if self.objective == "rate":
            return operational_rate(probe, noise, self.dead_time).value
        return float(engine_for(probe, noise).gain(np.array([self.time]))[0])

    def bound(self, num_qubits: int, noise: AnyNoise) -> float:
        """Returns an upper bound on the objective of every probe, with ancillas or without."""
        if self.objective == "integrated_gain":
            return float(integrated_gain_bound(num_qubits, noise).value)
        if self.objective == "rate":
            return rate_bound(num_qubits, noise, self.dead_time).value
        return float(gain_bound(num_qubits, noise, np.array([self.time]))[0])
