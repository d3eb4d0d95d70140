"""What a sensing window does to the spins, apart from the field's phases.

Each spin has its channel. Noise of the phase that spins share multiplies the coherence between the basis states k and l
by exp(−½ dᵀXd), d = (z(k) − z(l))/2: a Schur factor, which commutes with the spins' channels and with the field. So
does a ZZ coupling where no spin flips: phases of the basis states. What does not commute needs `lindblad`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qsense.circuits.sensing import Experiment
from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, Collective, NoiseModel, SpinChannel, World, world_of
from qsense.noise.space import Space
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.signals import FREE, Pulses

_ROUNDING = 1e-14  # of X's largest eigenvalue: smaller ones are rounding


@dataclass(frozen=True, eq=False)
class Window:
    """The noise of one sensing window.

    Attributes:
        model: all of it.
        time: t in s.
        channel: each spin's own, arrays of shape (1, N), pulses included; None where it does not commute with the rest.
        root: R with R Rᵀ = X, the covariance of the noise that spins share, in rad, shape (N, rank); None where they
            share none.
    """

    model: NoiseModel
    time: float
    channel: SpinChannel | None
    root: FloatArray | None

    def schur(self, num_qubits: int) -> ComplexArray | FloatArray | None:
        """Returns the factor on each entry of ρ, shape (2^N, 2^N): of shared noise, and of a coupling that commutes.

        None where there is neither.
        """
        factor: ComplexArray | FloatArray | None = None
        if self.root is not None:
            factor = schur_factor(self.root)
        if self.model.is_coupled:
            turned = np.exp(-1j * self.time * self.model.coupling_energies(num_qubits))
            factor = np.outer(turned, turned.conj()) * (1.0 if factor is None else factor)
        return factor

    def kept_coherence(self, branch: FloatArray) -> float:
        """Returns the factor of shared noise on the coherence between |b> and |not b>, exp(−½ sᵀXs).

        Args:
            branch: s_j = ±1, shape (N,).
        """
        return 1.0 if self.root is None else float(np.exp(-0.5 * np.sum((branch @ self.root) ** 2)))


def window_of(experiment: Experiment, noise: AnyNoise) -> Window:
    """Returns the window of an experiment under a noise.

    Args:
        experiment: its time, signal and pulses.
        noise: any noise; of a World its noise alone, as signal and pulses are the experiment's.

    Raises:
        ArgumentError: a part of the noise is for another number of spins, noise and pulses do not go together, or the
            window collects nothing of the signal.
    """
    size, times = experiment.probe.num_qubits, np.array([experiment.time])
    world = World(world_of(noise).noise, experiment.signal, experiment.pulses)
    world.check(size)
    experiment.check_signal()
    if not world.noise.commutes(size):
        world.noise.check_markovian()
        return Window(world.noise, experiment.time, None, None)
    root = shared_root(world.noise, experiment.time, size, world.pulses) if world.noise.is_correlated else None
    return Window(world.noise, experiment.time, world.spin_channel(times, size), root)


def shared_root(model: NoiseModel, time: float, num_qubits: int, pulses: Pulses = FREE) -> FloatArray:
    """Returns R with R Rᵀ = X of the noise that spins share, in rad, shape (num_qubits, rank).

    Each space has columns of its own: a strong part leaves a weak one beside it to its last digit.

    >>> shared_root(NoiseModel(collective_dephasing=1.0), 0.25, 2)
    array([[1.],
           [1.]])
    """
    variances: dict[Space, float] = {}
    for one in model.correlated:
        found = float(one.memory.variance(np.array([time]), pulses)[0])
        variances[one.space] = variances.get(one.space, 0.0) + found
    parts = [np.sqrt(variance) * _root_of(space, num_qubits) for space, variance in variances.items()]
    return np.concatenate(parts or [np.zeros((num_qubits, 0))], axis=1)


def _root_of(space: Space, num_qubits: int) -> FloatArray:
    if isinstance(space, Collective):
        return np.ones((num_qubits, 1))  # exact, so that opposite signs cancel exactly
    return square_root(space.covariance(num_qubits))


def schur_factor(root: FloatArray) -> FloatArray:
    """Returns exp(−½ dᵀXd), X = R Rᵀ, for all pairs of basis states, shape (2^N, 2^N); bit j of an index is spin j.

    >>> schur_factor(np.array([[np.sqrt(2.0)]])).round(4)
    array([[1.    , 0.3679],
           [0.3679, 1.    ]])
    """
    return np.asarray(np.exp(-schur_exponent(root)))


def schur_exponent(root: FloatArray) -> FloatArray:
    """Returns ½ dᵀXd, X = R Rᵀ, for all pairs of basis states, shape (2^N, 2^N)."""
    size = len(root)
    halves = 0.5 - (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    # Through a square root of X: what X does not touch is kept to rounding, however large X is elsewhere.
    lost = np.zeros((2**size, 2**size))
    for column in (halves @ root).T:
        lost += np.subtract.outer(column, column) ** 2
    return lost / 2


def square_root(covariance: FloatArray) -> FloatArray:
    """Returns a matrix R with R Rᵀ = X, shape (N, rank): ξ = R g has the covariance X for independent normal g.

    >>> square_root(np.ones((3, 3))).shape
    (3, 1)
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _ROUNDING * max(float(values[-1]), 0.0)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def check_size(experiment: Experiment, noise: AnyNoise, most: int) -> None:
    """Refuses couplings between more spins than a density matrix is kept of.

    A ZZ coupling moves no population and gives both branches of a GHZ state the same energy.

    Raises:
        ArgumentError: there are too many spins.
    """
    model, size = world_of(noise).noise, experiment.probe.num_qubits
    harmless = experiment.probe.kind == "ghz" and model.commutes(size)
    if size > most and model.is_coupled and not harmless:
        raise ArgumentError(
            f'The emulator knows couplings between at most {most} spins, but "{experiment.probe.name}" has {size}; use '
            "fewer spins, or leave the coupling out."
        )
