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
from typing import Any

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimate import product, tally
from qsense.estimate.readout import ReadoutCalibration, calibrate
from qsense.estimate.result import Estimate
from qsense.fidelity import spin_decay
from qsense.fisher import FloatArray
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.sensing import Experiment
from qsense.transpilation import Idle, relaxation_circuit

Progress = Callable[[int, int, str], None]
NUM_TIMES = 10


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


def characterise(
    sampler: DeviceSampler,
    qubits: tuple[int, ...],
    shots: int = 2000,
    longest: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Characterised:
    """Returns T1, T2*, T2 and readout of some qubits, measured.

    Args:
        sampler: of the device.
        qubits: which.
        shots: for every circuit.
        longest: the longest idling in s; by default twice the longest T1 or T2 that the qubits report.
        seed: of a simulator.
        progress: called with (done, all, what).

    Raises:
        ArgumentError: a qubit is unknown, no time is reported nor given, or a decay cannot be seen in the counts.
    """
    sampler.device.check_qubits(qubits)
    if not qubits:
        raise ArgumentError("Argument `qubits` must name at least one qubit, but is empty.")
    if longest is not None and not 0 < longest < np.inf:
        raise ArgumentError(f"The longest idling (--longest) must be a positive time in s, but is {longest:g}.")
    update = progress or (lambda done, total, label: None)
    seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
    update(0, 4, "readout")
    readout = calibrate(sampler.readout_counts(qubits, shots, seeds[0]))
    update(1, 4, "T1")
    t1 = _t1(sampler, qubits, shots, _times(sampler, qubits, longest, sampler.device.t1), seeds[1])
    update(2, 4, "T2*")
    times = _times(sampler, qubits, longest, sampler.device.t2)
    star = _t2(sampler, qubits, shots, times, "free", seeds[2])
    update(3, 4, "T2")
    echo = _t2(sampler, qubits, shots, times, "hahn", seeds[3])
    update(4, 4, "done")
    return Characterised(qubits, t1, star, echo, readout)


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


def as_toml(found: Characterised, backend: str, name: str, idle: Idle, note: Callable[[str], None]) -> dict[str, Any]:
    """Returns the noise model file of what was measured; its T2 is that of `idle`."""
    noise = noise_of(found, idle, name, note)
    listed = ", ".join(map(str, found.qubits))
    source = f"measured by qsense calibrate on {backend}, qubits {listed}"

    def entry(values: list[float], errors: list[float], unit: str, what: str) -> dict[str, Any]:
        return {
            "value": values, "stderr": errors, "unit": unit, "source": f"{source}: {what}", "date": date.today(),
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


def _times(sampler: DeviceSampler, qubits: tuple[int, ...], longest: float | None, reported: FloatArray) -> FloatArray:
    known = reported[list(qubits)]
    known = known[~np.isnan(known)]
    if longest is None and not len(known):
        raise ArgumentError("None of the qubits reports its T1 or T2; give the longest idling in s, --longest.")
    end = 2 * float(known.max()) if longest is None else longest
    # Dense at first, so that qubits that decay faster than the slowest are seen too.
    wanted = end * (np.arange(1, NUM_TIMES + 1) / NUM_TIMES) ** 2
    return np.array([sampler.rounded(float(t)) for t in wanted])


def _t2(
    sampler: DeviceSampler, qubits: tuple[int, ...], shots: int, times: FloatArray, idle: Idle, seed: int
) -> tuple[Estimate, ...]:
    probe = Probe.product(len(qubits))
    here = replace(sampler, idle=idle, qubits=qubits, pinned={}, _kept={})
    _, settings = product.design(len(qubits), 0.0, ("along", "across"))
    seeds = np.random.SeedSequence(seed).generate_state(len(times))
    gains = []
    for time, own in zip(times, seeds, strict=True):
        counts = here.sample(Experiment(probe, float(time)), settings, shots, LocalNoise(), int(own) >> 1)
        gains.append(product.spins(counts, ("along", "across")).gains)
    found = []
    for spin, qubit in enumerate(qubits):
        try:
            rate = spin_decay(times, [at[spin] for at in gains]).rate
        except ArgumentError as error:
            raise ArgumentError(f"Qubit {qubit}: {error}") from None
        found.append(_lifetime(rate, qubit))
    return tuple(found)


def _t1(
    sampler: DeviceSampler, qubits: tuple[int, ...], shots: int, times: FloatArray, seed: int
) -> tuple[Estimate, ...]:
    circuits = [relaxation_circuit(qubits, float(t), sampler.device, sampler.backend.target) for t in times]
    counts: Counts = sampler.run_bare(circuits, qubits, shots, seed)
    ups = tally.per_spin(counts)[..., 1] / shots
    return tuple(_lifetime(_rate(times, ups[:, spin], shots), qubit) for spin, qubit in enumerate(qubits))


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
        except RuntimeError:
            raise ArgumentError("No relaxation is seen in the counts; use longer times or more shots.") from None
        smooth = np.clip(law(times, *start), 1 / (shots + 2), 1 - 1 / (shots + 2))
    return Estimate(float(start[1]), float(np.sqrt(covariance[1, 1])))


def _lifetime(rate: Estimate, qubit: int) -> Estimate:
    if rate.value < 2 * rate.stderr:
        raise ArgumentError(
            f"Qubit {qubit}: no decay is seen within the measured times; use a larger --longest, unless nothing decays "
            "while this backend idles."
        )
    return Estimate(1 / rate.value, rate.stderr / rate.value**2)
