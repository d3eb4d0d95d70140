"""Which method answers for a probe and a noise, and how far its answers can be trusted."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, Collective, Local, LocalNoise, PowerLaw, World, world_of
from qsense.noise.pace import pace
from qsense.noise.space import Space
from qsense.numerics.arrays import wanted
from qsense.numerics.fisher import FloatArray
from qsense.numerics.nearly_pure import Information
from qsense.probes import Probe, pair_amplitudes
from qsense.theory.block import block_gain, is_block, is_sum, reach, sum_gain
from qsense.theory.dense import dense_gain, is_transverse_alone, most_gain, transverse_gain, transverse_resolution
from qsense.theory.large import LONG, gain_of_symmetric, seconds_of
from qsense.theory.laws import rate_along
from qsense.theory.lindblad import carries_phase, leaps
from qsense.theory.loss import loses_alone
from qsense.theory.pair_gain import pair_gain
from qsense.theory.shared import channel_of_one, has_equal_weights, is_alike, is_rounding
from qsense.theory.symmetric import NUM_QUBITS, UniformChannel, relaxes

_ROUNDING = 2.2e-16
_NOTHING = 1e-15  # an amplitude that is rounding
_SAME = 1e-14  # times Σ|w|: two values of K that rounding tells apart
PAIRS = "symmetric engine of pairs"
LARGE = "symmetric engine, one time after the other"
QUICK = ("closed form", "symmetric engine", PAIRS)  # methods of which a thousand times take seconds
_TIMES = 150  # of an integral
_STEPS = 3e3  # lifetimes that a solution in steps can follow
_LINDBLAD = 1e-12


@dataclass(frozen=True)
class Engine:
    """A way to compute G.

    Attributes:
        method: "closed form", "symmetric engine", the same for many spins or of pairs, "dense matrices" or "Lindblad
            equation".
        of_angle: G about the collected angle of K at times of shape (times,), in any order.
        resolution: the absolute error of G from rounding; a smaller G is not resolved.
        world: signal, noise and pulses.
        affordable: up to how many lifetimes of the fastest part G can be computed in a few seconds.
        seconds: of a processor for G at one time, where that is long; about.
        measured: G with the error of each time, where that varies; it refuses nothing.
        is_smooth: whether G takes time, and a polynomial through few times can say where it is largest.
    """

    method: str
    of_angle: Callable[[FloatArray], FloatArray]
    resolution: float
    world: World
    affordable: float = np.inf
    seconds: float = 0.0
    measured: Callable[[FloatArray], Information] | None = None
    is_smooth: bool = False

    def gain(self, times: FloatArray) -> FloatArray:
        """Returns G about φt, W(t)² times that about the collected angle, at times of shape (times,), in any order."""
        if self.world.is_plain:
            return self.of_angle(times)
        return np.asarray(self.world.collected(times) ** 2 * self.of_angle(times))

    def say_if_long(self, num_qubits: int) -> None:
        """Warns of an integral that takes more than a minute."""
        if _TIMES * self.seconds > LONG:
            logging.getLogger("qsense").warning(
                f"𝓘 of {num_qubits} spins takes G at some {_TIMES} times: about "
                f"{_TIMES * self.seconds / 60:.0f} minutes of a core."
            )


class MeasuredErrors:
    """Keeps the errors of the gains at all times that an integral asks for."""

    def __init__(self, measured: Callable[[FloatArray], Information]) -> None:
        self._measured = measured
        self._known: list[tuple[FloatArray, FloatArray]] = []

    def gain(self, times: FloatArray) -> FloatArray:
        """Returns G."""
        found = self._measured(times)
        self._known.append((times, found.error))
        return found.value

    def integral(self) -> float:
        """Returns the integral of the errors up to the last time, the larger one between two times."""
        times, errors = (np.concatenate(column) for column in zip(*self._known, strict=True))
        order = np.argsort(times)
        times, errors = times[order], errors[order]
        larger = np.maximum(errors, np.append(0.0, errors[:-1]))
        return float(np.sum(np.diff(times, prepend=0.0) * larger))


def engine_for(probe: Probe, noise: AnyNoise, field: float = 0.0, engine: str | None = None) -> Engine:
    """Returns the best engine: a closed form, else the symmetric engine, else dense matrices, else a Lindblad equation.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World.
        field: φ in rad/s; it matters only where noise or a coupling do not commute with it.
        engine: where blocks of total spin and dense matrices are computed, "auto", "cpu" or "gpu", as in `gain`.

    Raises:
        ArgumentError: there is no such `engine`; the noise is for another number of spins, or is known by its channel
            only where more is needed.

    >>> from qsense.noise import LocalNoise
    >>> engine_for(Probe.named("twin_fock", 40), LocalNoise(emission=1.0)).method
    'symmetric engine'
    """
    if not isinstance(probe, Probe):
        raise ArgumentError(f"Argument `probe` must be a Probe, such as Probe.ghz(4), but is {probe!r}.")
    world, n = world_of(noise), probe.num_qubits
    world.check(n)
    wanted(engine)
    model, most = world.noise, most_gain(world, n)
    if is_block(probe, model):
        return Engine("closed form", lambda t: block_gain(probe, world, t), 0.0, world)
    if is_sum(probe, model):
        return Engine("closed form", lambda t: sum_gain(probe, world, t), 0.0, world)
    amplitudes = probe.dicke_amplitudes() if model.is_covariant and is_alike(world, n) else None
    if amplitudes is not None:
        square = float(world.weights(n)[0]) ** 2
        return Engine(
            "symmetric engine" if n <= NUM_QUBITS else LARGE,
            lambda t: square * gain_of_symmetric(amplitudes, uniform_channel(world, n, t), engine),
            square * symmetric_resolution(n),
            world,
            seconds=_seconds(n, world) if n > NUM_QUBITS else 0.0,
            is_smooth=True,
        )
    pairs = pair_amplitudes(probe) if model.is_covariant and is_alike(world, n) else None
    if pairs is not None:
        square = float(world.weights(n)[0]) ** 2
        return Engine(
            PAIRS,
            lambda t: square * pair_gain(pairs, uniform_channel(world, n, t), engine),
            square * symmetric_resolution(n),
            world,
            is_smooth=True,
        )

    def at_field(times: FloatArray) -> FloatArray:
        return dense_gain(probe, world, times, field, engine)

    def measured(times: FloatArray) -> Information:
        return transverse_gain(probe, world, times, field)

    if model.commutes(n):
        return Engine("dense matrices", at_field, _ROUNDING * most * 2**n, world)
    if is_transverse_alone(world):
        return Engine("dense matrices", at_field, transverse_resolution(world, n, field), world, measured=measured)
    model.check_markovian()  # refuses what has no Lindblad equation
    affordable = np.inf if leaps(n) else _STEPS
    if carries_phase(world, n):
        return Engine("Lindblad equation", at_field, _LINDBLAD * most, world, affordable)
    return Engine(
        "Lindblad equation", at_field, transverse_resolution(world, n, field), world, affordable, 0.0, measured
    )


def _seconds(n: int, world: World) -> float:
    """Of a processor for G of many spins at one time."""
    if not world.decay_rates(n).any():
        return seconds_of(n, 1, False)
    channel = uniform_channel(world, n, 1 / world.decay_rates(n)[:1])
    return seconds_of(n, 1, relaxes(channel), loses_alone(channel))


def symmetric_resolution(num_qubits: int) -> float:
    """Returns the absolute error of the symmetric engine's G from rounding."""
    return _ROUNDING * num_qubits**2 * (num_qubits + 1)


