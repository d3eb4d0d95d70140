"""What came out of a run, as sections of its page: 𝓘, one probe against another, assumptions, spins and readout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.advantage import Crossover
from qsense.comparison.verdicts import probe_name, ratio_cells, ratio_text
from qsense.estimators.chance import said_chance
from qsense.files.units import readable_time, time_unit
from qsense.reports.curves import labels_of
from qsense.reports.page.blocks import Block, Charts, Table, Texts
from qsense.reports.page.gain_panels import Panel
from qsense.reports.page.totals import advantage_charts
from qsense.reports.run_tables import assumption_lines, until_text
from qsense.runs.record import RunRecord

_MOST_COLUMNS, _MOST_OPEN = 12, 12
_PAIR = {"probe": "ghz", "other": "product"}


def integrals(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Returns 𝓘 of every point beside its exact value."""
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


def against(crossovers: Sequence[Mapping[str, Any]], crossed: Sequence[Crossover]) -> tuple[Block, ...]:
    """Returns until when one probe leads another and the ratio of their 𝓘: pictures and a table."""
    rows = [row for row in crossovers if row["num_qubits"] > 1]
    if not rows:
        return ()
    size, unit = time_unit(
        max((float(row["crossover_exact_s"]) for row in rows if row["crossover_exact_s"]), default=1)
    )
    found = []
    for row in rows:
        cells = ratio_cells(row["ratio"], row.get("ratio_low"), row.get("ratio_high"))
        ratio, interval = (None, None) if row.get("withheld") else cells
        found.append(
            {
                "probes": " / ".join(probe_name(str(row.get(key, name))) for key, name in _PAIR.items()),
                "noise": row["noise"], "N": row["num_qubits"], "estimator": row["estimator"],
                f"leads until ({unit})": until_text(row, size),
                "exact": None if row["crossover_exact_s"] is None else f"{float(row['crossover_exact_s']) / size:.4g}",
                "ratio of 𝓘": ratio,
                "95 %": interval,
                "ratio, exact": None if row["ratio_exact"] is None else ratio_text(float(row["ratio_exact"])),
                "withheld": row.get("withheld"),
            }
        )  # fmt: skip
    caption = "Until when the first probe leads, and the ratio of 𝓘"
    table = Table.of(caption, found, "summary.json", is_folded=len(found) > _MOST_OPEN)
    charts, look = advantage_charts(crossed)
    note = "The line at zero is no difference; bars are 95 % intervals, short lines the exact values."
    return (Charts.of([Panel(chart, None) for chart in charts], look, note), table) if charts else (table,)


def assumptions(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Returns what the counts say of the assumptions that they can test."""
    lines = tuple(line for row in rows for line in assumption_lines(row))
    found = [
        {
            "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
            "estimator": row["estimator"], "assumption": one["name"],
            "result": {True: "holds", False: "refused"}.get(one["held"], "not tested"),
            "p": (_chance(one["p_value"]) or "").removeprefix("p = ") or None,
            "what follows": one["consequence"],
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


def spin_tables(record: RunRecord) -> tuple[Block, ...]:
    """Returns the gain of each spin, where an estimator tells spins apart."""
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
        if most <= _MOST_COLUMNS:
            spins = {f"spin {k}": f"{v:.3f} ± {e:.3f}" for k, (v, e) in enumerate(gains)}
            named |= {f"spin {k}": spins.get(f"spin {k}") for k in range(most)}
        else:
            values = sorted(value for value, _ in gains)
            named |= {"lowest": f"{values[0]:.3f}", "median": f"{values[len(values) // 2]:.3f}"}
            named |= {"highest": f"{values[-1]:.3f}"}
        found.append(named)
    return (Table.of("Gain of each spin, ± one standard error", found, "spins.csv", is_folded=True),) if found else ()


def readout(record: RunRecord, calibrated: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Returns what preparation and readout keep of G, raw and mitigated."""
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
                "qubits that explain a miss": _culprits(one["suspects"]),
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
    return None if value is None else said_chance(float(value), 2)


def _culprits(suspects: Sequence[Mapping[str, Any]]) -> str | None:
    return ", ".join(str(one["qubit"]) for one in suspects if one["is_culprit"]) or None
