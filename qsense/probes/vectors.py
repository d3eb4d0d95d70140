"""State vectors of probes, kept for the next call."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import collective, pair_codes, signs
from qsense.probes.qasm import parse_qasm

if TYPE_CHECKING:
    from qsense.probes.probe import Probe


@lru_cache(maxsize=64)
def statevector(probe: Probe) -> ComplexArray:
    """Returns the amplitudes of a pure probe, read-only, shape (2^N,)."""
    state = np.array(_amplitudes(probe), dtype=np.complex128)
    state.flags.writeable = False
    return state


def numbers_of(probe: Probe) -> ComplexArray:
    """Returns the numbers of a probe that is given by some, in one row."""
    return np.frombuffer(probe.data or b"", dtype=np.complex128)


def pair_amplitudes(probe: Probe) -> ComplexArray | None:
    """Returns a pair code's amplitudes over symmetric states of its pairs, shape (N/2+1,); None of another probe."""
    return numbers_of(probe) if probe.kind == "pair_code" else None


def dicke_amplitudes(probe: Probe) -> ComplexArray | None:
    """Returns the amplitudes over Dicke states, shape (N+1,), or None if the state is not symmetric and pure."""
    if probe.kind == "ghz":
        down, up = np.sqrt((1 - probe.tilt) / 2), np.sqrt((1 + probe.tilt) / 2)
        amplitudes = np.zeros(probe.num_qubits + 1, dtype=np.complex128)
        amplitudes[[0, -1]] = down, up
        return amplitudes if not probe.signs else amplitudes[::-1] if "+" not in probe.signs else None
    if probe.kind == "product":
        return collective.coherent(probe.num_qubits, polar=float(np.arccos(probe.tilt)))
    if probe.kind == "symmetric":
        return numbers_of(probe)
    if probe.kind == "pair_code":
        return pair_codes.symmetric_amplitudes(numbers_of(probe))
    return None if probe.is_mixed else projected(probe)


def _amplitudes(probe: Probe) -> ComplexArray | FloatArray:
    size = probe.num_qubits
    if probe.kind == "circuit":
        from qiskit.quantum_info import Statevector

        return np.asarray(Statevector(parse_qasm(probe.qasm or "", probe.name)).data, dtype=np.complex128)
    if probe.kind == "state":
        return numbers_of(probe)
    if probe.kind == "product":
        spin = np.sqrt(np.array([1 - probe.tilt, 1 + probe.tilt]) / 2)
        return np.asarray(reduce(np.kron, [spin] * size))
    if probe.kind == "ghz":
        return signs.statevector(probe.branch, probe.tilt)
    if probe.kind == "pair_code":
        return pair_codes.statevector(numbers_of(probe))
    amplitudes = probe.dicke_amplitudes()
    assert amplitudes is not None
    return np.asarray((amplitudes / collective.roots_of_binomials(size))[_ups(size)], dtype=np.complex128)


@lru_cache(maxsize=64)
def projected(probe: Probe) -> ComplexArray | None:
    """Returns the Dicke amplitudes of a state vector that is symmetric to rounding; None of one that is not."""
    state, ups, roots = probe.statevector(), _ups(probe.num_qubits), collective.roots_of_binomials(probe.num_qubits)
    sums = np.bincount(ups, state.real) + 1j * np.bincount(ups, state.imag)
    amplitudes = np.asarray(sums / roots, dtype=np.complex128)
    return amplitudes if np.linalg.norm(state - (amplitudes / roots)[ups]) < 1e-13 else None


def _ups(size: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.bitwise_count(np.arange(2**size)).astype(np.int64)
