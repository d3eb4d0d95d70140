"""Commands about devices: which there are, and how a run on one compares with its calibration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, app
from qsense.cli.options import AllowCode
from qsense.cli.records import Records
from qsense.errors import ArgumentError
from qsense.files.terminal import plain_console, print_line
from qsense.files.units import readable_time, time_unit, with_error

if TYPE_CHECKING:
    from qsense.runs.record import RunRecord

UNLIKELY = 0.001  # the p-value below which a prediction is said to fail


@app.command(short_help="List the backends within reach.")
def backends(
    vendor: Annotated[
        list[str] | None, typer.Option(help="Whose devices to list: fake, ibm (asks the service). Repeatable.")
    ] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """List backends: qubits, median T1, T2 and errors, or why one cannot be used."""
    from qsense.backends import catalogue

    found = catalogue.rows(vendor or ["fake"])
    if as_json:
        print(json.dumps([row._asdict() for row in found], indent=2, allow_nan=False))
        return
    from rich.table import Table

    table = Table()
    for name in ("backend", "qubits", "T1 (µs)", "T2 (µs)", "readout error", "gate error", "cannot be used"):
        table.add_column(name, justify="left" if name.startswith(("backend", "cannot")) else "right", overflow="fold")
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
    plain_console(highlight=False).print(table)


@app.command(short_help="Compare a run with its calibration or noise, or another run.")
def compare(
    record: Annotated[str, typer.Argument(help="A record: its path, id, or name.", metavar="RECORD")],
    other: Annotated[
        str | None, typer.Option("--with", metavar="RECORD", help="Another record: ratios of 𝓘, z, and what changed.")
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="A noise model's name or TOML file: what it would have predicted."),
    ] = None,
    records: Records = RECORDS,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Compare a run with its device's calibration: predicted, measured, ratio, z, and the qubits behind a miss.

    Without a device, and for counts that were measured elsewhere, the prediction is that of the spec's noise.
    """
    from qsense.cli import comparing
    from qsense.comparison.recorded import compare as compare_record
    from qsense.runs.finding import open_named
    from qsense.runs.record import RunRecord

    if other is not None and noise is not None:
        raise ArgumentError("Options --with and --noise do not go together; give one of them.")
    loaded = RunRecord.load(open_named(record, records).path)
    if other is not None:
        comparing.compare_with_record(loaded, RunRecord.load(open_named(other, records).path), as_json)
        return
    if noise is not None:
        comparing.compare_with_noise(loaded, noise, as_json)
        return
    found, used = compare_record(loaded), loaded.qubits_used
    if not found.calibration and loaded.spec.device is None:
        _compare_with_spec(loaded, as_json)
        return
    if as_json:
        words: dict[str, Any] = {"record": str(loaded.path), "points": found.calibration, "scaling": found.scaling}
        words |= {"verdicts": found.verdicts} | ({} if used is None else {"qubits": used.to_dict()})
        print(json.dumps(words, indent=2, allow_nan=False))
        return
    for point in found.calibration:
        _print_point(point, "qubits" if loaded.spec.device is not None else "spins")
    for row in found.scaling:
        print_line(_scaling(row))
    for verdict in found.verdicts:
        print_line(f"• {verdict}")
    for line in [] if used is None else used.lines():
        print_line(line)


def _compare_with_spec(record: RunRecord, as_json: bool) -> None:
    from rich.table import Table

    from qsense.comparison.beside_spec import spec_rows

    points = spec_rows(record)
    if as_json:
        print(json.dumps({"record": str(record.path), "points": points, "scaling": []}, indent=2, allow_nan=False))
        return
    for point in points:
        size, unit = time_unit(max(row["time_s"] for row in point["times"]))
        table = Table()
        for name in (f"t ({unit})", "predicted G", "measured", "ratio", "z"):
            table.add_column(name, justify="right")
        for row in point["times"]:
            table.add_row(
                f"{row['time_s'] / size:.4g}",
                f"{row['predicted']:.4g}",
                with_error(row["measured"], row["stderr"]),
                _shown(row["ratio"], 1, ".3f"),
                f"{row['z']:+.1f}",
            )
        print_line(f"{point['probe']} N = {point['num_qubits']}, {point['noise']}, by {point['estimator']}")
        plain_console(highlight=False).print(table)
        agrees = "agrees with" if point["p_value"] >= UNLIKELY else "does NOT agree with"
        print_line(f"{agrees} the noise of the spec (p = {point['p_value']:.2g})")
        print()


