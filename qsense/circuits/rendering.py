"""Writes the sensing circuits as OpenQASM 3, for people and for other software."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qsense import files
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import readable_circuit
from qsense.errors import ArgumentError, ContentError
from qsense.files.terminal import printable
from qsense.probes import KINDS, Probe
from qsense.signals import FREE, UNIFORM, Pulses, Signal


def sensing_qasm(probe: Probe, time: float, basis: str, signal: Signal = UNIFORM, pulses: Pulses = FREE) -> str:
    """Returns a sensing circuit as OpenQASM 3 with one input, the signal's angle `theta` on every spin.

    Args:
        probe: the state to prepare.
        time: sensing time in s.
        basis: "X", "Y" or "Z" on every spin.
        signal: with its weights; `theta` is the angle that a spin of weight 1 collects.
        pulses: of the sensing window.

    Raises:
        ArgumentError: the window collects nothing of the signal.

    >>> sensing_qasm(Probe.ghz(2), 1.0, "X").splitlines()[3]
    'OPENQASM 3.0;'
    """
    from qiskit import qasm3

    angle = "field times time" + ("" if signal.is_constant else " times the part that the window collects")
    head = (
        f"// {probe.name} probe of {probe.num_qubits} spins: prepare, sense for {time:g} s, "
        f"measure {basis} on every spin.\n"
        f"// theta is the signal's angle, {angle}, in rad; up is |1>, the excited state.\n"
        "// Written by `qsense render`; change the code, not this file.\n"
    )
    return head + str(qasm3.dumps(readable_circuit(probe, time, basis, signal, pulses))).rstrip() + "\n"


def sensing_files(sizes: Sequence[int], time: float) -> dict[str, str]:
    """Returns the texts of GHZ and product circuits in the X basis by file name."""
    return {f"{kind}_{size}.qasm": sensing_qasm(Probe.named(kind, size), time, "X") for kind in KINDS for size in sizes}


def write_preparation(probe: Probe, path: Path) -> Path:
    """Writes the circuit that prepares a probe as OpenQASM 3, for a run spec to name, and returns its path.

    Angles have all their digits; Qiskit's exporter writes what is within 1e-9 of a multiple of π/n as that multiple.

    Raises:
        ArgumentError: the file does not end in .qasm, or the probe has no known circuit.
        ContentError: it cannot be written.
    """
    from qsense.probes.openqasm import written
    from qsense.probes.openqasm.flattening import flattened

    if path.suffix != ".qasm":
        raise ArgumentError(f"{path}: a preparation is OpenQASM; name a file that ends in .qasm.")
    head = f"// Prepares {printable(probe.name)}, {probe.num_qubits} spins; up is |1>, the excited state.\n"
    try:
        path.write_text(head + written(flattened(prepare(probe), probe.name)), encoding="utf-8")
    except OSError as error:
        raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another file.") from error
    return path


def render(folder: Path, sizes: Sequence[int], time: float) -> list[Path]:
    """Writes the sensing circuits into a folder and returns their paths.

    Raises:
        ArgumentError: a size or the time is out of range.
        ContentError: the folder cannot be written.
    """
    if not 0 <= time < float("inf"):
        raise ArgumentError(f"Argument `time` must be finite and not negative, but is {time} s.")
    texts = sensing_files(sizes, time)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            files.write(folder / name, text.encode(), folder)
    except OSError as error:
        raise ContentError(f"{folder}: cannot be written: {error.strerror}; choose another folder.") from error
    return [folder / name for name in texts]
