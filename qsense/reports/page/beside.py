"""Several records side by side: what each says, their curves in one picture for each N, their numbers in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qsense.comparison.asked import said_first
from qsense.comparison.headline import OUTCOMES, outcomes_of
from qsense.comparison.verdicts import probe_name
from qsense.files.units import time_unit
from qsense.reports.page.blocks import Block, Charts, Part, Section, Table, Texts
from qsense.reports.page.charts import COLOURS, MARKERS, slots
from qsense.reports.page.files import REPORT, link_to
from qsense.reports.page.gain_panels import Look, gain_panels
from qsense.reports.page.many import comparison_blocks
from qsense.reports.records_figure import drawn_of
from qsense.runs.record import RunRecord

MOST_WHOLE = 12
"""Of a page that has all of each record; of more it has what is said side by side."""
MOST_RECORDS = 1000
_MOST_BANDS = 3  # records, of which the bands between the times are drawn
_APART = 2.0  # units of the picture between records at one time
_NAMED = 6  # records whose names stand below the title


def beside_part(records: Sequence[RunRecord], page: Path | None = None, missing: Sequence[str] = ()) -> Part:
    """Returns what is said of records together; of several estimators of a point the most precise is drawn.

    A colour stands for one record, so that the curves of the first 8 are drawn; of more, the numbers of all stand
    against the record's number. Where every record has one noise alone, what they are called does not matter: one run
    under two noises, or on two devices, is then in one picture.

    Args:
        records: that have been estimated.
        page: where it will be, for links to the records' own reports; None for no links.
        missing: a sentence of each that was asked for and is left out, as it is damaged.

    Raises:
        RecordError: one has not been estimated, or is damaged.
    """
    names = _names(records)
    summaries = [record.summary() for record in records]
    sections = [
        Section("What each record says", (_verdicts(names, records, summaries, page), *_left_out(records, missing))),
        Section("Record by record", comparison_blocks(names, summaries) if len(records) > 2 else ()),
        Section("Gain over time", (_curves(names[:COLOURS], records[:COLOURS], len(records)),)),
        Section("Integrated gain", (_integrals(names, records, summaries),)),
    ]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return Part("Side by side", shown, _said(records, summaries), tuple(one for one in sections if one.blocks))


def checked_part(record: RunRecord, is_drawn: bool) -> Part:
    """Returns what is said of one of many records, and raises what is wrong with it.

    Args:
        record: that has been estimated.
        is_drawn: whether its curves will be drawn, which takes long; else only its numbers are looked at.
    """
    names, summaries = [record.spec.name], [record.summary()]
    blocks = [_verdicts(names, [record], summaries, None), *comparison_blocks(names, summaries)]
    blocks.append(_integrals(names, [record], summaries))
    if is_drawn:
        drawn_of(record)
    return Part(record.spec.name, record.id, "", (Section("What it says", tuple(blocks)),))


def _said(records: Sequence[RunRecord], summaries: Sequence[Mapping[str, Any]]) -> str:
    answers = {said_first(record) for record in records}
    if len(answers) == 1:
        return f"All {len(records)} records say the same: {answers.pop()}"
    counts = dict.fromkeys(OUTCOMES, 0)
    for summary in summaries:
        for _, outcome in outcomes_of(summary):
            counts[outcome] += 1
    gains, loses, untold, withheld = counts.values()
    return (
        f"The {len(records)} records do not all say the same: of {sum(counts.values())} comparisons over the whole "
        f"window the first probe gains more in {gains} and less in {loses}, no difference is seen in {untold}, and "
        f"there is no verdict in {withheld}."
    )


def _verdicts(
    names: Sequence[str], records: Sequence[RunRecord], summaries: Sequence[Mapping[str, Any]], page: Path | None
) -> Table:
    """A row for each record: what it is, what it says first, and its largest |z|."""
    rows, links = [], []
    for number, (name, record, summary) in enumerate(zip(names, records, summaries, strict=True), start=1):
        z = [abs(float(row["z"])) for row in summary["rows"] if row.get("z") is not None]
        sizes = sorted({probe.num_qubits for probe in record.spec.probes})
        rows.append(
            {
                "record": name, "no.": number, "what it says": said_first(record),
                "|z|": f"{max(z):.2f}" if z else None, "N": ", ".join(map(str, sizes)),
                "noise": ", ".join(noise.name for noise in record.spec.noises), "backend": record.spec.backend,
                "date": str(record.provenance.get("created", ""))[:10] or None, "id": record.id[:6],
            }
        )  # fmt: skip
        has_page = page is not None and (record.path / REPORT).is_file() and record.path / REPORT != page
        links.append(f"{link_to(record.path, page)}{REPORT}" if page is not None and has_page else "")
    columns, cells = tuple(rows[0]), tuple(tuple("–" if v is None else str(v) for v in row.values()) for row in rows)
    note = "A record's name leads to its own report, where it has one." if any(links) else ""
    caption = "A row for each record; where scripts run, a click on a head sorts it"
    return Table(caption, columns, cells, note=note, links=tuple(links), is_sorted=True)


def _left_out(records: Sequence[RunRecord], missing: Sequence[str]) -> tuple[Block, ...]:
    said = [f"Left out: {text}" for text in missing]
    if len(records) > MOST_WHOLE:
        rest = f"The rest of what is said of a record is left out, as they are more than {MOST_WHOLE}"
        said.append(f"{rest}: qsense report RECORD makes the page of one.")
    return (Texts(tuple(said)),) if said else ()


def _curves(names: Sequence[str], records: Sequence[RunRecord], of: int) -> Charts:
    """G(t): a colour for each record, a marker for each probe; GHZ is solid and others are dashed."""
    drawn = [drawn_of(record) for record in records]
    one_noise = all(len({curve.noise for curve in one.curves}) == 1 for one in drawn)
    curves = [
        replace(
            curve,
            probe=f"{name}, {probe_name(curve.probe)}",
            noise="" if one_noise else curve.noise,
            estimator=probe_name(curve.probe),
            band=curve.band if len(records) <= _MOST_BANDS else None,  # of many they hide each other
        )
        for name, one in zip(names, drawn, strict=True)
        for curve in one.curves
    ]
    number = {
        f"{name}, {probe_name(curve.probe)}": place
        for place, (name, one) in enumerate(zip(names, drawn, strict=True))
        for curve in one.curves
    }
    aside = {probe: _APART * (place - (len(records) - 1) / 2) for probe, place in number.items()}
    dashed = frozenset(curve.probe for curve in curves if not curve.estimator.lower().startswith("ghz"))
    look = Look(number, slots((curve.estimator for curve in curves), MARKERS), dashed, aside=aside)
    panels, every = gain_panels(curves, (), {}, look)
    notes = [f"{len(panels)} of {every} panels are drawn."] if len(panels) < every else []
    if of > len(records):
        notes.append(
            f"The curves of the first {len(records)} of {of} records are drawn, a colour each; give others first, or "
            "fewer, to see theirs."
        )
    if len(records) > _MOST_BANDS:
        notes.append(f"Bands between the times are drawn of {_MOST_BANDS} records at most.")
    made = Charts.of(panels, look, " ".join(notes))
    return replace(made, colours=tuple(enumerate(names)))


def _names(records: Sequence[RunRecord]) -> list[str]:
    """What records are called: their names, with as much of the id as tells them apart."""
    names = [record.spec.name for record in records]
    several = [f"{record.spec.name} {record.id[:6]}" for record in records]
    found = [one if names.count(name) > 1 else name for name, one in zip(names, several, strict=True)]
    return [f"{name} ({place})" if found.count(name) > 1 else name for place, name in enumerate(found, start=1)]


def _integrals(names: Sequence[str], records: Sequence[RunRecord], summaries: Sequence[Mapping[str, Any]]) -> Table:
    """𝓘 of every point by its most precise estimator: a column for each record of a few, a row for each of many."""
    chosen = [_most_precise(summary["rows"]) for summary in summaries]
    if len(records) > COLOURS:
        found = [
            {
                "record": name, "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
                "𝓘 (95 %)": _cell(row),
            }
            for name, rows in zip(names, chosen, strict=True) for row in rows
        ]  # fmt: skip
        return Table.of(
            "𝓘 with its 95 % interval, and the exact value", found, "each record's summary.json", is_folded=True
        )
    one_noise = all(len({row["noise"] for row in rows}) == 1 for rows in chosen)
    cells: dict[tuple[Any, ...], dict[str, str]] = {}
    for name, rows in zip(names, chosen, strict=True):
        for row in rows:
            place = probe_name(str(row["probe"])), row["num_qubits"], "" if one_noise else row["noise"]
            cells.setdefault(place, {})[name] = _cell(row)
    found = []
    for place, own in cells.items():
        labels = dict(zip(("probe", "N", "noise"), place, strict=True))
        found.append({k: v for k, v in labels.items() if v != ""} | {name: own.get(name) for name in names})
    return Table.of("𝓘 with its 95 % interval, and the exact value", found)


def _most_precise(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A row for each probe, N and noise: 𝓘 before a bound or a readout's, then the one of the least error."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        place = row["probe"], row["num_qubits"], row["noise"]
        if place not in found or _rank(row) < _rank(found[place]):
            found[place] = row
    return list(found.values())


def _rank(row: Mapping[str, Any]) -> tuple[bool, float]:
    return row.get("quantity") != "integrated_gain", float(row["integrated_gain_stderr_s"])


def _cell(row: Mapping[str, Any]) -> str:
    value, low, high, exact = (float(row[f"integrated_gain_{name}s"]) for name in ("", "low_", "high_", "exact_"))
    size, unit = time_unit(abs(exact) or abs(value) or 1.0)
    return f"{value / size:.4g} ({low / size:.4g} … {high / size:.4g}) {unit}; exact {exact / size:.4g}"