def _print_point(point: dict[str, Any], spins: str) -> None:
    from rich.table import Table

    shown = plain_console(highlight=False)
    where = f"{point['probe']} N = {point['num_qubits']} on {spins} {', '.join(map(str, point['qubits']))}"
    size, unit = time_unit(max(row["time_s"] for row in point["times"]))
    table = Table()
    mitigated = [with_error(m["gain"], m["stderr"]) for m in point.get("mitigated", [])]
    for name in (f"t ({unit})", "predicted G", "measured", "ratio", "z", *(["readout mitigated"] if mitigated else [])):
        table.add_column(name, justify="right")
    for place, row in enumerate(point["times"]):
        table.add_row(
            f"{row['time_s'] / size:.4g}",
            f"{row['predicted']:.4g}",
            with_error(row["measured"], row["stderr"]),
            f"{row['ratio']:.3f}",
            f"{row['z']:+.1f}",
            *mitigated[place : place + 1],
        )
    print_line(f"{where}, by {point['estimator']}")
    shown.print(table)
    print_line(_verdict(point, "", "preparation and readout keep"))
    if point.get("does_not_decay"):
        print("G is the same at all times: nothing decays while this backend idles; does it simulate its delay?")
    if "mitigated" in point:
        print_line(_verdict(point, "mitigated_", "with readout mitigated, preparation keeps"))
        readout = point["readout"]
        if readout["is_correlated"]:
            print_line(
                f"readout is correlated: pair {readout['pair']} (p = {readout['p_together']:.1g}), "
                f"spin {readout['spin']} (p = {readout['p_apart']:.1g}); do not trust the mitigated values"
            )
    if "collective_rate_per_s" in point:
        rate, error = point["collective_rate_per_s"], point["collective_rate_stderr_per_s"]
        grows = point["collective_p_value"] >= UNLIKELY
        fits = "" if grows else ", but it does not grow as t: shared noise with memory"
        print_line(f"dephasing that the qubits share, from pairs: {with_error(rate, error)} 1/s of L = 2J_z{fits}")
    for suspect in point["suspects"]:
        if suspect["is_culprit"]:
            t2, error = 1 / suspect["rate_per_s"], suspect["rate_stderr_per_s"] / suspect["rate_per_s"] ** 2
            print_line(
                f"qubit {suspect['qubit']}: T2 = {readable_time(t2, error)}, "
                f"{readable_time(1 / suspect['predicted_per_s'])} predicted (z = {suspect['z']:+.1f})"
            )
    print()


def _scaling(row: dict[str, Any]) -> str:
    power = with_error(row["exponent"], row["exponent_stderr"])
    sizes = ", ".join(map(str, row["num_qubits"]))
    fits = "" if row["p_value"] >= UNLIKELY else f"; no power fits (p = {row['p_value']:.1g}), as with unequal qubits"
    return f"decay of {row['probe']} N = {sizes}, by {row['estimator']}: as N^{power} (1: own noise, 2: shared){fits}"


def _verdict(point: dict[str, Any], kind: str, keeps: str) -> str:
    p_value = point[f"{kind}p_value"]
    if p_value < UNLIKELY:
        return f"{keeps} no fixed share of G: it does NOT decay as predicted (p = {p_value:.2g})"
    kept = with_error(100 * point[f"{kind}amplitude"], 100 * point[f"{kind}amplitude_stderr"])
    return f"{keeps} {kept} % of G; it decays as predicted (p = {p_value:.2g})"


def _shown(value: float | None, factor: float, form: str) -> str:
    return "" if value is None else format(value * factor, form)
