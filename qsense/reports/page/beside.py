"""Several records side by side: their answers, their curves in one picture for each N, their numbers in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qsense.comparison.headline import headline
from qsense.comparison.verdicts import probe_name
from qsense.files.units import time_unit
from qsense.reports.curves import Curve
from qsense.reports.page.blocks import Charts, Part, Section, Table
from qsense.reports.page.gain_panels import Look, gain_panels
from qsense.reports.records_figure import Drawn, drawn_of
from qsense.runs.record import RunRecord


def beside_part(records: Sequence[RunRecord]) -> Part:
    """Returns what is said of records together; of several estimators of a point the most precise is drawn.

    Where every record has one noise alone, what they are called does not matter: one run under two noises, or on two
    devices, is then in one picture.

    Args:
        records: two or more that have been estimated.

    Raises:
        RecordError: one has not been estimated, or is damaged.
    """
    drawn = [drawn_of(record) for record in records]
    names = _names(records)
    one_noise = all(len({curve.noise for curve in one.curves}) == 1 for one in drawn)
    curves = [
        replace(
            curve,
            probe=f"{name}, {probe_name(curve.probe)}",
            noise="" if one_noise else curve.noise,
            estimator="estimate",
        )
        for name, one in zip(names, drawn, strict=True)
        for curve in one.curves
    ]
    dashed = {
        f"{name}, {probe_name(curve.probe)}"
        for name, one in zip(names, drawn, strict=True)
        for curve in one.curves
        if not curve.probe.startswith("ghz")
    }
    look = replace(Look.of(curves), dashed=frozenset(dashed))
    panels, every = gain_panels(curves, (), {}, look)
    note = f"{len(panels)} of {every} panels are drawn." if len(panels) < every else ""
    answers = [
        {"record": name, "answer": headline(record.summary())} for name, record in zip(names, records, strict=True)
    ]
    return Part(
        "Side by side",
        ", ".join(names),
        _said(answers),
        (
            Section("What each record says", (Table.of("In one sentence", answers),)),
            Section("Gain over time", (Charts.of(panels, look, note),)),
            Section("Integrated gain", (_table(names, drawn, records, one_noise),)),
        ),
    )


def _said(answers: Sequence[Mapping[str, str]]) -> str:
    if len({one["answer"] for one in answers}) == 1:
        return f"All {len(answers)} records say the same: {answers[0]['answer']}"
    return f"The {len(answers)} records do not all say the same; each says its own below."


def _names(records: Sequence[RunRecord]) -> list[str]:
    """What records are called: their names, with as much of the id as tells them apart."""
    names = [record.spec.name for record in records]
    several = [f"{record.spec.name} {record.spec.id[:6]}" for record in records]
    found = [one if names.count(name) > 1 else name for name, one in zip(names, several, strict=True)]
    return [f"{name} ({place})" if found.count(name) > 1 else name for place, name in enumerate(found, start=1)]


def _table(names: Sequence[str], drawn: Sequence[Drawn], records: Sequence[RunRecord], one_noise: bool) -> Table:
    """𝓘 of each point by its most precise estimator: a row for each point, a column for each record."""
    cells: dict[tuple[Any, ...], dict[str, str]] = {}
    sums = [
        {
            tuple(row[key] for key in ("probe", "num_qubits", "noise", "estimator")): row
            for row in record.summary()["rows"]
        }
        for record in records
    ]
    for name, one, rows in zip(names, drawn, sums, strict=True):
        for curve in one.curves:
            row = rows[curve.labels]
            cells.setdefault(_place(curve, one_noise), {})[name] = _cell(row)
    found = []
    for place, own in cells.items():
        labels = dict(zip(("probe", "N", "noise"), place, strict=True))
        found.append({k: v for k, v in labels.items() if v != ""} | {name: own.get(name) for name in names})
    return Table.of("𝓘 with its 95 % interval, and the exact value", found)


def _place(curve: Curve, one_noise: bool) -> tuple[Any, ...]:
    return probe_name(curve.probe), curve.num_qubits, "" if one_noise else curve.noise


def _cell(row: Mapping[str, Any]) -> str:
    value, low, high, exact = (float(row[f"integrated_gain_{name}s"]) for name in ("", "low_", "high_", "exact_"))
    size, unit = time_unit(abs(exact) or abs(value) or 1.0)
    return f"{value / size:.4g} ({low / size:.4g} … {high / size:.4g}) {unit}; exact {exact / size:.4g}"
