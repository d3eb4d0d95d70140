"""The bound on any probe of a plan's spins, perfectly prepared and read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.planning.outcomes import decibels
from qsense.planning.question import Question
from qsense.planning.row import plain
from qsense.planning.site import Site
from qsense.theory.bounds import integrated_gain_bound
from qsense.theory.rate import rate_bound


@dataclass(frozen=True)
class Bound:
    """What no probe of N spins exceeds there, however it is prepared and read, with ancillas or without.

    Attributes:
        num_qubits: N.
        value_s: the bound on the rate, or on 𝓘 where the goal is "img", in s; infinite where none is known.
        advantage_db: of it over the product probe.
    """

    num_qubits: int
    value_s: float
    advantage_db: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "num_qubits": self.num_qubits,
            "value_s": plain(self.value_s),
            "advantage_db": plain(self.advantage_db),
        }


def bound_of(site: Site, question: Question, level: float) -> Bound:
    """Returns the bound on any probe of the site's spins; it knows of no preparation, readout or overhead.

    Args:
        site: the probes of one N.
        question: what is asked.
        level: of the product probe that all are set beside, in s.
    """
    n, world = site.num_qubits, site.world
    try:
        if question.goal == "img":
            value = float(integrated_gain_bound(n, world).value)
        else:
            value = float(rate_bound(n, world, question.dead_time).value)
    except ArgumentError:  # where longer is always better there is none
        value = math.inf
    return Bound(n, value, float(decibels(np.array(value / level))))
