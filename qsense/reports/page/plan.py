"""What a page says of a plan: of `qsense plan --json`, or of the run spec that `qsense plan --out` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.comparison.verdicts import probe_name
from qsense.errors import ContentError
from qsense.files.units import readable_time, time_unit
from qsense.reports.page.blocks import Block, Charts, Facts, Part, Section, Table
from qsense.reports.page.charts import Chart, Layer, around, coordinates, slots, x_axis, y_axis
from qsense.reports.page.gain_panels import Look, Panel
from qsense.reports.page.series import Series, Value, series_panel
from qsense.signals.magnetic import readable_field

_GOALS = {
    "rate": "information about φ per total time", "field": "the least error of the field per total time",
    "img": "𝓘, the integral of G", "crossover": "until when GHZ leads",
}  # fmt: skip
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError)


def plan_part(plan: Mapping[str, Any], name: str) -> Part:
    """Returns what is said of a plan.

    Args:
        plan: as `qsense plan --json` prints it, or the table `plan` of a run spec.
        name: of its file.

    Raises:
        ContentError: it is neither.

    >>> plan_part({}, "x.json")
    Traceback (most recent call last):
    qsense.errors.ContentError: x.json: is no plan (KeyError); give what `qsense plan --json` printed, or its --out.
    """
    try:
        return _of_answer(plan, name) if "bounds" in plan else _of_spec(plan, name)
    except _DAMAGE as error:
        raise ContentError(
            f"{name}: is no plan ({type(error).__name__}); give what `qsense plan --json` printed, or its --out."
        ) from error


def _of_answer(plan: Mapping[str, Any], name: str) -> Part:
    rows: Sequence[Mapping[str, Any]] = plan["rows"]
    look = Look(slots(_kind(row) for row in rows), {"planned": 0})
    asked = {
        "goal": _GOALS.get(str(plan["goal"]), str(plan["goal"])),
        "planned for": str(plan["source"]),
        "dead time": readable_time(float(plan.get("dead_time_s") or 0)),
        "shots": "" if plan.get("shots") is None else str(plan["shots"]),
        "time": "" if plan.get("seconds") is None else readable_time(float(plan["seconds"])),
        "T1 and T2 known to": f"{100 * float(plan.get('uncertainty') or 0):.0f} %",
    }
    sections = (
        Section("What was asked", (Facts(tuple((key, text) for key, text in asked.items() if text)),)),
        Section("How much more than product spins", _advantages(plan, rows, look)),
        Section("What each probe reaches and costs", (_table(rows),)),
        Section("Left out", _left_out(plan.get("left_out", ()))),
    )
    limit = str(plan["reasons"].get("limit", ""))
    about = f"plan {name}" + (f"; {limit}" if limit else "")
    return Part(f"Plan for {plan['source']}", about, str(plan["advice"]), tuple(s for s in sections if s.blocks))


def _advantages(plan: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], look: Look) -> tuple[Block, ...]:
    every = []
    for kind in look.probes:
        if kind == "product":
            continue
        values = []
        for row in rows:
            known = row["advantage_db"]
            if _kind(row) == kind and known["value"] is not None:
                value, low, high = (known[key] for key in ("value", "low", "high"))
                ends = (float(value if low is None else low), float(value if high is None else high))
                values.append(Value(float(row["num_qubits"]), float(value), *ends))
        if values:
            every.append(Series(kind, look.probes[kind], 0, tuple(values)))
    bounds = [
        (float(b["num_qubits"]), float(b["advantage_db"])) for b in plan["bounds"] if b["advantage_db"] is not None
    ]
    if bounds and every:
        limit = tuple(Value(n, db, db, db, db) for n, db in bounds)
        look = Look({**look.probes, "no probe exceeds": 7}, look.estimators)
        every.append(Series("no probe exceeds", 7, 0, limit))
    if not every:
        return ()
    panel = series_panel("advantage over product spins", "number of spins N", "advantage (dB)", every, zero=0.0)
    shown = Look({k: v for k, v in look.probes.items() if k != "product"}, look.estimators)
    return (Charts.of([panel], shown, "The line at zero is no difference; bars are what T1 and T2 leave open, 95 %."),)


def _kind(row: Mapping[str, Any]) -> str:
    name = str(row["probe"])
    return {"ghz": "GHZ", "one_axis": "squeezed"}.get(name.partition(":")[0], name)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    found = []
    for row in rows:
        leads, shots, field = row["leads_until_s"], row["shots"], row.get("field_error_t")
        found.append(
            {
                "probe": probe_name(str(row["probe"])), "N": row["num_qubits"],
                "qubits": ", ".join(map(str, row["qubits"])) or None, "readout": row["readout"],
                "G(0)": f"{float(row['gain_start']):.4g}", "best t": readable_time(float(row["best_time_s"])),
                "gain (dB)": _db(row["advantage_db"]), "𝓘": readable_time(float(row["integrated_gain_s"])),
                "leads for": None if leads is None else readable_time(float(leads)),
                "shots": None if shots is None else f"{int(shots):,}".replace(",", " "),
                "takes": None if row["device_s"] is None else readable_time(float(row["device_s"])),
                "δφt (rad)": None if row["phase_error_rad"] is None else f"{float(row['phase_error_rad']):.2g}",
                "δB": None if field is None else readable_field(float(field)),
            }
        )  # fmt: skip
    return Table.of("Every probe, the best first", found)


def _db(one: Mapping[str, Any]) -> str | None:
    if one["value"] is None:
        return None
    ends = ["…" if one[key] is None else f"{float(one[key]):.2f}" for key in ("low", "high")]
    return f"{float(one['value']):.2f} ({ends[0]} … {ends[1]})"


def _left_out(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    found = [{"probe": row["probe"], "N": row["num_qubits"], "why": row["why"]} for row in rows]
    return (Table.of("Probes that are not planned", found),) if found else ()


def _of_spec(plan: Mapping[str, Any], name: str) -> Part:
    rows: Sequence[Mapping[str, Any]] = plan["rows"]
    look = Look(slots(_kind(row) for row in rows), {}, frozenset({"product"}))
    found = [
        {
            "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "readout": row.get("readout"),
            "𝓘": _interval(row, "integrated_gain"), "best t": readable_time(float(row["best_time_s"])),
            "leads until": _interval(row, "leads_until"), "shots": row.get("run_shots"),
            "takes": None if row.get("run_device_s") is None else readable_time(float(row["run_device_s"])),
        }
        for row in rows
    ]  # fmt: skip
    sections = (
        Section("Planned gain over time", (Charts.of([_curves(rows, look)], look),)),
        Section("What is planned", (Table.of("Planned, with the 95 % interval that T1 and T2 leave open", found),)),
    )
    goal = _GOALS.get(str(plan["goal"]), str(plan["goal"]))
    return Part(f"Plan for {plan['source']}", f"run spec {name}; asked for: {goal}", str(plan["advice"]), sections)


def _interval(row: Mapping[str, Any], key: str) -> str | None:
    value, low, high = (row.get(f"{key}_{end}s") for end in ("", "low_", "high_"))
    if value is None:
        return None
    ends = ["…" if one is None else readable_time(float(one)) for one in (low, high)]
    return f"{readable_time(float(value))} ({ends[0]} … {ends[1]})"


def _curves(rows: Sequence[Mapping[str, Any]], look: Look) -> Panel:
    last = max(float(time) for row in rows for time in row["times_s"])
    top = max(float(value) for row in rows for value in row["gain_high"])
    seconds, unit = time_unit(last)
    x, y, layers = x_axis(0.0, last / seconds), y_axis(0.0, 1.05 * top), []
    for row in rows:
        keys = ("times_s", "gain", "gain_low", "gain_high")
        times, gain, low, high = (np.array([float(v) for v in row[key]]) for key in keys)
        colour, name, at = look.probes[_kind(row)], f"{_kind(row)}, N = {row['num_qubits']}", x.places(times / seconds)
        layers.append(Layer("band", colour, points=around(at, y.places(low), y.places(high)), text=name))
        line = coordinates(at, y.places(gain))
        layers.append(Layer("exact", colour, points=line, is_dashed=_kind(row) in look.dashed, text=name))
    text = f"Planned gain against time: {', '.join(layer.text for layer in layers if layer.role == 'exact')}."
    return Panel(Chart("planned", text, f"time t ({unit})", "gain G = Q/t²", x, y, tuple(layers)), None)
