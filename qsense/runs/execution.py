"""Runs a plan: each point's acquisitions on the sampler, its counts stored the moment they are complete.

A point that has its counts file is not run again, so a killed run continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qsense.backends import Sampler
from qsense.circuits.counts import Counts
from qsense.runs.plan import Point
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
    """
    missing = [point for point in points if not record.has_counts(point)]
    total = sum(point.circuits_per_time * len(point.rule.times) for point in missing)
    done = 0
    for point in missing:
        parts: list[Counts] = []
        for one in point.acquisitions():
            parts.append(sampler.sample(one.experiment, one.settings, one.shots, point.noise, one.seed))
            done += len(one.settings)
            if progress is not None:
                progress(done, total, f"measuring {point.label}")
        record.write_counts(point, parts)
    return len(missing)