def uniform_channel(noise: AnyNoise, num_qubits: int, times: FloatArray) -> UniformChannel:
    """Returns the channel that all spins share under noise that is alike for them."""
    return UniformChannel.of(*channel_of_one(world_of(noise), num_qubits, times))


def decay_scales(probe: Probe, noise: AnyNoise, field: float = 0.0) -> tuple[float, float]:
    """Returns the slowest and the fastest rate at which parts of G about the collected angle decay, in 1/s; they choose
    the panels of an integral."""
    world, n = world_of(noise), probe.num_qubits
    model, rates = world.noise, world.decay_rates(n)
    own = unshared_rates(world, n)
    slowest, fastest = float(rates.min()), float(rates.sum()) + model.fastest_rate(n, world.pulses) - float(own.sum())
    turns_all = all(isinstance(part.space, Collective) for part in model.correlated)
    if not (turns_all and has_equal_weights(world, n)) and own.min() > 0:
        slowest = float(own.min())  # what spins share may leave alone what the field turns
    elif slowest and not (turns_all and has_equal_weights(world, n)):
        slowest = min(slowest, slowest_part(world, n))
    if not model.is_covariant:
        # σ_x leaves spins along x alone, and a field slower than γ_x turns them away at γ_x − √(γ_x² − φ²) only.
        transverse = np.broadcast_to(np.array(model.local_noise().transverse), (n,))
        turned = field * world.weights(n)
        root = np.sqrt(np.maximum(transverse**2 - turned**2, 0))
        turning = np.divide(turned**2, transverse + root, out=transverse.copy(), where=root > 0)
        slowest = float(np.min(rates - 2 * transverse + 2 * turning))
        fastest += 2 * float(transverse.sum()) + 2 * float(np.abs(turned).max())
    elif is_block(probe, model):
        local = model.local
        relaxation = local.relaxation_rates(n) if isinstance(local, LocalNoise) else rates  # 1/T1 ≤ 2/T2
        whole = rate_along(world, probe.branch)
        # p_b + p_not b may decay too, by at most Σ 1/T1: then G outlives its coherence.
        slowest = max(whole - float(relaxation.sum()), float(own.min()))
        fastest = max(whole, n * float(rates.max()))  # the populations settle at up to N times a spin's own rate
    if model.is_coupled:
        fastest += model.coupling_spread(n)
        if not carries_phase(world, n):
            fastest += 2 * abs(field) * float(np.abs(world.weights(n)).max())
    return slowest, fastest


