"""Pictures of a plan: G over time with the planned crossing; against N the advantage, and until when a probe leads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.comparison.verdicts import probe_name
from qsense.files.units import readable_time, time_unit
from qsense.numerics.fisher import FloatArray
from qsense.reports.page.blocks import Charts
from qsense.reports.page.charts import MARKERS, Chart, Layer, around, coordinates, slots, x_axis, y_axis
from qsense.reports.page.gain_panels import Look, Panel
from qsense.reports.page.series import Series, Value, series_panel
from qsense.theory.leads import shown_until

_EVEN, _LOG = 160, 160  # points of a curve at equal steps, and at equal ratios
_BOUND = 7  # the colour of the bound
_LEAST = 1e-4  # of the largest G, from which on a logarithmic axis has it
_NAMES = {
    "exact": "planned (lines)", "band": "95 %: what T1 and T2 leave open", "estimate": "planned, 95 % bars",
    "crossing": "planned crossing, 95 %", "forecast": "planned crossing",
}  # fmt: skip


def kind_of(row: Mapping[str, Any]) -> str:
    """Returns what a plan calls the probe of a row.

    >>> kind_of({"probe": "one_axis:0.17"}), kind_of({"probe": "product"})
    ('squeezed', 'product')
    """
    name = str(row["probe"])
    return {"ghz": "GHZ", "one_axis": "squeezed"}.get(name.partition(":")[0], name)


def gain_charts(rows: Sequence[Mapping[str, Any]]) -> Charts:
    """Returns the planned G over time with its 95 % interval, with even and logarithmic axes, and where probes cross.

    Args:
        rows: of the table `plan` of a run spec.
    """
    look = Look(_colours(rows), {}, frozenset({"product"}))
    until = [float(row[key]) for row in rows for key in ("leads_until_s", "leads_until_high_s") if row.get(key)]
    given = max(float(time) for row in rows for time in row["times_s"])
    decays = [float(row["integrated_gain_s"]) / float(row["gain"][0]) for row in rows]
    last = min(shown_until(decays, max(until, default=None), None) or given, given)
    return Charts.of([Panel(_gains(rows, look, last, False), _gains(rows, look, last, True))], look, "", _NAMES)


def _gains(rows: Sequence[Mapping[str, Any]], look: Look, last: float, is_log: bool) -> Chart:
    seconds, unit = time_unit(last)
    top, first = max(float(value) for row in rows for value in row["gain_high"]), 3e-3 * last
    x = x_axis(first / seconds, last / seconds, True) if is_log else x_axis(0.0, last / seconds)
    y = y_axis(_LEAST * top, 1.3 * top, True) if is_log else y_axis(0.0, 1.05 * top)
    layers = [layer for row in rows for layer in _crossing(row, look, x.places, seconds, last)]
    times = np.geomspace(first, last, _LOG) if is_log else np.linspace(0.0, last, _EVEN)
    for row in rows:
        colour, name, at = (
            look.probes[kind_of(row)],
            f"{kind_of(row)}, N = {row['num_qubits']}",
            x.places(times / seconds),
        )
        gain, low, high = (y.places(_between(row, key, times)) for key in ("gain", "gain_low", "gain_high"))
        layers.append(Layer("band", colour, points=around(at, low, high), text=f"{name}, 95 %"))
        line = coordinates(at, gain)
        layers.append(Layer("exact", colour, points=line, is_dashed=kind_of(row) in look.dashed, text=name))
    said = [layer.text for layer in layers if layer.role in ("exact", "crossing", "forecast")]
    text = f"Planned gain against time: {'; '.join(said)}. The table below has the numbers."
    sizes = ", ".join(str(size) for size in sorted({int(row["num_qubits"]) for row in rows}))
    return Chart(f"N = {sizes}", text, f"time t ({unit})", "gain G = Q/t²", x, y, tuple(layers), is_log=is_log)


def _between(row: Mapping[str, Any], key: str, times: FloatArray) -> FloatArray:
    """The planned values at other times: of decays the logarithm is smooth, whatever the unit of time."""
    from scipy.interpolate import PchipInterpolator

    known = np.array([float(time) for time in row["times_s"]])
    values = np.array([float(value) for value in row[key]])
    logs = np.log(np.maximum(values, 1e-12 * values.max()))
    scale = known[-1]
    return np.asarray(np.exp(PchipInterpolator(known / scale, logs)(np.minimum(times, scale) / scale)))


def _crossing(row: Mapping[str, Any], look: Look, places: Any, seconds: float, last: float) -> list[Layer]:
    """The planned crossing with product spins, and its interval."""
    value, low, high = (row.get(f"leads_until_{end}s") for end in ("", "low_", "high_"))
    if not value:
        return []
    colour, name = (
        look.probes[kind_of(row)],
        f"{probe_name(str(row['probe']))} leads until {readable_time(float(value))}",
    )
    ends = [min(float(one), last) for one in (value if low is None else low, math.inf if high is None else high)]
    start, middle, end = places(np.array([ends[0], min(float(value), last), ends[1]]) / seconds)
    later = "any later time" if high is None else readable_time(float(high))
    text = f"{name} (95 %: {'0 s' if low is None else readable_time(float(low))} … {later})"
    return [
        Layer("crossing", colour, spans=((float(start), float(end)),), text=text),
        Layer("forecast", colour, spans=((float(middle), float(middle)),), text=name),
    ]


def size_charts(plan: Mapping[str, Any]) -> Charts | None:
    """Returns the advantage against N, and until when each probe leads; None where there is neither.

    Args:
        plan: as `qsense plan --json` prints it.
    """
    rows: Sequence[Mapping[str, Any]] = plan["rows"]
    colours = _colours(rows)
    names = {kind: colour for kind, colour in colours.items() if kind != "product"}
    signs = slots(names, MARKERS)
    gains = [Series(kind, colour, signs[kind], _decibels(rows, kind)) for kind, colour in names.items()]
    gains = [one for one in gains if one.values]
    bounds = [
        (float(b["num_qubits"]), float(b["advantage_db"])) for b in plan["bounds"] if b["advantage_db"] is not None
    ]
    if bounds and gains:
        limit = tuple(Value(n, db, db, db, db) for n, db in bounds)
        gains.append(Series("no probe exceeds", _BOUND, 0, limit, is_line=True))
    panels = []
    if gains:
        panels.append(
            series_panel("advantage over product spins", "number of spins N", "advantage (dB)", gains, zero=0.0)
        )
    seconds, unit = time_unit(max([float(row["leads_until_s"]) for row in rows if row["leads_until_s"]] or [1.0]))
    until = [Series(kind, colour, signs[kind], _untils(rows, kind, seconds)) for kind, colour in names.items()]
    until = [one for one in until if one.values]
    if until:
        title = "until when G is above that of product spins"
        panels.append(series_panel(title, "number of spins N", f"leads until t ({unit})", until))
    if not panels:
        return None
    note = "The line at zero is no difference; bars are what T1 and T2 leave open, 95 %."
    if bounds and gains:
        names["no probe exceeds"] = _BOUND
    return Charts.of(panels, Look(names, {}, markers=signs), note, {**_NAMES, "exact": "bound (line)"})


def _colours(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A colour of each kind of probe; GHZ and product have theirs, as everywhere."""
    kinds = set(map(kind_of, rows))
    return {kind: place for kind, place in slots(["GHZ", "product", *map(kind_of, rows)]).items() if kind in kinds}


def _best(rows: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """The rows of a kind, the first of each N: of several sequences of pulses the best."""
    found: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        if kind_of(row) == kind:
            found.setdefault(int(row["num_qubits"]), row)
    return list(found.values())


def _decibels(rows: Sequence[Mapping[str, Any]], kind: str) -> tuple[Value, ...]:
    values = []
    for row in _best(rows, kind):
        known = row["advantage_db"]
        if known["value"] is not None:
            ends = [float(known["value"] if known[key] is None else known[key]) for key in ("low", "high")]
            values.append(Value(float(row["num_qubits"]), float(known["value"]), *ends))
    return tuple(values)


def _untils(rows: Sequence[Mapping[str, Any]], kind: str, seconds: float) -> tuple[Value, ...]:
    values = []
    for row in _best(rows, kind):
        value = row["leads_until_s"]
        if value is not None:
            known = row.get("intervals", {}).get("leads_until_s", {})
            low, high = known.get("low"), known.get("high")
            ends = (0.0 if low is None else float(low), math.inf if high is None else float(high))
            values.append(Value(float(row["num_qubits"]), float(value) / seconds, *(one / seconds for one in ends)))
    return tuple(values)
