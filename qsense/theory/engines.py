"""Which method answers for a probe and a noise, and how far its answers can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Environment, LocalNoise, Noise, noise_model_of
from qsense.numerics.fisher import FloatArray
from qsense.numerics.nearly_pure import Information
from qsense.probes import Probe
from qsense.theory.closed import ghz_gain, product_gain
from qsense.theory.dense import dense_gain, is_transverse_alone, transverse_gain, transverse_resolution
from qsense.theory.lindblad import generator, leaps
from qsense.theory.symmetric import UniformChannel, symmetric_gain

_ROUNDING = 2.2e-16
_NOTHING = 1e-15  # an amplitude that is rounding
_STEPS = 3e3  # lifetimes that a solution in steps can follow
_LINDBLAD = 1e-12


@dataclass(frozen=True)
class Engine:
    """A way to compute G.

    Attributes:
        method: "closed form", "symmetric engine", "dense matrices" or "Lindblad equation".
        gain: G at times of shape (times,), in any order.
        resolution: the absolute error of G from rounding; a smaller G is not resolved.
        measured: G with the error of each time, where that varies; it refuses nothing.
        affordable: up to how many lifetimes of the fastest part G can be computed in a few seconds.
    """

    method: str
    gain: Callable[[FloatArray], FloatArray]
    resolution: float
    affordable: float = np.inf
    measured: Callable[[FloatArray], Information] | None = None


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


def engine_for(probe: Probe, noise: Noise, field: float = 0.0) -> Engine:
    """Returns the best engine: a closed form, else the symmetric engine, else dense matrices.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment.
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: the noise is for another number of spins, or is known by its channel only where more is needed.

    >>> from qsense.noise import LocalNoise
    >>> engine_for(Probe.named("twin_fock", 40), LocalNoise(emission=1.0)).method
    'symmetric engine'
    """
    if not isinstance(probe, Probe):
        raise ArgumentError(f"Argument `probe` must be a Probe, such as Probe.ghz(4), but is {probe!r}.")
    environment, n = noise_model_of(noise), probe.num_qubits
    environment.check(n)
    # All up and all down have the same energy in any coupling, so that it does not change GHZ.
    if environment.is_covariant and (probe.kind == "ghz" or not environment.is_coupled):
        local, common = environment.local, environment.collective_dephasing
        if probe.kind == "ghz":
            return Engine("closed form", lambda t: ghz_gain(n, local, t) * np.exp(-4 * common * n**2 * t), 0.0)
        if probe.kind == "product" and not common:
            return Engine("closed form", lambda t: product_gain(n, local, t, probe.tilt), 0.0)
        amplitudes = probe.dicke_amplitudes() if local.is_uniform else None
        if amplitudes is not None:
            return Engine(
                "symmetric engine",
                lambda t: symmetric_gain(amplitudes, uniform_channel(environment, n, t)),
                symmetric_resolution(n),
            )

    def at_field(times: FloatArray) -> FloatArray:
        return dense_gain(probe, noise, times, field)

    def measured(times: FloatArray) -> Information:
        return transverse_gain(probe, noise, times, field)

    if environment.commutes(n):
        return Engine("dense matrices", lambda t: dense_gain(probe, noise, t), _ROUNDING * n**2 * 2**n)
    if is_transverse_alone(noise):
        return Engine("dense matrices", at_field, transverse_resolution(noise, n, field), measured=measured)
    environment.local_noise()  # refuses what has no Lindblad equation
    affordable = np.inf if leaps(n) else _STEPS
    if environment.is_covariant:
        return Engine("Lindblad equation", at_field, _LINDBLAD * n**2, affordable)
    return Engine("Lindblad equation", at_field, transverse_resolution(noise, n, field), affordable, measured)


def symmetric_resolution(num_qubits: int) -> float:
    """Returns the absolute error of the symmetric engine's G from rounding."""
    return _ROUNDING * num_qubits**2 * (num_qubits + 1)


def uniform_channel(environment: Environment, num_qubits: int, times: FloatArray) -> UniformChannel:
    """Returns the channel that all spins share under noise that is alike for them."""
    local = environment.local
    one, size = (local.of_one_spin(), 1) if isinstance(local, LocalNoise) else (local, num_qubits)
    return UniformChannel.of(one.channel(times, size), environment.collective(times))


def decay_scales(probe: Probe, noise: Noise, field: float = 0.0) -> tuple[float, float]:
    """Returns the slowest and the fastest rate at which parts of G decay, in 1/s; they choose
    the panels of an integral."""
    environment, n = noise_model_of(noise), probe.num_qubits
    rates = environment.decay_rates(n)
    slowest, fastest = float(rates.min()), float(rates.sum()) + 4 * environment.collective_dephasing * n**2
    if not environment.is_covariant:
        # σ_x leaves spins along x alone, and a field slower than γ_x turns them away at γ_x − √(γ_x² − φ²) only.
        transverse = np.broadcast_to(np.array(environment.local_noise().transverse), (n,))
        root = np.sqrt(np.maximum(transverse**2 - field**2, 0))
        turning = np.divide(field**2, transverse + root, out=transverse.copy(), where=root > 0)
        slowest = float(np.min(rates - 2 * transverse + 2 * turning))
        fastest += 2 * float(transverse.sum()) + 2 * abs(field)
    elif probe.kind == "ghz":
        local = environment.local
        relaxation = local.relaxation_rates(n) if isinstance(local, LocalNoise) else rates  # 1/T1 ≤ 2/T2
        # p_up + p_down may decay too, by at most Σ 1/T1: then G outlives its coherence.
        slowest = max(fastest - float(relaxation.sum()), slowest)
        fastest = max(fastest, n * float(rates.max()))  # the populations settle at up to N times a spin's own rate
    if environment.is_coupled:
        fastest += environment.coupling_spread(n)
    return slowest, fastest


def cannot_sense(probe: Probe) -> bool:
    """Whether the probe is a mixture of states of fixed J_z, which no noise that commutes with the field lets sense.

    >>> cannot_sense(Probe.named("dicke:1", 3)), cannot_sense(Probe.ghz(3))
    (True, False)
    """
    if probe.kind in ("ghz", "product"):
        return False
    if probe.is_mixed:
        order = np.subtract.outer(generator(probe.num_qubits), generator(probe.num_qubits))
        return not np.any(np.abs(probe.density_matrix()[order != 0]) > _NOTHING)
    amplitudes = probe.dicke_amplitudes()
    if amplitudes is not None:
        return int(np.sum(np.abs(amplitudes) > _NOTHING)) == 1
    return len(np.unique(generator(probe.num_qubits)[np.abs(probe.statevector()) > _NOTHING])) == 1