def unshared_rates(world: World, num_qubits: int) -> FloatArray:
    """Returns how fast each spin's part of G decays by noise that it does not share, shape (num_qubits,), in 1/s."""
    own = np.array(world.noise.local.decay_rates(num_qubits), dtype=np.float64)
    own += sum(
        part.memory.decay_rate(world.pulses) for part in world.noise.phase_noise if isinstance(part.space, Local)
    )
    return own


def slowest_part(world: World, num_qubits: int) -> float:
    """Returns the slowest rate at which some part of G may decay, in 1/s; 0 without rates.

    Every noise counts alone, and what spins share along the direction in which it is weakest, but not 0: spins that
    share nearly alike decay by their difference.

    >>> from qsense.noise import NoiseModel, Pairs, PhaseNoise, White
    >>> slow = PhaseNoise(Pairs(((0, 1, 0.5),)), White(0.25))
    >>> slowest_part(World(NoiseModel(collective_dephasing=1e6, phase_noise=[slow])), 2)
    0.5
    """
    model = world.noise
    found = np.array(model.local.decay_rates(num_qubits), dtype=np.float64).tolist()
    bounded: list[float] = []  # v of noise with a cut-off towards low frequencies does not grow for ever
    for part in model.phase_noise:
        places = bounded if isinstance(part.memory, PowerLaw) else found
        places.append(pace(part.memory, _weakest(part.space, num_qubits), world.pulses))
    return min((one for one in found if one > 0), default=min((one for one in bounded if one > 0), default=0.0))


def _weakest(space: Space, num_qubits: int) -> float:
    """The least eigenvalue of C and the least dᵀCd of one and of two spins that are not 0."""
    if isinstance(space, Local | Collective):
        return 1.0
    covariance = space.covariance(num_qubits)
    eigenvalues = np.linalg.eigvalsh(covariance)
    largest = float(eigenvalues[-1])
    values = [one for one in eigenvalues.tolist() if not is_rounding(one, largest, num_qubits)]
    for one, other in itertools.combinations(range(num_qubits), 2):
        for sign in (-1.0, 1.0):
            both = covariance[one, one] + covariance[other, other] + sign * 2 * covariance[one, other]
            size = covariance[one, one] + covariance[other, other] + 2 * abs(covariance[one, other])
            if not is_rounding(both, size):
                values.append(float(both))
    diagonal = np.diag(covariance)
    return float(min(*values, *diagonal[diagonal > 0]))


def cannot_sense(probe: Probe, noise: AnyNoise | None = None) -> bool:
    """Whether the probe is a mixture of states of fixed K, which no noise that commutes with the field lets sense.

    Args:
        probe: the state that is prepared.
        noise: has the signal's weights; 1 for every spin by default.

    >>> cannot_sense(Probe.named("dicke:1", 3)), cannot_sense(Probe.ghz(3))
    (True, False)
    """
    world, n = World() if noise is None else world_of(noise), probe.num_qubits
    if probe.kind == "product":
        return False
    if probe.kind == "ghz":
        return reach(probe, world) == 0
    pairs = pair_amplitudes(probe)
    if pairs is not None and has_equal_weights(world, n):
        return not world.weights(n).any() or int(np.sum(np.abs(pairs) > _NOTHING)) == 1
    if not probe.is_mixed and has_equal_weights(world, n):
        amplitudes = probe.dicke_amplitudes()
        if amplitudes is not None:
            return not world.weights(n).any() or int(np.sum(np.abs(amplitudes) > _NOTHING)) == 1
    diagonal = world.generator(n)
    far = _SAME * float(np.abs(world.weights(n)).sum())
    if probe.is_mixed:
        differs = np.abs(np.subtract.outer(diagonal, diagonal)) > far
        return not np.any(np.abs(probe.density_matrix()[differs]) > _NOTHING)
    return float(np.ptp(diagonal[np.abs(probe.statevector()) > _NOTHING])) <= far
