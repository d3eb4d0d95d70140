"""What a run refuses: the assumptions that do not survive all of its tests; and what stands in an estimate's place.

A run tests some assumptions in each of its rows. One that holds is refused by chance in a share of runs that grows with
the number of tests; so only what Holm's test at 1 % accuses among all tests of the run is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qsense.comparison import assumed, decay_law
from qsense.comparison.points import MeasuredPoint, exact_values, within_limits
from qsense.comparison.ratio import holm
from qsense.estimators import tally
from qsense.estimators.assumptions import (
    DECAY_LAW,
    NAMES,
    READOUT,
    READOUT_KEPT,
    READOUT_WITHHELD,
    REFUSED_BELOW,
    Assumption,
)
from qsense.estimators.result import integrate_estimates

_SPOILED = "the estimates are refused already"


def judged(
    measured: Sequence[MeasuredPoint], on_device: bool = False, level: float = REFUSED_BELOW
) -> list[MeasuredPoint]:
    """Returns the points with what the run as a whole refuses, and with what stands in place of what it spoils.

    Args:
        measured: the points of a run.
        on_device: whether readout and preparation errors of a device are in the estimates; verdicts then say so.
        level: the share of runs in which any assumption that holds may be refused.

    Source: false alarms per run are measured in benchmarks/assumptions.py.
    """
    family = [one.p_value for item in measured for one in item.assumptions if one.p_value is not None]
    stands = iter(holm(family, level))
    found = []
    for item in measured:
        own = [_judged(one, one.p_value is None or next(stands)) for one in item.assumptions]
        found.append(
            replace(item, assumptions=tuple(_on_device(one, item) for one in own) if on_device else tuple(own))
        )
    return [_in_its_place(_once(item)) for item in found]


def _judged(one: Assumption, stands: bool) -> Assumption:
    return replace(one, held=True) if one.held is False and not one.is_known and not stands else one


def _on_device(one: Assumption, item: MeasuredPoint) -> Assumption:
    """With what its test would not have shown: simulators run what the spec says, but of a device nobody knows."""
    if one.name == READOUT:
        return replace(one, withholds=False, consequence=one.consequence.replace(READOUT_WITHHELD, READOUT_KEPT))
    if not one.held:
        return one
    with item.point.calling_estimator():
        return replace(one, unseen=item.point.method.unseen(one.name, item.point.rule.times, item.counts))


def _once(item: MeasuredPoint) -> MeasuredPoint:
    """Without tests of a curve whose estimates are refused already: its height and decay say nothing more."""
    spoiled = [one for one in item.refused if one.name in NAMES and one.name not in (DECAY_LAW, READOUT)]
    if not spoiled:
        return item
    own = tuple(
        Assumption.not_tested(one.name, _SPOILED)
        if one.name in (DECAY_LAW, READOUT) and one.p_value is not None
        else one
        for one in item.assumptions
    )
    return replace(item, assumptions=own)


def _in_its_place(item: MeasuredPoint) -> MeasuredPoint:
    """With what the estimator has in place of estimates that a refused assumption spoils, if the shots allow it."""
    point = item.point
    for place, one in enumerate(item.assumptions):
        with point.calling_estimator():
            instead = point.method.instead(one.name) if one.held is False and one.withholds else None
        whole = [int(tally.with_all_spins(part).row_shots().min()) for part in item.counts]
        if instead is None or min(whole) < instead.least:
            continue
        with point.calling_estimator():
            estimates = point.about_the_field([instead.estimate(part) for part in item.counts])
        said = replace(one, consequence=f"{one.consequence}; in its place stands {instead.said}")
        curve, exact = exact_values(point, instead.quantity, item.readout_error)
        integral = integrate_estimates(point.rule, estimates)
        found = replace(
            item,
            estimates=tuple(estimates),
            gain_exact=within_limits(curve, estimates),
            integrated_gain_exact=exact,
            assumptions=(*item.assumptions[:place], said, *item.assumptions[place + 1 :]),
            stand_in=instead.quantity,
        )
        # What is missed between and beyond the times, also where the decay is not that of the spec.
        integral, more, widening = decay_law.checked(point.rule, estimates, integral, found.curve_exact, exact.value)
        bent = assumed.is_bent(point, item.readout_error)
        doubted = {own.name: own for own in more if own.name == DECAY_LAW and own.held is False and not bent}
        every = tuple(doubted.get(own.name, own) for own in found.assumptions)
        return replace(found, integral=integral, widening=widening, assumptions=every)
    return item
