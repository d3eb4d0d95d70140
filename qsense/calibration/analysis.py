"""T1, T2*, T2 and readout from the counts of a calibration, every qubit fitted by itself.

T2* and T2: b_x² + b_y² of a spin decays as exp(−2t/T2) whatever its detuning, so no fringe has to be fitted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.calibration.protocol import AXES, KINDS, Kind, Protocol
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import product, tally
from qsense.estimators.readout import ReadoutCalibration, calibrate
from qsense.estimators.result import Estimate
from qsense.estimators.spam import spin_decay
from qsense.numerics.fisher import FloatArray


@dataclass(frozen=True, eq=False)
class Characterisation:
    """Measured T1, T2*, T2 and readout errors, in the order of `qubits`.

    Attributes:
        qubits: their numbers on the device.
        t1, t2_star, t2: in s, with standard errors. T2* is of free decay, T2 of a Hahn echo.
        readout: how often each qubit was read wrong.
    """

    qubits: tuple[int, ...]
    t1: tuple[Estimate, ...]
    t2_star: tuple[Estimate, ...]
    t2: tuple[Estimate, ...]
    readout: ReadoutCalibration


def characterise(sampler: DeviceSampler, protocol: Protocol, seed: int = 0) -> Characterisation:
    """Returns T1, T2*, T2 and readout errors of some qubits, measured now.

    Args:
        sampler: of the device.
        protocol: from `design_protocol`.
        seed: of a simulator.

    Raises:
        ArgumentError: no way of running passes the self-test, or the counts show no decay.
    """
    seeds = dict(zip(KINDS, np.random.SeedSequence(seed).generate_state(len(KINDS)).tolist(), strict=True))

    def counts(kind: Kind) -> Counts:
        circuits = protocol.circuits(kind, sampler)
        return sampler.run_circuits(circuits, protocol.qubits, protocol.shots, seeds[kind], protocol.values(kind))

    return analyse(protocol, counts)


def analyse(protocol: Protocol, counts: Callable[[Kind], Counts]) -> Characterisation:
    """Returns the T1, T2*, T2 and readout errors that the counts give.

    Args:
        protocol: what was measured.
        counts: kind → counts of all its circuits, one after another, a row for each row of their values.

    Raises:
        ArgumentError: the counts show no decay, or a qubit is read at random.
    """
    return Characterisation(
        qubits=protocol.qubits,
        readout=calibrate(counts("readout")),
        t1=_t1(protocol, counts("t1")),
        t2_star=_t2(protocol, counts("t2_star")),
        t2=_t2(protocol, counts("t2_echo")),
    )


def _t2(protocol: Protocol, counts: Counts) -> tuple[Estimate, ...]:
    rows = len(AXES)
    gains = [product.spins(counts.part(k * rows, (k + 1) * rows), AXES).gains for k in range(len(protocol.t2_times))]
    found = []
    for spin, qubit in enumerate(protocol.qubits):
        try:
            rate = spin_decay(np.array(protocol.t2_times), [at[spin] for at in gains]).rate
        except ArgumentError as error:
            raise ArgumentError(f"Qubit {qubit}: {error}") from error
        found.append(_lifetime(rate, qubit))
    return tuple(found)


def _t1(protocol: Protocol, counts: Counts) -> tuple[Estimate, ...]:
    ups = tally.per_spin(counts)[..., 1] / protocol.shots
    times = np.array(protocol.t1_times)
    return tuple(
        _lifetime(_rate(times, ups[:, spin], protocol.shots), qubit) for spin, qubit in enumerate(protocol.qubits)
    )


def _rate(times: FloatArray, shares: FloatArray, shots: int) -> Estimate:
    """Returns 1/T1 from the share of ups, b + a·exp(−t/T1); readout errors change only a and b.

    The fit's tolerances are those of times in units of the last one.
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    def law(t: FloatArray, a: float, rate: float, b: float) -> FloatArray:
        return np.asarray(b + a * np.exp(-rate * t))

    unit = float(times[-1])
    start, times = (shares[0] - shares[-1], 2.0, shares[-1]), times / unit
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
    return Estimate(float(start[1]) / unit, float(np.sqrt(covariance[1, 1])) / unit)


def _lifetime(rate: Estimate, qubit: int) -> Estimate:
    if rate.value < 2 * rate.stderr:
        raise ArgumentError(
            f"Qubit {qubit}: no decay is seen within the measured times; use a larger `longest`, unless nothing decays "
            "while this backend idles."
        )
    return Estimate(1 / rate.value, rate.stderr / rate.value**2)
