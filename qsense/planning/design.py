"""At which times the run of a plan measures a probe, and by how many circuits.

A phase is told best at one time, and the run measures there alone. 𝓘 and a crossing are told by a curve: the run
designs the times for it, one of them beyond the crossing that it expects of GHZ and product spins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule, bracketed, gauss_rule
from qsense.planning.question import Question
from qsense.planning.scatter import circuits_of
from qsense.planning.site import Site
from qsense.theory.engines import QUICK, engine_for
from qsense.theory.leads import predicted_crossing
from qsense.theory.times import MIN_NODES, designed_rule


@dataclass(frozen=True, eq=False)
class Design:
    """Where and how a run measures a probe.

    Attributes:
        num_qubits: N.
        times: in s, shape (times,).
        circuits: of each time.
        least: shots of every circuit that its estimator needs.
        rule: which integrates them; None where a phase is measured.
        missed: by how much of 𝓘 the rule is off for the exact G, as a share.
    """

    num_qubits: int
    times: FloatArray
    circuits: int
    least: int
    rule: Rule | None = None
    missed: float = 0.0


def designs(
    site: Site,
    question: Question,
    best_times: dict[str, float],
    totals: dict[str, float],
    untils: dict[str, float],
) -> dict[str, Design]:
    """Returns how each probe of a site is measured, by its name.

    Args:
        site: the probes of one N.
        question: what is asked.
        best_times: of each probe, in s.
        totals: 𝓘 of each probe in s.
        untils: until when each leads the product probe, in s.
    """
    found = {}
    crossing = None if question.is_about_phase else _crossing(site)
    for name, curve in site.curves.items():
        circuits = circuits_of(curve.readout, site.num_qubits)
        least = 20 if curve.readout == "moments" else 5
        if question.is_about_phase:
            found[name] = Design(site.num_qubits, np.array([best_times[name]]), circuits, least)
            continue
        rule, missed = _rule(site, name, totals[name])
        beyond = untils[name] if name == "squeezed" else crossing
        if beyond is not None and 0 < beyond < math.inf:
            rule = bracketed(rule, beyond)
        found[name] = Design(site.num_qubits, rule.times, circuits, least, rule, missed)
    return found


def _crossing(site: Site) -> float | None:
    return predicted_crossing(site.probes["ghz"], site.world, site.probes["product"], site.world)


def _rule(site: Site, name: str, total: float) -> tuple[Rule, float]:
    """The rule that the run designs; one for exponential decay of the same 𝓘 where that takes dense matrices."""
    probe, world = site.probes[name], site.world
    if engine_for(probe, world).method in QUICK:
        try:
            rule = designed_rule(probe, world)
        except ArgumentError:  # where the run refuses it too
            pass
        else:
            from qsense.theory.gains import gain, integrated_gain

            exact = integrated_gain(probe, world).value
            return rule, abs(float(rule.weights @ gain(probe, world, rule.times)) / exact - 1)
    rate = site.num_qubits / total
    return gauss_rule(rate, rate, MIN_NODES), 0.0
