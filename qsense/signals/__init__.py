"""What is sensed and when: the signal's weights and waveform, and the pulses of the window in which the spins sense it.

`Signal` says how strongly each spin feels the field and how the field varies in time; `Pulses` says when the spins are
flipped meanwhile. Together they give W(t), the part of φt that a window of length t collects. The package may import
`errors`, `numerics` and `files`. `magnetic` converts φ to tesla, and has the known gyromagnetic ratios. Public: Signal,
Pulses, FREE.
"""

from qsense.signals.pulses import FREE, Pulses
from qsense.signals.signal import MATCHED, UNIFORM, Signal

__all__ = ["FREE", "MATCHED", "UNIFORM", "Pulses", "Signal"]
