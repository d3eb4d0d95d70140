"""What acts on the spins beside the field, and on their readout."""

from qsense.noise.decay import Decay
from qsense.noise.environment import Environment, Noise, environment_of
from qsense.noise.local import KINDS, LocalNoise, Rate
from qsense.noise.readout import ReadoutError

__all__ = ["KINDS", "Decay", "Environment", "LocalNoise", "Noise", "Rate", "ReadoutError", "environment_of"]
