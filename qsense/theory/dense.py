"""Dense density matrices: any probe channel by channel, exact at every time.

Dephasing, emission and absorption commute with rotations about z, so that ρ_φ(t) is the rotated channel output and
∂_θρ = −i[K, ρ], K = ½ Σ w_j Z_j. So do noise of the phase of any covariance and law of time (a factor of each element
of ρ), and a diagonal coupling as long as no spin flips. Local noise with a transverse part acts spin by spin as well,
and is in `transverse`. Everything else goes to `lindblad`. θ is the collected angle: W is not in here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.angles import check_angle, check_field
from qsense.numerics.arrays import CPU
from qsense.numerics.fisher import ComplexArray, FloatArray, qfi_of_rotation, sub_qfi
from qsense.numerics.nearly_pure import Information, qfi_and_error
from qsense.probes import Probe
from qsense.theory.channels import after_channels
from qsense.theory.covariant import covariant_gain, real_if_it_is
from qsense.theory.fine import fine_gain
from qsense.theory.lindblad import carries_phase, lindblad_states
from qsense.theory.lindblad import generator as generator
from qsense.theory.scales import lifetimes
from qsense.theory.shared import shared_factor
from qsense.theory.transverse import transverse_states

NUM_QUBITS = 10
FINE_QUBITS = 8  # up to which twice the precision is affordable
_CHANNEL, _EXPONENTIAL = 4.0, 64.0  # units in the last place by which states are off, as seen on random questions
_KERNEL, _WEAK, _COARSE = 1e-12, 1e-10, 1e-7  # times N²: what rounding may leave under transverse noise
_WEAKEST, _DECADES = 1e-9, 12  # of the fastest rate, and how far above: fields that are tried where one is too weak
_NEVER = 1e200  # 1/s, of noise that is not there
_SEEN = 1e-6  # what this part of a lifetime lifts is not hidden
_CHUNK_BYTES = 2**26
_ALIVE = 21.0  # lifetimes after which e^{−21} < 1e-9 of G is left: angles later than that do not matter


def is_transverse_alone(noise: AnyNoise) -> bool:
    """Whether the noise does not commute with the field's rotation, but acts spin by spin."""
    model = world_of(noise).noise
    return not (model.is_covariant or model.is_coupled or model.phase_noise)


def density_matrices(probe: Probe, noise: AnyNoise, times: FloatArray, phases: FloatArray) -> ComplexArray:
    """Returns ρ at every time after noise and a rotation by the phase θ of K (the circuit's `rz(w_j θ)` on spin j).

    Args:
        probe: the state that is prepared, N ≤ 10.
        noise: noise that commutes with the field.
        times: shape (times,), in s.
        phases: θ at each time, shape (times,), in rad.

    Returns:
        shape (times, 2^N, 2^N).

    Raises:
        ArgumentError: N is too large, or the noise does not commute with the field.

    Source: arXiv:2512.21661v1, Eqs. 7 and 35, for rates of each spin's own.

    >>> from qsense.noise import LocalNoise
    >>> rho = density_matrices(Probe.ghz(1), LocalNoise(dephasing=0.25), np.array([1.0]), np.array([0.0]))
    >>> rho[0].real.round(6)
    array([[0.5     , 0.303265],
           [0.303265, 0.5     ]])
    """
    world, n = world_of(noise), probe.num_qubits
    if not world.noise.is_covariant:
        raise ArgumentError(f'The noise "{world.name}" is transverse: a phase cannot be put on after it.')
    if not carries_phase(world, n):
        raise ArgumentError(
            f'The noise "{world.name}" couples spins that feel the field differently: no phase can be put on after it.'
        )
    unturned = (
        _channel_output(probe, world, times) if world.noise.commutes(n) else lindblad_states(probe, world, times)[0]
    )
    diagonal = world.generator(n)
    check_angle(
        2 * float(np.max(np.abs(diagonal))) * float(np.max(np.abs(phases), initial=0.0)),
        "Argument `phases`: N·θ",
        "give θ modulo 2π",
    )
    angles = np.exp(-1j * np.outer(phases, diagonal))
    return np.asarray(angles[:, :, None] * unturned * angles[:, None, :].conj())


