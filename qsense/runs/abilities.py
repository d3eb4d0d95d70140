"""Which parts of a run's world a backend can do: what it cannot is refused by name before anything is run."""

from __future__ import annotations

from qsense.backends import AerSampler, EmulatorSampler, Sampler
from qsense.backends.device_sampler import DeviceSampler
from qsense.circuits.preparing import check_pure
from qsense.errors import ArgumentError
from qsense.noise import World, world_of
from qsense.runs.point import Point

_WHOLE = (EmulatorSampler, AerSampler, DeviceSampler)


def check_abilities(sampler: Sampler, point: Point) -> None:
    """Refuses a point whose world a backend cannot do. A device has its own noise.

    A sampler with a function `check_noise(noise, experiment)` says itself what it refuses. Any other one that is not
    qsense's own is given noise that acts on each spin by itself, in a window without pulses.

    Raises:
        ArgumentError: the message names the part and the backends that do it.
    """
    if not isinstance(sampler, EmulatorSampler):
        check_pure(point.probe)
    check = getattr(sampler, "check_noise", None)
    if check is not None:
        check(point.noise, point.experiment_at(float(point.rule.times[-1])))
    elif not isinstance(sampler, _WHOLE):
        for part in _further_parts(world_of(point.world)):
            raise ArgumentError(f'The backend "{sampler.name}" cannot do {part}; use backend = "emulator" or "aer".')


def _further_parts(world: World) -> list[str]:
    """What a world has beside channels of single spins, in words."""
    found = []
    if world.noise.is_correlated:
        found.append("noise that spins share")
    if world.noise.is_coupled:
        found.append("couplings between spins")
    if not world.pulses.is_free:
        found.append(f'pulses while the spins sense (idle = "{world.pulses.name}")')
    if not world.signal.is_constant:
        found.append("an alternating field (`signal.frequency_hz`)")
    return found
