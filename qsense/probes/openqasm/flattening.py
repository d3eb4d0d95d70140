"""A Qiskit circuit as a preparation: what its gates are, not what they are called.

A gate is taken as it is if its class is Qiskit's own; every other gate is replaced by its definition, which must say
the same as its matrix where it has both. Nothing goes through text, which has no words for many gates.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from qsense.errors import ContentError
from qsense.probes.openqasm import unitaries
from qsense.probes.openqasm.names import MOST_CONTROLS, MOST_GATES, MOST_QUBITS
from qsense.probes.openqasm.refusals import WORDS_3
from qsense.probes.openqasm.steps import BARRIER, Preparation, Step, on_touched

_SAME = 1e-12
_SYNTHESISED = 1e-5  # what a synthesis with a tolerance may differ by; more is another gate
_MOST_COMPARED = 6  # qubits of a gate whose definition is held against its matrix
_DEEPEST = 100
# What Qiskit's classes are called in a message; a gate of the user's own may have any of these names.
_FORBIDDEN = {
    "Measure": "measure", "Reset": "reset", "Delay": "delay", "IfElseOp": "if", "WhileLoopOp": "while",
    "ForLoopOp": "for", "SwitchCaseOp": "switch", "BreakLoopOp": "break", "ContinueLoopOp": "continue",
    "Store": "const",
}  # fmt: skip


def flattened(circuit: Any, source: str) -> Preparation:
    """Returns the preparation of a Qiskit circuit that starts from |0…0>.

    Args:
        circuit: a QuantumCircuit; classical bits that nothing uses are left out, and so are qubits of a device for
            which it was transpiled that no gate touches.
        source: what messages call it.

    Raises:
        ContentError: it measures, resets, waits, branches or has free parameters, or a gate is no known unitary; names
            it.

    >>> from qiskit import QuantumCircuit
    >>> circuit = QuantumCircuit(1)
    >>> circuit.initialize([0.6, 0.8])  # doctest: +ELLIPSIS
    <...>
    >>> len(flattened(circuit, "two").steps)
    1
    """
    if not hasattr(circuit, "data") or not hasattr(circuit, "num_qubits"):
        raise ContentError(f"{source}: must be a QuantumCircuit, but is {type(circuit).__name__}.")
    if circuit.num_parameters:
        names = ", ".join(str(parameter.name) for parameter in circuit.parameters)
        raise ContentError(
            f"{source}: a preparation must have no free parameters, but has {names[:80]}; bind them by "
            "`assign_parameters`."
        )
    if not 1 <= circuit.num_qubits <= MOST_QUBITS:
        raise ContentError(f"{source}: the circuit has {circuit.num_qubits} qubits; at least 1, at most {MOST_QUBITS}.")
    flat = _Flat(source)
    flat.add_circuit(circuit, tuple(range(circuit.num_qubits)), 0)
    layout = getattr(circuit, "layout", None)
    if layout is not None and len(layout.input_qubit_mapping) > getattr(layout, "_input_qubit_count", math.inf):
        return on_touched(flat.steps, flat.phase)  # transpiled for a device that has more qubits
    return Preparation(circuit.num_qubits, tuple(flat.steps), flat.phase)


class _Flat:
    def __init__(self, source: str) -> None:
        self._source = source
        self._touched: set[int] = set()
        self._work = 0
        self.steps: list[Step] = []
        self.phase = 0.0

    def add_circuit(self, circuit: Any, qubits: Sequence[int], depth: int) -> None:
        place = dict(zip(circuit.qubits, qubits, strict=True))
        self.phase += float(circuit.global_phase)
        for one in circuit.data:
            self._add(one.operation, tuple(place[qubit] for qubit in one.qubits), depth)

    def _add(self, operation: Any, qubits: tuple[int, ...], depth: int) -> None:
        self._work += 1
        if self._work > MOST_GATES or depth > _DEEPEST:
            raise self._refusal(f"the circuit expands to more than {MOST_GATES} gates; give a shorter one.")
        kind = getattr(operation, "base_class", type(operation))
        name = kind.__name__ if kind.__module__.partition(".")[0] == "qiskit" else ""
        if name == "Initialize":
            self._initialize(operation, qubits, depth)
        elif name == "BoxOp":
            if getattr(operation, "duration", None) is not None or getattr(operation, "annotations", None):
                raise self._refusal("a `box` with a duration or annotations is not read; remove them.")
            self.add_circuit(operation.blocks[0], qubits, depth + 1)
        elif name == "Barrier":
            self.steps.append(Step(BARRIER, (), qubits))
        elif name in _FORBIDDEN:
            raise self._refusal(WORDS_3[_FORBIDDEN[name]])
        else:
            self._gate(operation, kind, qubits, depth)

    def _initialize(self, operation: Any, qubits: tuple[int, ...], depth: int) -> None:
        """A reset and a preparation; qubits that nothing has touched are in |0> already."""
        if self._touched & set(qubits):
            raise self._refusal("`initialize` resets qubits that gates have touched; put it first.")
        for one in operation.definition.data:
            if one.operation.name != "reset":
                on = tuple(qubits[operation.definition.find_bit(bit).index] for bit in one.qubits)
                self._add(one.operation, on, depth + 1)

    def _gate(self, operation: Any, kind: type, qubits: tuple[int, ...], depth: int) -> None:
        known = self._known(operation, kind, qubits)
        if known:
            self.steps += _where(operation, qubits, known)
            self._touched.update(qubits)
            return
        if hasattr(operation, "modifiers"):
            operation = self._unannotated(operation)
        if _is_controlled(operation):
            self._controlled(operation, qubits, depth)
            return
        name = operation.name[:40]
        definition, matrix = _definition(operation), _matrix(operation)
        if definition is None and matrix is None:
            raise self._refusal(f"the gate `{name}` has no definition; decompose it into gates.")
        start, phase = len(self.steps), self.phase
        if definition is not None:
            self.add_circuit(definition, qubits, depth + 1)
            if matrix is None and not _is_exact(operation):
                raise self._refusal(f"the gate `{name}` is synthesised with tolerances; decompose it into gates.")
            off, turn = 0.0, 0.0
            if matrix is not None:
                off, turn = unitaries.distance(self.steps[start:], qubits, matrix)
            if off < _SAME:
                self.phase = self.phase if matrix is None else phase + turn
                return
            if off > _SYNTHESISED:
                raise self._refusal(
                    f"the definition of the gate `{name}` is not its matrix (it may be approximate, as a Trotter step "
                    "is); decompose the circuit, or append the matrix as a UnitaryGate."
                )
        assert matrix is not None
        self._touched.update(qubits)
        self.steps[start:] = unitaries.decomposed(matrix, qubits)
        self.phase = phase

    def _controlled(self, operation: Any, qubits: tuple[int, ...], depth: int) -> None:
        """Controls each step of the base gate: Qiskit's own definition goes by the base gate's name."""
        count = operation.num_ctrl_qubits
        controls = qubits[:count]
        start, phase = len(self.steps), self.phase
        self.phase = 0.0
        self._add(operation.base_gate, qubits[count:], depth + 1)
        inner = [Step("p", (self.phase,), controls, count - 1)] if self.phase else []
        for step in self.steps[start:]:
            if step.gate not in (BARRIER, "id"):
                step = step._replace(qubits=controls + step.qubits, controls=count + step.controls)
            inner.append(step)
        if any(step.controls > MOST_CONTROLS for step in inner):
            raise self._refusal(
                f"the gate `{operation.name[:40]}` has more than {MOST_CONTROLS} controls; write it out."
            )
        self._touched.update(controls)
        self.phase = phase
        self.steps[start:] = _where(operation, qubits, inner)

    def _known(self, operation: Any, kind: type, qubits: tuple[int, ...]) -> list[Step]:
        """The steps of a gate whose class is Qiskit's own and which `steps` has; none of any other."""
        found = _classes().get(kind)
        if found is None:
            return []
        gate, controls = found
        angles = self._angles(operation)
        if gate == "u2":
            return [Step("u", (math.pi / 2, *angles), qubits)]
        if gate == "cu":  # a phase on the control, then a controlled u
            return [Step("p", angles[3:], qubits[:1]), Step("u", angles[:3], qubits, 1)]
        return [Step(gate, angles, qubits, controls)]

    def _angles(self, operation: Any) -> tuple[float, ...]:
        angles = tuple(float(parameter) for parameter in operation.params)
        if not all(map(math.isfinite, angles)):
            raise self._refusal(f"an angle of the gate `{operation.name}` is not finite; give it a number.")
        return angles

    def _unannotated(self, operation: Any) -> Any:
        """The gate of an AnnotatedOperation, with its modifiers applied."""
        gate = operation.base_op
        if hasattr(gate, "modifiers"):
            gate = self._unannotated(gate)
        for modifier in operation.modifiers:
            word = type(modifier).__name__
            if word == "InverseModifier":
                gate = gate.inverse()
            elif word == "ControlModifier" and modifier.num_ctrl_qubits <= MOST_CONTROLS:
                gate = gate.control(modifier.num_ctrl_qubits, ctrl_state=modifier.ctrl_state, annotated=False)
            elif word == "PowerModifier":
                gate = gate.power(modifier.power, annotated=False)
            else:
                raise self._refusal(f"the modifier {word} of the gate `{gate.name[:40]}` is not read; decompose it.")
        return gate

    def _refusal(self, message: str) -> ContentError:
        return ContentError(f"{self._source}: {message}")


