"""What a run was for, answered first: its plan's goal or that of its rounds, and what was refused on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover
from qsense.comparison.beside_plan import at_time, is_meant
from qsense.comparison.beside_spec import rows_of_points
from qsense.comparison.headline import headline
from qsense.comparison.recorded import crossovers_of
from qsense.comparison.refused import refusals
from qsense.comparison.verdicts import claims, probe_name, shown, until_words
from qsense.estimators.result import NORMAL_95
from qsense.files.units import readable_time, time_unit, with_error
from qsense.runs.folder import RecordFolder
from qsense.runs.planned import PlannedRow
from qsense.runs.record import RunRecord
from qsense.runs.rounds import ROUNDS

GOALS = {
    "rate": "information about φ per total time", "field": "the least error of the field per total time",
    "img": "𝓘, the integral of G", "crossover": "until when GHZ leads",
}  # fmt: skip
"""What the goals of a plan mean."""
_OF_ROUNDS = {"img": "𝓘", "gain": "G", "crossover": "the crossing", "field": "φ"}
_UNITS = {"img": "s", "crossover": "s", "field": "rad/s"}
_WORDS = ("the ", "until ", "which ")
_MOST = 3  # parts of a sentence
_NEAR = 0.02  # of the planned best time, within which one that was measured is it


def said_first(record: RunRecord) -> str:
    """Returns what a report says first of a record: the answer to what it was for, the whole window, what was refused.

    Raises:
        RecordError: it has not been estimated, or a table is damaged.
        KeyError, TypeError, ValueError: its summary is damaged.
    """
    summary, goal = record.summary(), goal_of(record)
    found, is_about_phase = answer(record, summary), goal in ("rate", "field")
    return sentences(record, summary, found, reached(record), is_about_phase)


def sentences(
    record: RecordFolder, summary: Mapping[str, Any], found: str = "", said: str = "", is_about_phase: bool = False
) -> str:
    """Returns the answer to what a record was for, the whole window, whether that is reached, and what keeps it back.

    Args:
        record: that has been estimated.
        summary: of it.
        found: the answer; "" where nothing special was asked for.
        said: whether the rounds reached what was asked.
        is_about_phase: whether φ was asked for, of which the whole window says nothing.
    """
    has_pairs = any(item.num_qubits > 1 for item in crossovers_of(summary))
    whole = "" if found and (is_about_phase or not has_pairs) else headline(summary)
    refused = refusals(summary, not is_about_phase)
    return " ".join(one for one in (found, whole, said, apart(record, summary), refused) if one)


def apart(record: RecordFolder, summary: Mapping[str, Any]) -> str:
    """Returns that the probes that are compared were on other qubits than each other; "" where they were not."""
    used = record.qubits_used
    sizes = sorted({item.num_qubits for item in crossovers_of(summary)})
    remarks = {} if used is None else {size: remark for size in sizes if (remark := used.remark(size)) is not None}
    if not remarks:
        return ""
    first = next(iter(remarks.values()))
    return f"{first[:1].upper()}{first[1:]} (N = {', '.join(map(str, remarks))})."


def goal_of(record: RunRecord) -> str:
    """Returns what a record's rounds or its plan were for: "rate", "field", "img", "crossover" or "gain"; "" if unsaid.

    Raises:
        RecordError: the file of its rounds is damaged.
    """
    if record.has(ROUNDS):
        return str(record.read_json(ROUNDS).get("goal", ""))
    return "" if record.spec.plan is None else record.spec.plan.goal


def reached(record: RunRecord) -> str:
    """Returns whether a run in rounds knows what was asked to what was asked; "" for others."""
    about = record.read_json(ROUNDS) if record.has(ROUNDS) else {}
    if "reached" not in about:
        return ""
    error, goal = float(about["error"]), str(about.get("goal"))
    to = f"{100 * error:.3g} %" if about.get("is_share") else f"{error:.3g} {_UNITS.get(goal, '')}".rstrip()
    asked = f"{_begun(_OF_ROUNDS.get(goal, goal))} was asked for to ±{to} (95 %)"
    return f"{asked}: reached." if about["reached"] else f"{asked}: not reached, {about.get('stopped')}."


def answer(record: RunRecord, summary: Mapping[str, Any]) -> str:
    """Returns a sentence that answers what a record was for, measured and as it was planned; "" where that is unsaid.

    Args:
        record: that has been estimated.
        summary: its own.
    """
    goal = goal_of(record)
    if goal == "crossover":
        return _crossings(record, summary)
    if goal == "img":
        return _integrals(record, summary["rows"])
    if goal == "gain":
        return _gains(record)
    if goal in ("rate", "field") and record.spec.plan is not None:
        return _rates(record)
    return _fields(summary["rows"]) if goal == "field" else ""


def _planned(record: RunRecord) -> dict[tuple[str, int], PlannedRow]:
    plan = record.spec.plan
    return {} if plan is None else {(row.probe, row.num_qubits): row for row in plan.rows}


def _crossings(record: RunRecord, summary: Mapping[str, Any]) -> str:
    chosen = [item for item in shown(crossovers_of(summary)) if item.num_qubits > 1]
    planned, parts = _planned(record), []
    for item, made in zip(chosen, claims(chosen), strict=True):
        own = planned.get((item.probe, item.num_qubits))
        parts.append(_crossing(item, until_words(item, made)) + ("" if own is None else f"; {_until_of(own)}"))
    return _sentence(parts) or "No two probes were measured of which one could lead."


def _crossing(item: Crossover, until: str) -> str:
    where = f"for N = {item.num_qubits} under {item.noise}"
    if item.withheld is not None:
        exact = "" if item.exact is None else f" (exact: {readable_time(item.exact)})"
        return f"until when {probe_name(item.first)} leads is not told {where}{exact}"
    return f"{until}, measured {where} (95 %)"


def _until_of(row: PlannedRow) -> str:
    if row.leads_until_s is None:
        return "planned: it leads at all times"
    if not row.leads_until_s:
        return "planned: it never leads"
    low, high = row.leads_until_low_s, row.leads_until_high_s
    ends = "0 s" if low is None else readable_time(low), "any later time" if high is None else readable_time(high)
    return f"planned: {readable_time(row.leads_until_s)} (95 %: {' … '.join(ends)})"


def _integrals(record: RunRecord, rows: Sequence[Mapping[str, Any]]) -> str:
    planned, parts = _planned(record), []
    for row in rows:
        own = planned.get((str(row["probe"]), int(row["num_qubits"])))
        if own is not None and not is_meant(own, str(row["estimator"])):
            continue
        exact = float(row["integrated_gain_exact_s"])
        size, unit = time_unit(abs(exact) or 1.0)
        value = with_error(float(row["integrated_gain_s"]) / size, float(row["integrated_gain_stderr_s"]) / size)
        is_bound = "at least " if row.get("quantity") == "integrated_gain_bound" else ""
        name = probe_name(str(row["probe"]))
        text = f"𝓘 of {name} is {is_bound}{value} {unit} for N = {row['num_qubits']} under {row['noise']}"
        if own is not None:
            keys = (own.integrated_gain_s, own.integrated_gain_low_s, own.integrated_gain_high_s)
            middle, low, high = (f"{one / size:.4g}" for one in keys)
            text += f" (planned: {middle}, 95 % {low} … {high} {unit})"
        parts.append(text)
    return _sentence(parts)


def _gains(record: RunRecord) -> str:
    """How well G is known at every time, beside the largest of them."""
    parts = []
    for (probe, size, noise, *_), rows in rows_of_points(record).items():
        largest = max(float(row["gain"]) for row in rows)
        reach = NORMAL_95 * max(float(row["stderr"]) for row in rows)
        known = f" ({100 * reach / largest:.2g} %)" if largest > 0 else ""
        name = f"{probe_name(str(probe))} of N = {size} under {noise}"
        parts.append(f"G of {name} is {largest:.4g} at most and known to ±{reach:.2g}{known} at every time")
    return _sentence(parts)


def _rates(record: RunRecord) -> str:
    """How much more one probe tells of φ per total time than product spins do, each at its planned best time."""
    found: dict[tuple[str, int], tuple[PlannedRow, float, float, float]] = {}
    for (probe, size, _, estimator, *_), rows in rows_of_points(record).items():
        own = _planned(record).get((str(probe), int(size)))
        if own is None or own.best_time_s is None or not is_meant(own, str(estimator)):
            continue
        best = min(rows, key=lambda row: abs(float(row["time_s"]) - float(own.best_time_s or 0)))
        time = float(best["time_s"])
        if abs(time - own.best_time_s) <= _NEAR * own.best_time_s:
            found.setdefault((own.probe, own.num_qubits), (own, time, float(best["gain"]), float(best["stderr"])))
    parts = []
    for (probe, size), (row, time, value, error) in found.items():
        beside = found.get(("product", size))
        if probe == "product" or beside is None:
            continue
        name = f"{probe_name(probe)} of N = {size}"
        if not value > 0 or not beside[2] > 0:
            parts.append(f"which of {name} and product tells more of φ per total time is not told: one has no gain")
            continue
        ratio = _decibels(row, time, value) - _decibels(beside[0], beside[1], beside[2])
        reach = NORMAL_95 * 10 / math.log(10) * math.hypot(error / value, beside[3] / beside[2])
        planned = _decibels(row, time, at_time(row, time)) - _decibels(beside[0], beside[1], at_time(*beside[:2]))
        parts.append(
            f"{name} has {ratio:+.2f} dB (95 %: {ratio - reach:+.2f} … {ratio + reach:+.2f}) more information about φ "
            f"per total time than product, each at its best time (planned: {planned:+.2f} dB)"
        )
    return _sentence(parts).replace("-", "−") if parts else ""


def _decibels(row: PlannedRow, time: float, gain: float) -> float:
    return 10 * math.log10(gain * time**2 / (time + row.dead_time_s))


def _fields(rows: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for row in rows:
        value = row.get("field_estimate_rad_per_s")
        if value is not None:
            ends = f"{float(row['field_low_rad_per_s']):.5g} … {float(row['field_high_rad_per_s']):.5g}"
            name = f"{probe_name(str(row['probe']))} of N = {row['num_qubits']}"
            parts.append(f"φ = {float(value):.5g} rad/s (95 %: {ends}) by {name} under {row['noise']}")
    return _sentence(parts)


def _sentence(parts: Sequence[str]) -> str:
    if not parts:
        return ""
    more = f"; {len(parts) - _MOST} more are below" if len(parts) > _MOST else ""
    return f"{_begun('; '.join(parts[:_MOST]))}{more}."


def _begun(text: str) -> str:
    """A text that begins a sentence: with a capital if it begins with a word, and neither with a symbol nor a name.

    >>> _begun("until when"), _begun("φ was"), _begun("one_axis:0.17 of N = 4")
    ('Until when', 'φ was', 'one_axis:0.17 of N = 4')
    """
    return text[:1].upper() + text[1:] if text.startswith(_WORDS) else text
