"""Two steps instead of one (`strategy = "adaptive"`): a pilot finds phase and decay, the rest goes where they say.

The pilot takes a tenth of the shots, at all times alike and along both directions, on the same backend. It decides
where the field puts the fringe, how many of the other shots each time and each row gets, and, where the signal decays
at another rate than the noise says, at which times. The pilot counts as well: where its directions and times stay, its
shots and those of the rest are estimated as one; where the directions move, its own G counts with a share that is fixed
by the spec alone; at other times it is left out. The same counts of a pilot give the same rest, so that a run that was
killed goes on.

Given its pilot the rest is as unbiased as ever. Shots put together are not quite, as how many follow depends on those
before: of the order of a hundredth of the error (`benchmarks/adaptive.py` sees no bias).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.runs.pilots import WHOLE, Decision, at_rate, decide, pilot_of, with_rows
from qsense.runs.point import Pilot, Point
from qsense.runs.record import RunRecord

STEPS = "steps.json"


def settled(points: Sequence[Point], record: RunRecord, keep: bool = False) -> list[Point]:
    """Returns the points with the rest in the place of each that is measured in two steps, as its pilot's counts say.

    Args:
        points: of the record's plan.
        record: with the counts of all pilots.
        keep: whether to write what the pilots decided into the record.

    Raises:
        RecordError: the counts of a pilot are missing or damaged, or `steps.json` is.
    """
    if all(point.step != WHOLE for point in points):
        return list(points)
    kept = record.read_json(STEPS) if record.has(STEPS) else {"schema": 1}
    found, new = [], dict(kept)
    for point in points:
        if point.step != WHOLE:
            found.append(point)
            continue
        pilot = pilot_of(point)
        counts = record.counts(pilot)
        if pilot.key in kept:
            decided = _read(point, kept[pilot.key], record)
        else:
            decided = decide(record.spec, point, counts)
            new[pilot.key] = {"label": point.label, **decided._asdict()}
        found.append(rest_of(point, counts, decided))
    if keep and new != kept:
        record.write_json(STEPS, new)
    return found


def _read(point: Point, entry: object, record: RunRecord) -> Decision:
    """A decision from the file.

    Raises:
        RecordError: it is none of this point.
    """
    wrong = RecordError(
        f"{record.path / STEPS}: does not fit the spec of this record ({point.label}); delete it and the counts of the "
        "rest, and run the spec again."
    )
    try:
        rows = tuple(tuple(int(shots) for shots in one) for one in entry["rows"])  # type: ignore[index]
        aim, rate = float(entry["aim_rad_per_s"]), float(entry["rate"])  # type: ignore[index]
        shares = tuple(map(float, entry["shares"]))  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as error:
        raise wrong from error
    times, circuits = len(point.rule.times), point.circuits_per_time
    fits = len(rows) == len(shares) == times and all(len(one) == circuits and min(one) > 0 for one in rows)
    if not (fits and rate > 0 and np.isfinite([aim, rate, *shares]).all()):
        raise wrong
    return Decision(aim, rate, rows, shares)


def rest_of(point: Point, counts: Sequence[Counts], decided: Decision) -> Point:
    """Returns the second step of a whole point, given the counts of its pilot and what they decided."""
    pilot = pilot_of(point)
    shots = tuple(map(sum, pilot.row_shots))
    if decided.rate != 1:
        before = Pilot(shots)
    elif decided.aim_rad_per_s:
        before = Pilot(shots, estimates=tuple(pilot.estimate(counts)), shares=decided.shares)
    else:
        before = Pilot(shots, tuple(counts))
    whole = replace(at_rate(point, decided.rate), step="rest", aim=decided.aim_rad_per_s, pilot=before)
    rest = with_rows(whole, decided.rows)
    return replace(rest, shots=tuple(number // rest.circuits_per_time for number in rest.total_shots))
