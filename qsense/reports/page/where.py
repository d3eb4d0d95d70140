"""Where a record was measured: the backend and, of a device, its qubits and couplings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qsense.comparison.verdicts import probe_name
from qsense.files.units import readable_time
from qsense.reports.page.blocks import Block, Facts, Qubits, Table, Texts
from qsense.reports.page.device_map import device_map
from qsense.runs.record import RunRecord


def where_it_ran(record: RunRecord) -> tuple[Block, ...]:
    """Returns the backend, and of a device a picture with the qubits that held spins.

    Raises:
        RecordError: device.json is damaged.
        KeyError, TypeError, ValueError: it has something else in it.
    """
    spec = record.spec
    if not record.is_of_device or spec.device is None:
        return (Facts((("backend", spec.backend),)),)
    device = record.read_json("device.json")
    used = _used(record)
    pairs = [(int(a), int(b)) for a, b in device.get("couplings", ())]
    paths = sorted({str(one.get("path")) for one in device.get("probes", ())})
    facts = [
        ("device", str(device.get("device", spec.backend))),
        ("calibrated", str(device.get("calibrated") or "not reported")),
        ("while idle", str(device.get("idle", spec.device.idle))),
        ("run by", ", ".join(paths)),
    ]
    blocks: list[Block] = [Facts(tuple((name, text) for name, text in facts if text))]
    where = record.qubits_used
    drawn = device_map(str(device.get("device", spec.backend)), pairs, used)
    if drawn is not None:
        blocks.append(Qubits(drawn))
    if not pairs:
        blocks.append(Texts(("The record does not hold the device's couplings: an earlier version made it.",)))
    if where is not None:
        blocks.append(Texts(tuple(where.lines())))
    blocks.append(_table(record))
    return tuple(blocks)


def _used(record: RunRecord) -> dict[int, str]:
    assert record.spec.device is not None
    found: dict[int, list[str]] = {}
    for place in record.spec.device.placements:
        for spin, qubit in enumerate(place.qubits):
            found.setdefault(qubit, []).append(f"spin {spin} of {probe_name(place.probe)}, N = {place.num_qubits}")
    times = _times(record)
    return {
        qubit: f"qubit {qubit}: T1 = {times[qubit]['T1']}, T2 = {times[qubit]['T2']}; {'; '.join(spins)}"
        for qubit, spins in found.items()
    }


def _times(record: RunRecord) -> dict[int, Mapping[str, str]]:
    """T1 and T2 of each used qubit, from the rates that the run was given."""
    assert record.spec.device is not None
    found: dict[int, Mapping[str, str]] = {}
    for place in record.spec.device.placements:
        own = place.noise.t1(place.num_qubits), place.noise.t2(place.num_qubits)
        for qubit, t1, t2 in zip(place.qubits, *own, strict=True):
            found[qubit] = {"T1": _time(float(t1)), "T2": _time(float(t2))}
    return found


def _time(seconds: float) -> str:
    return readable_time(seconds) if math.isfinite(seconds) else "∞"


def _table(record: RunRecord) -> Table:
    rows: list[dict[str, Any]] = [{"qubit": q, **times} for q, times in sorted(_times(record).items())]
    return Table.of("T1 and T2 of the qubits, as the calibration reported them", rows, "spec.toml", is_folded=True)
