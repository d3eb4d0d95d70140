"""What can be told of a noise model from its parts: which are there, and which methods they allow."""

from __future__ import annotations

from qsense.noise.coupling import StoredCoupling, any_pair
from qsense.noise.local import LocalNoise
from qsense.noise.phase_noise import PhaseNoise
from qsense.noise.protocol import SpinNoise
from qsense.noise.space import Collective, Local


class Traits:
    """The properties of a NoiseModel, whose parts these are."""

    local: SpinNoise
    phase_noise: tuple[PhaseNoise, ...]
    coupling: StoredCoupling
    dipolar: StoredCoupling

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

        >>> from qsense.noise import NoiseModel
        >>> NoiseModel(LocalNoise(emission=0.1), coupling=0.5).commutes(2)
        False
        """
        flips = self.is_coupled and self.may_flip(num_qubits)
        return self.is_covariant and not flips and not self.is_dipolar

    def may_flip(self, num_qubits: int) -> bool:
        """Whether populations may change: for any noise but LocalNoise this is not known, so that they may.

        >>> from qsense.noise import NoiseModel
        >>> NoiseModel(LocalNoise(dephasing=0.1)).may_flip(2), NoiseModel(LocalNoise(emission=0.1)).may_flip(2)
        (False, True)
        """
        return not isinstance(self.local, LocalNoise) or bool(self.local.relaxation_rates(num_qubits).any())

    def may_flip_both_ways(self, num_qubits: int) -> bool:
        """Whether spins may fall and rise without pulses: for any noise but LocalNoise this is not known either.

        >>> from qsense.noise import NoiseModel
        >>> NoiseModel(LocalNoise(emission=0.1)).may_flip_both_ways(2)
        False
        """
        if not isinstance(self.local, LocalNoise):
            return True
        rates = self.local.rates(num_qubits)
        return bool(rates["emission"].any() and rates["absorption"].any())
