"""Noise of the phase: how it is shared between spins × how it remembers, X_jk(t) = C_jk v(t)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.noise.memory import Memory, OrnsteinUhlenbeck, PowerLaw, QuasiStatic, Stretched, White
from qsense.noise.pace import pace
from qsense.noise.space import Collective, Exponential, Local, Matrix, Pairs, Space
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses

# For every word after `space =` and `memory =`: its keys in an entry, and what they build.
SPACES: Mapping[str, tuple[tuple[str, ...], Callable[..., Space]]] = {
    "local": ((), Local),
    "collective": ((), Collective),
    "pairs": (("pairs",), Pairs),
    "exponential": (("positions_m", "length_m"), Exponential),
    "matrix": (("matrix",), Matrix),
}
MEMORIES: Mapping[str, tuple[tuple[str, ...], Callable[..., Memory]]] = {
    "white": (("rate",), White),
    "quasi_static": (("spread_rad_per_s",), QuasiStatic),
    "ornstein_uhlenbeck": (("spread_rad_per_s", "correlation_time_s"), OrnsteinUhlenbeck),
    "power_law": (("spread_rad_per_s", "exponent", "low_hz", "high_hz"), PowerLaw),
    "stretched": (("rate", "exponent"), Stretched),
}


@dataclass(frozen=True)
class PhaseNoise:
    """One fluctuating detuning of the spins, Gaussian, of mean 0.

    Args:
        space: Local(), Collective(), Pairs(…), Exponential(…) or Matrix(…).
        memory: White(rate), QuasiStatic(spread), OrnsteinUhlenbeck(spread, correlation_time), PowerLaw(…) or
            Stretched(rate, exponent).

    >>> PhaseNoise(Collective(), QuasiStatic(2.0)).covariance(np.array([1.0]), 2)
    array([[[4., 4.],
            [4., 4.]]])
    """

    space: Space = field(default_factory=Collective)
    memory: Memory = field(default_factory=lambda: White(0.0))

    @classmethod
    def from_dict(cls, keys: Mapping[str, Any]) -> PhaseNoise:
        """Returns the noise of the keys of `to_dict`.

        Raises:
            ArgumentError: a key is missing, unknown, or out of its range.
        """
        space, memory = keys.get("space", "local"), keys.get("memory", "white")
        for key, word, known in (("space", space, SPACES), ("memory", memory, MEMORIES)):
            if word not in known:
                raise ArgumentError(f'unknown `{key}` "{word}". {nearest(str(word), known)}')
        wanted = {*SPACES[space][0], *MEMORIES[memory][0]}
        for key in keys:
            if key not in ("space", "memory", *wanted):
                raise ArgumentError(f'`{key}` does not go with space = "{space}" and memory = "{memory}"; remove it')
        for key in sorted(wanted):
            if key not in keys:
                raise ArgumentError(f'space = "{space}" and memory = "{memory}" need `{key}`; add it')
        parts = [build(*(keys[key] for key in names)) for names, build in (SPACES[space], MEMORIES[memory])]
        return cls(*parts)  # type: ignore[arg-type]

    @property
    def is_nothing(self) -> bool:
        """Whether it does nothing at any time."""
        return not getattr(self.memory, "rate", getattr(self.memory, "spread", 1.0))

    def covariance(self, times: FloatArray, num_qubits: int, pulses: Pulses = FREE) -> FloatArray:
        """Returns X in rad², shape (times, num_qubits, num_qubits)."""
        return np.asarray(self.memory.variance(times, pulses)[:, None, None] * self.space.covariance(num_qubits))

    def decay_rates(self, num_qubits: int, pulses: Pulses = FREE) -> FloatArray:
        """Returns how fast it makes each spin's part of G decay, shape (num_qubits,), in 1/s."""
        own = np.diag(self.space.covariance(num_qubits)).tolist()
        return np.array([pace(self.memory, share, pulses) for share in own])

    def fastest_rate(self, num_qubits: int, pulses: Pulses = FREE) -> float:
        """Returns the fastest rate at which it makes a part of G decay, in 1/s.

        v grows as t, or at most as t²: where it is multiplied by N² its time shrinks by N² at most.
        """
        whole = float(np.abs(self.space.covariance(num_qubits)).sum())
        return max(self.memory.decay_rate(pulses) * whole, pace(self.memory, whole, pulses) if whole < 1 else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Returns the `phase_noise` entry that means it; times in s, rates in 1/s, spreads in rad/s, lengths in m."""
        return {**self.space.to_dict(), **self.memory.to_dict()}
