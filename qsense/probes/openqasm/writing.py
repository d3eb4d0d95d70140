"""Writes a preparation as OpenQASM 3 text that gives the same unitary to the last digit."""

from __future__ import annotations

from qsense.probes.openqasm.steps import BARRIER, Preparation, Step

_CONTROLLED = {
    ("x", 1): "cx", ("x", 2): "ccx", ("y", 1): "cy", ("z", 1): "cz", ("h", 1): "ch", ("p", 1): "cp", ("rx", 1): "crx",
    ("ry", 1): "cry", ("rz", 1): "crz", ("swap", 1): "cswap",
}  # fmt: skip


def written(preparation: Preparation) -> str:
    """Returns the text; angles have all their digits, as `pi/4` written for its neighbour would be another angle.

    >>> print(written(Preparation(2, (Step("h", (), (0,)), Step("x", (), (0, 1), 1)))))
    OPENQASM 3.0;
    include "stdgates.inc";
    qubit[2] q;
    h q[0];
    cx q[0], q[1];
    <BLANKLINE>
    """
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{preparation.num_qubits}] q;"]
    if preparation.phase:
        lines.append(f"gphase({preparation.phase!r});")
    lines += [f"{_name(step)} {', '.join(f'q[{qubit}]' for qubit in step.qubits)};" for step in preparation.steps]
    return "\n".join(lines) + "\n"


def _name(step: Step) -> str:
    angles = f"({', '.join(map(repr, step.angles))})" if step.angles else ""
    if step.gate == BARRIER:
        return BARRIER
    if step.gate == "u" and step.controls:
        # `ctrl @ U` has not the same phase everywhere; `cu` has.
        return ("" if step.controls == 1 else f"ctrl({step.controls - 1}) @ ") + f"cu{angles[:-1]}, 0.0)"
    if (step.gate, step.controls) in _CONTROLLED:
        return _CONTROLLED[step.gate, step.controls] + angles
    gate = {"u": "U", "sxdg": "inv @ sx"}.get(step.gate, step.gate)
    return (f"ctrl({step.controls}) @ " if step.controls else "") + gate + angles
