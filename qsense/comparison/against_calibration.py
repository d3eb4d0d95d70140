"""Points measured on a device beside what its calibration predicts, with preparation and readout fitted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.circuits.counts import Counts
from qsense.comparison.measured import Measured
from qsense.errors import ArgumentError
from qsense.estimators import product
from qsense.estimators.readout import calibrate, mitigated
from qsense.estimators.readout.crosstalk import crosstalk
from qsense.estimators.spam import Suspect, does_not_decay, fit_amplitude, spin_decay, suspects
from qsense.runs.methods import GhzBlock, ProductSpins
from qsense.runs.placement import Placement


def rows(
    measured: Sequence[Measured],
    tables: Sequence[Sequence[Counts]],
    placements: Sequence[Placement],
    readouts: Mapping[tuple[int, ...], Counts],
) -> list[dict[str, Any]]:
    """Returns one entry for every point: its amplitude, every time's residual, and the qubits that explain a miss.

    Args:
        measured: the points.
        tables: their counts, one for every time.
        placements: where the probes were.
        readouts: counts of known strings by qubits, where readout was calibrated.
    """
    places = {(p.probe, p.num_qubits): p for p in placements}
    found = []
    for item, counts in zip(measured, tables, strict=True):
        probe = item.point.probe
        place = places.get((probe.name, probe.num_qubits))
        if place is None:
            continue
        fit = fit_amplitude(item.estimates, item.gain_exact)
        scale = fit.amplitude.value
        found.append(
            {
                "probe": probe.name,
                "num_qubits": probe.num_qubits,
                "noise": item.point.noise.name,
                "estimator": item.point.estimator.name,
                "qubits": list(place.qubits),
                "amplitude": scale,
                "amplitude_stderr": fit.amplitude.stderr,
                "p_value": fit.p_value,
                "does_not_decay": does_not_decay(item.estimates, item.gain_exact),
                "times": [
                    {
                        "time_s": float(time),
                        "predicted": float(exact),
                        "measured": estimate.value,
                        "stderr": estimate.stderr,
                        "ratio": estimate.value / float(exact),
                        "z": float(z),
                    }
                    for time, exact, estimate, z in zip(
                        item.point.rule.times, item.gain_exact, item.estimates, fit.z, strict=True
                    )
                ],
                **_undone(item, counts, readouts.get(place.qubits)),
                "suspects": [_suspect_row(s) for s in _suspects(item, counts, place)],
            }
        )
    return found


def _undone(item: Measured, counts: Sequence[Counts], readout: Counts | None) -> dict[str, Any]:
    """G at every time with readout undone, beside the raw one, and whether readout is correlated."""
    method = item.point.method
    if readout is None or not isinstance(method, GhzBlock | ProductSpins):
        return {}
    known, found = calibrate(readout), []
    for part in counts:
        if isinstance(method, ProductSpins):
            found.append(mitigated.product_gain(part, known).mitigated)
        elif method.method in ("loss_flag", "parity"):
            found.append(mitigated.ghz_gain(part, known, method.method).mitigated)
    if not found:
        return {}
    fit, together = fit_amplitude(found, item.gain_exact), crosstalk(readout)
    return {
        "mitigated": [{"gain": e.value, "stderr": e.stderr, "z": float(z)} for e, z in zip(found, fit.z, strict=True)],
        "mitigated_amplitude": fit.amplitude.value,
        "mitigated_amplitude_stderr": fit.amplitude.stderr,
        "mitigated_p_value": fit.p_value,
        "readout": together._asdict(),
    }


def _suspects(item: Measured, counts: Sequence[Counts], place: Placement) -> list[Suspect]:
    """From the spins of a product probe, each by itself; a GHZ probe knows only the sum of their rates."""
    if not isinstance(item.point.method, ProductSpins):
        return []
    gains = [product.spins(part).gains for part in counts]
    seen, rates = [], []
    for spin in range(item.point.probe.num_qubits):
        try:
            decay = spin_decay(item.point.rule.times, [at[spin] for at in gains])
        except ArgumentError:
            continue  # this spin's gain does not stand out of its noise
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
        "z": suspect.z,
        "share": suspect.share,
        "is_culprit": suspect.is_culprit,
    }
