"""What the estimates of a point take for granted: what its estimator tests, and what needs the exact values too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qsense.circuits.counts import Counts
from qsense.estimators.assumptions import (
    DECAY_LAW,
    ENOUGH_SHOTS,
    INDEPENDENT,
    KNOWN_PHASE,
    NAMES,
    READOUT,
    Assumption,
)
from qsense.estimators.assumptions.shots import enough_shots
from qsense.noise import ReadoutError
from qsense.runs.point import Point

_NOT_UNDONE = "the readout error of the spec is not undone: G is that of the spins as read"
_BENT = "readout of up and down differs, which bends the curve; `antipodal = true` of ghz and product keeps its shape"
_UNEQUAL = "readout of up and down differs, which shifts every mean; where the phase is off as well nothing shows it"
_UNTESTED = {
    READOUT: "no exact value is beside it as it is read; a wrong readout changes G by an unknown factor",
    DECAY_LAW: "that takes three times and the exact G; other decay changes 𝓘 between and beyond the times",
}


def of_counts(point: Point, counts: Sequence[Counts], readout_error: ReadoutError | None) -> tuple[Assumption, ...]:
    """Returns what the counts alone say of the assumptions of a point's estimator, and what the spec says of them.

    Args:
        point: what was measured.
        counts: of each time.
        readout_error: with which they were read.
    """
    method = point.method
    with point.calling_estimator():
        found = list(method.assumptions(point.rule.times, counts))
        if ENOUGH_SHOTS in method.assumes:
            # Rows of unlike shots were given theirs on purpose; each needs what any row needs.
            are_equal = not point.rows and method.row_shots(point.shots[0]) is None
            found.append(enough_shots(counts, method.needed_shots() if are_equal else method.min_shots))
    alone, unequal = point.world.noise.acts_alone, is_unequal(readout_error)
    for place, one in enumerate(found):
        if one.name == INDEPENDENT and not alone:  # what the noise itself contradicts needs no counts
            found[place] = replace(one, held=False, is_known=True)
        if one.name == KNOWN_PHASE and unequal:
            found[place] = Assumption.not_tested(KNOWN_PHASE, _UNEQUAL, one.consequence)
    return tuple(found)


def is_unequal(error: ReadoutError | None) -> bool:
    """Returns whether up and down are misread unequally, which adds an offset to every mean."""
    return error is not None and error.up_given_down != error.down_given_up


def is_bent(point: Point, error: ReadoutError | None) -> bool:
    """Returns whether readout bends the curve of a point: unequal errors do where one side of a fringe is read."""
    return is_unequal(error) and not getattr(point.method, "antipodal", False)


def of_bent_decay() -> Assumption:
    """Returns that the decay is not tested, where readout of up and down differs and is in the estimates alone."""
    return Assumption.not_tested(DECAY_LAW, _BENT)


def of_spec_readout() -> Assumption:
    """Returns that readout is not undone where the spec itself emulates its error."""
    return Assumption(READOUT, None, False, _NOT_UNDONE, is_known=True)


def complete(found: Sequence[Assumption], assumes: Sequence[str]) -> tuple[Assumption, ...]:
    """Returns the assumptions of a point in their order, those that nothing tested among them.

    Args:
        found: those that were tested.
        assumes: what the estimator declares.
    """
    missing = [name for name in assumes if all(one.name != name for one in found)]
    reasons = {name: _UNTESTED.get(name, "its estimator has no test of it") for name in missing}
    every = [*found, *(Assumption.not_tested(name, why) for name, why in reasons.items())]
    return tuple(sorted(every, key=lambda one: NAMES.index(one.name) if one.name in NAMES else len(NAMES)))
