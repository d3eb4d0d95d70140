"""What acts on the spins besides the field, and on their readout.

`SpinNoise` is what theory, emulator and Aer need of a noise: LocalNoise (dephasing, emission, absorption) implements it
in closed form, Environment adds collective dephasing and a coupling for the theory, and `register_noise` makes a kind
from another package known to run specs. `ReadoutError` is the error of reading a spin. The package may import
`errors`, `numerics`, `files` and `devices`. Public: LocalNoise, Environment, ReadoutError, SpinNoise, SpinChannel,
NoiseKind, register_noise, unregister_noise.
"""

from qsense.noise.channel import SpinChannel
from qsense.noise.environment import Environment, Noise, environment_of
from qsense.noise.kinds import NoiseKind, noise_units, register_noise, unregister_noise
from qsense.noise.local import KINDS, LocalNoise, Rate
from qsense.noise.protocol import SpinNoise
from qsense.noise.readout import ReadoutError

__all__ = [
    "KINDS",
    "Environment",
    "LocalNoise",
    "Noise",
    "NoiseKind",
    "Rate",
    "ReadoutError",
    "SpinChannel",
    "SpinNoise",
    "environment_of",
    "noise_units",
    "register_noise",
    "unregister_noise",
]
