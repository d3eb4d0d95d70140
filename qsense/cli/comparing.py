"""What `qsense compare` prints of a record beside another record or another noise."""

from __future__ import annotations

import json
import math
from typing import Any

from qsense.files.folding import ERRORS, print_folded
from qsense.files.terminal import plain_console, print_line, print_parts, print_verdict
from qsense.files.units import readable_time, time_unit, with_error
from qsense.reports.blocks import blocks
from qsense.runs.record import RunRecord

UNLIKELY = 0.001  # the p-value below which a prediction is said to fail
_LONGEST = 30  # letters of a value that is shown


def compare_with_record(record: RunRecord, other: RunRecord, as_json: bool) -> None:
    """Prints two records beside each other."""
    from qsense.comparison.between import NOTED, compare_records

    found = compare_records(record, other)
    if as_json:
        words = {"record": str(record.path), "with": str(other.path), "rows": found.rows}
        print(
            json.dumps(
                {**words, "unmatched": found.unmatched, "changed": _plain(found.changed)}, indent=2, allow_nan=False
            )
        )
        return
    values = [abs(row[f"{name}integrated_gain_s"]) for row in found.rows for name in ("", "other_")]
    size, unit = time_unit(max(values))
    rows = []
    for row in found.rows:
        noises = dict.fromkeys((row["noise"], row["other_noise"]))
        both = [
            with_error(row[f"{name}integrated_gain_s"] / size, row[f"{name}integrated_gain_stderr_s"] / size)
            for name in ("", "other_")
        ]
        z = "" if row["z"] is None else f"{row['z']:+.1f}{'*' if row['differs'] else ''}"
        rows.append(
            ({**row, "noise": " / ".join(noises)}, [row["probe"], str(row["num_qubits"]), *both, *_ratio(row), z])
        )
    numbers = ("𝓘", "𝓘 of the other", "ratio", "95 % interval", "z")
    print_parts(plain_console(highlight=False), blocks(f"𝓘 = ∫G dt of both, in {unit}", ("probe", "N"), numbers, rows))
    for row in found.rows:
        if row["withheld"] is not None:
            print_line(f"{row['probe']} N = {row['num_qubits']}, {row['noise']}: no ratio ({row['withheld']})")
    for name in dict.fromkeys(name for row in found.rows for name in row["noted"]):
        print_line(NOTED[name])
    tested = sum(row["z"] is not None for row in found.rows)
    differing = sum(row["differs"] is True for row in found.rows)
    if any(found.unmatched):
        print_line(
            f"without a partner: {found.unmatched[0]} rows of the first record, {found.unmatched[1]} of the other"
        )
    for key, values_of_key in found.changed.items():
        print_line(f"{key}: {' | '.join(map(_short, values_of_key))}")
    print_line(ERRORS)
    print_verdict(f"{differing} of {tested} rows differ (*: by Holm's test at 5 % over all of them)")


def compare_with_noise(record: RunRecord, noise: str, as_json: bool) -> None:
    """Prints what another noise would have predicted beside what was measured."""
    from qsense.comparison.beside_noise import lead_rows, noise_rows
    from qsense.noise.loading import load_noise

    loaded = load_noise(noise)
    points, leads = noise_rows(record, loaded), lead_rows(record, loaded)
    if as_json:
        words = {"record": str(record.path), "noise": _plain(loaded.to_dict()), "points": points, "leads": leads}
        print(json.dumps(words, indent=2, allow_nan=False))
        return
    for point in points:
        print_line(f"{point['probe']} N = {point['num_qubits']}, {point['noise']}, by {point['estimator']}")
        if point["withheld"] is not None:
            print_line(f"not compared: {point['withheld']}")
            print()
            continue
        size, unit = time_unit(max(row["time_s"] for row in point["times"]))
        names = (f"t ({unit})", "by the spec's noise", f"by {loaded.name}", "measured", "ratio", "z")
        rows = [
            [
                f"{row['time_s'] / size:.4g}",
                f"{row['predicted_by_spec']:.4g}",
                f"{row['predicted']:.4g}",
                with_error(row["measured"], row["stderr"]),
                ratio_to(row),
                z_text(row["z"]),
            ]
            for row in point["times"]
        ]
        print_folded(plain_console(highlight=False), names, rows)
        print_no_z(point["no_z"])
        print_factor(point, "would keep")
        print_line(f"{agrees(point['p_value'], loaded.name)}; {agrees(point['p_value_by_spec'], 'the spec')}")
        _print_integral(point, loaded.name)
        print()
    print_line(ERRORS)
    for lead in leads:
        _print_lead(lead)