def _where(operation: Any, qubits: tuple[int, ...], steps: list[Step]) -> list[Step]:
    """Steps that act where the controls are 1 → where they are as the gate wants them."""
    wanted = getattr(operation, "ctrl_state", -1)
    controls = qubits[: getattr(operation, "num_ctrl_qubits", 0)]
    flips = [Step("x", (), (qubit,)) for place, qubit in enumerate(controls) if not wanted >> place & 1]
    return [*flips, *steps, *flips]


def _definition(operation: Any) -> Any:
    try:
        found = getattr(operation, "definition", None)
        if found is None and hasattr(operation, "to_instruction"):  # a Clifford
            found = operation.to_instruction().definition
    except Exception:  # Qiskit and extensions raise many kinds; the matrix may still be known
        return None
    return found


def _matrix(operation: Any) -> np.ndarray[Any, np.dtype[np.complex128]] | None:
    if operation.num_qubits > _MOST_COMPARED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy's, about sparse formats
            matrix = np.asarray(operation.to_matrix(), dtype=np.complex128)
    except Exception:  # as above; most gates made of others have none
        return None
    size = 2**operation.num_qubits
    is_unitary = matrix.shape == (size, size) and np.allclose(matrix @ matrix.conj().T, np.eye(size), atol=1e-9)
    return matrix if is_unitary else None


