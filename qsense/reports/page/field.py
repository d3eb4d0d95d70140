"""What the same counts tell of the field, as a section of a record's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison.verdicts import probe_name
from qsense.reports.page.blocks import Block, Table, Texts
from qsense.reports.phase_report import READ_SO, is_told
from qsense.signals.magnetic import field_unit, readable_field

_MOST_OPEN = 12


def field_told(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """Returns φ, and the field in tesla where it is known, of every point whose estimator reads it."""
    found = []
    for row in rows:
        if row.get("field_estimate_rad_per_s") is None:
            continue
        low, high, reach = (float(row[f"field_{name}_rad_per_s"]) for name in ("low", "high", "ambiguity"))
        told = is_told(row)
        cells = {
            "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "noise": row["noise"],
            "estimator": row["estimator"],
            "φ (rad/s)": f"{float(row['field_estimate_rad_per_s']):.4g}" if told else "not told",
            "95 %": f"{low:.4g} … {high:.4g}" if told else None, "told within ± (rad/s)": f"{reach:.3g}",
        }  # fmt: skip
        if row.get("field_estimate_t") is not None and told:
            least, most = float(row["field_low_t"]), float(row["field_high_t"])
            unit, symbol = field_unit(max(abs(least), abs(most)))
            cells["B"] = (
                f"{float(row['field_estimate_t']) / unit:.4g} {symbol} ({least / unit:.4g} … {most / unit:.4g})"
            )
            cells["within ±"] = readable_field(float(row["field_ambiguity_t"]))
        found.append(cells)
    if not found:
        return ()
    every = list(dict.fromkeys(key for cells in found for key in cells))
    table = [{key: cells.get(key) for key in every} for cells in found]
    return Table.of("The field", table, "summary.json", is_folded=len(table) > _MOST_OPEN), Texts((f"{READ_SO}.",))
