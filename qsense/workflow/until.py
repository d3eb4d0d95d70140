"""A run in rounds, until its intervals are short enough.

After each round the shots that are still wanted follow from the errors so far: at most three times what has been
measured, at least a quarter of it, and a little more than the errors say. There are few looks, so that stopping where
the interval happens to be short hardly matters: bias and coverage are measured in benchmarks/until_error.py.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qsense import services as remote
from qsense.circuits.counts import Counts
from qsense.comparison import measure_point
from qsense.comparison.judged import judged
from qsense.comparison.precision import Precision, Target, precisions
from qsense.errors import ArgumentError
from qsense.extensions import allowing
from qsense.jobs.dispatch import TooLongError
from qsense.jobs.fetching import measured_or_sent
from qsense.runs.adaptive import settled
from qsense.runs.execution import Progress, execute_rounds
from qsense.runs.point import Point
from qsense.runs.preparation import PreparedRun, prepare_run
from qsense.runs.record import RunRecord
from qsense.runs.rounds import planned, rows_for, with_rounds, write_rounds
from qsense.runs.spec import RunSpec
from qsense.runs.use import in_use
from qsense.workflow import runs
from qsense.workflow.analysis import analyse

logger = logging.getLogger(__name__)
LEAST, MOST = 0.25, 3.0  # of all shots before a round, that it adds
MARGIN = 1.05  # of the shots that errors ask for, so that a round more is rare
MOST_ROUNDS = 20
_REFUSED_BELOW = 1e-3  # of assumptions, on the way: there are several looks, and a false alarm ends a run


@dataclass(frozen=True)
class Stopped:
    """A run in rounds, when it stopped.

    Attributes:
        record: its record.
        target: what was asked for.
        found: how well each number is known.
        rounds: how many there are in the record, the run itself included.
        shots: of all circuits of all rounds.
        why: why it stopped before the target; "" where it is reached.
    """

    record: RunRecord
    target: Target
    found: tuple[Precision, ...]
    rounds: int
    shots: int
    why: str

    @property
    def is_reached(self) -> bool:
        return not self.why

    def lines(self) -> list[str]:
        """Returns what is known how well, a line for each number, and why it stopped."""
        unit = f" {self.target.unit}" if self.target.unit else ""
        said = []
        for one in self.found:
            share = f" ({one.half / abs(one.value) * 100:.2g} %)" if one.value and math.isfinite(one.half) else ""
            half = f"± {one.half:.3g}{unit}{share}" if math.isfinite(one.half) else "not told"
            value = f"{one.value:.4g} " if math.isfinite(one.value) else ""
            said.append(f"{one.label}: {value}{half}{f': {one.why}' if one.why else ''}")
        end = "reached" if self.is_reached else f"not reached: {self.why}"
        many = f"{self.rounds} round{'s' * (self.rounds != 1)}"
        return [*said, f"{self.target.text}: {end}; {many}, {self.shots} shots"]


def run_until_error(
    spec: RunSpec | str | Path,
    error: str | float,
    goal: str = "img",
    max_shots: int | None = None,
    out: str | Path = runs.RECORDS,
    progress: Progress | None = None,
    allow_code: bool = False,
    max_seconds: float | None = None,
) -> Stopped:
    """Runs a spec in rounds until what it is after is known well enough; continues its record.

    The first round is the run itself, with the spec's shots. All rounds are in one record; one that was killed goes on.
    On a backend that takes jobs each round's jobs are further entries of the record's ledger, sent when the round
    before has been collected; none is sent twice.

    Args:
        spec: a RunSpec or the path of a TOML file.
        error: half of the 95 % interval, such as "5%" of the value, 0.05, or "20us" (see `Target.of`).
        goal: "img", "gain", "crossover" or "field".
        max_shots: of all circuits of all rounds; None for no limit.
        out, progress, allow_code: as of `run`.
        max_seconds: the most time on a device that takes jobs, all rounds together, in s; a round that would take more
            is not sent.

    Raises:
        SpecError, RecordError: as of `run`.
        ArgumentError: the goal or the error is none, or a limit is below what the first round takes.
        ServiceError: as of `run_remotely`; the same call goes on.
    """
    with allowing(allow_code):
        spec = spec if isinstance(spec, RunSpec) else RunSpec.load(spec)
        target, out = target_of(spec, goal, error), Path(out)
        is_remote = remote.is_remote(spec.backend)
        if not is_remote:
            runs.check_no_limit(spec, max_seconds)
        prepared = _prepared(spec, out)
        first = sum(sum(point.total_shots) for point in prepared.points)
        if max_shots is not None and max_shots < first:
            raise ArgumentError(
                f"at most {max_shots} shots are allowed, but the first round has {first}; lower `shots`."
            )

        def remotely() -> RunRecord:
            return runs.run_remotely(spec, out, progress, max_seconds)

        if is_remote:
            record = remotely()
            prepared = _prepared(spec, out)  # with the qubits of its record
        else:
            record = runs.measure_counts(prepared, out, progress)
        return _rounds(prepared, record, target, max_shots, progress, remotely if is_remote else None)


def _prepared(spec: RunSpec, out: Path) -> PreparedRun:
    if remote.is_remote(spec.backend):
        return prepare_run(spec, out, opened=remote.service(spec.backend).backend, measured=measured_or_sent)
    return prepare_run(spec, out)


def target_of(spec: RunSpec, goal: str, error: str | float) -> Target:
    """Returns the target of a run; a field in T is taken by the ratio of its spins, where all have one.

    Raises:
        ArgumentError: as `Target.of`.
    """
    ratios = {spec.ratio_of(noise) for noise in spec.noises}
    found = Target.of(goal, error, next(iter(ratios)) if len(ratios) == 1 else None)
    if found.goal == "field" and found.is_share and spec.field == 0:
        raise ArgumentError('the field of the spec is 0, of which there is no share; give an error such as "3rad/s"')
    return found


def _rounds(
    prepared: PreparedRun,
    record: RunRecord,
    target: Target,
    max_shots: int | None,
    progress: Progress | None,
    remotely: Callable[[], RunRecord] | None,
) -> Stopped:
    about = {"goal": target.goal, "error": target.error, "is_share": target.is_share, "max_shots": max_shots}
    with in_use(record.path):
        base = settled(prepared.points, record)
        while True:
            points = with_rounds(base, record)
            counts = [record.counts(one) for one in points]
            found, factors, why = look(points, counts, record.spec, target, max_shots, len(planned(record)))
            if not factors:
                break
            following = {base[place].key: rows_for(points[place], factor) for place, factor in factors.items()}
            before = planned(record)
            write_rounds(record, [*before, following], about)
            logger.info(
                f"round {len(planned(record)) + 1}: {sum(sum(map(sum, rows)) for rows in following.values())} shots"
            )
            if remotely is None:
                execute_rounds(base, prepared.sampler, record, progress)
                continue
            try:
                remotely()
            except TooLongError as error:  # nothing of it was sent
                write_rounds(record, before, about)
                why = str(error)
                break
        write_rounds(record, planned(record), {**about, "reached": not why, "stopped": why or "reached"})
        analyse(record, points, progress)
    shots = sum(sum(one.total_shots) for one in points)
    return Stopped(record, target, tuple(found), len(planned(record)) + 1, shots, why)


def look(
    points: Sequence[Point],
    counts: Sequence[Sequence[Counts]],
    spec: RunSpec,
    target: Target,
    max_shots: int | None = None,
    rounds: int = 0,
) -> tuple[list[Precision], dict[int, float], str]:
    """Returns how well each number is known, and what the next round adds: factors of a point's shots, by its place.

    Args:
        points: with all their rounds, as `with_rounds` gives them.
        counts: of each, as of its last round.
        spec: their run.
        target, max_shots: as of `run_until_error`.
        rounds: how many there were after the first.

    Returns:
        The precisions, the factors, {} to stop, and the reason to stop before the target, "" where it is reached.
    """
    every = [measure_point(*both, spec.readout_error) for both in zip(points, counts, strict=True)]
    found = precisions(judged(every, spec.device is not None, _REFUSED_BELOW), target.goal, spec.pairs)
    has_times = bool(spec.times or spec.times_of)
    return found, *_next(points, found, target, max_shots, rounds, has_times)


def _next(
    points: Sequence[Point],
    found: Sequence[Precision],
    target: Target,
    max_shots: int | None,
    rounds: int,
    has_times: bool,
) -> tuple[dict[int, float], str]:
    """What each point's next round adds, as a factor of its shots, by its place; {} with the reason to stop."""
    open_ = [one for one in found if not one.is_reached(target)]
    if not open_:
        return {}, ""
    never = [one for one in open_ if math.isinf(one.factor(target))]
    if never:
        return {}, "; ".join(unreachable(one, target, has_times) for one in never)
    if rounds + 1 >= MOST_ROUNDS:
        return {}, f"{MOST_ROUNDS} rounds were not enough"
    factors: dict[int, float] = {}
    for one in open_:
        wanted = min(max(MARGIN * one.factor(target) - 1, LEAST), MOST)
        for place in one.points:
            factors[place] = max(factors.get(place, 0.0), wanted)
    if max_shots is None:
        return factors, ""
    shots = [sum(point.total_shots) for point in points]
    left = max_shots - sum(shots)
    asked = sum(factor * shots[place] for place, factor in factors.items())
    if asked > left:
        factors = {place: factor * max(left, 0) / asked for place, factor in factors.items()}
    fits = sum(sum(map(sum, rows_for(points[place], factor))) for place, factor in factors.items()) <= left
    if not fits or left < 0.01 * sum(shots):
        return {}, f"the limit of {max_shots} shots"
    return factors, ""


def unreachable(one: Precision, target: Target, has_times: bool) -> str:
    """Returns why no number of shots reaches the target for a number, with the least error that is left.

    Args:
        one: the number.
        target: what is asked of it.
        has_times: whether the spec gives the times, and the run does not design them.
    """
    if one.why:
        return f"{one.label}: {one.why}"
    if one.floor < one.wanted(target):
        return f"{one.label}: the interval is longer than its shots alone make it, as the law of decay is in doubt"
    fix = "leave `times_s` out, or give more times" if has_times else "give more times (`times_s`), or ask for less"
    share = f"{one.floor / abs(one.value) * 100:.2g} %" if target.is_share else f"{one.floor:.3g} {target.unit}"
    return f"{one.label}: the times leave an error of ± {share} that no number of shots takes away; {fix}"
