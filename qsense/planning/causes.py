"""Why entanglement does not pay: what has to be taken away, alone or together, for it to pay.

The best entangled probe is compared with product spins again without preparation and readout errors, without dead
times, without noise that spins share, with equal T2 of all spins, with equal weights. A cause is what makes
entanglement pay when it is taken away; where nothing alone does, the fewest that do together. Where not even all of
them do, it is local noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve
from qsense.planning.outcomes import COARSE, decibels, grid, merit, tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.site import DEAD, PREPARATION, SHARED, Site
from qsense.planning.spins import UNEVEN, WEIGHTS

TIE_DB = 0.02  # half a per cent: above what the grid of times leaves open, and less than anybody measures
LOCAL = "local noise"


@dataclass(frozen=True)
class Cause:
    """What keeps entanglement from paying.

    Attributes:
        parts: all of which have to be taken away; empty for local noise.
        kind: of the best entangled probe without them.
        value: its advantage in dB then; infinite where nothing decays then.
    """

    parts: tuple[str, ...]
    kind: str
    value: float

    @property
    def name(self) -> str:
        """In words.

        >>> Cause(("preparation error", "dead time"), "ghz", 1.0).name
        'preparation error and dead time'
        """
        if not self.parts:
            return LOCAL
        *first, last = self.parts
        return f"{', '.join(first)} and {last}" if first else last


def cause_of(site: Site, question: Question) -> Cause:
    """Returns the fewest things without which entanglement pays, those that give most where several do."""
    overheads = [question.dead_time + curve.overhead for curve in site.curves.values()]
    parts = [part for part in (PREPARATION, SHARED, UNEVEN, WEIGHTS) if part in site.removable]
    if any(overheads) and question.goal not in ("img", "crossover"):
        parts.append(DEAD)
    for count in range(1, len(parts) + 1):
        found = [Cause(taken, *_without(site, question, frozenset(taken))) for taken in combinations(parts, count)]
        best = max(found, key=lambda cause: cause.value)
        if best.value > TIE_DB:
            return best
    return Cause((), *_without(site, question, frozenset()))


def _without(site: Site, question: Question, taken: frozenset[str]) -> tuple[str, float]:
    """The best entangled probe and its advantage in dB without some causes."""
    lonely = site.without(taken) if taken else (site.curves, site.span)
    if lonely is None:
        return "ghz", math.inf
    curves, span = lonely
    times = grid(span, 2 * COARSE)
    planned = [name for name in curves if name != "product" and name in site.curves]
    kinds = ["ghz"] if question.goal == "crossover" else planned
    values = {name: _advantage(site, curves, name, question, times, DEAD in taken) for name in kinds}
    best = max(values, key=lambda name: values[name])
    return best, values[best]


def advantage(site: Site, curves: Mapping[str, Curve], name: str, question: Question) -> float:
    """Returns how much a probe of other curves has over product spins there, in dB of what is asked for."""
    return _advantage(site, curves, name, question, grid(site.span, 2 * COARSE), at_once=False)


def _advantage(
    site: Site, curves: Mapping[str, Curve], name: str, question: Question, times: FloatArray, at_once: bool
) -> float:
    """In dB over product spins, of what is asked for; of a crossing, of G at the start."""
    one = Factors.scaled([1.0], site.num_qubits)
    values = []
    for probe in (name, "product"):
        if question.goal == "crossover":
            values.append(float(curves[probe].gain(np.zeros(1), one)[0, 0]))
            continue
        # Preparation and readout take their time also where they make no error: that is of the dead time.
        dead = 0.0 if at_once else question.dead_time + site.curves[probe].overhead
        table = tabulate(curves[probe], times, one, question)
        values.append(float(merit(table, question, dead)[0]))
    return float(decibels(np.array(values[0] / values[1])))
