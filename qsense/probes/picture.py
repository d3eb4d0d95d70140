"""A probe as a notebook shows it: its name and a map of |ρ|, whose corners are a GHZ state's coherence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsense.files import markup
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qsense.probes.probe import Probe

MOST_DICKE, MOST_SPINS = 32, 5


def picture(probe: Probe) -> str:
    """Returns the probe as HTML, with a picture of its state where it is small enough to be seen.

    The map is over Dicke states, by the number of spins up, for a symmetric state of up to 32 spins, and over bit
    strings (spin 0 rightmost) for any other of up to 5.
    """
    title = markup.paragraph(f"{probe.name}, N = {probe.num_qubits}")
    found = _matrix(probe)
    if found is None:
        return title
    sizes, labels, basis = found
    what = f"|ρ| of {probe.name} over {basis}"
    return title + markup.grid((sizes / sizes.max()).tolist(), labels, what) + markup.paragraph(what)


def _matrix(probe: Probe) -> tuple[FloatArray, list[str], str] | None:
    """|ρ|, what its rows are called, and the basis; None where it is too large."""
    amplitudes = probe.dicke_amplitudes() if probe.num_qubits <= MOST_DICKE and not probe.qasm else None
    if amplitudes is not None:
        labels = [f"{up} up" for up in range(probe.num_qubits + 1)]
        return np.abs(np.outer(amplitudes, amplitudes.conj())), labels, "the numbers of spins up"
    if probe.num_qubits > MOST_SPINS:
        return None
    labels = [f"{index:0{probe.num_qubits}b}" for index in range(2**probe.num_qubits)]
    return np.abs(probe.density_matrix()), labels, "bit strings"
