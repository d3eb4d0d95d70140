"""Integrals of G beside noise whose variance does not grow for ever: power laws, which have a lower cut-off.

Such noise takes part of G and leaves the rest to whatever else decays, which may be slower by any factor. Its variance
settles to a limit, around which each cut-off makes a wave that dies as 1/t. Early windows are followed wave by wave.
Beyond, G is replaced by its mean over the phases of the waves (`Settled`). The change from one to the other is smooth
over many waves, ½ erfc, so that what the mean leaves out cancels to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.noise import NoiseModel, PhaseNoise, PowerLaw, World
from qsense.noise.settled import Settled, turns, wave_size
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import Integral, integrate
from qsense.theory.scales import LARGEST_LOG
from qsense.theory.wave_phases import beats, grid

Gain = Callable[[FloatArray], FloatArray]
_SMOOTH = 12.0  # rad that pass in a width of the erfc: exp(−36) of a wave is left
_ENDS = 6.0  # widths on each side: erfc(6) = 2e-17
_ALIVE = 60.0  # lifetimes after which nothing is left
_ALIKE = 4.0  # cut-offs within such a factor settle together
_MOST_WAVES = 20000  # that closed forms follow; other methods a fiftieth
_BEATS = 4  # of two cut-offs, after which waves are smaller than the limit


class _Stage(NamedTuple):
    """Parts of the noise that settle together: where G starts to go over to its mean in s, and over which width."""

    parts: list[PhaseNoise]
    start: float
    width: float
    fastest: float

    def before(self, times: FloatArray) -> FloatArray:
        """1 before, 0 after."""
        from scipy.special import erfc

        return np.asarray(erfc((times - self.start) / self.width - _ENDS) / 2)

    @property
    def end(self) -> float:
        return self.start + 2 * _ENDS * self.width


def bounded(world: World) -> list[PhaseNoise]:
    """Returns the noise whose variance does not grow for ever."""
    return [part for part in world.noise.phase_noise if isinstance(part.memory, PowerLaw) and part.memory.spread]


def memory_of(part: PhaseNoise) -> PowerLaw:
    """Returns the memory of a part that is `bounded`."""
    assert isinstance(part.memory, PowerLaw)
    return part.memory


def without(world: World, parts: list[PhaseNoise]) -> World:
    """Returns the world with all noise but these parts."""
    return replaced(world, parts, [])


def replaced(world: World, parts: list[PhaseNoise], by: list[PhaseNoise]) -> World:
    """Returns the world with other noise in the place of these parts."""
    others = [part for part in world.noise.phase_noise if not any(part is one for one in parts)]
    return _with(world, [*others, *by])


def integrate_beside_bounded(
    world: World,
    gain_of: Callable[[World], Gain],
    factor: Callable[[PhaseNoise], float],
    slowest: float,
    fastest: float,
    until: float,
    atol: float,
    is_cheap: bool,
) -> Integral:
    """Returns ∫₀^until G dt.

    Args:
        world: signal, noise and pulses; some noise is `bounded`.
        gain_of: G about the collected angle in a world.
        factor: by how much the variance of a part is multiplied, at most, in what it takes from ln G.
        slowest: the decay rate of the slowest part by all other noise, in 1/s; above 0 if `until` is infinite.
        fastest: that of the fastest part.
        until: in s.
        atol: absolute error that is good enough.
        is_cheap: whether G takes next to no time.
    """
    gone = _ALIVE / slowest if slowest else np.inf
    most = _MOST_WAVES if is_cheap else _MOST_WAVES // 50
    settled: list[PhaseNoise] = []
    shift, value, error = 0.0, 0.0, 0.0
    entered: _Stage | None = None
    for stage in _stages(world, most):
        if not stage.end < min(gone, until):
            break
        mean = _Mean(world, settled, gain_of, factor, shift, is_cheap)
        part = _window(mean, entered, stage, shift, slowest, fastest, stage.end, atol, 1 / stage.fastest)
        value, error = value + part.value, error + part.error
        settled, entered, shift = settled + stage.parts, stage, stage.start
    waves = [1 / memory_of(one).low for one in bounded(world) if not any(one is other for other in settled)]
    mean = _Mean(world, settled, gain_of, factor, shift, is_cheap)
    end = min(until, gone)
    last = _window(mean, entered, None, shift, max(slowest, 1 / end), fastest, until, atol, min(waves, default=np.inf))
    value, error = value + last.value, error + last.error + mean.missed(end, slowest)
    if settled and np.isfinite(until):  # the mean ends sharply: up to a wave is missed
        sizes = sum(factor(one) * _waves(one, until, world) / (2 * math.pi * memory_of(one).low) for one in settled)
        error += float(mean(np.array([until]))[0]) * min(sizes, until)
    return Integral(value, error, last.tail)


def _window(
    mean: _Mean,
    entered: _Stage | None,
    leaving: _Stage | None,
    shift: float,
    slowest: float,
    fastest: float,
    until: float,
    atol: float,
    longest: float,
) -> Integral:
    """∫ of the mean from where it is entered to where it is left."""

    def weighted(times: FloatArray) -> FloatArray:
        late = times + shift
        values = mean(late)
        if entered is not None:
            values = values * (1 - entered.before(late))
        return values if leaving is None else values * leaving.before(late)

    steep = fastest if entered is None else 1 / entered.width
    slow = max(slowest, 1 / (until - shift))
    return integrate(weighted, slow, max(steep, slow), until - shift, None, 1e-11, atol, longest=longest)


class _Mean:
    """G averaged over the phases of all cut-offs that have settled."""

    def __init__(
        self,
        world: World,
        settled: list[PhaseNoise],
        gain_of: Callable[[World], Gain],
        factor: Callable[[PhaseNoise], float],
        start: float,
        is_cheap: bool,
    ) -> None:
        frequencies = sorted({one for part in settled for one in (memory_of(part).low, memory_of(part).high)})
        sizes = [sum(factor(part) * _waves(part, start, world, one) for part in settled) for one in frequencies]
        self.start, self.settled = start, settled
        found = grid(frequencies, sizes, turns(world.pulses), is_cheap)
        self.error = found.error
        self.gains = []
        for at in found.held:
            held = [
                PhaseNoise(part.space, Settled(memory_of(part), at[memory_of(part).low], at[memory_of(part).high]))
                for part in settled
            ]
            self.gains.append(gain_of(replaced(world, settled, held)))

    def __call__(self, times: FloatArray) -> FloatArray:
        return np.asarray(sum(gain(times) for gain in self.gains) / len(self.gains))

    def missed(self, end: float, slowest: float) -> float:
        """What too few phases make of the integral, at most, in s: the waves die as 1/t."""
        if not self.settled or not self.error:
            return 0.0
        return self.error * float(self(np.array([self.start]))[0]) * min(self.start, end, 1 / (slowest or 1e-300))


def _stages(world: World, most: float) -> list[_Stage]:
    """All bounded noise, what settles first before what settles later."""
    stages: list[_Stage] = []
    group: list[PhaseNoise] = []
    for part in [*sorted(bounded(world), key=lambda one: -memory_of(one).low), None]:
        if group and (part is None or memory_of(part).low * _ALIKE < memory_of(group[0]).low):
            stages.append(_stage(group, world, most))
            group = []
        if part is not None:
            group.append(part)
    return stages


def _stage(group: list[PhaseNoise], world: World, most: float) -> _Stage:
    memories = [memory_of(part) for part in group]
    start = max(one.late_from(world.pulses) for one in memories)
    cuts = sorted({cut for one in memories for cut in (one.low, one.high)})
    beat = min(beats(cuts)) / turns(world.pulses)
    fastest = max(one.low for one in memories)
    start = max(start, min(_BEATS / beat, most / fastest))
    width = min(_SMOOTH / (2 * math.pi * beat), most / fastest / (2 * _ENDS))
    return _Stage(group, start, width, fastest)


def _waves(part: PhaseNoise, time: float, world: World, frequency: float | None = None) -> float:
    """The size of the waves of a part around a time, of one cut-off or of both, in rad²."""
    memory = memory_of(part)
    cuts = [cut for cut in (memory.low, memory.high) if frequency in (None, cut)]
    return min(sum(wave_size(memory, cut, time, world.pulses) for cut in cuts), LARGEST_LOG)


def _with(world: World, parts: list[PhaseNoise] | tuple[PhaseNoise, ...]) -> World:
    model = world.noise
    rest = NoiseModel(model.local, coupling=model.coupling, phase_noise=parts, dipolar=model.dipolar)
    return World(rest, world.signal, world.pulses)
