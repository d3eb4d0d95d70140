"""The T2 at which entanglement begins to pay, where the advice hangs on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.estimators.result import NORMAL_95
from qsense.files.units import readable_time
from qsense.numerics.fisher import FloatArray
from qsense.planning.causes import TIE_DB
from qsense.planning.outcomes import COARSE, decibels, grid, merit, tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.site import Site

NEAR = 3.0  # standard errors of T2, beyond which no advice hangs on it
_STEPS = 61


@dataclass(frozen=True)
class Threshold:
    """The T2 at which the best entangled probe and the product probe change places.

    Attributes:
        t2_s: in s, the harmonic mean over the spins.
        calibrated_s, stderr_s: what it is, and its standard error.
        pays_above: whether entanglement pays above it.
    """

    t2_s: float
    calibrated_s: float
    stderr_s: float
    pays_above: bool

    def to_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


def hangs_on(threshold: Threshold) -> str:
    """Returns in words that the advice hangs on T2."""
    side = ">" if threshold.pays_above else "<"
    now = readable_time(threshold.calibrated_s, threshold.stderr_s)
    said = f"; entanglement pays only if T2 {side} {readable_time(threshold.t2_s)}; it is {now}"
    off = math.log(threshold.calibrated_s / threshold.t2_s) * threshold.calibrated_s / threshold.stderr_s
    return said if abs(off) <= NORMAL_95 else f"{said}, not far {'above' if off > 0 else 'below'}"


def threshold_of(site: Site, question: Question) -> Threshold | None:
    """Returns where the best entangled probe and product spins change places as all noise is scaled, near the known T2.

    None where they keep their places within three standard errors, or no T2 is known.
    """
    if site.t2 is None or not question.uncertainty or len(site.curves) < 2:
        return None
    logs = np.linspace(-NEAR, NEAR, _STEPS) * question.uncertainty
    scales = np.exp(logs)
    times = grid((site.span[0] * scales[0], site.span[1] * scales[-1]), 2 * COARSE)
    factors = Factors.scaled(scales, site.num_qubits)
    merits = {
        name: merit(tabulate(curve, times, factors, question), question, question.dead_time + curve.overhead)
        for name, curve in site.curves.items()
    }
    best = np.max([one for name, one in merits.items() if name != "product"], axis=0)
    over: FloatArray = decibels(best / merits["product"])
    signs = over > TIE_DB
    changes = np.flatnonzero(signs[1:] != signs[:-1])
    if not len(changes):
        return None
    at = int(changes[np.argmin(np.abs(logs[changes]))])
    share = (TIE_DB - over[at]) / (over[at + 1] - over[at])
    scale = math.exp(logs[at] + share * (logs[at + 1] - logs[at]))
    return Threshold(scale * site.t2, site.t2, question.uncertainty * site.t2, bool(signs[at + 1]))
