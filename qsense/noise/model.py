"""Everything that acts on the spins besides the field: parts that add.

Local noise of each spin by itself; noise of the phase that spins share or that remembers; couplings between spins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.files import short_repr
from qsense.noise.channel import SpinChannel
from qsense.noise.checked import checked
from qsense.noise.coupling import Coupling, StoredCoupling, any_pair, stored
from qsense.noise.local import LocalNoise
from qsense.noise.memory import White
from qsense.noise.phase_noise import PhaseNoise
from qsense.noise.protocol import SpinNoise
from qsense.noise.pulsed import pulsed_channel
from qsense.noise.space import Collective, Local
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses


@dataclass(frozen=True)
class NoiseModel:
    """The noise of a run: local noise, noise of the phase, and couplings, each of them or several.

    Args:
        local: the noise of each spin by itself; none by default.
        collective_dephasing: γ_c ≥ 0 in 1/s, L = 2J_z: white noise of a field that all spins share; short for
            PhaseNoise(Collective(), White(γ_c)).
        coupling: χ in rad/s, H = ½ Σ_{i<j} χ_ij σ_z,i σ_z,j: one number for all pairs (χJ_z², up to a constant) or a
            symmetric matrix of shape (N, N), whose diagonal is not used.
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
    __repr__ = short_repr

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

    @property
    def name(self) -> str:
        return self.local.name

    @property
    def collective_dephasing(self) -> float:
        """γ_c of white noise that all spins share, in 1/s."""
        return sum((one.memory.rate for one in self.phase_noise if _is_white_collective(one)), 0.0)  # type: ignore[attr-defined]

    @property
    def is_coupled(self) -> bool:
        """Whether any pair of spins is coupled, in either way."""
        return any_pair(self.coupling) or self.is_dipolar

    @property
    def is_dipolar(self) -> bool:
        """Whether any pair of spins exchanges excitations."""
        return any_pair(self.dipolar)

    @property
    def correlated(self) -> tuple[PhaseNoise, ...]:
        """The noise of the phase that spins share."""
        return tuple(one for one in self.phase_noise if not isinstance(one.space, Local))

    @property
    def is_correlated(self) -> bool:
        """Whether spins share noise of the phase."""
        return bool(self.correlated)

    @property
    def acts_alone(self) -> bool:
        """Whether it acts on each spin by itself."""
        return not (self.is_correlated or self.is_coupled)

    @property
    def is_uniform(self) -> bool:
        """Whether all spins and all pairs of spins are alike."""
        alike = all(isinstance(one.space, Local | Collective) for one in self.phase_noise)
        pairs = all(isinstance(one, float) for one in (self.coupling, self.dipolar))
        return self.local.is_uniform and alike and (pairs or not self.is_coupled)

    @property
    def is_covariant(self) -> bool:
        """Whether all noise commutes with the field's rotation, so that G does not depend on the field."""
        return not isinstance(self.local, LocalNoise) or self.local.is_covariant

    @property
    def exponent(self) -> float:
        """The smallest β of stretched decay in it; 1 where there is none."""
        own = self.local.exponent if isinstance(self.local, LocalNoise) else 1.0
        laws = [one.memory.exponent for one in self.phase_noise if one.memory.kind == "stretched"]  # type: ignore[attr-defined]
        return min([own, *laws]) if laws else own

    @property
    def is_markovian(self) -> bool:
        """Whether a Lindblad equation describes it: exponential decay and white noise alone."""
        is_local = isinstance(self.local, LocalNoise) and self.local.exponent == 1
        return is_local and all(one.memory.kind == "white" for one in self.phase_noise)

    def commutes(self, num_qubits: int) -> bool:
        """Whether noise, coupling and field all commute: the phase can be put on after them.

        A ZZ coupling commutes with dephasing, but not with flips of spins; a dipolar coupling exchanges spins.

        >>> NoiseModel(LocalNoise(emission=0.1), coupling=0.5).commutes(2)
        False
        """
        flips = self.is_coupled and self._may_flip(num_qubits)
        return self.is_covariant and not flips and not self.is_dipolar

    def _may_flip(self, num_qubits: int) -> bool:
        """Whether populations may change: for any noise but LocalNoise this is not known, so that they may."""
        return not isinstance(self.local, LocalNoise) or bool(self.local.relaxation_rates(num_qubits).any())

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
            found += one.memory.decay_rate(pulses) * _shares(one, num_qubits)
        return found

    def collective(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns half the variance of the phase that all spins share: coherence of order q is multiplied by
        exp(−q² of it), shape (times,)."""
        shared = [one for one in self.correlated if isinstance(one.space, Collective)]
        return np.asarray(sum((one.memory.variance(times, pulses) / 2 for one in shared), np.zeros(len(times))))

    def fastest_rate(self, num_qubits: int, pulses: Pulses = FREE) -> float:
        """Returns the fastest rate at which a part of G decays: Σ_j of the spins' own, N² times the shared, in 1/s."""
        found = float(self.local.decay_rates(num_qubits).sum())
        for one in self.phase_noise:
            is_own = isinstance(one.space, Local)
            whole = num_qubits if is_own else float(np.abs(one.space.covariance(num_qubits)).sum())
            # v grows as t, or at most as t²: where it is multiplied by N² its time shrinks by N² at most.
            found += one.memory.decay_rate(pulses) * whole
        return found

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that a part of the noise is not for.

        Raises:
            ArgumentError: a part is for another number of spins.
        """
        self.local.check(num_qubits)
        for one in self.phase_noise:
            one.space.check(num_qubits)
        for coupling in (self.coupling, self.dipolar):
            if not isinstance(coupling, float) and len(coupling) != num_qubits:
                raise ArgumentError(f"The coupling is for {len(coupling)} spins, but the probe has {num_qubits}.")

    def coupling_spread(self, num_qubits: int) -> float:
        """Returns an upper bound on the difference of two energies of the couplings, Σ |χ_ij| + 2|D_ij|, in rad/s.

        >>> NoiseModel(coupling=-0.5).coupling_spread(3)
        1.5
        """
        pairs = np.abs(self.pairs(num_qubits)) + 2 * np.abs(self.pairs(num_qubits, dipolar=True))
        return float(pairs.sum())

    def pairs(self, num_qubits: int, dipolar: bool = False) -> FloatArray:
        """Returns χ_ij, or D_ij, for i < j, 0 elsewhere, shape (num_qubits, num_qubits), in rad/s."""
        given = np.asarray(self.dipolar if dipolar else self.coupling)
        return np.asarray(np.triu(np.broadcast_to(given, (num_qubits, num_qubits)), 1))

    def coupling_energies(self, num_qubits: int) -> FloatArray:
        """Returns the diagonal of the couplings in rad/s over the 2^N basis states, shape (2^N,).

        Raises:
            ArgumentError: a part of the noise is for another number of spins.

        >>> NoiseModel(coupling=0.5).coupling_energies(2)
        array([ 0.25, -0.25, -0.25,  0.25])
        """
        self.check(num_qubits)
        pairs = self.pairs(num_qubits) + self.pairs(num_qubits, dipolar=True)
        signs = 1.0 - 2 * (np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits) & 1)
        return np.asarray(0.5 * np.einsum("ki,ij,kj->k", signs, pairs, signs, optimize=True))

    def to_dict(self) -> dict[str, Any]:
        """Returns the `[[noise]]` entry that means it: that of `local`, and every further part that is there."""
        entry = self.local.to_dict()
        if self.collective_dephasing:
            entry["collective_dephasing_rate"] = self.collective_dephasing
        others = [one.to_dict() for one in self.phase_noise if not _is_white_collective(one)]
        if others:
            entry["phase_noise"] = others
        for key, pairs in (("coupling_rad_per_s", self.coupling), ("dipolar_rad_per_s", self.dipolar)):
            if any_pair(pairs):
                entry[key] = pairs if isinstance(pairs, float) else [list(row) for row in pairs]
        return entry


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


def _shares(one: PhaseNoise, num_qubits: int) -> FloatArray | float:
    if isinstance(one.space, Local | Collective):
        return 1.0
    diagonal = np.diag(one.space.covariance(num_qubits))
    return diagonal if one.memory.kind == "white" else np.sqrt(diagonal)
