"""Everything that acts on the spins besides the field: local noise, collective dephasing, a coupling between spins."""

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
from qsense.noise.local import LocalNoise
from qsense.noise.protocol import SpinNoise
from qsense.numerics.fisher import FloatArray

Coupling = float | Sequence[Sequence[float]] | FloatArray


@dataclass(frozen=True)
class Environment:
    """Noise of each spin by itself, with collective dephasing and a coupling between spins.

    Args:
        local: the noise of each spin by itself; none by default.
        collective_dephasing: γ_c ≥ 0 in 1/s, L = 2J_z: noise of a field that all spins share; coherence of order
            q decays at 2γ_c q².
        coupling: χ in rad/s, H = ½ Σ_{i<j} χ_ij σ_z,i σ_z,j: one number for all pairs (χJ_z², up to a constant) or a
            symmetric matrix of shape (N, N), whose diagonal is not used.

    Raises:
        ArgumentError: a number is not finite, γ_c is negative, or χ is not symmetric.

    >>> Environment(LocalNoise(dephasing=0.1), collective_dephasing=0.02).collective_dephasing
    0.02
    """

    local: SpinNoise = field(default_factory=LocalNoise)
    collective_dephasing: float = 0.0
    coupling: tuple[tuple[float, ...], ...] | float = 0.0
    __repr__ = short_repr

    def __init__(
        self, local: SpinNoise | None = None, collective_dephasing: float = 0.0, coupling: Coupling = 0.0
    ) -> None:
        if not (math.isfinite(collective_dephasing) and collective_dephasing >= 0):
            raise ArgumentError(
                f"Argument `collective_dephasing` must be finite and not negative, but is {collective_dephasing} (1/s)."
            )
        matrix = np.asarray(coupling, dtype=np.float64)
        square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
        if not np.all(np.isfinite(matrix)) or not (matrix.ndim == 0 or (square and np.array_equal(matrix, matrix.T))):
            raise ArgumentError("Argument `coupling` must be a finite number or a symmetric matrix of them (rad/s).")
        object.__setattr__(self, "local", LocalNoise() if local is None else checked(local))
        object.__setattr__(self, "collective_dephasing", float(collective_dephasing))
        object.__setattr__(self, "coupling", float(matrix) if matrix.ndim == 0 else tuple(map(tuple, matrix.tolist())))

    @property
    def name(self) -> str:
        return self.local.name

    @property
    def is_coupled(self) -> bool:
        """Whether any pair of spins is coupled."""
        matrix = np.asarray(self.coupling)
        return bool(np.any(matrix if matrix.ndim == 0 else np.triu(matrix, 1)))

    @property
    def is_uniform(self) -> bool:
        """Whether all spins and all pairs of spins are alike."""
        return self.local.is_uniform and (not self.is_coupled or isinstance(self.coupling, float))

    @property
    def is_covariant(self) -> bool:
        """Whether all noise commutes with the field's rotation, so that G does not depend on the field."""
        return not isinstance(self.local, LocalNoise) or self.local.is_covariant

    @property
    def exponent(self) -> float:
        """β of stretched dephasing; 1 for any noise but LocalNoise."""
        return self.local.exponent if isinstance(self.local, LocalNoise) else 1.0

    def commutes(self, num_qubits: int) -> bool:
        """Whether noise, coupling and field all commute: each spin has a channel, and the phase can be put on after it.

        A coupling commutes with dephasing, but not with flips of spins.

        >>> Environment(LocalNoise(emission=0.1), coupling=0.5).commutes(2)
        False
        """
        return self.is_covariant and not (self.is_coupled and self._may_flip(num_qubits))

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

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel, as of `local`.

        Raises:
            ArgumentError: collective dephasing or a coupling makes the noise more than channels of single spins.
        """
        if self.collective_dephasing or self.is_coupled:
            raise ArgumentError(
                f'The noise "{self.name}" has collective dephasing or a coupling, so that its spins do not evolve '
                "independently: only the functions of qsense.theory accept it."
            )
        return self.local.channel(times, num_qubits)

    def decay_rates(self, num_qubits: int) -> FloatArray:
        """Returns how fast each spin's part of G decays, its own rate and the common one, (num_qubits,), in 1/s."""
        return np.asarray(self.local.decay_rates(num_qubits) + 4 * self.collective_dephasing)

    def collective(self, times: FloatArray) -> FloatArray:
        """Returns 2γ_c t: coherence of order q is multiplied by exp(−q² of it), shape (times,)."""
        return 2 * self.collective_dephasing * times

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the local noise and the coupling are not for.

        Raises:
            ArgumentError: the local noise or the coupling is for another number of spins.
        """
        self.local.check(num_qubits)
        if not isinstance(self.coupling, float) and len(self.coupling) != num_qubits:
            raise ArgumentError(f"The coupling is for {len(self.coupling)} spins, but the probe has {num_qubits}.")

    def coupling_spread(self, num_qubits: int) -> float:
        """Returns an upper bound on the difference of two energies of the coupling, Σ_{i<j} |χ_ij| in rad/s.

        >>> Environment(coupling=-0.5).coupling_spread(3)
        1.5
        """
        if isinstance(self.coupling, float):
            return abs(self.coupling) * num_qubits * (num_qubits - 1) / 2
        return float(np.abs(np.triu(np.asarray(self.coupling), 1)).sum())

    def coupling_energies(self, num_qubits: int) -> FloatArray:
        """Returns the diagonal of the coupling in rad/s over the 2^N basis states, shape (2^N,).

        Raises:
            ArgumentError: the local noise or the coupling is for another number of spins.

        >>> Environment(coupling=0.5).coupling_energies(2)
        array([ 0.25, -0.25, -0.25,  0.25])
        """
        self.check(num_qubits)
        pairs = np.triu(np.broadcast_to(np.asarray(self.coupling), (num_qubits, num_qubits)), 1)
        signs = 1.0 - 2 * (np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits) & 1)
        return np.asarray(0.5 * np.einsum("ki,ij,kj->k", signs, pairs, signs, optimize=True))

    def to_dict(self) -> dict[str, Any]:
        """Returns the entry of `local`, with collective dephasing (1/s) and coupling (rad/s) where they are not 0."""
        entry = self.local.to_dict()
        if self.collective_dephasing:
            entry["collective_dephasing_rate"] = self.collective_dephasing
        if self.is_coupled:
            entry["coupling_rad_per_s"] = (
                self.coupling if isinstance(self.coupling, float) else [list(row) for row in self.coupling]
            )
        return entry


Noise = SpinNoise | Environment


def environment_of(noise: Noise) -> Environment:
    """Returns an Environment as it is, and any other noise as the `local` of one.

    >>> environment_of(LocalNoise(emission=1.0)).collective_dephasing
    0.0
    """
    return noise if isinstance(noise, Environment) else Environment(noise)