def _is_controlled(operation: Any) -> bool:
    """Whether a gate is nothing but its base gate under controls; not those of Qiskit with ancillas."""
    from qiskit.circuit import ControlledGate

    kind = getattr(operation, "base_class", type(operation))
    if not isinstance(operation, ControlledGate) or kind.__module__.partition(".")[0] != "qiskit":
        return False
    return bool(operation.num_ctrl_qubits + operation.base_gate.num_qubits == operation.num_qubits)


def _is_exact(operation: Any) -> bool:
    """Whether the definition of a gate that is not compared is exact: no synthesis, no Trotter steps."""
    if type(operation).__name__ in ("UnitaryGate", "HamiltonianGate"):
        return False
    operators = getattr(operation, "operator", None)
    if operators is None:
        return True
    try:
        every = operators if isinstance(operators, list) else [operators]
        return all(len(one.group_commuting()) <= 1 for one in every)
    except Exception:  # another kind of operator
        return False


@lru_cache(maxsize=1)
def _classes() -> dict[type, tuple[str, int]]:
    """Qiskit's classes of gates → the gate of `steps` and its controls; "u2" and "cu" have angles of their own."""
    from qiskit.circuit import library as q

    return {
        q.IGate: ("id", 0), q.XGate: ("x", 0), q.YGate: ("y", 0), q.ZGate: ("z", 0), q.HGate: ("h", 0),
        q.SGate: ("s", 0), q.SdgGate: ("sdg", 0), q.TGate: ("t", 0), q.TdgGate: ("tdg", 0), q.SXGate: ("sx", 0),
        q.SXdgGate: ("sxdg", 0), q.SwapGate: ("swap", 0), q.RXGate: ("rx", 0), q.RYGate: ("ry", 0),
        q.RZGate: ("rz", 0), q.PhaseGate: ("p", 0), q.U1Gate: ("p", 0), q.UGate: ("u", 0), q.U3Gate: ("u", 0),
        q.U2Gate: ("u2", 0), q.CXGate: ("x", 1), q.CYGate: ("y", 1), q.CZGate: ("z", 1), q.CHGate: ("h", 1),
        q.CSGate: ("s", 1), q.CSdgGate: ("sdg", 1), q.CSXGate: ("sx", 1), q.CSwapGate: ("swap", 1),
        q.CRXGate: ("rx", 1), q.CRYGate: ("ry", 1), q.CRZGate: ("rz", 1), q.CPhaseGate: ("p", 1),
        q.CU1Gate: ("p", 1), q.CU3Gate: ("u", 1), q.CUGate: ("cu", 1), q.CCXGate: ("x", 2), q.CCZGate: ("z", 2),
        q.C3XGate: ("x", 3), q.C4XGate: ("x", 4), q.C3SXGate: ("sx", 3),
    }  # fmt: skip
