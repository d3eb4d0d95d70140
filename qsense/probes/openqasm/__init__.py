"""Preparations as OpenQASM 2 and 3, and what they are once every gate that a file defines is written out.

    text → tokens → syntax → expansion → Preparation → circuit (Qiskit)
    Qiskit circuit → flattening → Preparation → writing → text

A `Preparation` has no names but those of this package's own few gates (`steps`), so nothing that reads it can take a
gate of a file for its own gate of the same name. Only what is known to be unitary is read; everything else is refused
with its line and the fix. Sizes are bounded before anything is expanded. Qiskit is imported by `circuit` and
`flattening` alone. The rest of `probes` uses `read`, `circuit_of`, `flattened` and
`written`.
"""

from qsense.probes.openqasm.expansion import read
from qsense.probes.openqasm.steps import Preparation
from qsense.probes.openqasm.tokens import MOST_CHARACTERS
from qsense.probes.openqasm.writing import written

__all__ = ["MOST_CHARACTERS", "Preparation", "read", "written"]