def states_and_slopes(
    probe: Probe, noise: AnyNoise, times: FloatArray, field: float = 0.0
) -> tuple[ComplexArray, ComplexArray]:
    """Returns ρ and ∂_θρ = ∂_φρ/t at every time, each (times, 2^N, 2^N), in the frame that turns with the field
    where the noise commutes with it, and in the laboratory's where it does not."""
    world, n = world_of(noise), probe.num_qubits
    check_angles(n, world, times, field)
    if is_transverse_alone(world):
        _check_size(probe, world)
        weights = None if world.signal.has_unit_weights else world.weights(n)
        return transverse_states(probe, world.noise.local_noise(), times, field, weights)
    if not world.noise.commutes(n):
        return lindblad_states(probe, world, times, field)
    rho, diagonal = _channel_output(probe, world, times), world.generator(n)  # checks the size
    return rho, -1j * np.subtract.outer(diagonal, diagonal) * rho


def check_angles(num_qubits: int, noise: AnyNoise, times: FloatArray, field: float) -> None:
    """Raises an ArgumentError if, while G lasts, the field or the coupling turns by more than doubles resolve."""
    world = world_of(noise)
    model = world.noise
    if model.is_covariant and not model.is_coupled:
        return
    slowest = float(world.decay_rates(num_qubits).min())
    latest = float(np.max(times, initial=0.0))
    if slowest > 0:
        latest = min(latest, lifetimes(_ALIVE, model.exponent, slowest))
    if not carries_phase(world, num_qubits):
        check_field(num_qubits, field * float(np.abs(world.weights(num_qubits)).max()), latest)
    if model.is_coupled:
        what = f"The coupling of the noise: its angle at t = {latest:.4g} s"
        check_angle(model.coupling_spread(num_qubits) * latest, what, "give a smaller coupling, or shorter times")


def dense_gain(
    probe: Probe, noise: AnyNoise, times: FloatArray, field: float = 0.0, engine: str | None = None
) -> FloatArray:
    """Returns G(t) of any probe, shape (times,), about the collected angle of K.

    At most 12 spins on the processor and 14 on a GPU where noise and field commute, else 10, and 8 where a Lindblad
    equation is solved, both on the processor. `engine` is "auto", "cpu" or "gpu", as in `gain`.

    >>> from qsense.noise import LocalNoise
    >>> dense_gain(Probe.ghz(2), LocalNoise(dephasing=0.25), np.array([0.0])).round(6)
    array([4.])
    """
    world, n = world_of(noise), probe.num_qubits
    check_angles(n, world, times, field)
    if world.noise.commutes(n):
        return covariant_gain(probe, world, times, engine)
    if engine == "gpu":
        raise ArgumentError(
            f'The noise "{world.name}" does not commute with the field: engine = "gpu" cannot; give engine = "cpu".'
        )
    if carries_phase(world, n):
        rho, _ = lindblad_states(probe, world, times, field)
        return qfi_of_rotation(rho, world.generator(n))
    found, limit = transverse_gain(probe, noise, times, field), transverse_resolution(noise, probe.num_qubits, field)
    if (found.error > limit).any():
        worst = int(np.argmax(found.error))
        raise ArgumentError(
            f'The gain of "{probe.name}" under the noise "{noise.name}" at t = {times[worst]:g} s and φ = {field:g} '
            f"rad/s is known to {found.error[worst]:.1g} only: a field that weak leaves eigenvalues that rounding "
            f"hides. {_what_is_known(probe, noise, times, field, found.error > limit)}"
        )
    return found.value


def _what_is_known(probe: Probe, noise: AnyNoise, times: FloatArray, field: float, is_hidden: NDArray[np.bool_]) -> str:
    """What helps where rounding hides too much: the weakest of some fields that are tried, and whether none does."""

    def is_known(other: float) -> bool:
        limit = transverse_resolution(noise, probe.num_qubits, other)
        try:
            return all(
                bool((transverse_gain(probe, noise, part, other).error <= limit).all())
                for part in (times[is_hidden], times[~is_hidden])
                if part.size
            )
        except ArgumentError:  # angles that doubles do not resolve
            return False

    least = max(abs(field), _WEAKEST * float(np.max(world_of(noise).decay_rates(probe.num_qubits))))
    tried = (math.copysign(float(f"{least * 10**power:.0e}"), field) for power in range(1, _DECADES))
    ways = [f"a field of {one:g} rad/s" for one in [next(filter(is_known, tried), None)] if one is not None]
    ways += ["none"] if field and is_known(0.0) else []
    return f"Give {', or '.join(ways)}." if ways else "No other field shows them: leave out the coupling, or σ_x noise."


