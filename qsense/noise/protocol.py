"""What theory, emulator, Aer, the design of times and records need of a noise."""

from __future__ import annotations

from typing import Any, Protocol

from qsense.noise.channel import SpinChannel
from qsense.numerics.fisher import FloatArray


class SpinNoise(Protocol):
    """A noise that acts on each spin by itself and commutes with the field's rotation.

    An object with these members works as the noise of any function; it need not inherit from this class. Noises are
    immutable and hashable, and equal where they mean the same. What a noise other than LocalNoise answers is checked
    wherever it is used (`qsense.noise.checked`).
    """

    @property
    def name(self) -> str:
        """The name in tables and records: letters, digits, `_`, `.` and `-`."""
        ...

    @property
    def is_uniform(self) -> bool:
        """Whether the channel is the same for all spins."""
        ...

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the noise is not for.

        Raises:
            ArgumentError: there is no spin, or the noise is for another number of spins.
        """
        ...

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel after times of shape (times,) in s; arrays of shape (times, num_qubits).

        Raises:
            ArgumentError: as `check`.
        """
        ...

    def decay_rates(self, num_qubits: int) -> FloatArray:
        """Returns how fast each spin's G = coherence² decays, at late times, shape (num_qubits,), in 1/s.

        Exponential decay has 2/T2; 0 is a spin that keeps its coherence for ever. The rates choose the measuring times
        and where integrals and crossovers are looked for. Give them within about a factor of ten of the time scale on
        which the channel changes: then results do not depend on them. Rates that the channel contradicts, by a factor
        of about 30 or more, are refused where theory uses them. A coherence that is gone for 30/rate and returns later
        still is not noticed.

        Raises:
            ArgumentError: as `check`.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """Returns the `[[noise]]` entry of a run spec that means this noise, as plain numbers, texts and lists.

        It holds `name` and, but for LocalNoise, the registered `kind`.
        """
        ...
