"""Unitary matrices as steps, exactly: Qiskit's syntheses stop where a tolerance of theirs is reached."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

import numpy as np

from qsense.numerics.fisher import ComplexArray
from qsense.probes.openqasm.steps import BARRIER, Step, matrix


def distance(steps: Sequence[Step], qubits: Sequence[int], unitary: ComplexArray) -> tuple[float, float]:
    """Returns the largest element of the difference between what steps do and a unitary, and their phase in rad.

    The phase is that of the unitary over that of the steps; the difference is what is left without it.

    Args:
        steps: on these qubits.
        qubits: the first is the lowest bit of the unitary's indices.
        unitary: shape (2^n, 2^n).

    >>> [round(one, 6) for one in distance([Step("z", (), (5,))], [5], np.diag([1j, -1j]))]
    [0.0, 1.570796]
    """
    done = _applied(steps, qubits)
    phase = cmath.phase(np.vdot(done, unitary))
    return float(np.max(np.abs(done * cmath.exp(1j * phase) - unitary))), phase


def _applied(steps: Sequence[Step], qubits: Sequence[int]) -> ComplexArray:
    size = len(qubits)
    bit = {qubit: place for place, qubit in enumerate(qubits)}
    found = np.eye(2**size, dtype=np.complex128)
    numbers = np.arange(2**size)
    for step in steps:
        if step.gate == BARRIER:
            continue
        on = np.ones(2**size, dtype=bool)
        for control in step.qubits[: step.controls]:
            on &= (numbers >> bit[control]) & 1 == 1
        targets = [bit[qubit] for qubit in step.qubits[step.controls :]]
        if step.gate == "swap":
            first, second = targets
            low = numbers[on & ((numbers >> first) & 1 == 1) & ((numbers >> second) & 1 == 0)]
            high = low ^ (1 << first) ^ (1 << second)
            found[low], found[high] = found[high], found[low]
            continue
        low = numbers[on & ((numbers >> targets[0]) & 1 == 0)]
        high = low | (1 << targets[0])
        a, b, c, d = matrix(step)
        found[low], found[high] = a * found[low] + b * found[high], c * found[low] + d * found[high]
    return found


def decomposed(unitary: ComplexArray, qubits: Sequence[int]) -> list[Step]:
    """Returns steps that do a unitary: rotations of two basis states at a time.

    Each rotation makes one element below the diagonal zero. States are taken in the order of a Gray code, so that each
    rotation is one gate with controls: 4^n/2 of them and as many x.

    Args:
        unitary: shape (2^n, 2^n), unitary to rounding.
        qubits: the first is the lowest bit of the unitary's indices.

    Source: Nielsen & Chuang, section 4.5.1, in the order of a Gray code.

    >>> steps = decomposed(np.array([[0, 1], [1, 0]], dtype=complex), [3])
    >>> max(distance(steps, [3], np.array([[0, 1], [1, 0]]))) < 1e-15
    True
    """
    size = len(qubits)
    gray = [number ^ (number >> 1) for number in range(2**size)]
    rest = np.array(unitary, dtype=np.complex128)
    undone: list[Step] = []  # what turns the unitary into the identity, in the order of time
    for column in range(2**size - 1):
        for row in range(2**size - 1, column, -1):
            upper, lower = rest[gray[row - 1], gray[column]], rest[gray[row], gray[column]]
            last = row == column + 1
            if abs(lower) > 0:
                theta = 2 * math.atan2(abs(lower), abs(upper))
                turn = cmath.phase(upper) - cmath.phase(lower)
                undone += _on_pair(Step("p", (turn,), (0,)), gray[row - 1], gray[row], qubits, rest)
                undone += _on_pair(Step("ry", (-theta,), (0,)), gray[row - 1], gray[row], qubits, rest)
            if last and abs(rest[gray[column], gray[column]]) > 0:
                angle = -cmath.phase(rest[gray[column], gray[column]])
                undone += _on_pair(Step("p", (angle,), (0,)), gray[row], gray[column], qubits, rest)
    angle = -cmath.phase(rest[gray[-1], gray[-1]])
    undone += _on_pair(Step("p", (angle,), (0,)), gray[-2], gray[-1], qubits, rest)
    return [step.inverse() for step in reversed(undone)]


def _on_pair(gate: Step, zero: int, one: int, qubits: Sequence[int], rest: ComplexArray) -> list[Step]:
    """The steps of a gate between two basis states that differ in one bit, applied to `rest` as well."""
    a, b, c, d = matrix(gate)
    rest[zero], rest[one] = a * rest[zero] + b * rest[one], c * rest[zero] + d * rest[one]
    target = (zero ^ one).bit_length() - 1
    others = [place for place in range(len(qubits)) if place != target]
    flips = [Step("x", (), (qubits[place],)) for place in others if not zero >> place & 1]
    turned = [Step("x", (), (qubits[target],))] if zero >> target & 1 else []  # the gate's |0> is the state `zero`
    on = tuple(qubits[place] for place in (*others, target))
    return [*flips, *turned, gate._replace(qubits=on, controls=len(others)), *turned, *flips]
