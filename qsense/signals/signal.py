"""The signal: how strongly every spin feels the field, and how the field varies while the spins sense.

H = φ K s(t) with the generator K = ½ Σ_j w_j Z_j; s(t) = 1 for a constant field and cos(2πft + α) for an alternating
one. Under pulses y(t) = ±1 a window of length t collects the angle θ = φ t W(t) of K,

    W(t) = (1/t) ∫₀ᵗ y(t') s(t') dt',

so that the gain about φ is W² times that about θ. W = 1 for a constant field without pulses, 0 for a constant field
under an echo; CPMG of n pulses and a field of f = n/2t in step with it reach 2/π.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray
from qsense.signals.pulses import FREE, Pulses

ALTERNATING, MATCHED = "alternating", "matched"
LEAST_WEIGHT = 1e-9  # a window that collects a smaller part of the signal senses nothing
Weights = tuple[float, ...] | Literal["alternating"] | None


@dataclass(frozen=True)
class Signal:
    """A signal's weights and waveform.

    Args:
        weights: w_j of every spin, or "alternating" for 1, −1, 1, −1, …; 1 for every spin by default.
        frequency: f ≥ 0 in Hz of s(t) = cos(2πft + α); 0 is a constant field. "matched" follows the window: f = n/2t
            for n pulses, so that every length t senses the frequency that its pulses are in step with.
        phase: α in rad; of an alternating field only.

    Raises:
        ArgumentError: a number is not finite, all weights are 0, the frequency is negative, or a constant field has a
            phase.

    >>> Signal([1, -1]).weights_of(2)
    array([ 1., -1.])
    """

    weights: Weights = None
    frequency: float | Literal["matched"] = 0.0
    phase: float = 0.0

    def __init__(
        self,
        weights: Sequence[float] | FloatArray | str | None = None,
        frequency: float | str = 0.0,
        phase: float = 0.0,
    ) -> None:
        object.__setattr__(self, "weights", _checked_weights(weights))
        if isinstance(frequency, str) and frequency != MATCHED:
            raise ArgumentError(f'Argument `frequency` must be a number in Hz or "matched", but is "{frequency}".')
        for key, number in (("frequency", frequency), ("phase", phase)):
            if number != MATCHED and not (isinstance(number, int | float) and math.isfinite(number)):
                raise ArgumentError(f"Argument `{key}` must be a finite number, but is {number!r}.")
        if not isinstance(frequency, str) and frequency < 0:
            raise ArgumentError(f"Argument `frequency` must not be negative, but is {frequency} Hz.")
        if frequency == 0 and phase:
            raise ArgumentError("Argument `phase` goes with an alternating field; give `frequency`.")
        object.__setattr__(self, "frequency", frequency if isinstance(frequency, str) else float(frequency))
        object.__setattr__(self, "phase", float(phase))

    @property
    def is_default(self) -> bool:
        """Whether it is a constant field that all spins feel alike, of weight 1."""
        return self.has_unit_weights and self.is_constant

    @property
    def is_constant(self) -> bool:
        """Whether the field is constant."""
        return self.frequency == 0

    @property
    def has_unit_weights(self) -> bool:
        """Whether every spin has the weight 1."""
        return self.weights is None or (not isinstance(self.weights, str) and set(self.weights) == {1.0})

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the weights are not for.

        Raises:
            ArgumentError: there are weights for another number of spins.
        """
        if isinstance(self.weights, tuple) and len(self.weights) != num_qubits:
            raise ArgumentError(
                f"The signal has weights for {len(self.weights)} spins, but the probe has {num_qubits}; give "
                f'{num_qubits}, or "alternating".'
            )

    def weights_of(self, num_qubits: int) -> FloatArray:
        """Returns w_j, shape (num_qubits,).

        Raises:
            ArgumentError: as `check`.

        >>> Signal("alternating").weights_of(3)
        array([ 1., -1.,  1.])
        """
        self.check(num_qubits)
        if isinstance(self.weights, tuple):
            return np.array(self.weights)
        signs = np.ones(num_qubits)
        if self.weights == ALTERNATING:
            signs[1::2] = -1
        return signs

    def matching_signs(self, num_qubits: int) -> str:
        """Returns the signs of the weights, + for 0; "" where all are alike.

        >>> Signal("alternating").matching_signs(4), Signal().matching_signs(4)
        ('+-+-', '')
        """
        signs = "".join("-" if weight < 0 else "+" for weight in self.weights_of(num_qubits))
        return signs if len(set(signs)) > 1 else ""

    def frequency_at(self, times: FloatArray, pulses: Pulses) -> FloatArray:
        """Returns f in Hz for windows of these lengths, shape (times,); infinite at t = 0 where it is matched.

        Raises:
            ArgumentError: a matched frequency without pulses.
        """
        if self.frequency != MATCHED:
            return np.full(np.shape(times), float(self.frequency))
        if pulses.is_free:
            raise ArgumentError('A "matched" frequency is that of the pulses; give `idle`, such as "hahn" or "cpmg:4".')
        with np.errstate(divide="ignore"):
            return np.asarray(pulses.num_flips / (2 * np.asarray(times, dtype=np.float64)))

    def collected(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns (1/t) ∫ s dt over each piece between pulses, without their signs, shape (times, pieces).

        Args:
            times: lengths of the window, shape (times,), in s.
            pulses: of the window.

        >>> Signal(frequency=1.0).collected(np.array([1.0]), Pulses.named("cpmg:2")).round(4)
        array([[ 0.1592, -0.3183,  0.1592]])
        """
        edges = pulses.edges()
        length, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2
        if self.is_constant:
            return np.broadcast_to(length, (len(times), len(length)))
        if self.frequency == MATCHED:
            self.frequency_at(times, pulses)
            turns = np.full((len(times), 1), pulses.num_flips / 2)  # f t, also at t = 0
        else:
            turns = np.asarray(times, dtype=np.float64)[:, None] * float(self.frequency)
        return np.asarray(length * np.cos(2 * np.pi * turns * middle + self.phase) * np.sinc(turns * length))

    def weight(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns W(t), the part of φt that a window collects, shape (times,), in [−1, 1].

        >>> Signal(frequency="matched").weight(np.array([1.0]), Pulses.named("cpmg:4")).round(6)  # 2/π
        array([0.63662])
        >>> Signal().weight(np.array([1.0]), Pulses.named("hahn"))
        array([0.])
        """
        found = np.asarray(self.collected(times, pulses) @ pulses.signs())
        return np.where(np.abs(found) < 1e-15 * (pulses.num_flips + 1), 0.0, found)

    def shares(self, time: float, pulses: Pulses = FREE) -> FloatArray:
        """Returns the part of the collected angle that each piece between pulses adds before its sign, (pieces,).

        Their sum with the signs of the pieces is 1.

        Raises:
            ArgumentError: the window collects nothing of the signal.

        >>> Signal(frequency="matched").shares(1.0, Pulses.named("hahn")).round(12)
        array([ 0.5, -0.5])
        """
        self.check_window(np.array([time]), pulses)
        collected = self.collected(np.array([time]), pulses)[0]
        return np.asarray(collected / (collected @ pulses.signs()))

    def check_window(self, times: FloatArray, pulses: Pulses) -> None:
        """Refuses windows that collect nothing of the signal.

        Raises:
            ArgumentError: pulses refocus the field; the message says what they sense instead.
        """
        blind = np.abs(self.weight(times, pulses)) < LEAST_WEIGHT
        if not blind.any():
            return
        time = float(np.asarray(times)[blind][0])
        if self.is_constant:
            example = f" (at t = {time:.4g} s: {pulses.num_flips / (2 * time):.4g} Hz)" if time > 0 else ""
            raise ArgumentError(
                f'idle = "{pulses.name}" refocuses a constant field: an echo senses an alternating one, of f = '
                f'{pulses.num_flips}/(2t){example}. Give signal = {{ frequency_hz = "matched" }} or a number, or idle '
                '= "free".'
            )
        raise ArgumentError(
            f'With idle = "{pulses.name}" a window of {time:.4g} s collects nothing of a field of '
            f"{self.frequency} Hz with the phase {self.phase:g} rad; choose another time, frequency or phase."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the `signal` table of a run spec: what is not the default.

        >>> Signal([1, -1], frequency=50.0).to_dict()
        {'weights': [1.0, -1.0], 'frequency_hz': 50.0}
        """
        found: dict[str, Any] = {}
        if not self.has_unit_weights:
            found["weights"] = list(self.weights) if isinstance(self.weights, tuple) else self.weights
        if not self.is_constant:
            found["frequency_hz"] = self.frequency
        if self.phase:
            found["phase_rad"] = self.phase
        return found


def _checked_weights(weights: Any) -> Weights:
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights != ALTERNATING:
            raise ArgumentError(f'Argument `weights` must be numbers or "alternating", but is "{weights}".')
        return "alternating"
    try:
        found = tuple(float(weight) for weight in weights)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f'Argument `weights` must be numbers or "alternating", but is {weights!r}.') from error
    if not found or not all(map(math.isfinite, found)) or not any(found):
        raise ArgumentError("Argument `weights` must have finite numbers, not all of them 0.")
    return found


UNIFORM = Signal()