def transverse_resolution(noise: AnyNoise, num_qubits: int, field: float) -> float:
    """Returns the largest error from rounding that a gain under transverse noise may have: with more it is refused."""
    most = most_gain(world_of(noise), num_qubits)
    if not is_transverse_alone(noise) or num_qubits > FINE_QUBITS:
        return _COARSE * most
    return (_KERNEL if field == 0 else _WEAK) * most


def most_gain(world: World, num_qubits: int) -> float:
    """Returns (Σ |w_j|)², which no G about the collected angle exceeds; N² for a signal of equal weights."""
    if world.signal.has_unit_weights:
        return float(num_qubits**2)
    return float(np.abs(world.weights(num_qubits)).sum() ** 2)


def transverse_gain(probe: Probe, noise: AnyNoise, times: FloatArray, field: float) -> Information:
    """Returns G where noise does not commute with the field, and its error from rounding, each of shape (times,).

    A field much weaker than the noise may leave eigenvalues of (φt)² that add as much to G as the others; where double
    precision loses them, `fine` computes channels of single spins anew.
    """
    parts = [_transverse_part(probe, noise, part, field) for part in _chunks(probe, times)]
    return Information(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _transverse_part(probe: Probe, noise: AnyNoise, times: FloatArray, field: float) -> Information:
    n, world = probe.num_qubits, world_of(noise)
    lifted = _slowest_beside(world, n) * times < _SEEN
    units = _CHANNEL if is_transverse_alone(noise) else _EXPONENTIAL
    found = qfi_and_error(*states_and_slopes(probe, noise, times, field), field * times, lifted, units)
    affordable = n <= FINE_QUBITS and is_transverse_alone(noise)
    enough = 0.1 * _KERNEL * most_gain(world, n) if n < FINE_QUBITS - 1 else transverse_resolution(noise, n, field)
    unsure = np.flatnonzero(found.error > enough)
    if affordable and unsure.size:
        weights = None if world.signal.has_unit_weights else world.weights(n)
        fine = fine_gain(probe, world.noise.local_noise(), times[unsure], field, weights)
        better = fine.error < found.error[unsure]
        for array, refined in zip(found, fine, strict=True):
            array[unsure[better]] = refined[better]
    return found


def _slowest_beside(world: World, num_qubits: int) -> float:
    """The smallest rate or coupling beside the transverse noise: it may lift what vanishes without a field."""
    model = world.noise
    beside = np.concatenate([
        *model.local_noise().rates(num_qubits).values(),
        np.abs(model.pairs(num_qubits).ravel()),
        np.abs(model.pairs(num_qubits, dipolar=True).ravel()),
        [one.memory.decay_rate() / 4 for one in model.phase_noise],
    ])  # fmt: skip
    return float(np.min(beside[beside > 0], initial=_NEVER))


def sub_gain(probe: Probe, noise: AnyNoise, times: FloatArray, field: float = 0.0) -> FloatArray:
    """Returns 2 Tr(∂_θρ)², a lower bound on G(t) from purities alone, shape (times,); N ≤ 10.

    >>> from qsense.noise import LocalNoise
    >>> sub_gain(Probe.product(2), LocalNoise(dephasing=0.25), np.array([0.0])).round(6)
    array([2.])
    """
    return np.concatenate([sub_qfi(states_and_slopes(probe, noise, part, field)[1]) for part in _chunks(probe, times)])


def _chunks(probe: Probe, times: FloatArray) -> Iterator[FloatArray]:
    step = max(1, _CHUNK_BYTES // (16 * 4**probe.num_qubits))
    for start in range(0, len(times), step):
        yield times[start : start + step]


def _check_size(probe: Probe, world: World) -> None:
    if probe.num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f'The probe "{probe.name}" under the noise "{world.name}" needs a dense matrix, and one of '
            f"{probe.num_qubits} spins is too large; at most {NUM_QUBITS} spins are supported."
        )


def _channel_output(probe: Probe, world: World, times: FloatArray) -> ComplexArray:
    """ρ without the field's rotation; real where the probe is and nothing turns it."""
    _check_size(probe, world)
    n = probe.num_qubits
    rho = after_channels(real_if_it_is(probe.density_matrix()), world.spin_channel(times, n), CPU)
    shared = shared_factor(world, times, n)
    if shared is not None:
        rho = rho * shared
    if world.noise.is_coupled:
        energies = world.noise.coupling_energies(n)
        rho = rho * np.exp(-1j * times[:, None, None] * np.subtract.outer(energies, energies))
    return np.asarray(rho)
