"""The sensing window: what the signal, the delays and the pulses do to one spin.

    rz(share_1 · phase) delay pulse | rz(share_2 · phase) delay pulse | …

The phase is the angle that the whole window collects; the signal is inside, between the pulses, weighted by its
waveform. Each pulse turns the sign of what was collected before, and Σ ±share_k = 1, so that with the last pulse, which
brings the spins back, all is as rz(phase). Without pulses the window is one piece, rz(phase) and delay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from qsense.signals import Pulses, Signal

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class Piece(NamedTuple):
    """A time between pulses.

    Attributes:
        share: of the window's phase, before the sign that the pulses so far give it.
        length: in s.
        pulse: "x" or "y" that ends it; "" for none.
    """

    share: float
    length: float
    pulse: str


def pieces(time: float, signal: Signal, pulses: Pulses) -> list[Piece]:
    """Returns the pieces of a window; at t = 0 there is no time for pulses, and one piece has the whole phase.

    Args:
        time: of the whole window in s.
        signal: for its waveform.
        pulses: of the window.

    Raises:
        ArgumentError: the window collects nothing of the signal.

    >>> pieces(1.0, Signal(frequency="matched"), Pulses.named("hahn"))[1]
    Piece(share=-0.5, length=0.5, pulse='x')
    """
    if time == 0:
        return [Piece(1.0, 0.0, "")]
    shares = signal.shares(time, pulses)
    lengths = np.diff(pulses.edges()) * time
    ends = [*pulses.axes, *[""] * (len(shares) - len(pulses.axes))]
    return [Piece(float(s), float(length), end) for s, length, end in zip(shares, lengths, ends, strict=True)]


def append_window(circuit: QuantumCircuit, spin: int, phase: Any, time: float, signal: Signal, pulses: Pulses) -> None:
    """Appends one spin's sensing window to a circuit.

    Args:
        circuit: gets it.
        spin: which qubit.
        phase: the angle that the whole window collects, a number or a parameter.
        time, signal, pulses: as in `pieces`.

    Raises:
        ArgumentError: as `pieces`.
    """
    for share, length, pulse in pieces(time, signal, pulses):
        circuit.rz(times(share, phase), spin)
        circuit.delay(length, spin, unit="s")
        if pulse:
            getattr(circuit, pulse)(spin)


def times(share: float, phase: Any) -> Any:
    """Returns a share of a phase; the whole is the phase as it is."""
    return phase if share == 1 else share * phase
