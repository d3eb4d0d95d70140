"""What the readouts of `parameter_shift` tell apart: the classes of outcomes, and how the circuit ends."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.sensing import Ending
from qsense.errors import ArgumentError
from qsense.estimators import tally

Readout = Literal["local_x", "collective_x", "parity", "loss_flag"]
NUM_QUBITS_OF_A_JOINT_OUTCOME = 8


def ending(readout: Readout) -> Ending:
    """Returns how the sensing circuit ends for this readout."""
    return "loss_flag" if readout == "loss_flag" else "directions"


def classes(readout: Readout, num_qubits: int) -> NDArray[np.int64]:
    """Returns the class of each of the 2^N outcomes: what the readout tells apart.

    >>> classes("parity", 2).tolist(), classes("loss_flag", 2).tolist(), classes("collective_x", 2).tolist()
    ([0, 1, 1, 0], [0, 1, 2, 2], [0, 1, 1, 2])
    """
    outcomes = np.arange(2**num_qubits)
    if readout == "local_x":
        return outcomes
    ups = np.bitwise_count(outcomes).astype(np.int64)
    if readout == "collective_x":
        return ups
    return ups % 2 if readout == "parity" else np.minimum(outcomes, 2)


def tallies(counts: Counts, readout: Readout) -> IntArray:
    """Returns the shots of each row by class, shape (rows, classes).

    Raises:
        ArgumentError: the joint outcome of too many spins.
    """
    if readout == "parity":
        return tally.parity(counts)
    if readout == "loss_flag":
        return tally.flagged(counts)[:, : 2 if counts.num_bits == 1 else 3]
    if readout == "collective_x":
        return tally.ups(counts)
    if counts.num_bits > NUM_QUBITS_OF_A_JOINT_OUTCOME:
        raise ArgumentError(f"The joint outcome of {counts.num_bits} spins has too many values; use collective_x.")
    return tally.by_class(counts, counts.outcomes[:, 0].astype(np.int64), 2**counts.num_bits)