def _print_integral(point: dict[str, Any], name: str) -> None:
    predicted, by_spec = point["integrated_gain_predicted_s"], point["integrated_gain_by_spec_s"]
    measured, error = point["integrated_gain_s"], point["integrated_gain_stderr_s"]
    known = [one for one in (predicted, by_spec, measured) if one is not None]
    size, unit = time_unit(max(map(abs, known), default=1.0))
    shown = ["–" if one is None else f"{one / size:.4g} {unit}" for one in (predicted, by_spec)]
    found = "not known" if measured is None else f"{with_error(measured / size, error / size)} {unit}"
    z = "no z" if point["integrated_gain_z"] is None else f"z = {point['integrated_gain_z']:+.1f}"
    alone = "" if point["amplitude"] is None else "; predicted is decay alone"
    print_line(f"𝓘: {shown[0]} by {name}, {shown[1]} by the spec's noise, measured {found} ({z}{alone})")


def _print_lead(lead: dict[str, Any]) -> None:
    print_verdict(f"• {lead['noise']}, N = {lead['num_qubits']}, by {lead['estimator']}: {lead['verdict']}")
    size, unit = time_unit(lead["crossover_s"] or 1.0)
    for word, key, scale, ending in (("crossing", "crossover", size, f" {unit}"), ("ratio", "ratio", 1.0, "")):
        suffix = "_s" if key == "crossover" else ""
        measured, error = lead[f"{key}{suffix}"], lead[f"{key}_stderr{suffix}"]
        if lead[f"{key}_z"] is None or error is None:
            print_line(f"  {word}: no z ({lead[f'no_{key}_z'] or 'not measured'})")
            continue
        print_line(
            f"  {word} measured: {with_error(measured / scale, error / scale)}{ending}, z = {z_text(lead[f'{key}_z'])}"
        )


def z_text(z: float | None) -> str:
    """Returns a z for a table.

    >>> z_text(1.26), z_text(None)
    ('+1.3', '–')
    """
    return "–" if z is None else f"{z:+.1f}"


def ratio_to(row: dict[str, Any]) -> str:
    """Returns measured over predicted G of a time for a table, with the digits that its error leaves.

    >>> ratio_to({"ratio": 0.9812, "stderr": 0.2, "predicted": 8.0}), ratio_to({"ratio": None})
    ('0.981', '')
    >>> ratio_to({"ratio": 12345678901234567.0, "stderr": 0.2, "predicted": 1e-17})
    '1.2e16'
    """
    if row["ratio"] is None:
        return ""
    return with_error(row["ratio"], row["stderr"] / abs(row["predicted"])).partition(" ")[0]


def print_no_z(reason: str | None) -> None:
    """Prints why some z are missing, if any are."""
    if reason is not None:
        print_line(f"no z (–): {reason}")


def print_factor(point: dict[str, Any], keep: str) -> None:
    """Prints the factor that preparation and readout leave of G, where one was fitted."""
    if point.get("amplitude") is None:
        return
    value, error = 100 * point["amplitude"], 100 * point["amplitude_stderr"]
    print_line(f"preparation and readout {keep} {with_error(value, error)} % of G")
    if value - 3 * error > 100:
        print_line("that is more than all of it, which they cannot: the noise is weaker than predicted")


def agrees(chance: float | None, name: str) -> str:
    """Returns whether counts agree with the noise of `name`, by their p-value."""
    if chance is None:
        return f"nothing is left to test the noise of {name}"
    return f"{'agrees' if chance >= UNLIKELY else 'does NOT agree'} with the noise of {name} (p = {chance:.2g})"


def _ratio(row: dict[str, Any]) -> tuple[str, str]:
    from qsense.comparison.verdicts import ratio_cells

    if row["ratio"] is None:
        return "", ""
    shown, interval = ratio_cells(row["ratio"], row["ratio_low"], row["ratio_high"])
    return shown or "–", interval or ""


def _plain(value: Any) -> Any:
    """A value of a spec for JSON, which lacks infinity."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _short(value: object) -> str:
    shown = "–" if value is None else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def print_planned(rows: list[dict[str, Any]]) -> None:
    """Prints what was planned beside what was measured, and what was mis-planned."""
    from qsense.comparison.beside_plan import misplanned

    cells = []
    for row in rows:
        is_gain = row["quantity"] == "gain"
        size, unit = (1.0, "") if is_gain else time_unit(row["planned"])
        high = "…" if row["planned_high"] is None else f"{row['planned_high'] / size:.3g}"
        what = {"gain": "G at ", "integrated_gain_s": f"𝓘 ({unit})", "leads_until_s": f"leads until ({unit})"}
        name = what[row["quantity"]] + (readable_time(row["time_s"]) if row["time_s"] else "0 s" if is_gain else "")
        measured = row["measured"] / size
        cells.append([
            row["probe"], str(row["num_qubits"]), name,
            f"{row['planned'] / size:.3g} ({row['planned_low'] / size:.3g} … {high})",
            f"{measured:.3g}" if row["stderr"] is None else with_error(measured, row["stderr"] / size),
            "–" if row["z"] is None else f"{row['z']:+.1f}",
        ])  # fmt: skip
    print_line("planned, with its 95 % interval, beside measured")
    names = ("probe", "N", "what", "planned", "measured", "z")
    print_folded(plain_console(highlight=False), names, cells, ("probe", "what"))
    for line in misplanned(rows):
        print_line(line)
    print_line("")
