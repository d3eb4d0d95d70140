"""Whether an advice hangs on relaxation times that a device does not report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qsense.files.units import readable_time
from qsense.planning.causes import TIE_DB, advantage
from qsense.planning.curves import Curve
from qsense.planning.outcomes import FINE, grid, leads_until, tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.site import Site

_LIKE = 0.01  # of a crossing, within which it is the same


def hangs_on_unreported(site: Site, question: Question, verdict: float) -> str:
    """Returns a sentence that says on which unreported times the advice hangs, and what it is with others; or "".

    Args:
        site: of the spins.
        question: what is asked.
        verdict: whether entanglement pays; where a crossing is asked for, until when GHZ leads, in s.
    """
    if site.otherwise is None:
        return ""
    said = f" That hangs on what the device does not report, {site.otherwise.what}: with"
    for words, curves in site.otherwise.cases:
        if question.goal == "crossover":
            until = _until(site, curves, question)
            if until != verdict and not (verdict and abs(until / verdict - 1) < _LIKE):
                led = f"leads until {readable_time(until)}" if 0 < until < math.inf else "never leads"
                return f"{said} {words} GHZ {'always leads' if math.isinf(until) else led}."
            continue
        values = {name: advantage(site, curves, name, question) for name in curves if name != "product"}
        best = max(values, key=lambda one: values[one])
        if (values[best] > TIE_DB) != bool(verdict):
            name = "GHZ" if best == "ghz" else best
            return (
                f"{said} {words} the best entangled probe of N = {site.num_qubits} ({name}) has {values[best]:+.2f} dB."
            )
    return ""


def _until(site: Site, curves: Mapping[str, Curve], question: Question) -> float:
    one, times = Factors.scaled([1.0], site.num_qubits), grid(site.span, FINE)
    ghz, product = (tabulate(curves[name], times, one, question) for name in ("ghz", "product"))
    return float(leads_until(ghz, product)[0])
