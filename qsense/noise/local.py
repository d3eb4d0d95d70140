"""Local noise: dephasing, emission and absorption of each spin, given as rates or as T1 and T2.

Up is the qubit's excited state |1>, down its ground state |0>. Per spin j: dephasing L = σ_z at rate γ_φ, emission
L = |down><up| at rate γ_↓, absorption L = |up><down| at rate γ_↑, so that

    1/T1 = γ_↓ + γ_↑        1/T2 = (γ_↓ + γ_↑)/2 + 2 γ_φ        (T2 ≤ 2 T1 always).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, SpecError, keys_named, of_key
from qsense.files import html_repr, short_repr
from qsense.noise import relaxation
from qsense.noise.channel import SpinChannel
from qsense.numerics.fisher import FloatArray

_LOG = logging.getLogger(__name__)
Rate = relaxation.Rate
KINDS = ("dephasing", "emission", "absorption")


@dataclass(frozen=True)
class LocalNoise:
    """Rates of dephasing, emission and absorption, in 1/s, one number for all spins or one per spin.

    Args:
        dephasing: γ_φ ≥ 0, L = σ_z: the coherence decays at 2 γ_φ.
        emission: γ_↓ ≥ 0, L = |down><up|.
        absorption: γ_↑ ≥ 0, L = |up><down|.
        name: the name in tables and records.
        exponent: β > 0: dephasing multiplies the coherence by exp[−(2 γ_φ t)^β]; 1 by default, about 2 or 3 for a
            slow bath. Emission and absorption stay exponential.
        transverse: γ_x ≥ 0, L = σ_x; for theory only, and only with β = 1.

    Raises:
        ArgumentError: a rate is negative or not finite, two lists have different lengths, or β is not positive.

    Source: arXiv:2512.21661v1, Eqs. 1, 2 and 34.

    >>> LocalNoise(dephasing=0.1).t2(1)
    array([5.])
    >>> LocalNoise(emission=-1)
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Argument `emission` must be finite and not negative, but is -1.0 (1/s).
    """

    dephasing: tuple[float, ...] = (0.0,)
    emission: tuple[float, ...] = (0.0,)
    absorption: tuple[float, ...] = (0.0,)
    exponent: float = 1.0
    transverse: tuple[float, ...] = (0.0,)
    name: str = field(default="custom", compare=False)
    __repr__, _repr_html_ = short_repr, html_repr

    def __init__(
        self,
        dephasing: Rate = 0.0,
        emission: Rate = 0.0,
        absorption: Rate = 0.0,
        name: str = "custom",
        *,
        exponent: float = 1.0,
        transverse: Rate = 0.0,
    ) -> None:
        lengths: dict[str, int] = {}
        for kind, rate in zip((*KINDS, "transverse"), (dephasing, emission, absorption, transverse), strict=True):
            rates = relaxation.checked(kind, rate)
            object.__setattr__(self, kind, rates)
            if len(rates) > 1:
                lengths[kind] = len(rates)
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"`{kind}` has {n}" for kind, n in lengths.items())
            raise ArgumentError(f"Rate lists must have one number per spin, but {listed}.")
        if not (math.isfinite(exponent) and exponent > 0):
            raise ArgumentError(f"Argument `exponent` must be positive and finite, but is {exponent}.")
        if exponent != 1 and any(self.transverse):
            raise ArgumentError("Transverse noise needs exponential dephasing; leave `exponent` at 1.")
        object.__setattr__(self, "exponent", float(exponent))
        object.__setattr__(self, "name", name)

    @classmethod
    def depolarizing(cls, rate: Rate, name: str = "depolarizing") -> LocalNoise:
        """Returns the noise that replaces each spin by the maximally mixed state at a rate Γ, so that T1 = T2 = 1/Γ.

        It is isotropic and commutes with the field's rotation: γ_φ = Γ/4 with γ_↓ = γ_↑ = Γ/2.

        Args:
            rate: Γ ≥ 0 in 1/s, one number or one per spin.
            name: the name in tables and records.

        Source: Γ/4 Σ_a (σ_a ρ σ_a − ρ) = Γ (Tr_j ρ ⊗ 1/2 − ρ); checked in tests/theory/test_lindblad.py.

        >>> LocalNoise.depolarizing(0.4).t2(1)
        array([2.5])
        """
        gamma = np.asarray(relaxation.checked("rate", rate))
        return cls(gamma / 4, gamma / 2, gamma / 2, name)

    @classmethod
    def from_t1_t2(cls, t1: Rate, t2: Rate, excited_population: Rate = 0.0, name: str = "custom") -> LocalNoise:
        """Returns the noise γ_↓ = (1−p)/T1, γ_↑ = p/T1, γ_φ = (1/T2 − 1/(2 T1))/2.

        Args:
            t1: T1 > 0 in s, may be infinite; one number or one per spin.
            t2: 0 < T2 ≤ 2 T1 in s: of free decay (T2*) or of an echo, whichever the sensing window uses.
            excited_population: p in [0, 1], the population of up in equilibrium.
            name: the name in tables and records.

        Raises:
            ArgumentError: a time is not positive, T2 > 2 T1, or p is outside [0, 1].

        >>> LocalNoise.from_t1_t2(t1=np.inf, t2=5.0).dephasing
        (0.1,)
        >>> LocalNoise.from_t1_t2(t1=1.0, t2=3.0)
        Traceback (most recent call last):
        qsense.errors.ArgumentError: Argument `t2` must be at most 2 T1 = 2 s, but is 3 s.
        """
        return cls(*relaxation.rates(t1, t2, excited_population), name)

    @classmethod
    def from_backend(cls, backend: Any, qubits: Sequence[int], name: str = "calibration") -> LocalNoise:
        """Returns the noise of a device's qubits from their reported T1 and T2, at zero temperature.

        Whatever is cut or assumed is logged as a warning.

        Args:
            backend: a Qiskit BackendV2, or a `Device` read from one. Vendors report the T2 of an echo, not T2*.
            qubits: which, in the order of the spins.
            name: the name in tables and records.

        Raises:
            ArgumentError: a qubit does not exist or is named twice.

        >>> from qsense.devices.device import Device
        >>> LocalNoise.from_backend(Device.uniform(2, [(0, 1)], t1=1e-4, t2=2e-4), [0, 1]).emission
        (10000.0, 10000.0)
        """
        from qsense.noise.reported import relaxation_times

        t1, t2, assumed = relaxation_times(backend, qubits)
        for sentence in assumed:
            _LOG.warning(sentence)
        return cls.from_t1_t2(t1, t2, name=name)

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
        from qsense.noise import file  # pydantic is needed only here

        path, entry = file.find(name_or_path, beside)
        try:
            entry.check_local()
            return cls.of_values(entry.values(), entry.name)
        except ArgumentError as error:
            raise SpecError(f"{path}: {of_key(str(error), '')}") from error

    @classmethod
    def of_values(cls, values: dict[str, Any], name: str) -> LocalNoise:
        """Returns the noise of a file's rates, or T1 and T2, by the arguments that take them; errors name its keys."""
        with keys_named(relaxation.KEYS):
            return (cls.from_t1_t2 if "t1" in values else cls)(**values, name=name)

    @property
    def num_spins(self) -> int | None:
        """The number of spins that the rate lists are for; None if every rate is one number."""
        lengths = [len(getattr(self, kind)) for kind in (*KINDS, "transverse")]
        return max(lengths) if max(lengths) > 1 else None

    @property
    def is_covariant(self) -> bool:
        """Whether the noise commutes with the field's rotation: no transverse part."""
        return not any(self.transverse)

    @property
    def is_uniform(self) -> bool:
        """Whether all spins have the same rates."""
        return all(len(set(getattr(self, kind))) == 1 for kind in (*KINDS, "transverse"))

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the rates are not for.

        Raises:
            ArgumentError: there is no spin, or the rates are for another number of spins.

        >>> LocalNoise(dephasing=[0.1, 0.2]).check(3)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        qsense.errors.ArgumentError: The noise "custom" has rates for 2 spins, but the probe has 3; ...
        """
        if num_qubits < 1:
            raise ArgumentError(f"Argument `num_qubits` must be at least 1, but is {num_qubits}.")
        if self.num_spins not in (None, num_qubits):
            raise ArgumentError(
                f'The noise "{self.name}" has rates for {self.num_spins} spins, but the probe has {num_qubits}; '
                f"give one number or {num_qubits}."
            )

    def of_one_spin(self) -> LocalNoise:
        """Returns the noise of the first spin alone, which is that of every spin where the noise is uniform."""
        first = {kind: getattr(self, kind)[0] for kind in (*KINDS, "transverse")}
        return LocalNoise(**first, exponent=self.exponent, name=self.name)

    def rates(self, num_qubits: int) -> dict[str, FloatArray]:
        """Returns γ_φ, γ_↓, γ_↑ by kind, each of shape (num_qubits,), in 1/s (γ_x is `transverse`)."""
        self.check(num_qubits)
        return dict(zip(KINDS, _rates(self, num_qubits), strict=True))

    def relaxation_rates(self, num_qubits: int) -> FloatArray:
        """Returns 1/T1 = γ_↓ + γ_↑ of each spin, shape (num_qubits,), in 1/s."""
        rates = self.rates(num_qubits)
        return np.asarray(rates["emission"] + rates["absorption"])

    def coherence_rates(self, num_qubits: int) -> FloatArray:
        """Returns 1/T2 = (γ_↓ + γ_↑)/2 + 2 γ_φ of each spin, shape (num_qubits,), in 1/s; β is left out."""
        return np.asarray(self.relaxation_rates(num_qubits) / 2 + 2 * self.rates(num_qubits)["dephasing"])

    def decay_rates(self, num_qubits: int) -> FloatArray:
        """Returns how fast each spin's G decays, 2/T2 + 2γ_x, shape (num_qubits,), in 1/s."""
        transverse = np.broadcast_to(np.array(self.transverse), (num_qubits,))
        return np.asarray(2 * self.coherence_rates(num_qubits) + 2 * transverse)

    def t1(self, num_qubits: int) -> FloatArray:
        """Returns T1 of each spin in s, infinite without emission and absorption."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.relaxation_rates(num_qubits))

    def t2(self, num_qubits: int) -> FloatArray:
        """Returns T2 of each spin in s."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.coherence_rates(num_qubits))

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel at every time; arrays of shape (times, num_qubits).

        coherence = exp[−(γ_↓+γ_↑)t/2 − (2γ_φ t)^β]; up stays up with p + (1−p) exp(−t/T1), down stays down with
        1 − p + p exp(−t/T1), where p = γ_↑/(γ_↓ + γ_↑). Each keeps its relative accuracy at late times.

        Raises:
            ArgumentError: the noise is transverse, so that its channel depends on the field.

        >>> LocalNoise(emission=1.0).channel(np.array([1.0]), 1).stay_up.round(6)
        array([[0.367879]])
        """
        rates = self.rates(num_qubits)
        up, down = relaxation.equilibrium(rates["emission"], rates["absorption"])
        passed = np.asarray(times, dtype=np.float64)[:, None] * self.relaxation_rates(num_qubits)
        kept, mixed = np.exp(-passed), -np.expm1(-passed)  # 1 − e^{−t/T1} stays exact at short times
        coherence = np.exp(-self.lost_coherence(times, num_qubits))
        return SpinChannel(coherence, stay_up=kept + up * mixed, stay_down=kept + down * mixed)

    def lost_coherence(self, times: FloatArray, num_qubits: int) -> FloatArray:
        """Returns −ln of the factor on each spin's coherence, t/T2 for exponential decay, (times, num_qubits)."""
        if not self.is_covariant:
            raise ArgumentError(
                f'The noise "{self.name}" is transverse: only `qsense.gain` and `qsense.integrated_gain` accept it.'
            )
        column = np.asarray(times, dtype=np.float64)[:, None]
        return np.asarray(column * self.relaxation_rates(num_qubits) / 2 + self.dephased(column, num_qubits))

    def dephased(self, times: FloatArray, num_qubits: int) -> FloatArray:
        """Returns (2γ_φ t)^β of each spin, shape (times, num_qubits), for times of shape (times, 1)."""
        with np.errstate(over="ignore"):
            scaled = 2 * self.rates(num_qubits)["dephasing"] * times
            return np.asarray(scaled if self.exponent == 1 else scaled**self.exponent)

    def to_dict(self) -> dict[str, Any]:
        """Returns the `[[noise]]` entry: rates in 1/s as numbers or lists; transverse rates and β only where set."""
        rates = {kind: getattr(self, kind) for kind in (KINDS if self.is_covariant else (*KINDS, "transverse"))}
        return {
            "name": self.name,
            **{f"{kind}_rate": list(r) if len(r) > 1 else r[0] for kind, r in rates.items()},
            **({} if self.exponent == 1 else {"dephasing_exponent": self.exponent}),
        }


@lru_cache(maxsize=64)
def _rates(noise: LocalNoise, num_qubits: int) -> tuple[FloatArray, ...]:
    """γ_φ, γ_↓, γ_↑ of every spin, read-only; needed several times at every time of a run."""
    return tuple(np.broadcast_to(np.array(getattr(noise, kind)), (num_qubits,)) for kind in KINDS)
