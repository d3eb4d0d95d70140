"""Prepares a run: qubits chosen, times on the device's clock, every point checked, before anything is written or sent.

All backends go this way, whether their circuits run here or are submitted. A record of the same request is continued
with its own placement: a device that has been calibrated anew would give another one, and what has been measured, or
paid for, would be measured again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qsense import backends
from qsense.backends import Sampler
from qsense.backends.device_sampler import DeviceSampler
from qsense.circuits.sensing import Experiment
from qsense.devices.device import Calibration
from qsense.errors import SpecError, at_key
from qsense.runs.abilities import check_abilities
from qsense.runs.folder import RecordFolder
from qsense.runs.naming import record_path
from qsense.runs.placement import DeviceOptions, Placement
from qsense.runs.plan import RowShots, plan
from qsense.runs.point import Point
from qsense.runs.qubits import BEST
from qsense.runs.record import RunRecord
from qsense.runs.sensing import is_blind_control
from qsense.runs.spec import RunSpec
from qsense.theory.blind import BLIND

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreparedRun:
    """A run that can start.

    Attributes:
        spec: with its qubits and their noise, if it runs on a device.
        sampler: the backend.
        points: the plan.
        calibration: the one that chose the qubits, on a device.
        assumptions: a line for everything that was assumed or cut, such as a T2 that is not reported.
        remarks: a line for everything else worth saying, such as probes that an estimator skips.
    """

    spec: RunSpec
    sampler: Sampler
    points: tuple[Point, ...]
    calibration: Calibration | None = None
    assumptions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[Placement, ...]:
        """One placement for every list of qubits, on a device."""
        placements = () if self.spec.device is None else self.spec.device.placements
        return tuple({place.file_name: place for place in placements}.values())

    def described(self, path: str | None = None) -> dict[str, Any] | None:
        """Returns what a record says of its device; None if it runs on none. See `DeviceSampler.described`."""
        if not isinstance(self.sampler, DeviceSampler):
            return None
        described = self.sampler.described(self.spec.probes, path)
        return described | ({"calibrated": self.calibration.date} if self.calibration else {})

    def log_remarks(self, logged: set[str] | None = None) -> None:
        """Logs the assumptions as warnings and the remarks as information.

        Args:
            logged: lines that are not logged again; those of this run are added.
        """
        logged = set() if logged is None else logged
        for lines, log in ((self.assumptions, logger.warning), (self.remarks, logger.info)):
            for line in lines:
                if line not in logged:
                    log(line)
        logged.update(self.assumptions, self.remarks)


def prepare_run(
    spec: RunSpec,
    out: Path | None,
    *,
    opened: Any = None,
    measured: Callable[[RunRecord], RowShots] = RunRecord.row_shots,
) -> PreparedRun:
    """Returns a spec on its backend; writes, runs and sends nothing, and logs only where it fails.

    Args:
        spec: the run.
        out: the folder under which its record is, or would be; None if there is none to be continued.
        opened: the vendor's object behind the backend, where it has been opened already.
        measured: returns what of a record has been measured or sent, as `plan` takes it.

    Raises:
        SpecError: the run does not fit its backend; the message names the file, the key and the fix.
        RecordError: a record that may be this run's is damaged.
    """
    spec.check_sensing()
    existing = None if out is None or not backends.is_device(spec.backend) else _existing(spec, out)
    asked = None if spec.device is None else spec.device.choice
    if existing is not None:
        spec = replace(existing.spec, source=spec.source)
    assumptions: list[str] = []
    source = spec.source
    try:
        with at_key(source, "backend"):
            spec, sampler, assumptions = _on_backend(spec, opened)
        points = plan(spec, None if existing is None else measured(existing))
        with at_key(source, "backend"):
            _check(points, sampler)
    except SpecError:
        for line in dict.fromkeys(assumptions):  # they may explain it
            logger.warning(line)
        raise
    calibration = sampler.device.calibration if isinstance(sampler, DeviceSampler) else None
    if existing is not None and calibration is not None:
        before = Calibration(existing.provenance.get("calibrated"), str(existing.provenance.get("calibration_sha256")))
        if before.date != calibration.date or not _is_as_reported(spec, sampler):
            assumptions.append(
                f"{existing.path.name} was started with the calibration of {before.date or 'an unknown date'} and is "
                f"continued with its qubits, T1 and T2; to start afresh with that of {calibration.date or 'today'}, "
                "choose another folder (`out`)"
            )
        calibration = before
    if existing is not None and asked != BEST and spec.device is not None and spec.device.is_before_choice:
        used = existing.qubits_used
        if used is not None and not used.are_same:
            assumptions.append(
                f"{existing.path.name} was started by an earlier version with each probe on its own best qubits, and "
                "is continued there: its verdicts are also of the qubits; to start afresh with all on the same, choose "
                "another folder (`out`)"
            )
    assumptions += [said for point in points if (said := point.method.caution) is not None]
    remarks = [*controls(spec), *skipped(spec), *(ambiguous(points) if spec.device is not None else [])]
    lines = tuple(dict.fromkeys(assumptions)), tuple(dict.fromkeys(remarks))
    return PreparedRun(spec, sampler, tuple(points), calibration, *lines)


def controls(spec: RunSpec) -> list[str]:
    """Returns a line for every control, a probe that cannot sense the signal and is run all the same."""
    blind = [probe for probe in spec.probes if is_blind_control(probe, spec.signal)]
    return [f"{probe.name}, N = {probe.num_qubits}: {BLIND}; it is run as a control" for probe in blind]


def skipped(spec: RunSpec) -> list[str]:
    """Returns a line for every estimator that skips probes of its kinds alone, unless another one is for these."""
    lines = []
    for estimator in spec.estimators:
        others = [one for one in spec.estimators if one is not estimator]
        left = [p for p in spec.probes if not estimator.goes_with(p) and not any(one.goes_with(p) for one in others)]
        names = list(dict.fromkeys(p.name for p in left))
        if names:
            lines.append(f"{estimator.name} is for {estimator.probe_kinds} probes: it skips {', '.join(names)}")
    return lines


def ambiguous(points: Sequence[Point]) -> list[str]:
    """Returns a line for every GHZ point whose fringe goes round more than half a turn while it senses.

    G does not depend on it, as both quadratures of the fringe are read; a phase read from it does.
    """
    lines = []
    for point in points:
        if point.probe.kind != "ghz":
            continue
        is_plain = point.world.is_plain and not point.probe.signs
        weights = point.signal.weights_of(point.probe.num_qubits)
        turns = abs(float(point.probe.branch @ weights)) * abs(point.field)
        angles = turns * np.abs(point.collected) * point.rule.times
        if angles.max() > np.pi:
            limit = np.pi / turns if is_plain else float(point.rule.times[np.argmax(angles > np.pi)])
            what, period = ("N·φ·t", "2π/N") if is_plain else ("the angle of the fringe", "2π over its frequency")
            lines.append(
                f"{point.label}: {what} passes π at t = {limit:.3g} s; from there on the fringe tells the phase only "
                f"modulo {period} (G is not affected)"
            )
    return list(dict.fromkeys(lines))


def _existing(spec: RunSpec, out: Path) -> RunRecord | None:
    """The record that the run continues: one of exactly this spec, or of the same request before qubits were chosen."""
    if spec.device is None or not spec.device.placements:
        return RunRecord.matching_request(spec, out)
    path = record_path(spec, out)
    return RunRecord.load(path) if RecordFolder(path).has("spec.toml") else None


def _on_backend(spec: RunSpec, opened: Any) -> tuple[RunSpec, Sampler, list[str]]:
    """The spec with its qubits chosen, if it runs on a device; what it runs on; what was assumed of its noise."""
    wanted = spec.device or DeviceOptions(spec.idle)
    # Simulators take the pulses from the experiments.
    idle = spec.idle if backends.is_device(spec.backend) else "free"
    sampler = backends.sampler(spec.backend, spec.readout_error, idle=idle, qubits=wanted.asked_qubits, opened=opened)
    if not isinstance(sampler, DeviceSampler):
        keys = [f"`device.{key}`" for key in ("qubits", "readout_shots") if wanted.to_dict().get(key)]
        why = f'the backend "{spec.backend}" is no device with qubits and a readout of its own'
        return spec, sampler, [f"nothing comes of {' and '.join(keys)}: {why}"] if keys else []
    pinned = {(p.probe, p.num_qubits): p.begins_on or p.qubits for p in wanted.placements}
    sampler = replace(sampler, pinned=pinned)
    for probe in spec.probes:
        sampler.check(Experiment(probe, 0.0))
    device, assumptions = wanted.place_probes(spec.probes, sampler, sampler.device.tick())
    return replace(spec, device=device), sampler, assumptions


def _is_as_reported(spec: RunSpec, sampler: Sampler) -> bool:
    return (
        spec.device is None
        or not isinstance(sampler, DeviceSampler)
        or spec.device.is_as_reported(spec.probes, sampler)
    )


def _check(points: list[Point], sampler: Sampler) -> None:
    for point in points:
        check_abilities(sampler, point)
        # Only a device has a clock and pulses for which a time can be too short.
        for time in point.rule.times if isinstance(sampler, DeviceSampler) else [0.0]:
            sampler.check(point.experiment_at(float(time)))
