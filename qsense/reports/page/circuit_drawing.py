"""The circuits of a run as pictures: a probe is prepared, senses, and is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from qsense.circuits.preparing import fan_out_pairs
from qsense.circuits.sensing import Experiment
from qsense.circuits.window import pieces
from qsense.comparison.verdicts import probe_name
from qsense.errors import ArgumentError
from qsense.files.units import readable_time
from qsense.probes import Probe, parse_qasm

MOST_SPINS, MOST_GATES, MOST_PIECES = 6, 60, 6
_STEP, _ROW, _TOP, _START = 46.0, 30.0, 34.0, 40.0
_LETTER = 6.0  # the width of a letter of a part's name
_NAMES = {"cx": "X", "cz": "Z", "h": "H", "x": "X", "y": "Y", "z": "Z", "sdg": "S†", "tdg": "T†"}


class Gate(NamedTuple):
    """One gate: what its box says, its spins, and how many of the first of them are controls."""

    text: str
    spins: tuple[int, ...]
    controls: int = 0


class Box(NamedTuple):
    """A box of the picture."""

    x: float
    y: float
    height: float
    text: str


class Link(NamedTuple):
    """A line from controls to a gate."""

    x: float
    start: float
    end: float
    dots: tuple[float, ...]


@dataclass
class Drawing:
    """A circuit as a picture.

    Attributes:
        title: above it.
        description: in words.
        wires: heights of the spins.
        parts: where each part begins and ends, and its name.
        boxes, links: the gates.
        width, height: of the picture.
    """

    title: str
    description: str
    wires: list[float]
    parts: list[tuple[float, float, str]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    width: float = _START
    height: float = 0.0

    def append(self, name: str, gates: Sequence[Gate]) -> None:
        """Appends a part of the circuit: each gate as early as its spins are free."""
        if not gates:
            return
        start, free = self.width, [0] * len(self.wires)
        for gate in gates:
            low, high = min(gate.spins), max(gate.spins)
            column = max(free[low : high + 1])
            free[low : high + 1] = [column + 1] * (high + 1 - low)
            x = start + (column + 0.5) * _STEP
            own = [self.wires[spin] for spin in gate.spins]
            if gate.controls:
                dots, target = tuple(own[: gate.controls]), own[-1]
                self.links.append(Link(x, min(own), max(own), dots))
                self.boxes.append(Box(x, target - 10, 20, gate.text))
            else:
                self.boxes.append(Box(x, min(own) - 10, max(own) - min(own) + 20, gate.text))
        wide = max(max(free) * _STEP, _LETTER * len(name))  # the part's name stands above it
        self.width = start + wide + 8
        self.parts.append((start, self.width - 8, name))


def drawing_of(experiment: Experiment) -> Drawing | None:
    """Returns the circuit of an experiment as a picture; None where it has too many spins or gates to be read.

    >>> drawn = drawing_of(Experiment(Probe.ghz(3), 1e-6, "loss_flag"))
    >>> [name for *_, name in drawn.parts], len(drawn.links)
    (['prepare', 'sense', 'undo the fan-out', 'read'], 4)
    """
    probe, n = experiment.probe, experiment.probe.num_qubits
    if n > MOST_SPINS:
        return None
    first = _preparation(probe)
    if first is None:
        return None
    text = (
        f"{n} wires, one for each spin: {probe.name} is prepared, senses for {readable_time(experiment.time)}, "
        f"{_ENDINGS[experiment.ending]}each spin is turned into the direction that is read, and measured."
    )
    title = f"{probe_name(probe.name)}, N = {n}: {_TITLES[experiment.ending]}"
    made = Drawing(title, text, [_TOP + _ROW * spin for spin in range(n)])
    made.height = _TOP + _ROW * (n - 1) + 24
    made.append("prepare", first)
    made.append("sense", _sensing(experiment))
    if experiment.ending == "loss_flag":
        made.append("undo the fan-out", list(reversed(first[1:])))
    elif experiment.ending == "unprepare":
        made.append("undo the preparation", [gate._replace(text=_undone(gate.text)) for gate in reversed(first)])
    made.append("read", [Gate(one, (spin,)) for spin in range(n) for one in ("turn", "read")])
    return made


_ENDINGS = {
    "directions": "", "loss_flag": "the fan-out is undone, so that other spins flag a loss, ",
    "unprepare": "the preparation is undone, ",
}  # fmt: skip


_TITLES = {
    "directions": "spins are read", "loss_flag": "read with a loss flag", "unprepare": "the way back is read",
}  # fmt: skip


def _undone(text: str) -> str:
    if text in {"H", "X", "Y", "Z", "state"}:
        return text
    return text.removesuffix("†") if text.endswith("†") else f"{text}†"


def _preparation(probe: Probe) -> list[Gate] | None:
    """The gates that prepare a probe; a state that is given by numbers is one box."""
    every = tuple(range(probe.num_qubits))
    first = "H" if probe.tilt == 0 else "Ry"
    if probe.kind == "product":
        return [Gate(first, (spin,)) for spin in every]
    if probe.kind == "ghz":
        flips = [Gate("X", (spin,)) for spin, sign in enumerate(probe.signs) if sign == "-"]
        return [Gate(first, (0,)), *(Gate("X", pair, 1) for pair in fan_out_pairs(len(every))), *flips]
    if probe.kind != "circuit":
        return [Gate("state", every)]
    found = []
    circuit = parse_qasm(probe.qasm or "", probe.name)
    if len(circuit.data) > MOST_GATES:
        return None
    for one in circuit.data:
        spins = tuple(circuit.find_bit(bit).index for bit in one.qubits)
        name, controls = str(one.operation.name), int(getattr(one.operation, "num_ctrl_qubits", 0) or 0)
        if spins:
            bare = name[controls:] if controls and name.startswith("c" * controls) else name
            found.append(Gate(_NAMES.get(name, _NAMES.get(bare, bare.capitalize()[:5])), spins, controls))
    return found


def _sensing(experiment: Experiment) -> list[Gate]:
    spins = range(experiment.probe.num_qubits)
    try:
        own = pieces(experiment.time, experiment.signal, experiment.pulses)
    except ArgumentError:
        own = []
    if not own or len(own) > MOST_PIECES:
        return [Gate("θ", (spin,)) for spin in spins]
    texts = [text for piece in own for text in ("θ" if piece.share >= 0 else "−θ", piece.pulse.upper()) if text]
    return [Gate(text, (spin,)) for spin in spins for text in texts]
