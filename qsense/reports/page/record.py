"""What a page says of one record: read from its files, and from its points for the exact curves and the circuits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qsense.circuits.sensing import Experiment
from qsense.comparison.asked import said_first
from qsense.comparison.beside_plan import misplanned, planned_rows
from qsense.comparison.recorded import crossovers_of
from qsense.comparison.verdicts import probe_name, shown
from qsense.errors import RecordError
from qsense.files.units import readable_time, time_unit
from qsense.reports.curves import Curve, Labels, curves_of, labels_of
from qsense.reports.page.asked import asked_of, flat
from qsense.reports.page.blocks import Block, Charts, Circuits, Facts, Listing, Part, Section, Table, Texts
from qsense.reports.page.circuit_drawing import MOST_SPINS, Drawing, drawing_of
from qsense.reports.page.field import field_told
from qsense.reports.page.gain_panels import Look, Mitigated, Panel, gain_panels, table_rows
from qsense.reports.page.results import against, assumptions, integrals, readout, spin_tables
from qsense.reports.page.totals import integral_charts
from qsense.reports.page.where import where_it_ran
from qsense.reports.run_tables import depth_lines
from qsense.runs.imported import IMPORT
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.record import RunRecord

_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError)


def record_part(record: RunRecord, points: Sequence[Point] | None = None) -> Part:
    """Returns what is said of a record.

    Args:
        record: that has been estimated.
        points: of its run, as they were measured; None has them planned anew.

    Raises:
        RecordError: it has not been estimated, or is damaged.
    """
    if points is None:
        points = plan(record.spec, record.row_shots())
    curves, summary = curves_of(record, points), record.summary()
    calibration = record.read_json("calibration.json") if record.has("calibration.json") else {"points": ()}
    try:
        return _part(record, points, curves, summary, calibration["points"])
    except _DAMAGE as error:
        raise RecordError(
            f"{record.path}: its summary is damaged ({type(error).__name__}); make it again with: "
            f"qsense estimate {record.path}"
        ) from error


def _part(
    record: RunRecord,
    points: Sequence[Point],
    curves: Sequence[Curve],
    summary: dict[str, Any],
    calibrated: Sequence[Mapping[str, Any]],
) -> Part:
    rows, look, crossed = summary["rows"], Look.of(curves), shown(crossovers_of(summary))
    panels, every = gain_panels(curves, crossed, _mitigated(curves, calibrated), look)
    note = f"{len(panels)} of {every} panels are drawn; all values are in the table." if len(panels) < every else ""
    totals = [Panel(chart, None) for chart in integral_charts(rows, look)]
    verdicts = Texts((*map(str, summary["verdicts"]), *depth_lines(rows)))
    gain: tuple[Block, ...] = (
        Charts.of(panels, look, note),
        Table.of("Every value of G", table_rows(curves), "estimates.csv", is_folded=True),
    )
    sections = [
        Section("Verdicts", (verdicts,)) if verdicts.lines else None,
        Section(
            "What was asked", (asked_of(record.spec, ", ".join(dict.fromkeys(str(r["estimator"]) for r in rows))),)
        ),
        Section("Where it ran", where_it_ran(record)),
        Section("Gain over time", gain),
        Section("Integrated gain", (Charts.of(totals, look), integrals(rows))),
        Section("One probe against the other", against(summary["crossovers"], crossed)),
        Section("The field", field_told(rows)),
        Section("Beside its plan", _beside_plan(record)),
        Section("Assumptions", assumptions(rows)),
        Section("Spin by spin", spin_tables(record)),
        Section("Readout", readout(record, calibrated)),
        Section("Shots and cost", _shots(record, points, rows)),
        Section("Circuits", _circuits(points)),
        Section("Where the numbers come from", _provenance(record)),
    ]
    created = str(record.provenance.get("created", ""))
    about = f"record {record.id}; {record.spec.backend}" + (f", {created[:10]}" if created else "")
    return Part(record.spec.name, about, said_first(record), tuple(s for s in sections if s is not None and s.blocks))


_WORDS = {"gain": "G", "integrated_gain_s": "𝓘", "leads_until_s": "leads until"}


def _beside_plan(record: RunRecord) -> tuple[Block, ...]:
    """What was planned beside what was measured; nothing where the spec has no plan."""
    found = []
    for row in (rows := planned_rows(record)):
        is_gain, high = row["quantity"] == "gain", row["planned_high"]
        size, unit = (1.0, "") if is_gain else time_unit(row["planned"] or 1.0)
        ends = f"{row['planned_low'] / size:.4g} … {'any' if high is None else f'{high / size:.4g}'}"
        error = "" if row["stderr"] is None else f" ± {row['stderr'] / size:.2g}"
        found.append(
            {
                "probe": probe_name(row["probe"]), "N": row["num_qubits"], "estimator": row["estimator"],
                "what": _WORDS[row["quantity"]] + (f" at {readable_time(row['time_s'])}" if is_gain else ""),
                "planned": f"{row['planned'] / size:.4g} {unit}".rstrip(), "95 %": ends,
                "measured": f"{row['measured'] / size:.4g}{error}",
                "z": None if row["z"] is None else f"{row['z']:+.1f}",
            }
        )  # fmt: skip
    if not found:
        return ()
    table = Table.of(
        "Planned and measured; ± is one standard error, z of both together", found, is_folded=len(found) > 8
    )
    return Texts(tuple(misplanned(rows))), table


def _mitigated(curves: Sequence[Curve], calibrated: Sequence[Mapping[str, Any]]) -> dict[Labels, Mitigated]:
    lengths = {curve.labels: len(curve.rows) for curve in curves}
    found = {}
    for one in calibrated:
        own = one.get("mitigated")
        if own and len(own) == lengths.get(labels_of(one)):
            values, errors = (tuple(float(at[key]) for at in own) for key in ("gain", "stderr"))
            found[labels_of(one)] = Mitigated(values, errors)
    return found


def _shots(record: RunRecord, points: Sequence[Point], rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    known = {(p.probe.name, p.probe.num_qubits, p.noise.name, p.estimator.name): p for p in points}
    found, circuits = [], 0
    for row in rows:
        point = known.get(labels_of(row))
        number = None if point is None else point.circuits_per_time * len(point.rule.times)
        circuits += number or 0
        found.append(
            {
                "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
                "estimator": row["estimator"], "times": None if point is None else len(point.rule.times),
                "circuits": number, "shots": f"{int(row['shots']):,}".replace(",", " "),
            }
        )  # fmt: skip
    total = sum(int(row["shots"]) for row in rows)
    said = [f"{total:,} shots of {circuits:,} circuits in all.".replace(",", " ")]
    device = record.spec.device
    if device is not None and device.readout_shots:
        said.append(f"Each known string that calibrates readout has {device.readout_shots} shots more.")
    if record.has("jobs.json"):
        jobs = record.read_json("jobs.json").get("jobs", ())
        seconds = sum(float(job.get("seconds") or 0.0) for job in jobs)
        said.append(
            f"{len(jobs)} jobs, estimated to take {readable_time(seconds) if seconds else '0 s'} of the device."
        )
    return Texts(tuple(said)), Table.of("Shots of every point", found, "summary.json", is_folded=True)


def _circuits(points: Sequence[Point]) -> tuple[Block, ...]:
    """The circuits of the largest probes that can be read, one for each kind of probe and ending."""
    found: dict[tuple[str, str], Drawing] = {}
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        family = "ghz" if point.probe.kind == "ghz" else point.probe.name
        groups.setdefault((family, point.estimator.name), []).append(point)
    left = []
    for (family, _), own in groups.items():
        small = [point for point in own if point.probe.num_qubits <= MOST_SPINS]
        if not small:
            left.append(f"{probe_name(family)}, N = {min(point.probe.num_qubits for point in own)} and more")
            continue
        point = max(small, key=lambda one: one.probe.num_qubits)
        time = float(point.rule.times[len(point.rule.times) // 2])
        with point.calling_estimator():
            ending = point.method.design(0.0)[0]
        drawn = drawing_of(Experiment(point.probe, time, ending, point.signal, point.pulses))
        if drawn is None:
            left.append(f"{probe_name(family)}, N = {point.probe.num_qubits}")
        else:
            found.setdefault((family, ending), drawn)
    blocks: list[Block] = [Circuits(tuple(found.values()))] if found else []
    if left:
        said = "; ".join(dict.fromkeys(left))
        blocks.append(Texts((f"Not drawn, as they are too large to be read: {said}.",)))
    return tuple(blocks)


def _provenance(record: RunRecord) -> tuple[Block, ...]:
    own = record.provenance
    facts = [("spec", record.spec.id)]
    for key, value in own.items():
        if key in ("schema", "spec_id", "versions"):
            continue
        facts.append(
            (key.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        )
    versions = own.get("versions")
    if isinstance(versions, dict):
        facts.append(("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    blocks: list[Block] = [Facts(tuple(facts))]
    if record.has(IMPORT):
        imported = {k: v for k, v in record.read_json(IMPORT).items() if k != "rows"}
        blocks.append(Texts((f"Measured elsewhere: {flat(imported)}",)))
    lines = record.read_bytes("spec.toml").decode("utf-8", "replace").splitlines()
    blocks.append(Listing("The resolved spec (spec.toml)", tuple(lines[:2000])))
    return tuple(blocks)
