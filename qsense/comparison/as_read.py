"""The exact classical gain of a readout that reads spins wrong: the same quantity as its counts estimate."""

from __future__ import annotations

import numpy as np

from qsense import emulator
from qsense.circuits.sensing import Experiment, Settings
from qsense.estimators.shifts import (
    ShiftRule,
    all_frequencies_rule,
    classes,
    for_signal,
    one_frequency_rule,
    single_spin_rule,
)
from qsense.estimators.shifts.method import ParameterShift
from qsense.noise import ReadoutError
from qsense.numerics.fisher import FloatArray, cfi
from qsense.numerics.integration import integrate
from qsense.probes import Probe
from qsense.runs.point import Point, acting
from qsense.theory import IntegratedGain, gain
from qsense.theory.bounds import gain_tail
from qsense.theory.engines import decay_scales

_NUM_QUBITS = 10  # the emulator's probabilities of all outcomes
_NUM_QUBITS_OF_A_LOSS_FLAG = 6  # whose circuits end in a fan-out: a dense state for each phase


def is_known(point: Point) -> bool:
    """Returns whether the gain as read can be computed: of parameter_shift, up to 10 spins, 6 for the loss flag.

    Of a constant field of weight 1 only, sensed without pulses.
    """
    if not isinstance(point.method, ParameterShift) or not point.world.is_plain or point.probe.signs:
        return False
    most = _NUM_QUBITS_OF_A_LOSS_FLAG if point.method.readout == "loss_flag" else _NUM_QUBITS
    return point.probe.num_qubits <= most


def gain_as_read(point: Point, times: FloatArray, readout_error: ReadoutError) -> FloatArray:
    """Returns Σ_o p'_o²/p_o of a readout with readout error, where the estimator measures, shape (times,).

    Source: Fisher (1925); the derivative is exact, as the distribution is a Fourier series in θ up to order N (of GHZ:
        N alone).
    """
    assert isinstance(point.method, ParameterShift)
    size, rule = point.probe.num_qubits, _rule(point.probe, point.method)
    ending, design = point.method.design(0.0)
    shifts = np.concatenate([np.zeros((1, size)), rule.shifts])
    rows = np.zeros(len(shifts), dtype=np.int64)
    settings = Settings(design.phases[rows] + shifts, design.polars[rows], design.azimuths[rows])
    kinds = classes(point.method.readout, size)
    grouped = np.eye(int(kinds.max()) + 1)[kinds]
    found = []
    for time in times:
        experiment = Experiment(point.probe, float(time), ending, point.signal, point.pulses)
        blocks = emulator.probabilities(experiment, settings, point.noise, readout_error)
        p = np.concatenate(list(blocks)) @ grouped
        found.append(float(cfi(p[0], rule.coefficients @ p[1:])))
    return np.array(found) * point.signal.weight(times, point.pulses) ** 2


def _rule(probe: Probe, method: ParameterShift) -> ShiftRule:
    """The fewest shifts with which the derivative by the angle of the signal is exact."""
    size, branch = probe.num_qubits, method.branch
    if probe.kind == "ghz":
        plain, name = one_frequency_rule(size), "one_frequency"
    elif branch is None:
        return all_frequencies_rule(size)
    else:
        plain, name = single_spin_rule(size), "single_spin"
    return plain if branch is None else for_signal(plain, name, branch)


def integrated_gain_as_read(point: Point, readout_error: ReadoutError) -> IntegratedGain:
    """Returns the integral of `gain_as_read` over all times, in s. No readout exceeds G, whose tail bounds it."""
    probe, noise = point.probe, acting(point.world)
    tail = gain_tail(probe.num_qubits, noise)

    def beyond(start: float, _: float) -> float:
        return tail(start, float(gain(probe, noise, [start])[0])) if tail else np.inf

    slowest, fastest = decay_scales(probe, noise)
    result = integrate(
        lambda times: gain_as_read(point, times, readout_error),
        slowest,
        fastest,
        tail=beyond if tail else None,
        rtol=1e-7,
    )
    return IntegratedGain(result.value, result.error, "quadrature with readout error")
