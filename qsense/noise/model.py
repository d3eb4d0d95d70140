"""Everything that acts on the spins besides the field: parts that add.

Local noise of each spin by itself; noise of the phase that spins share or that remembers; couplings between spins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, SpecError, of_key
from qsense.files import html_repr, short_repr
from qsense.noise.channel import SpinChannel
from qsense.noise.checked import checked
from qsense.noise.coupling import Coupling, StoredCoupling, check_size, coupling_keys, energies, stored, upper
from qsense.noise.local import LocalNoise
from qsense.noise.memory import White
from qsense.noise.phase_noise import PhaseNoise
from qsense.noise.protocol import SpinNoise
from qsense.noise.pulsed import pulsed_channel
from qsense.noise.space import Collective, Local
from qsense.noise.traits import Traits
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses


@dataclass(frozen=True)
class NoiseModel(Traits):
    """The noise of a run: local noise, noise of the phase, and couplings, each of them or several.

    Args:
        local: the noise of each spin by itself; none by default.
        collective_dephasing: γ_c ≥ 0 in 1/s, L = 2J_z: white noise of a field that all spins share; short for
            PhaseNoise(Collective(), White(γ_c)).
        coupling: χ in rad/s, H = ½ Σ_{i<j} χ_ij σ_z,i σ_z,j: one number for all pairs (χJ_z², up to a constant) or a
            symmetric matrix of shape (N, N), whose diagonal is not used, or the NamedPairs of `coupling_pairs`.
        phase_noise: further noise of the phase.
        dipolar: D in rad/s, H = Σ_{i<j} D_ij/4 (2 σ_z σ_z − σ_x σ_x − σ_y σ_y): one number or a symmetric matrix.

    Raises:
        ArgumentError: a number is not finite, γ_c is negative, or a matrix is not symmetric.

    >>> NoiseModel(LocalNoise(dephasing=0.1), collective_dephasing=0.02).collective_dephasing
    0.02
    """

    local: SpinNoise = field(default_factory=LocalNoise)
    phase_noise: tuple[PhaseNoise, ...] = ()
    coupling: StoredCoupling = 0.0
    dipolar: StoredCoupling = 0.0
    __repr__, _repr_html_ = short_repr, html_repr

    def __init__(
        self,
        local: SpinNoise | None = None,
        collective_dephasing: float = 0.0,
        coupling: Coupling = 0.0,
        *,
        phase_noise: Sequence[PhaseNoise] = (),
        dipolar: Coupling = 0.0,
    ) -> None:
        if not (math.isfinite(collective_dephasing) and collective_dephasing >= 0):
            raise ArgumentError(
                f"Argument `collective_dephasing` must be finite and not negative, but is {collective_dephasing} (1/s)."
            )
        white = [one for one in phase_noise if _is_white_collective(one)]
        common = float(collective_dephasing) + sum(one.memory.rate for one in white)  # type: ignore[attr-defined]
        parts = [one for one in phase_noise if one not in white and not one.is_nothing]
        if common:
            parts.insert(0, PhaseNoise(Collective(), White(common)))
        object.__setattr__(self, "local", LocalNoise() if local is None else checked(local))
        object.__setattr__(self, "phase_noise", tuple(parts))
        object.__setattr__(self, "coupling", stored("coupling", coupling))
        object.__setattr__(self, "dipolar", stored("dipolar", dipolar))

    @classmethod
    def load(cls, name_or_path: str | Path, beside: Path | None = None) -> NoiseModel:
        """Returns the noise that a TOML file describes, as `LocalNoise.load`, with all its parts.

        Raises:
            ContentError: there is no such model.
            SpecError: the file is broken; the message names the file, the key and the fix.

        >>> NoiseModel.load("dephasing").local.dephasing
        (0.1,)
        """
        from qsense.noise import file  # pydantic is needed only here

        path, entry = file.find(name_or_path, beside)
        try:
            return cls(LocalNoise.of_values(entry.values(), entry.name), **entry.shared())
        except ArgumentError as error:
            raise SpecError(f"{path}: {of_key(str(error), '')}") from error

    @classmethod
    def from_dict(cls, keys: Mapping[str, Any]) -> NoiseModel:
        """Returns the noise of the keys of a `[[noise]]` entry, such as those that `to_dict` writes.

        Raises:
            ArgumentError, SpecError: a key is unknown or of a wrong type, or a number is out of its range.

        >>> NoiseModel.from_dict({"dephasing_rate": "0.2/us", "collective_dephasing_rate": 10.0}).collective_dephasing
        10.0
        """
        from qsense.noise.entries import entry_of_dict, parts_of_entry  # pydantic is needed only here

        model, local, shared = parts_of_entry(entry_of_dict(keys))
        return cls(local, **shared) if model is None else cls.load(model).with_parts(shared)

    def with_parts(self, shared: Mapping[str, Any]) -> NoiseModel:
        """Returns the noise with further arguments of NoiseModel added to its own.

        Raises:
            ArgumentError: both have couplings.
        """
        own = {"phase_noise": self.phase_noise, "coupling": self.coupling, "dipolar": self.dipolar}
        for key in ("coupling", "dipolar"):
            if key in shared and own[key]:
                raise ArgumentError(f'the noise "{self.name}" has couplings already; leave `{key}_rad_per_s` out')
        phase_noise = (*self.phase_noise, *shared.get("phase_noise", ()))
        return NoiseModel(self.local, **{**own, **shared, "phase_noise": phase_noise})

    @property
    def name(self) -> str:
        return self.local.name

    @property
    def collective_dephasing(self) -> float:
        """γ_c of white noise that all spins share, in 1/s."""
        return sum((one.memory.rate for one in self.phase_noise if _is_white_collective(one)), 0.0)  # type: ignore[attr-defined]

    def local_noise(self) -> LocalNoise:
        """Returns `local` where it is a LocalNoise, whose rates the Lindblad equation needs.

        Raises:
            ArgumentError: it is known by its channel only.
        """
        if not isinstance(self.local, LocalNoise):
            raise ArgumentError(
                f'The noise "{self.name}" is known by its channel only, and a coupling beside it needs a Lindblad '
                "equation; leave `coupling` out, or use LocalNoise."
            )
        return self.local

    def check_markovian(self) -> None:
        """Refuses noise that no Lindblad equation describes, beside a coupling that needs one.

        Raises:
            ArgumentError: some decay is not exponential.
        """
        self.local_noise()
        if not self.is_markovian:
            raise ArgumentError(
                f'The noise "{self.name}" remembers, which beside a coupling that does not commute with it, or beside '
                "transverse noise, is not supported; leave the coupling out, or use white noise (`exponent` 1)."
            )

    def spin_channel(self, times: FloatArray, num_qubits: int, pulses: Pulses = FREE) -> SpinChannel:
        """Returns every spin's channel of the noise that acts on it alone, arrays of shape (times, num_qubits).

        Noise that spins share, and couplings, are left out: see `covariance`.
        """
        channel = pulsed_channel(self.local, times, num_qubits, pulses)
        lost = sum(one.memory.variance(times, pulses) for one in self.phase_noise if isinstance(one.space, Local))
        if not isinstance(lost, np.ndarray):
            return channel
        return channel._replace(coherence=channel.coherence * np.exp(-lost / 2)[:, None])

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel without pulses.

        Raises:
            ArgumentError: shared noise or a coupling makes the noise more than channels of single spins.
        """
        if not self.acts_alone:
            raise ArgumentError(
                f'The noise "{self.name}" has shared noise or a coupling, so that its spins do not evolve '
                "independently and have no channels of their own."
            )
        return self.spin_channel(times, num_qubits)

    def covariance(self, times: FloatArray, num_qubits: int, pulses: Pulses = FREE) -> FloatArray:
        """Returns X of the noise that spins share, in rad², shape (times, num_qubits, num_qubits).

        The coherence between the basis states k and l is multiplied by exp(−½ dᵀXd), d = (z(k) − z(l))/2.
        """
        found = np.zeros((len(times), num_qubits, num_qubits))
        for one in self.correlated:
            found += one.covariance(times, num_qubits, pulses)
        return found

    def decay_rates(self, num_qubits: int, pulses: Pulses = FREE) -> FloatArray:
        """Returns how fast each spin's part of G decays, its own rate and the shared one, (num_qubits,), in 1/s."""
        found = np.array(self.local.decay_rates(num_qubits), dtype=np.float64)
        for one in self.phase_noise:
            found += one.decay_rates(num_qubits, pulses)
        return found

    def collective(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns half the variance of the phase that all spins share: coherence of order q is multiplied by
        exp(−q² of it), shape (times,)."""
        shared = [one for one in self.correlated if isinstance(one.space, Collective)]
        return np.asarray(sum((one.memory.variance(times, pulses) / 2 for one in shared), np.zeros(len(times))))

    def fastest_rate(self, num_qubits: int, pulses: Pulses = FREE) -> float:
        """Returns the fastest rate at which a part of G decays: Σ_j of the spins' own, N² times the shared, in 1/s."""
        shared = sum(one.fastest_rate(num_qubits, pulses) for one in self.phase_noise)
        return float(self.local.decay_rates(num_qubits).sum() + shared)

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that a part of the noise is not for.

        Raises:
            ArgumentError: a part is for another number of spins.
        """
        self.local.check(num_qubits)
        for one in self.phase_noise:
            one.space.check(num_qubits)
        for coupling in (self.coupling, self.dipolar):
            check_size(coupling, num_qubits)

    def coupling_spread(self, num_qubits: int) -> float:
        """Returns an upper bound on the difference of two energies of the couplings, Σ |χ_ij| + 2|D_ij|, in rad/s.

        >>> NoiseModel(coupling=-0.5).coupling_spread(3)
        1.5
        """
        pairs = np.abs(self.pairs(num_qubits)) + 2 * np.abs(self.pairs(num_qubits, dipolar=True))
        return float(pairs.sum())

    def pairs(self, num_qubits: int, dipolar: bool = False) -> FloatArray:
        """Returns χ_ij, or D_ij, for i < j, 0 elsewhere, shape (num_qubits, num_qubits), in rad/s."""
        return upper(self.dipolar if dipolar else self.coupling, num_qubits)

    def coupling_energies(self, num_qubits: int) -> FloatArray:
        """Returns the diagonal of the couplings in rad/s over the 2^N basis states, shape (2^N,).

        Raises:
            ArgumentError: a part of the noise is for another number of spins.

        >>> NoiseModel(coupling=0.5).coupling_energies(2)
        array([ 0.25, -0.25, -0.25,  0.25])
        """
        self.check(num_qubits)
        return energies(self.pairs(num_qubits) + self.pairs(num_qubits, dipolar=True))

    def to_dict(self) -> dict[str, Any]:
        """Returns the `[[noise]]` entry that means it: that of `local`, and every further part that is there."""
        entry = self.local.to_dict()
        if self.collective_dephasing:
            entry["collective_dephasing_rate"] = self.collective_dephasing
        others = [one.to_dict() for one in self.phase_noise if not _is_white_collective(one)]
        if others:
            entry["phase_noise"] = others
        return {**entry, **coupling_keys(self.coupling, self.dipolar)}


Environment = NoiseModel  # the older name
Noise = SpinNoise | NoiseModel


def noise_model_of(noise: Noise) -> NoiseModel:
    """Returns a NoiseModel as it is, and any other noise as the `local` of one.

    >>> noise_model_of(LocalNoise(emission=1.0)).phase_noise
    ()
    """
    return noise if isinstance(noise, NoiseModel) else NoiseModel(noise)


def _is_white_collective(one: PhaseNoise) -> bool:
    return isinstance(one.space, Collective) and isinstance(one.memory, White)
