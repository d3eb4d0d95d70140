"""Runs a plan: each point's acquisitions on the sampler, its counts stored the moment they are complete.

A point that has its counts file is not run again, so a killed run continues where it stopped. Points in two steps are
measured pilots first: their counts say what the rest is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from qsense.backends import Sampler
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.runs.adaptive import settled
from qsense.runs.pilots import WHOLE, pilot_of
from qsense.runs.point import Acquisition, Point
from qsense.runs.record import RunRecord
from qsense.runs.rounds import as_measured, planned

Progress = Callable[[int, int, str], None]


def execute(points: Sequence[Point], sampler: Sampler, record: RunRecord, progress: Progress | None = None) -> int:
    """Measures every point that the record does not hold yet.

    Args:
        points: the plan.
        sampler: where to run.
        record: where the counts go.
        progress: called with (circuits done, circuits in all, label) after every time.

    Returns:
        How many points were measured; the others existed.

    Raises:
        RecordError: counts cannot be written.
        ArgumentError: the sampler gives other rows, spins or shots than were asked for.
    """
    first = [pilot_of(point) if point.step == WHOLE else point for point in points]
    before = {point.key for point in first if record.has_counts(point)}
    circuits = sum(point.circuits_per_time * len(point.rule.times) for point in first if point.key not in before)
    later = sum(point.circuits_per_time * len(point.rule.times) for point in points if point.step == WHOLE)
    shown = _Shown(circuits + later, progress)
    _measure([point for point in first if point.key not in before], sampler, record, shown)
    second = settled(points, record, keep=True)
    rest = [point for point in second if point.step and not record.has_counts(point)]
    shown.total = circuits + sum(point.circuits_per_time * len(point.rule.times) for point in rest)
    _measure(rest, sampler, record, shown)
    new = {point.key for point in rest}
    return sum(one.key not in before or two.key in new for one, two in zip(first, second, strict=True))


def execute_rounds(
    points: Sequence[Point], sampler: Sampler, record: RunRecord, progress: Progress | None = None
) -> None:
    """Measures what the record's rounds plan and it does not hold yet, one round after the other.

    Args:
        points: as `adaptive.settled` gives them, measured.
        sampler, record, progress: as of `execute`.

    Raises:
        RecordError, ArgumentError: as of `execute`.
    """
    for number in range(len(planned(record))):
        missing = [one for one in as_measured(points, record, number) if not record.has_counts(one)]
        circuits = sum(one.circuits_per_time * len(one.rule.times) for one in missing)
        _measure(missing, sampler, record, _Shown(circuits, progress))


@dataclass
class _Shown:
    """How far the circuits of a run are."""

    total: int
    progress: Progress | None
    done: int = 0

    def add(self, circuits: int, label: str) -> None:
        self.done += circuits
        if self.progress is not None:
            self.progress(self.done, self.total, label)


def _measure(points: Sequence[Point], sampler: Sampler, record: RunRecord, shown: _Shown) -> None:
    for point in points:
        parts: list[Counts] = []
        for one in point.acquisitions():
            part = sampler.sample(one.experiment, one.settings, one.shots, point.noise, one.seed)
            _check(part, one, record.spec.backend)
            parts.append(part)
            shown.add(len(one.settings), f"measuring {point.label}{f' ({point.step})' if point.step else ''}")
        record.write_counts(point, parts)


def _check(counts: Counts, asked: Acquisition, backend: str) -> None:
    """Refuses counts that do not answer what was asked, before they are kept."""
    size, rows = asked.experiment.probe.num_qubits, len(asked.settings)
    shots = counts.row_shots()
    if counts.num_bits != size or counts.num_rows != rows or np.any(shots != asked.shots):
        few = "" if not len(shots) else f" with {shots.min()} to {shots.max()} shots"
        raise ArgumentError(
            f'The backend "{backend}" gives counts of {counts.num_rows} rows of {counts.num_bits} spins{few}, but '
            f"{rows} rows of {size} spins with {asked.shots} shots were asked for."
        )
