"""The counts that calibrate the readout of a run's qubits, measured here or fetched from jobs."""

from __future__ import annotations

from collections.abc import Callable

from qsense.circuits.counts import Counts
from qsense.runs.placement import Placement
from qsense.runs.record import RunRecord


def calibrate_readout(record: RunRecord, counts_of: Callable[[Placement], Counts]) -> None:
    """Writes the counts of the calibration bitstrings on each probe's qubits, where the spec wants them.

    Args:
        record: what it holds already stays.
        counts_of: gives the counts of a placement, one row for each of its bitstrings.

    Raises:
        RecordError: the counts cannot be written.
    """
    device = record.spec.device
    if device is None or not device.readout_shots:
        return
    for place in device.placements:
        if not record.has(f"counts/{place.file_name}"):
            record.write_bytes(f"counts/{place.file_name}", counts_of(place).to_bytes())
