"""A preparation as a list of gates that qsense knows: one-qubit gates and swaps, each with any number of controls."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# Gate → its number of angles. `u` is Qiskit's U: cos(θ/2) at the upper left, real. All but `swap` act on one qubit.
ANGLES = {
    "id": 0, "x": 0, "y": 0, "z": 0, "h": 0, "s": 0, "sdg": 0, "t": 0, "tdg": 0, "sx": 0, "sxdg": 0, "swap": 0,
    "rx": 1, "ry": 1, "rz": 1, "p": 1, "u": 3,
}  # fmt: skip
BARRIER = "barrier"
_INVERSE = {"s": "sdg", "sdg": "s", "t": "tdg", "tdg": "t", "sx": "sxdg", "sxdg": "sx"}
_EIGENPHASE = {"z": math.pi, "s": math.pi / 2, "sdg": -math.pi / 2, "t": math.pi / 4, "tdg": -math.pi / 4}


class Step(NamedTuple):
    """One gate, or a barrier.

    Attributes:
        gate: a key of ANGLES, or BARRIER.
        angles: in rad.
        qubits: controls first, then what the gate acts on.
        controls: how many of the qubits are controls; the gate acts where all of them are 1.
    """

    gate: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]
    controls: int = 0

    def inverse(self) -> Step:
        """Returns the inverse of the gate.

        >>> Step("u", (0.1, 0.2, 0.3), (0,)).inverse().angles
        (-0.1, -0.3, -0.2)
        """
        if self.gate == "u":
            polar, first, second = self.angles
            return self._replace(angles=(-polar, -second, -first))
        return self._replace(gate=_INVERSE.get(self.gate, self.gate), angles=tuple(-angle for angle in self.angles))


@dataclass(frozen=True)
class Preparation:
    """What a text or a circuit prepares from |0…0>.

    Attributes:
        num_qubits: of all declared registers, or how many hardware qubits its gates touch.
        steps: in the order of time.
        phase: the global phase in rad, so that two forms of one circuit can be compared as unitaries.
        hardware: the numbers of the hardware qubits that are spins 0, 1, …; empty for registers.
    """

    num_qubits: int
    steps: tuple[Step, ...]
    phase: float = 0.0
    hardware: tuple[int, ...] = ()


def on_touched(steps: Iterable[Step], phase: float) -> Preparation:
    """Returns the preparation of the qubits that a gate touches, in ascending order: they are hardware qubits.

    >>> on_touched([Step("h", (), (7,)), Step("barrier", (), (2, 7))], 0.0).steps[1].qubits
    (0,)
    """
    steps = list(steps)
    used = sorted({qubit for step in steps if step.gate != BARRIER for qubit in step.qubits})
    spin = {qubit: number for number, qubit in enumerate(used)}
    kept = []
    for step in steps:
        places = tuple(spin[qubit] for qubit in step.qubits or used if qubit in spin)
        if places:
            kept.append(step._replace(qubits=places))
    return Preparation(len(used), tuple(kept), phase, tuple(used))


def power(step: Step, exponent: float) -> tuple[list[Step], float]:
    """Returns the steps of a gate to a real power, and the phase where its controls are 1, in rad.

    The power is the principal one: an eigenvalue e^{iα}, −π < α ≤ π, becomes e^{iαk}. −1 has α = π, whatever rounding
    says of its sign.

    Args:
        step: any gate.
        exponent: k.

    Source: OpenQASM 3 specification, "Quantum gate modifiers".

    >>> power(Step("z", (), (0,)), 0.5)
    ([Step(gate='p', angles=(1.5707963267948966,), qubits=(0,), controls=0)], 0.0)
    """
    if step.gate in (*_EIGENPHASE, "p"):
        angle = _principal(step.angles[0] if step.gate == "p" else _EIGENPHASE[step.gate])
        return [step._replace(gate="p", angles=(angle * exponent,))], 0.0
    if step.gate == "id":
        return [step], 0.0
    if step.gate == "swap":  # cx · (a controlled X, to the power) · cx
        first, second = step.qubits[-2:]
        flip = Step("x", (), (second, first), 1)
        steps, phase = power(Step("x", (), (*step.qubits[:-2], first, second), step.controls + 1), exponent)
        on_controls = Step("p", (phase,), (*step.qubits[:-2], first), step.controls)
        return [flip, *steps, on_controls, flip], 0.0
    # e^{iμ} exp(−iω n·σ/2) has the eigenvalues e^{i(μ ∓ ω/2)}; both are raised, the axis n stays.
    mean, half, axis = _axis(step)
    low, high = _principal(mean - half) * exponent, _principal(mean + half) * exponent
    theta, phi, lam, phase = _euler((high - low) / 2, axis, (high + low) / 2)
    return [step._replace(gate="u", angles=(theta, phi, lam))], phase


def matrix(step: Step) -> tuple[complex, complex, complex, complex]:
    """Returns the four elements, row by row, of a one-qubit gate without its controls."""
    root = math.sqrt(0.5)
    if step.gate == "u":
        theta, phi, lam = step.angles
        cos, sin = math.cos(theta / 2), math.sin(theta / 2)
        return cos, -cmath.exp(1j * lam) * sin, cmath.exp(1j * phi) * sin, cmath.exp(1j * (phi + lam)) * cos
    if step.gate in ("rx", "ry", "rz"):
        cos, sin = math.cos(step.angles[0] / 2), math.sin(step.angles[0] / 2)
        return {
            "rx": (cos, -1j * sin, -1j * sin, cos),
            "ry": (cos, -sin, sin, cos),
            "rz": (cos - 1j * sin, 0.0, 0.0, cos + 1j * sin),
        }[step.gate]
    if step.gate in (*_EIGENPHASE, "p"):
        return 1, 0, 0, cmath.exp(1j * (step.angles[0] if step.gate == "p" else _EIGENPHASE[step.gate]))
    return {
        "id": (1, 0, 0, 1),
        "x": (0, 1, 1, 0),
        "y": (0, -1j, 1j, 0),
        "h": (root, root, root, -root),
        "sx": (0.5 + 0.5j, 0.5 - 0.5j, 0.5 - 0.5j, 0.5 + 0.5j),
        "sxdg": (0.5 - 0.5j, 0.5 + 0.5j, 0.5 + 0.5j, 0.5 - 0.5j),
    }[step.gate]


def _principal(angle: float) -> float:
    """The angle in (−π, π]; what is −π to rounding is π."""
    angle = math.remainder(angle, 2 * math.pi)
    return math.pi if angle < -math.pi + 1e-9 else angle


def _axis(step: Step) -> tuple[float, float, tuple[float, float, float]]:
    """μ, ω/2 and n of e^{iμ} exp(−iω n·σ/2), ω/2 in [0, π]."""
    a, b, c, d = matrix(step)
    mean = cmath.phase(a * d - b * c) / 2
    a, b, c, d = (element * cmath.exp(-1j * mean) for element in (a, b, c, d))
    vector = (-(b + c).imag / 2, (c - b).real / 2, (d - a).imag / 2)
    sine = math.hypot(*vector)
    half = math.atan2(sine, (a + d).real / 2)
    return mean, half, (vector[0] / sine, vector[1] / sine, vector[2] / sine) if sine > 0 else (0.0, 0.0, 1.0)


def _euler(half: float, axis: tuple[float, float, float], mean: float) -> tuple[float, float, float, float]:
    """θ, φ, λ and the phase δ with e^{iδ} U(θ, φ, λ) = e^{i·mean} exp(−i·half·n·σ)."""
    x, y, z = axis
    a = complex(math.cos(half), -z * math.sin(half))  # upper left
    c = complex(y * math.sin(half), -x * math.sin(half))  # lower left
    first = cmath.phase(a) if abs(a) > 0 else 0.0
    turn = cmath.phase(c) if abs(c) > 0 else 0.0
    return 2 * math.atan2(abs(c), abs(a)), turn - first, -turn - first, first + mean
