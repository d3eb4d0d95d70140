"""One world for theory and for runs: the signal, the noise, and the pulses of the window in which the spins sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.files import short_repr
from qsense.noise.channel import SpinChannel
from qsense.noise.model import Noise, NoiseModel, noise_model_of
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, UNIFORM, Pulses, Signal


@dataclass(frozen=True)
class World:
    """What acts on the spins in a window: signal, noise and pulses. Every function of the theory takes it as its noise.

    Args:
        noise: any SpinNoise, or a NoiseModel.
        signal: weights and waveform; a constant field of weight 1 on every spin by default.
        idle: the pulses: "free", "hahn", "xy4", "cpmg:N" or "xy8:N".

    >>> World(NoiseModel(collective_dephasing=0.1), Signal([1, -1])).weights(2)
    array([ 1., -1.])
    """

    noise: NoiseModel = field(default_factory=NoiseModel)
    signal: Signal = UNIFORM
    pulses: Pulses = FREE
    __repr__ = short_repr

    def __init__(self, noise: Noise | None = None, signal: Signal = UNIFORM, idle: str | Pulses = FREE) -> None:
        if not isinstance(signal, Signal):
            raise ArgumentError(f"Argument `signal` must be a Signal, such as Signal([1, -1]), but is {signal!r}.")
        object.__setattr__(self, "noise", NoiseModel() if noise is None else noise_model_of(noise))
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "pulses", idle if isinstance(idle, Pulses) else Pulses.named(idle))

    @property
    def name(self) -> str:
        return self.noise.name

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the noise: a constant field of weight 1, and no pulses."""
        return self.signal.is_default and self.pulses.is_free

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the noise or the signal is not for, and parts that do not go together.

        Raises:
            ArgumentError: a part is for another number of spins, or does not go with another part.
        """
        self.noise.check(num_qubits)
        self.signal.check(num_qubits)
        self.signal.frequency_at(np.ones(1), self.pulses)
        if self.noise.is_coupled and not self.pulses.is_free:
            raise ArgumentError('Pulses beside a coupling are not supported; use idle = "free", or no coupling.')
        if not self.noise.is_covariant and not self.pulses.is_free:
            raise ArgumentError('Pulses beside transverse noise are not supported; use idle = "free".')
        if not self.signal.is_constant and not self.noise.commutes(num_qubits):
            raise ArgumentError(
                "An alternating field beside noise or a coupling that does not commute with it is not supported; use a "
                "constant field, or leave out transverse noise and couplings."
            )

    def weights(self, num_qubits: int) -> FloatArray:
        """Returns w_j of the signal, shape (num_qubits,)."""
        return self.signal.weights_of(num_qubits)

    def generator(self, num_qubits: int) -> FloatArray:
        """Returns the diagonal of K = ½ Σ_j w_j Z_j of the qubits, shape (2^N,).

        >>> World().generator(1)
        array([ 0.5, -0.5])
        """
        signs = 1.0 - 2 * (np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits) & 1)
        return np.asarray(signs @ self.weights(num_qubits) / 2)

    def collected(self, times: FloatArray) -> FloatArray:
        """Returns W(t), the part of φt that windows collect, shape (times,); G about φ is W² times that about θ."""
        return self.signal.weight(np.asarray(times, dtype=np.float64), self.pulses)

    def spin_channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel of the noise that acts on it alone, arrays of shape (times, num_qubits)."""
        return self.noise.spin_channel(times, num_qubits, self.pulses)

    def covariance(self, times: FloatArray, num_qubits: int) -> FloatArray:
        """Returns X of the noise that spins share, in rad², shape (times, num_qubits, num_qubits)."""
        return self.noise.covariance(times, num_qubits, self.pulses)

    def collective(self, times: FloatArray) -> FloatArray:
        """Returns half the variance of the phase that all spins share, shape (times,)."""
        return self.noise.collective(times, self.pulses)

    def decay_rates(self, num_qubits: int) -> FloatArray:
        """Returns how fast each spin's part of G decays, shape (num_qubits,), in 1/s."""
        return self.noise.decay_rates(num_qubits, self.pulses)

    def to_dict(self) -> dict[str, Any]:
        """Returns the `[[noise]]` entry, with `signal` and `idle` where they are not the default."""
        found = self.noise.to_dict()
        if not self.signal.is_default:
            found["signal"] = self.signal.to_dict()
        if not self.pulses.is_free:
            found["idle"] = self.pulses.name
        return found


AnyNoise = Noise | World


def world_of(noise: AnyNoise) -> World:
    """Returns a World as it is, and any noise as the noise of one.

    >>> world_of(NoiseModel()).is_plain
    True
    """
    return noise if isinstance(noise, World) else World(noise)
