"""A device's T1, T2*, T2 and readout measured with circuits of the same kind as a sensing run.

T2* (free decay) and T2 (Hahn echo): a product probe senses for several times, both quadratures of every spin are read,
and b_x² + b_y² decays as exp(−2t/T2) whatever the detuning: there is no fringe to follow and none to be ambiguous.
T1: all spins up, idle, read. Readout: known strings. All qubits at once, each fitted by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment
from qsense.circuits.transpilation import Idle, relaxation_circuit, window_delays
from qsense.devices.device import Device
from qsense.errors import ArgumentError
from qsense.estimators import product, tally
from qsense.estimators.readout import ReadoutCalibration, calibrate, patterns
from qsense.estimators.result import Estimate
from qsense.estimators.spam import spin_decay
from qsense.noise import LocalNoise
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Kind = Literal["readout", "t1", "t2_star", "t2_echo"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NUM_TIMES = 10
_IDLE: dict[str, Idle] = {"t2_star": "free", "t2_echo": "hahn"}
_AXES: tuple[product.Axis, ...] = ("along", "across")


@dataclass(frozen=True, eq=False)
class Characterised:
    """What was measured, in the order of `qubits`.

    Attributes:
        qubits: their numbers on the device.
        t1, t2_star, t2: in s, with standard errors. T2* is of free decay, T2 of a Hahn echo.
        readout: how often each was read wrong.
    """

    qubits: tuple[int, ...]
    t1: tuple[Estimate, ...]
    t2_star: tuple[Estimate, ...]
    t2: tuple[Estimate, ...]
    readout: ReadoutCalibration


@dataclass(frozen=True)
class Protocol:
    """What is measured, on all qubits at once; made by `protocol`.

    Attributes:
        qubits: their numbers on the device.
        shots: of every row of every circuit.
        t1_times, t2_times: idle times in s, on the device's clock.
    """

    qubits: tuple[int, ...]
    shots: int
    t1_times: tuple[float, ...]
    t2_times: tuple[float, ...]

    def circuits(self, kind: Kind, sampler: DeviceSampler) -> list[QuantumCircuit]:
        """Returns the circuits of one kind in the device's gates, reading spin j into classical bit j.

        Raises:
            ArgumentError: a time is too short for the device's clock or pulses.
        """
        if kind == "readout":
            return sampler.known_strings(self.qubits)
        if kind == "t1":
            device, target = sampler.device, sampler.backend.target
            return [relaxation_circuit(self.qubits, time, device, target) for time in self.t1_times]
        here = replace(sampler, idle=_IDLE[kind], qubits=self.qubits, pinned={}, _kept={})
        probe = Probe.product(len(self.qubits))
        return [here.prepared(Experiment(probe, time)).circuit for time in self.t2_times]

    def values(self, kind: Kind) -> FloatArray | None:
        """Returns the angles of every circuit of a kind, a row for each axis; None where circuits have none."""
        if kind not in _IDLE:
            return None
        return product.design(len(self.qubits), 0.0, _AXES)[1].values()

    def num_rows(self, kind: Kind) -> int:
        """Returns the rows of counts of all circuits of a kind."""
        if kind == "readout":
            return len(patterns(len(self.qubits)))
        return len(self.t1_times) if kind == "t1" else len(_AXES) * len(self.t2_times)


def protocol(
    sampler: DeviceSampler, qubits: tuple[int, ...], shots: int = 2000, longest: float | None = None
) -> Protocol:
    """Returns what is to be measured; runs nothing.

    Args:
        sampler: of the device.
        qubits: which.
        shots: for every circuit.
        longest: the longest idling in s; by default twice the longest T1 or T2 that the qubits report.

    Raises:
        ArgumentError: a qubit is unknown, or no time is reported nor given.
    """
    sampler.device.check_qubits(qubits)
    if not qubits:
        raise ArgumentError("Argument `qubits` must name at least one qubit, but is empty.")
    if longest is not None and not 0 < longest < np.inf:
        raise ArgumentError(f"The longest idling (--longest) must be a positive time in s, but is {longest:g}.")
    device = sampler.device
    ends = [_longest(device, qubits, reported) if longest is None else longest for reported in (device.t1, device.t2)]
    try:
        t1_times, t2_times = (tuple(device.rounded(float(end * share)) for share in _shares()) for end in ends)
        for qubit in qubits:
            window_delays(t2_times[0], device, qubit, "hahn")
    except ArgumentError as error:
        raise ArgumentError(f"The shortest idling, {_shares()[0]:g} of the longest (--longest): {error}") from error
    return Protocol(qubits, shots, t1_times, t2_times)


def characterise(sampler: DeviceSampler, wanted: Protocol, seed: int = 0) -> Characterised:
    """Returns T1, T2*, T2 and readout of some qubits, measured here and now.

    Args:
        sampler: of the device.
        wanted: from `protocol`.
        seed: of a simulator.

    Raises:
        ArgumentError: no way of running passes the self-test, or a decay cannot be seen in the counts.
    """
    seeds = dict(zip(KINDS, np.random.SeedSequence(seed).generate_state(len(KINDS)).tolist(), strict=True))

    def counts(kind: Kind) -> Counts:
        circuits = wanted.circuits(kind, sampler)
        return sampler.run_circuits(circuits, wanted.qubits, wanted.shots, seeds[kind], wanted.values(kind))

    return analysed(wanted, counts)


def analysed(measured: Protocol, counts: Callable[[Kind], Counts]) -> Characterised:
    """Returns what the counts say, kind after kind.

    Args:
        measured: what they are of.
        counts: of all circuits of a kind, one after another, a row for each row of their values.

    Raises:
        ArgumentError: a decay cannot be seen in the counts, or the readout says nothing.
    """
    return Characterised(
        qubits=measured.qubits,
        readout=calibrate(counts("readout")),
        t1=_t1(measured, counts("t1")),
        t2_star=_t2(measured, counts("t2_star")),
        t2=_t2(measured, counts("t2_echo")),
    )


def noise_of(found: Characterised, idle: Idle, name: str, note: Callable[[str], None]) -> LocalNoise:
    """Returns the measured noise as a model; a T2 above 2 T1 is cut, with a word to `note`.

    Args:
        found: what was measured.
        idle: whose T2: "free" for T2*, else that of the echo.
        name: of the model.
        note: called with a sentence for every qubit that was cut.
    """
    t2s = found.t2_star if idle == "free" else found.t2
    used = []
    for qubit, one, two in zip(found.qubits, found.t1, t2s, strict=True):
        if two.value > 2 * one.value:
            note(f"qubit {qubit}: T2 = {1e6 * two.value:.4g} us was measured above 2 T1 and cut to it")
        used.append(min(two.value, 2 * one.value))
    return LocalNoise.from_t1_t2([e.value for e in found.t1], used, name=name)


def as_toml(
    found: Characterised, backend: str, name: str, idle: Idle, note: Callable[[str], None], day: date | None = None
) -> dict[str, Any]:
    """Returns the noise model file of what was measured, by default today; its T2 is that of `idle`."""
    noise = noise_of(found, idle, name, note)
    listed = ", ".join(map(str, found.qubits))
    source = f"measured by qsense calibrate on {backend}, qubits {listed}"

    def entry(values: list[float], errors: list[float], unit: str, what: str) -> dict[str, Any]:
        return {
            "value": values, "stderr": errors, "unit": unit, "source": f"{source}: {what}", "date": day or date.today(),
        }  # fmt: skip

    def times(estimates: tuple[Estimate, ...], what: str) -> dict[str, Any]:
        return entry([1e6 * e.value for e in estimates], [1e6 * e.stderr for e in estimates], "us", what)

    used = found.t2_star if idle == "free" else found.t2
    t2 = times(used, "T2* of free decay" if idle == "free" else "T2 of a Hahn echo")
    t2["value"] = (1e6 * noise.t2(len(found.qubits))).tolist()
    errors = np.sqrt(found.readout.variances())
    return {
        "schema": 1,
        "name": name,
        "description": f"{backend}, qubits {listed}, in this order",
        "t1": times(found.t1, "T1"),
        "t2": t2,
        "t2_star": times(found.t2_star, "T2* of free decay"),
        "t2_echo": times(found.t2, "T2 of a Hahn echo"),
        "up_given_down": entry(
            found.readout.up_given_down.tolist(), errors[0].tolist(), "1", "read up when prepared down"
        ),
        "down_given_up": entry(
            found.readout.down_given_up.tolist(), errors[1].tolist(), "1", "read down when prepared up"
        ),
    }


def _longest(device: Device, qubits: tuple[int, ...], reported: FloatArray) -> float:
    known = reported[list(qubits)]
    known = known[~np.isnan(known)]
    if not len(known):
        raise ArgumentError("None of the qubits reports its T1 or T2; give the longest idling in s, --longest.")
    return 2 * float(known.max())


def _shares() -> FloatArray:
    """The times as shares of the longest: dense at first, so that qubits that decay fast are seen beside slow ones."""
    return np.asarray((np.arange(1, NUM_TIMES + 1) / NUM_TIMES) ** 2)


def _t2(measured: Protocol, counts: Counts) -> tuple[Estimate, ...]:
    rows = len(_AXES)
    gains = [product.spins(counts.part(k * rows, (k + 1) * rows), _AXES).gains for k in range(len(measured.t2_times))]
    found = []
    for spin, qubit in enumerate(measured.qubits):
        try:
            rate = spin_decay(np.array(measured.t2_times), [at[spin] for at in gains]).rate
        except ArgumentError as error:
            raise ArgumentError(f"Qubit {qubit}: {error}") from error
        found.append(_lifetime(rate, qubit))
    return tuple(found)


def _t1(measured: Protocol, counts: Counts) -> tuple[Estimate, ...]:
    ups = tally.per_spin(counts)[..., 1] / measured.shots
    times = np.array(measured.t1_times)
    return tuple(
        _lifetime(_rate(times, ups[:, spin], measured.shots), qubit) for spin, qubit in enumerate(measured.qubits)
    )


def _rate(times: FloatArray, shares: FloatArray, shots: int) -> Estimate:
    """1/T1 from the share of ups, b + a·exp(−t/T1); what readout does is in a and b."""
    from scipy.optimize import OptimizeWarning, curve_fit

    def law(t: FloatArray, a: float, rate: float, b: float) -> FloatArray:
        return np.asarray(b + a * np.exp(-rate * t))

    start = (shares[0] - shares[-1], 2 / float(times[-1]), shares[-1])
    smooth = (shares * shots + 1) / (shots + 2)  # no share has a variance of 0
    for _ in range(3):  # each time with the variances of the curve, so that low shares do not weigh more
        errors = np.sqrt(smooth * (1 - smooth) / shots)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", OptimizeWarning)  # no decay: the error is infinite, and is refused
                start, covariance = curve_fit(law, times, shares, start, errors, absolute_sigma=True)
        except RuntimeError as error:
            raise ArgumentError("No relaxation is seen in the counts; use longer times or more shots.") from error
        smooth = np.clip(law(times, *start), 1 / (shots + 2), 1 - 1 / (shots + 2))
    return Estimate(float(start[1]), float(np.sqrt(covariance[1, 1])))


def _lifetime(rate: Estimate, qubit: int) -> Estimate:
    if rate.value < 2 * rate.stderr:
        raise ArgumentError(
            f"Qubit {qubit}: no decay is seen within the measured times; use a larger --longest, unless nothing decays "
            "while this backend idles."
        )
    return Estimate(1 / rate.value, rate.stderr / rate.value**2)
