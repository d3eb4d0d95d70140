"""Runs a plan: each point's acquisitions on the sampler, its counts stored the moment they are complete.

A point that has its counts file is not run again, so a killed run continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qsense.backends import Sampler
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.runs.point import Acquisition, Point
from qsense.runs.record import RunRecord

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
    missing = [point for point in points if not record.has_counts(point)]
    total = sum(point.circuits_per_time * len(point.rule.times) for point in missing)
    done = 0
    for point in missing:
        parts: list[Counts] = []
        for one in point.acquisitions():
            part = sampler.sample(one.experiment, one.settings, one.shots, point.noise, one.seed)
            _check(part, one, record.spec.backend)
            parts.append(part)
            done += len(one.settings)
            if progress is not None:
                progress(done, total, f"measuring {point.label}")
        record.write_counts(point, parts)
    return len(missing)


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
