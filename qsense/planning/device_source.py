"""A device as the source of a plan: the qubits that its calibration recommends, its gates, its readout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from qsense.circuits.sensing import Experiment
from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, World
from qsense.noise.reported import relaxation_times
from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve, GhzOnDevice, ProductOnDevice
from qsense.planning.outcomes import COARSE, best, grid, tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.site import DEAD, PREPARATION, Otherwise, Site, best_strength, perfect_ghz
from qsense.planning.spins import UNEVEN, WEIGHTS, Spins, evened, is_uneven
from qsense.planning.squeezed import Squeezed
from qsense.planning.steps import GateErrors, steps_around
from qsense.probes import Probe


@dataclass(frozen=True, eq=False)
class DeviceSource:
    """A device: the qubits that its calibration recommends, its gates, its readout."""

    sampler: Any
    name: str

    @property
    def tick(self) -> float:
        return float(self.sampler.device.tick())

    def site(self, num_qubits: int, question: Question) -> Site:
        device, target = self.sampler.device, self.sampler.backend.target
        device.rounded(0.0)  # refuses a device without delays
        signal, n = question.signal, num_qubits
        signal.check(n)
        ghz = Probe.ghz(n, signal.matching_signs(n))
        circuit = self.sampler.prepared(Experiment(ghz, 0.0))
        qubits = circuit.qubits
        t1, t2, assumed = relaxation_times(device, qubits)
        if not np.isfinite(t2).any():
            raise ArgumentError(
                f'The backend "{self.name}" reports no finite T2 of its qubits: there is nothing to plan by.'
            )
        gates = GateErrors(target, *_relaxation(device))
        pulsed = 1 - (1 - _turn_loss(device, gates, qubits)) ** len(question.pulses.axes)
        readout, weights = _readout(device, qubits), signal.weights_of(n)
        spins = Spins(qubits, t1, t2, *readout, weights, pulses=question.pulses, pulsed=pulsed)
        around = steps_around(circuit.circuit, qubits, gates, device.dt)
        reading = _duration(target, "measure", qubits)
        turn = _turn_loss(device, gates, qubits)
        ghzs = [GhzOnDevice(spins, around, readout, reading) for readout in ("loss_flag", "parity")]
        noise = LocalNoise.from_t1_t2(t1, t2, name="calibration")
        span = 1 / float((1 / t2).sum()), float(t2[np.isfinite(t2)].max())
        product = ProductOnDevice(spins, 1 - (1 - turn) ** 3, reading)
        curves: dict[str, Curve] = {"ghz": _better(ghzs, span, question), "product": product}
        probes = {"ghz": ghz, "product": Probe.product(n)}
        left_out: dict[str, str] = {}
        if n > 2 and signal.has_unit_weights:
            twisted = self._twisted(spins, gates, turn, reading)
            curves["squeezed"], probes["squeezed"] = best_strength(
                twisted, span, question, question.dead_time + twisted.overhead
            )
        elif not signal.has_unit_weights:
            left_out["squeezed"] = "a squeezed probe senses a field that is the same for all spins"
        if question.with_optimum:
            left_out["optimal"] = "no circuit in few gates prepares it: what that would cost is not known"
        world = World(noise, signal, question.pulses)
        t2_mean = n / float((1 / t2).sum())
        removable = {PREPARATION} | {UNEVEN for one in (t1, t2) if is_uneven(one)}
        if is_uneven(spins.weights):
            removable.add(WEIGHTS)
        without = partial(_without, curves, span, question)
        return Site(
            n, qubits, probes, curves, frozenset(removable), without, span, t2_mean, "T1 and T2", world, left_out,
            tuple(assumed), _otherwise(device, qubits, curves),
        )  # fmt: skip

    def _twisted(self, spins: Spins, gates: GateErrors, turn: FloatArray, reading: float) -> Squeezed:
        """All pairs twisted once, by a network of swaps: three gates a pair, two where all qubits are neighbours."""
        n, device = len(spins.qubits), self.sampler.device
        inside = [edge for edge in device.edges if set(edge) <= set(spins.qubits)]
        each = 2 if len(inside) == n * (n - 1) // 2 else 3
        found = [step for edge in inside if (step := _two_qubit(gates, edge)) is not None]
        lost = float(np.mean([step.lost for step in found])) if found else 0.0
        time = float(np.mean([step.time for step in found])) if found else 0.0
        kept = (1 - lost) ** (each * (n - 1)) * (1 - turn) ** 3
        waits = each * n * time
        return Squeezed(spins, 0.0, 1 - kept, waits + reading, waits)


def _otherwise(device: Any, qubits: tuple[int, ...], curves: Mapping[str, Any]) -> Otherwise | None:
    """An unreported T2 shorter than 2 T1, as it may be by any factor; an unreported T1 of T2/2, the least it can be."""
    t1, t2 = device.t1[list(qubits)], device.t2[list(qubits)]
    no_t1, no_t2 = np.isnan(t1) & ~np.isnan(t2), np.isnan(t2) & ~np.isnan(t1)
    if not (no_t1.any() or no_t2.any()):
        return None

    def shorter(part: float) -> dict[str, Curve]:
        found: dict[str, Curve] = {}
        for name, curve in curves.items():
            spins = curve.spins
            t1, t2 = np.where(no_t1, spins.t2 / 2, spins.t1), np.where(no_t2, spins.t1 * part, spins.t2)
            found[name] = replace(curve, spins=replace(spins, t1=t1, t2=t2))
        return found

    known = [("T1", no_t1, "infinite"), ("T2", no_t2, "2 T1")]
    what = " and ".join(
        f"{name} of {_listed(qubits, one)}, taken as {taken}" for name, one, taken in known if one.any()
    )
    least = ["T1 = T2/2"] if no_t1.any() else []
    parts = {"T2 = T1": 1.0, "T2 = T1/2": 0.5, "T2 = T1/5": 0.2} if no_t2.any() else {"": 1.0}
    cases = [(" and ".join([*least, *([words] if words else [])]), shorter(part)) for words, part in parts.items()]
    return Otherwise(what, tuple(cases))


def _listed(qubits: tuple[int, ...], chosen: Any) -> str:
    found = [str(qubit) for qubit, is_one in zip(qubits, chosen, strict=True) if is_one]
    return f"qubit{'s' if len(found) > 1 else ''} {', '.join(found)}"


def _without(
    curves: Mapping[str, Any], span: tuple[float, float], question: Question, taken: frozenset[str]
) -> tuple[dict[str, Curve], tuple[float, float]]:
    """The curves with perfect preparation and readout, equal T2 or equal weights."""
    found: dict[str, Curve] = {}
    for name, curve in curves.items():
        spins = evened(curve.spins, taken)
        none = np.zeros(len(spins.qubits))
        if PREPARATION not in taken:
            left = replace(curve, spins=spins)
        else:
            spins = replace(spins, up_given_down=none, down_given_up=none, pulsed=none)
            if name == "ghz":
                left = perfect_ghz(spins)
            elif name == "product":
                left = ProductOnDevice(spins, none)
            else:
                left = replace(curve, spins=spins, lost=none, waits=0.0, overhead=0.0)
        if isinstance(left, Squeezed):
            dead = 0.0 if DEAD in taken else question.dead_time + curve.overhead
            left = best_strength(left, span, question, dead)[0]
        found[name] = left
    return found, span


def _better(ghzs: list[GhzOnDevice], span: tuple[float, float], question: Question) -> GhzOnDevice:
    """The readout that tells more per total time; the first where both tell the same."""
    one, times = Factors.scaled([1.0], len(ghzs[0].spins.qubits)), grid(span, 2 * COARSE)

    def rate(curve: GhzOnDevice) -> float:
        table = tabulate(curve, times, one, question)
        return float(best(table, question.dead_time + curve.overhead).rate[0])

    return max(ghzs, key=rate)


def _two_qubit(gates: GateErrors, edge: tuple[int, int]) -> Any:
    best = None
    for name in gates.target.operation_names:
        table = gates.target[name] or {}
        for pair in (edge, edge[::-1]):
            if pair in table and (step := gates.step(name, pair, (0, 1))) is not None:
                best = step if best is None or step.lost < best.lost else best
    return best


def _turn_loss(device: Any, gates: GateErrors, qubits: tuple[int, ...]) -> FloatArray:
    """λ of one turn of each qubit, of the smallest error that its gates report."""
    errors = np.nan_to_num(device.gate_error[list(qubits)])
    times = [float(device.pulse_time[qubit]) for qubit in qubits]
    lost = [gates.lost(float(e), [q], t) for e, q, t in zip(errors, qubits, times, strict=True)]
    decayed = [1 - float(np.exp(-t / gates.t2[q])) for q, t in zip(qubits, times, strict=True)]
    return np.asarray(1 - (1 - np.array(lost)) * (1 - np.array(decayed)))


def _readout(device: Any, qubits: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """The chances of a wrong reading; unreported ones are taken as 0, as the simulators do."""
    chosen = list(qubits)
    return np.nan_to_num(device.up_given_down[chosen]), np.nan_to_num(device.down_given_up[chosen])


def _relaxation(device: Any) -> tuple[FloatArray, FloatArray]:
    t1, t2, _ = relaxation_times(device, range(device.num_qubits))
    return t1, t2


def _duration(target: Any, name: str, qubits: tuple[int, ...]) -> float:
    table = target[name] if name in target.operation_names else {}
    found = [getattr((table or {}).get((qubit,)), "duration", None) or 0.0 for qubit in qubits]
    return float(max(found, default=0.0))
