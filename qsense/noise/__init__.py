"""What acts on the spins besides the field, and on their readout.

`NoiseModel` is made of parts that add: local noise of each spin (`LocalNoise`, or any `SpinNoise`), noise of the phase
(`PhaseNoise`: how spins share it × how it remembers), couplings. `World` puts the signal and the pulses beside it: it
is what theory, emulator, Aer and runs share. `register_noise` makes a kind from another package known to run specs.
`ReadoutError` is the error of reading a spin. The package may import `errors`, `numerics`, `files`, `signals` and
`devices`. Public: LocalNoise, NoiseModel (its older name: Environment), World, PhaseNoise and its spaces (Local,
Collective, Pairs, Exponential, Matrix) and memories (White, QuasiStatic, OrnsteinUhlenbeck, PowerLaw, Stretched),
ReadoutError, SpinNoise, SpinChannel, NoiseKind, register_noise, unregister_noise.
"""

from qsense.noise.channel import SpinChannel
from qsense.noise.kinds import NoiseKind, noise_units, register_noise, unregister_noise
from qsense.noise.local import KINDS, LocalNoise, Rate
from qsense.noise.memory import OrnsteinUhlenbeck, PowerLaw, QuasiStatic, Stretched, White
from qsense.noise.model import Environment, Noise, NoiseModel, noise_model_of
from qsense.noise.phase_noise import PhaseNoise
from qsense.noise.protocol import SpinNoise
from qsense.noise.readout import ReadoutError
from qsense.noise.space import Collective, Exponential, Local, Matrix, Pairs
from qsense.noise.world import AnyNoise, World, world_of

__all__ = [
    "KINDS",
    "AnyNoise",
    "Collective",
    "Environment",
    "Exponential",
    "Local",
    "LocalNoise",
    "Matrix",
    "Noise",
    "NoiseKind",
    "NoiseModel",
    "OrnsteinUhlenbeck",
    "Pairs",
    "PhaseNoise",
    "PowerLaw",
    "QuasiStatic",
    "Rate",
    "ReadoutError",
    "SpinChannel",
    "SpinNoise",
    "Stretched",
    "White",
    "World",
    "noise_model_of",
    "noise_units",
    "register_noise",
    "unregister_noise",
    "world_of",
]
