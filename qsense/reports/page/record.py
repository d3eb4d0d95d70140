"""What a page says of one record: read from its files, and from its points for the exact curves and the circuits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover
from qsense.comparison.headline import headline
from qsense.comparison.recorded import crossovers_of
from qsense.comparison.verdicts import probe_name, shown
from qsense.errors import RecordError
from qsense.files.units import readable_time, time_unit
from qsense.reports.curves import Curve, Labels, curves_of, labels_of
from qsense.reports.page.blocks import Block, Charts, Circuits, Facts, Listing, Part, Section, Table, Texts
from qsense.reports.page.circuit_drawing import drawing_of
from qsense.reports.page.gain_panels import Look, Mitigated, Panel, gain_panels, table_rows
from qsense.reports.page.totals import advantage_charts, integral_charts
from qsense.reports.page.where import where_it_ran
from qsense.reports.run_tables import assumption_lines, depth_lines, until_text
from qsense.runs.imported import IMPORT
from qsense.runs.placement import CalibrationNoise
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.record import RunRecord

_MOST_SPINS, _MOST_OPEN = 12, 12
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
    integrals = tuple(Panel(chart, None) for chart in integral_charts(rows, look))
    verdicts = Texts((*map(str, summary["verdicts"]), *depth_lines(rows)))
    gain: tuple[Block, ...] = (
        Charts.of(panels, look, note), Table.of("Every value of G", table_rows(curves), "estimates.csv", is_folded=True),
    )  # fmt: skip
    sections = [
        Section("Verdicts", (verdicts,)) if verdicts.lines else None,
        Section("What was asked", _asked(record, rows)),
        Section("Where it ran", where_it_ran(record)),
        Section("Gain over time", gain),
        Section("Integrated gain", (Charts.of(integrals, look), _integrals(rows))),
        Section("One probe against the other", _against(summary["crossovers"], crossed)),
        Section("Assumptions", _assumptions(rows)),
        Section("Spin by spin", _spins(record)),
        Section("Readout", _readout(record, calibrated)),
        Section("Shots and cost", _shots(record, points, rows)),
        Section("Circuits", _circuits(points)),
        Section("Where the numbers come from", _provenance(record)),
    ]
    created = str(record.provenance.get("created", ""))
    about = f"record {record.path.name}; {record.spec.backend}" + (f", {created[:10]}" if created else "")
    return Part(record.spec.name, about, headline(summary), tuple(s for s in sections if s is not None and s.blocks))


def _mitigated(curves: Sequence[Curve], calibrated: Sequence[Mapping[str, Any]]) -> dict[Labels, Mitigated]:
    lengths = {curve.labels: len(curve.rows) for curve in curves}
    found = {}
    for one in calibrated:
        own = one.get("mitigated")
        if own and len(own) == lengths.get(labels_of(one)):
            values, errors = (tuple(float(at[key]) for at in own) for key in ("gain", "stderr"))
            found[labels_of(one)] = Mitigated(values, errors)
    return found


def _asked(record: RunRecord, rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    spec = record.spec
    noises = [
        "what the device's calibration reports" if isinstance(noise, CalibrationNoise) else _noise(noise)
        for noise in spec.noises
    ]
    sizes = sorted({probe.num_qubits for probe in spec.probes})
    asked = {
        "probes": ", ".join(dict.fromkeys(probe_name(probe.name) for probe in spec.probes)),
        "spins": ", ".join(map(str, sizes)),
        "noise": "; ".join(noises),
        "field φ": f"{spec.field:.6g} rad/s",
        "estimators": ", ".join(dict.fromkeys(str(row["estimator"]) for row in rows)),
        "times": "designed for 𝓘" if spec.times is None else ", ".join(map(readable_time, spec.times)),
        "pulses": "" if spec.idle == "free" else spec.idle,
        "signal": "" if spec.signal.is_default else _flat(spec.signal.to_dict()),
        "shots shared out": "" if spec.allocation == "equal" else spec.allocation,
        "steps": "" if spec.strategy == "one_step" else spec.strategy,
        "backend": spec.backend,
        "seed": str(spec.seed),
    }
    return (Facts(tuple((name, text) for name, text in asked.items() if text)),)


def _noise(noise: Any) -> str:
    return f"{noise.name} ({_flat({k: v for k, v in noise.to_dict().items() if k not in ('name', 'noise')})})"


def _flat(table: Mapping[str, Any]) -> str:
    text = ", ".join(f"{key} = {value}" for key, value in table.items())
    return text if len(text) <= 300 else f"{text[:299]}…"


def _integrals(rows: Sequence[Mapping[str, Any]]) -> Table:
    size, unit = time_unit(max((abs(float(row["integrated_gain_exact_s"])) for row in rows), default=1.0) or 1.0)
    found = []
    for row in rows:
        value, low, high, exact = (
            float(row[f"integrated_gain_{name}s"]) / size for name in ("", "low_", "high_", "exact_")
        )
        found.append(
            {
                "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
                "estimator": row["estimator"], f"exact ({unit})": f"{exact:.4g}", f"𝓘 ({unit})": f"{value:.4g}",
                "95 %": f"{low:.4g} … {high:.4g}", "z": None if row["z"] is None else f"{float(row['z']):+.1f}",
                "of": _QUANTITIES.get(str(row["quantity"]), str(row["quantity"])),
            }
        )  # fmt: skip
    caption = "Integrated gain, estimated and exact"
    return Table.of(caption, found, "summary.json", is_folded=len(found) > _MOST_OPEN)


_QUANTITIES = {
    "integrated_gain": "the quantum value", "classical_integrated_gain": "this readout",
    "integrated_gain_bound": "a lower bound",
}  # fmt: skip


def _against(crossovers: Sequence[Mapping[str, Any]], crossed: Sequence[Crossover]) -> tuple[Block, ...]:
    rows = [row for row in crossovers if row["num_qubits"] > 1]
    if not rows:
        return ()
    size, unit = time_unit(
        max((float(row["crossover_exact_s"]) for row in rows if row["crossover_exact_s"]), default=1)
    )
    found = []
    for row in rows:
        low, high = row.get("ratio_low"), row.get("ratio_high")
        ratio = None if row["ratio"] is None or row.get("withheld") else f"{float(row['ratio']):.3f}"
        found.append(
            {
                "probes": f"{probe_name(str(row.get('probe', 'ghz')))} / {probe_name(str(row.get('other', 'product')))}",
                "noise": row["noise"], "N": row["num_qubits"], "estimator": row["estimator"],
                f"leads until ({unit})": until_text(row, size),
                "exact": None if row["crossover_exact_s"] is None else f"{float(row['crossover_exact_s']) / size:.4g}",
                "ratio of 𝓘": ratio,
                "95 %": None if ratio is None or low is None
                else f"{float(low):.3f} or more" if high is None else f"{float(low):.3f} … {float(high):.3f}",
                "ratio, exact": None if row["ratio_exact"] is None else f"{float(row['ratio_exact']):.3f}",
                "withheld": row.get("withheld"),
            }
        )  # fmt: skip
    caption = "Until when the first probe leads, and the ratio of 𝓘"
    table = Table.of(caption, found, "summary.json", is_folded=len(found) > _MOST_OPEN)
    charts, look = advantage_charts(crossed)
    note = "The line at zero is no difference; bars are 95 % intervals, short lines the exact values."
    return (Charts.of([Panel(chart, None) for chart in charts], look, note), table) if charts else (table,)


def _assumptions(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    lines = tuple(line for row in rows for line in assumption_lines(row))
    found = [
        {
            "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
            "estimator": row["estimator"], "assumption": one["name"],
            "result": {True: "holds", False: "refused"}.get(one["held"], "not tested"),
            "p": None if one["p_value"] is None else f"{float(one['p_value']):.2g}", "what follows": one["consequence"],
        }
        for row in rows
        for one in row.get("assumptions", ())
    ]  # fmt: skip
    if not found:
        return ()
    number = sum(one["result"] == "refused" for one in found)
    tested = sum(one["result"] != "not tested" for one in found)
    refused = {0: "none is", 1: "one is"}.get(number, f"{number} are")
    said = Texts((f"{tested} assumptions were tested against the counts; {refused} refused.",))
    table = Table.of("Every assumption", found, "summary.json", is_folded=True)
    return (said, Texts(lines), table) if lines else (said, table)


def _spins(record: RunRecord) -> tuple[Block, ...]:
    if not record.has("spins.csv"):
        return ()
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in record.read_csv("spins.csv"):
        groups.setdefault((*labels_of(row), row["time_s"]), []).append(row)
    found = []
    most = max((len(own) for own in groups.values()), default=0)
    for (probe, size, noise, estimator, time), own in groups.items():
        gains = [(float(row["gain"]), float(row["stderr"])) for row in own]
        named = {
            "probe": probe_name(str(probe)), "N": size, "noise": noise, "estimator": estimator,
            "t": readable_time(float(time)),
        }  # fmt: skip
        if most <= _MOST_SPINS:
            spins = {f"spin {k}": f"{v:.3f} ± {e:.3f}" for k, (v, e) in enumerate(gains)}
            named |= {f"spin {k}": spins.get(f"spin {k}") for k in range(most)}
        else:
            values = sorted(value for value, _ in gains)
            named |= {"lowest": f"{values[0]:.3f}", "median": f"{values[len(values) // 2]:.3f}"}
            named |= {"highest": f"{values[-1]:.3f}"}
        found.append(named)
    return (Table.of("Gain of each spin, ± one standard error", found, "spins.csv", is_folded=True),) if found else ()


def _readout(record: RunRecord, calibrated: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    error = record.spec.readout_error
    said = []
    if error is not None:
        wrong = f"up read as down {error.down_given_up:.3g}, down as up {error.up_given_down:.3g}"
        said.append(f"The run emulates readout with these chances of error: {wrong}.")
    found = []
    for one in calibrated:
        mitigated = one.get("mitigated_amplitude")
        found.append(
            {
                "probe": probe_name(str(one["probe"])), "N": one["num_qubits"], "estimator": one["estimator"],
                "kept of G, raw": _percent(one["amplitude"], one["amplitude_stderr"]),
                "kept of G, readout mitigated":
                    None if mitigated is None else _percent(mitigated, one["mitigated_amplitude_stderr"]),
                "decay as predicted": _chance(one.get("p_value")),
                "readout": None if one.get("readout") is None
                else "correlated" if one["readout"]["is_correlated"] else "not seen to be correlated",
                "qubits that explain a miss": ", ".join(str(s["qubit"]) for s in one["suspects"] if s["is_culprit"]) or None,
            }
        )  # fmt: skip
    blocks: list[Block] = [Texts(tuple(said))] if said else []
    if found:
        blocks.append(
            Table.of("What preparation and readout keep of G, ± one standard error", found, "calibration.json")
        )
    elif not said:
        blocks.append(Texts(("Readout was not calibrated: G is as it was read.",)))
    return tuple(blocks)


def _percent(value: Any, error: Any) -> str:
    return f"{100 * float(value):.1f} ± {100 * float(error):.1f} %"


def _chance(value: Any) -> str | None:
    return None if value is None else f"p = {float(value):.2g}"


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
    found: dict[tuple[str, str], Any] = {}
    left = set()
    for point in sorted(points, key=lambda p: p.probe.num_qubits):
        times = point.rule.times
        first = point.method.design(0.0)[0] if len(times) else "directions"
        family = "ghz" if point.probe.kind == "ghz" else point.probe.name
        experiment = point.acquisitions()[len(times) // 2].experiment if point.probe.num_qubits <= 6 else None
        drawn = None if experiment is None else drawing_of(experiment)
        if drawn is None:
            left.add(f"{point.probe.name}, N = {point.probe.num_qubits}")
        else:
            found[family, first] = drawn
    blocks: list[Block] = [Circuits(tuple(found.values()))] if found else []
    if left:
        blocks.append(Texts((f"Not drawn, as they are too large to be read: {'; '.join(sorted(left))}.",)))
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
        blocks.append(Texts((f"Measured elsewhere: {_flat(imported)}",)))
    lines = record.read_bytes("spec.toml").decode("utf-8", "replace").splitlines()
    blocks.append(Listing("The resolved spec (spec.toml)", tuple(lines[:2000])))
    return tuple(blocks)
