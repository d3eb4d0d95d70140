"""Points measured on a device beside what its calibration predicts, with preparation and readout fitted apart."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.circuits.counts import Counts
from qsense.comparison.points import MeasuredPoint
from qsense.comparison.shared_dephasing import collective_part
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import z_score
from qsense.estimators.readout import calibrate
from qsense.estimators.readout.correlation import crosstalk
from qsense.estimators.result import Estimate
from qsense.estimators.spam import Suspect, does_not_decay, fit_amplitude, spin_decay, suspects
from qsense.runs.placement import Placement

logger = logging.getLogger(__name__)


def calibration_rows(
    measured: Sequence[MeasuredPoint],
    placements: Sequence[Placement],
    readouts: Mapping[tuple[int, ...], Counts],
) -> list[dict[str, Any]]:
    """Returns one entry for every point: its amplitude, every time's residuals, and the qubits that explain a miss.

    `z` is beside the prediction as it is, `scaled_z` and `p_value` beside it with the amplitude.

    Args:
        measured: the points; those of one time, which does not tell an amplitude from decay, are left out.
        placements: where the probes were.
        readouts: counts of the calibration bitstrings by qubits, where readout was calibrated.
    """
    places = {(p.probe, p.num_qubits): p for p in placements}
    found = []
    for item in measured:
        probe = item.point.probe
        place = places.get((probe.name, probe.num_qubits))
        if place is None:
            continue
        if len(item.estimates) < 2:
            logger.warning(
                f"{item.point.label}: one time does not tell what preparation and readout take from decay: no "
                "amplitude is fitted"
            )
            continue
        suspected = [_suspect_row(s) for s in _suspects(item, place)]
        found.append(_row(item, place.qubits, suspected, readouts.get(place.qubits)))
    return found


def known_string_rows(
    measured: Sequence[MeasuredPoint], known: Mapping[int, tuple[Sequence[int], Counts]]
) -> list[dict[str, Any]]:
    """Returns what `calibration_rows` does for counts that were measured elsewhere, beside the noise of their spec.

    Args:
        measured: the points; those of which an amplitude cannot be fitted, or whose spins have no string, are left out.
        known: the known strings and their counts, by number of spins.
    """
    found = []
    for item in measured:
        size = item.point.probe.num_qubits
        strings, counts = known.get(size, ((), None))
        if counts is None or len(item.estimates) < 2 or not np.all(item.gain_exact > 0):
            continue
        try:
            found.append(_row(item, range(size), [], counts, strings))
        except ArgumentError as error:  # strings of one kind alone, readout that says nothing, or nothing left to undo
            logger.warning(f"{item.point.label}: readout is not mitigated: {error}")
            found.append(_row(item, range(size), [], None))
    return found


def _row(
    item: MeasuredPoint,
    qubits: Sequence[int],
    suspected: list[dict[str, Any]],
    readout: Counts | None,
    strings: Sequence[int] | None = None,
) -> dict[str, Any]:
    fit = fit_amplitude(item.estimates, item.gain_exact)
    return {
        "probe": item.point.probe.name,
        "num_qubits": item.point.probe.num_qubits,
        "noise": item.point.noise.name,
        "estimator": item.point.estimator.name,
        "qubits": list(qubits),
        "amplitude": fit.amplitude.value,
        "amplitude_stderr": fit.amplitude.stderr,
        "p_value": fit.p_value,
        "does_not_decay": does_not_decay(item.estimates, item.gain_exact),
        "times": [
            {
                "time_s": float(time),
                "predicted": float(exact),
                "measured": estimate.value,
                "stderr": estimate.stderr,
                "ratio": estimate.value / float(exact) if exact else None,
                "z": z_score(estimate.value - float(exact), estimate.stderr),
                "scaled_z": _z(estimate, z),
            }
            for time, exact, estimate, z in zip(
                item.point.rule.times, item.gain_exact, item.estimates, fit.z, strict=True
            )
        ],
        **_mitigated(item, readout, strings),
        **collective_part(item),
        "suspects": suspected,
    }


def _z(estimate: Estimate, z: float) -> float | None:
    """A residual of the fit; None where the estimate has no error, which the fit weighs as if it were next to none."""
    return float(z) if estimate.stderr > 0 and np.isfinite(z) else None


def _mitigated(item: MeasuredPoint, readout: Counts | None, strings: Sequence[int] | None) -> dict[str, Any]:
    """G at every time with readout mitigated, and whether readout is correlated; {} where that cannot be done."""
    with item.point.calling_estimator():
        mitigation = item.point.method.readout_mitigation()
    if readout is None or mitigation is None:
        return {}
    calibration = calibrate(readout, strings)
    with item.point.calling_estimator():
        estimates = [mitigation(part, calibration) for part in item.counts]
    fit, correlation = fit_amplitude(estimates, item.gain_exact), crosstalk(tally.with_all_spins(readout), strings)
    return {
        "mitigated": [
            {
                "gain": e.value,
                "stderr": e.stderr,
                "z": z_score(e.value - float(exact), e.stderr),
                "scaled_z": _z(e, z),
            }
            for e, exact, z in zip(estimates, item.gain_exact, fit.z, strict=True)
        ],
        "mitigated_amplitude": fit.amplitude.value,
        "mitigated_amplitude_stderr": fit.amplitude.stderr,
        "mitigated_p_value": fit.p_value,
        "readout": correlation._asdict(),
    }


def _suspects(item: MeasuredPoint, place: Placement) -> list[Suspect]:
    """The qubits whose own rates explain a miss, where the estimator tells spins apart."""
    with item.point.calling_estimator():
        gains = [found for found in map(item.point.method.spin_gains, item.counts) if found is not None]
    if not gains:
        return []
    seen, rates = [], []
    for spin in range(item.point.probe.num_qubits):
        try:
            decay = spin_decay(item.point.rule.times, [at[spin] for at in gains])
        except ArgumentError:
            continue  # this spin's gain is not above its noise
        seen.append(spin)
        rates.append(decay.rate)
    if not seen:
        return []
    predicted = place.noise.coherence_rates(place.num_qubits)
    return suspects([place.qubits[spin] for spin in seen], rates, predicted[np.array(seen)])


def _suspect_row(suspect: Suspect) -> dict[str, Any]:
    return {
        "qubit": suspect.qubit,
        "rate_per_s": suspect.rate.value,
        "rate_stderr_per_s": suspect.rate.stderr,
        "predicted_per_s": suspect.predicted,
        "z": suspect.z if np.isfinite(suspect.z) else None,
        "share": suspect.share,
        "is_culprit": suspect.is_culprit,
    }
