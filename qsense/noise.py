"""Local noise: what each spin suffers by itself, and how rates, T1 and T2 hang together.

Up is the qubit's excited state |1>, down its ground state |0>. Per spin j: dephasing L = σ_z at rate γ_φ, emission
L = |down><up| at rate γ_↓, absorption L = |up><down| at rate γ_↑, so that

    1/T1 = γ_↓ + γ_↑        1/T2 = (γ_↓ + γ_↑)/2 + 2 γ_φ        (T2 ≤ 2 T1 always).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qsense import content
from qsense.errors import ArgumentError, SpecError
from qsense.fisher import FloatArray

Rate = float | Sequence[float] | FloatArray
KINDS = ("dephasing", "emission", "absorption")
NOT_MORE_THAN_TWICE = 1 + 1e-12  # T2 = 2 T1 is allowed, also after rounding


class Decay(NamedTuple):
    """One spin's channel at each time: the factor on its coherence and the probabilities to stay.

    All three have shape (times, spins) and lie in [0, 1].
    """

    coherence: FloatArray
    stay_up: FloatArray
    stay_down: FloatArray


@dataclass(frozen=True)
class LocalNoise:
    """Rates of dephasing, emission and absorption, in 1/s, one number for all spins or one per spin.

    Args:
        dephasing: γ_φ ≥ 0, L = σ_z: the coherence decays at 2 γ_φ.
        emission: γ_↓ ≥ 0, L = |down><up|.
        absorption: γ_↑ ≥ 0, L = |up><down|.
        name: how tables and records call it.

    Raises:
        ArgumentError: a rate is negative or not finite, or two lists have different lengths.

    Source: arXiv:2512.21661v1, Eqs. 1, 2 and 34.

    >>> noise = LocalNoise(dephasing=0.1)
    >>> noise.t2(1)
    array([5.])
    >>> LocalNoise(emission=-1)
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Argument `emission` must be finite and not negative, but is -1.0 (1/s).
    """

    dephasing: tuple[float, ...]
    emission: tuple[float, ...]
    absorption: tuple[float, ...]
    name: str = field(default="custom", compare=False)

    def __init__(
        self, dephasing: Rate = 0.0, emission: Rate = 0.0, absorption: Rate = 0.0, name: str = "custom"
    ) -> None:
        lengths: dict[str, int] = {}
        for kind, rate in zip(KINDS, (dephasing, emission, absorption), strict=True):
            rates = _rates(kind, rate)
            object.__setattr__(self, kind, rates)
            if len(rates) > 1:
                lengths[kind] = len(rates)
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"`{kind}` has {n}" for kind, n in lengths.items())
            raise ArgumentError(f"Rate lists must have one number per spin, but {listed}.")
        object.__setattr__(self, "name", name)

    @classmethod
    def from_t1_t2(cls, t1: Rate, t2: Rate, excited_population: Rate = 0.0, name: str = "custom") -> LocalNoise:
        """Returns the noise of spins with the given relaxation times.

        γ_↓ = (1−p)/T1, γ_↑ = p/T1, γ_φ = (1/T2 − 1/(2 T1))/2, with p the excited population at rest.

        Args:
            t1: T1 > 0 in s, may be infinite; one number or one per spin.
            t2: 0 < T2 ≤ 2 T1 in s, free decay (T2*) or echo, whichever the sensing window does.
            excited_population: p in [0, 1].
            name: how tables and records call it.

        Raises:
            ArgumentError: a time is not positive, T2 > 2 T1, or p is outside [0, 1].

        >>> LocalNoise.from_t1_t2(t1=np.inf, t2=5.0).dephasing
        (0.1,)
        >>> LocalNoise.from_t1_t2(t1=1.0, t2=3.0)
        Traceback (most recent call last):
        qsense.errors.ArgumentError: Argument `t2` must be at most 2 T1 = 2.0 s, but is 3.0 s.
        """
        t1s, t2s, populations = _per_spin(t1=t1, t2=t2, excited_population=excited_population)
        for key, values in (("t1", t1s), ("t2", t2s)):
            for value in values:
                if not value > 0:
                    raise ArgumentError(f"Argument `{key}` must be positive, but is {value} s.")
        for one, two in zip(t1s, t2s, strict=True):
            if two > 2 * one * NOT_MORE_THAN_TWICE:
                raise ArgumentError(f"Argument `t2` must be at most 2 T1 = {2 * one} s, but is {two} s.")
        for value in populations:
            if not 0 <= value <= 1:
                raise ArgumentError(f"Argument `excited_population` must be in [0, 1], but is {value}.")
        relaxation = 1 / t1s
        dephasing = np.maximum(1 / t2s - relaxation / 2, 0) / 2
        return cls(dephasing, relaxation * (1 - populations), relaxation * populations, name)

    @classmethod
    def load(cls, name_or_path: str | Path, beside: Path | None = None) -> LocalNoise:
        """Returns the noise that a TOML file describes.

        Args:
            name_or_path: the name of a shipped model ("dephasing") or the path of a file.
            beside: the folder that a relative path starts from; the working directory by default.

        Raises:
            ContentError: there is no such model.
            SpecError: the file is broken; the message names the file, the key and the fix.

        >>> LocalNoise.load("dephasing").dephasing
        (0.1,)
        """
        path = content.find("noise_models", str(name_or_path), beside)
        return _from_file(path)

    @property
    def num_spins(self) -> int | None:
        """The number of spins that the rate lists are for; None if every rate is one number."""
        lengths = [len(getattr(self, kind)) for kind in KINDS]
        return max(lengths) if max(lengths) > 1 else None

    def rates(self, num_qubits: int) -> dict[str, FloatArray]:
        """Returns γ_φ, γ_↓, γ_↑ by kind, each of shape (num_qubits,), in 1/s.

        Raises:
            ArgumentError: the noise has a list of another length.

        >>> LocalNoise(dephasing=[0.1, 0.2]).rates(3)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        qsense.errors.ArgumentError: The noise "custom" has rates for 2 spins, but the probe has 3; ...
        """
        if self.num_spins not in (None, num_qubits):
            raise ArgumentError(
                f'The noise "{self.name}" has rates for {self.num_spins} spins, but the probe has {num_qubits}; '
                f"give one number or {num_qubits}."
            )
        return {kind: np.broadcast_to(np.array(getattr(self, kind)), (num_qubits,)) for kind in KINDS}

    def relaxation_rates(self, num_qubits: int) -> FloatArray:
        """Returns 1/T1 = γ_↓ + γ_↑ of each spin, shape (num_qubits,), in 1/s."""
        rates = self.rates(num_qubits)
        return np.asarray(rates["emission"] + rates["absorption"])

    def coherence_rates(self, num_qubits: int) -> FloatArray:
        """Returns 1/T2 = (γ_↓ + γ_↑)/2 + 2 γ_φ of each spin, shape (num_qubits,), in 1/s."""
        return np.asarray(self.relaxation_rates(num_qubits) / 2 + 2 * self.rates(num_qubits)["dephasing"])

    def t1(self, num_qubits: int) -> FloatArray:
        """Returns T1 of each spin in s, infinite without emission and absorption."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.relaxation_rates(num_qubits))

    def t2(self, num_qubits: int) -> FloatArray:
        """Returns T2 of each spin in s."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.coherence_rates(num_qubits))

    def decay(self, times: FloatArray, num_qubits: int) -> Decay:
        """Returns every spin's channel at every time; arrays of shape (times, num_qubits).

        coherence = exp(−t/T2); up stays up with p + (1−p) exp(−t/T1), down stays down with 1 − p + p exp(−t/T1),
        where p = γ_↑/(γ_↓ + γ_↑).

        >>> LocalNoise(emission=1.0).decay(np.array([1.0]), 1).stay_up.round(6)
        array([[0.367879]])
        """
        rates = self.rates(num_qubits)
        relaxation = self.relaxation_rates(num_qubits)
        population = np.divide(rates["absorption"], relaxation, out=np.zeros(num_qubits), where=relaxation > 0)
        column = np.asarray(times, dtype=np.float64)[:, None]
        # −expm1 keeps 1 − e^{−t/T1} exact at short times.
        relaxed = -np.expm1(-column * relaxation)
        return Decay(
            coherence=np.exp(-column * self.coherence_rates(num_qubits)),
            stay_up=1 - (1 - population) * relaxed,
            stay_down=1 - population * relaxed,
        )

    def as_dict(self) -> dict[str, Any]:
        """Returns the rates as plain numbers and lists, for a record."""
        rates = {kind: getattr(self, kind) for kind in KINDS}
        return {
            "name": self.name,
            **{f"{kind}_rate": list(r) if len(r) > 1 else r[0] for kind, r in rates.items()},
        }


@dataclass(frozen=True)
class ReadoutError:
    """The chance that one spin is read wrong; the same for every spin, independent between spins.

    Args:
        up_given_down: probability to read |1> when the spin is |0>, in [0, 0.5).
        down_given_up: probability to read |0> when the spin is |1>, in [0, 0.5).

    Raises:
        ArgumentError: a probability is out of range.

    >>> ReadoutError(0.01, 0.02).matrix
    array([[0.99, 0.02],
           [0.01, 0.98]])
    """

    up_given_down: float = 0.0
    down_given_up: float = 0.0

    def __post_init__(self) -> None:
        for key in ("up_given_down", "down_given_up"):
            if not 0 <= getattr(self, key) < 0.5:
                raise ArgumentError(f"Argument `{key}` must be in [0, 0.5), but is {getattr(self, key)}.")

    @property
    def matrix(self) -> FloatArray:
        """A[measured, prepared], shape (2, 2)."""
        return np.array([[1 - self.up_given_down, self.down_given_up], [self.up_given_down, 1 - self.down_given_up]])


def _rates(kind: str, rate: Rate) -> tuple[float, ...]:
    try:
        values = tuple(float(r) for r in np.atleast_1d(np.asarray(rate, dtype=np.float64)))
    except (TypeError, ValueError):
        raise ArgumentError(f"Argument `{kind}` must be a number or a list of numbers, but is {rate!r}.") from None
    if not values:
        raise ArgumentError(f"Argument `{kind}` must have at least one rate, but is empty.")
    for value in values:
        if not (math.isfinite(value) and value >= 0):
            raise ArgumentError(f"Argument `{kind}` must be finite and not negative, but is {value} (1/s).")
    return values


def _per_spin(**arguments: Rate) -> list[FloatArray]:
    arrays = {key: np.atleast_1d(np.asarray(value, dtype=np.float64)) for key, value in arguments.items()}
    lengths = {key: len(value) for key, value in arrays.items() if len(value) > 1}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"`{key}` has {n}" for key, n in lengths.items())
        raise ArgumentError(f"Lists must have one number per spin, but {listed}.")
    size = max(len(value) for value in arrays.values())
    return [np.broadcast_to(value, (size,)) for value in arrays.values()]


def _from_file(path: Path) -> LocalNoise:
    from qsense import noise_file  # pydantic is needed only here

    entry = noise_file.read(path)
    values = entry.values()
    build = LocalNoise.from_t1_t2 if "t1" in values else LocalNoise
    try:
        return build(**values, name=entry.name)
    except ArgumentError as error:
        raise SpecError(f"{path}: {error}") from None
