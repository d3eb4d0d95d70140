"""Commands about devices: which there are, and how a run on one compares with its calibration."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from qsense.cli.app import AsJson, app
from qsense.cli.runs import Record


@app.command()
def backends(
    vendor: Annotated[
        list[str] | None, typer.Option(help="Whose devices to list: fake, ibm (asks the service). Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the backends within reach: qubits, median T1, T2 and errors, or why one is out of reach."""
    from qsense.backends import catalogue

    found = catalogue.rows(vendor or ["fake"])
    if as_json:
        print(json.dumps([row._asdict() for row in found], indent=2, allow_nan=False))
        return
    from rich.table import Table

    table = Table()
    for name in ("backend", "qubits", "T1 (us)", "T2 (us)", "readout error", "two-qubit error", "out of reach because"):
        table.add_column(name, justify="left" if name.startswith(("backend", "out")) else "right")
    for row in found:
        table.add_row(
            row.name,
            "" if row.num_qubits is None else str(row.num_qubits),
            _shown(row.t1_s, 1e6, ".1f"),
            _shown(row.t2_s, 1e6, ".1f"),
            _shown(row.readout_error, 1, ".2%"),
            _shown(row.two_qubit_error, 1, ".2%"),
            row.unreachable or "",
        )
    _console().print(table)


@app.command()
def compare(record: Record, as_json: AsJson = False) -> None:
    """Compare a run on a device with its calibration: predicted, measured, ratio, z, and the qubits behind a miss."""
    from qsense.errors import RecordError
    from qsense.record import RunRecord

    loaded = RunRecord.load(record)
    if loaded.spec.device is None:
        raise RecordError(f"{record}: the run was not on a device, so there is no calibration to compare with.")
    points = loaded.read_json("calibration.json")["points"]
    if as_json:
        print(json.dumps({"record": str(loaded.path), "points": points}, indent=2, allow_nan=False))
        return
    for point in points:
        _print_point(point)


def _print_point(point: dict[str, Any]) -> None:
    from rich.table import Table

    console = _console()
    kept = f"{point['amplitude']:.4f} ± {point['amplitude_stderr']:.4f}"
    table = Table(
        title=f"{point['probe']} N = {point['num_qubits']} on qubits {', '.join(map(str, point['qubits']))}: "
        f"preparation and readout keep {kept} of G (p = {point['p_value']:.2g})",
        title_justify="left",
    )
    for name in ("t (s)", "predicted G", "measured", "ratio", "z"):
        table.add_column(name, justify="right")
    for row in point["times"]:
        measured = f"{row['measured']:.4g} ± {row['stderr']:.2g}"
        table.add_row(
            f"{row['time_s']:.4g}", f"{row['predicted']:.4g}", measured, f"{row['ratio']:.3f}", f"{row['z']:+.1f}"
        )
    if "mitigated" in point:
        table.add_column("readout undone", justify="right")
        table.columns[-1]._cells = [f"{m['gain']:.4g} ± {m['stderr']:.2g}" for m in point["mitigated"]]
    console.print(table)
    if "mitigated" in point:
        kept = f"{point['mitigated_amplitude']:.4f} ± {point['mitigated_amplitude_stderr']:.4f}"
        print(f"with readout undone, preparation keeps {kept} of G (p = {point['mitigated_p_value']:.2g})")
        readout = point["readout"]
        if readout["is_correlated"]:
            print(
                f"readout is correlated: pair {readout['pair']} (p = {readout['p_together']:.1g}), "
                f"spin {readout['spin']} (p = {readout['p_apart']:.1g}); do not trust it undone"
            )
    for suspect in point["suspects"]:
        if suspect["is_culprit"]:
            error = suspect["rate_stderr_per_s"] / suspect["rate_per_s"] ** 2
            print(
                f"qubit {suspect['qubit']}: T2 = {1e6 / suspect['rate_per_s']:.4g} ± {1e6 * error:.2g} us, "
                f"{1e6 / suspect['predicted_per_s']:.4g} us predicted (z = {suspect['z']:+.1f})"
            )


def _shown(value: float | None, factor: float, form: str) -> str:
    return "" if value is None else format(value * factor, form)


def _console() -> Any:
    import sys

    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(width=120, highlight=False)
