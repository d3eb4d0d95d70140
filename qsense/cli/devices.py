"""Commands about devices: which there are, and how a run on one compares with its calibration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, command
from qsense.cli.options import AllowCode, complete_records
from qsense.cli.records import Record, Records
from qsense.errors import ArgumentError, nearest
from qsense.files.folding import ERRORS, print_folded
from qsense.files.terminal import plain_console, print_line, print_verdict
from qsense.files.units import readable_time, time_unit, with_error

if TYPE_CHECKING:
    pass

UNLIKELY = 0.001  # the p-value below which a prediction is said to fail


@command("backends")
def backends(
    vendor: Annotated[
        list[str] | None, typer.Option(help="Whose devices to list: fake, ibm (asks the service). Repeatable.")
    ] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """List backends: qubits, median T1, T2 and errors, or why one cannot be used."""
    from qsense.backends.vendor import all_vendors

    known = [one.prefix for one in all_vendors() if one.prefix]
    for name in vendor or ():
        if name not in known:
            raise ArgumentError(f'Option --vendor: unknown vendor "{name}". {nearest(name, known)}')
    print_backends(vendor or ["fake"], as_json)


def print_backends(vendors: list[str], as_json: bool) -> None:
    """Prints the backends of some vendors."""
    from qsense.backends import catalogue

    found = catalogue.rows(vendors)
    if as_json:
        print(json.dumps([row._asdict() for row in found], indent=2, allow_nan=False))
        return
    cells = [
        [
            row.name,
            "" if row.num_qubits is None else str(row.num_qubits),
            *("" if one is None else readable_time(one) for one in (row.t1_s, row.t2_s)),
            _shown(row.readout_error, 1, ".2%"),
            _shown(row.two_qubit_error, 1, ".2%"),
        ]
        for row in found
        if not row.unreachable
    ]
    names = ("backend", "qubits", "T1", "T2", "readout error", "gate error")
    print_folded(plain_console(highlight=False), names, cells, ("backend",))
    for row in found:
        if row.unreachable:
            print_line(f"{row.name} cannot be used: {row.unreachable}")


@command("compare")
def compare(
    record: Record,
    other: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="RECORD",
            help="Another record: ratios of 𝓘, z, and what changed.",
            autocompletion=complete_records,
        ),
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
    from qsense.comparison.beside_plan import planned_rows
    from qsense.comparison.beside_spec import spec_rows
    from qsense.comparison.recorded import compare as compare_record
    from qsense.runs.columns import POINT_COLUMNS
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
    beside = [[point[name] for name in POINT_COLUMNS] for point in found.calibration]
    rest = spec_rows(loaded) if loaded.spec.device is None else []  # what known strings have no part in
    rest = [point for point in rest if [point[name] for name in POINT_COLUMNS] not in beside]
    foreseen = planned_rows(loaded)
    if as_json:
        words: dict[str, Any] = {"record": str(loaded.path), "points": [*found.calibration, *rest]}
        words |= {"scaling": found.scaling, "verdicts": found.verdicts}
        words |= {} if used is None else {"qubits": used.to_dict()}
        words |= {"planned": foreseen} if foreseen else {}
        print(json.dumps(words, indent=2, allow_nan=False))
        return
    for point in found.calibration:
        _print_point(point, "qubits" if loaded.spec.device is not None else "spins")
    for point in rest:
        _print_beside_spec(point)
    for row in found.scaling:
        print_line(_scaling(row))
    if foreseen:
        comparing.print_planned(foreseen)
    for line in [] if used is None else used.lines():
        print_line(line)
    print_line(ERRORS)
    for verdict in found.verdicts:
        print_verdict(f"• {verdict}")


def _print_beside_spec(point: dict[str, Any]) -> None:
    from qsense.cli import comparing

    size, unit = time_unit(max(row["time_s"] for row in point["times"]))
    is_scaled = point.get("amplitude") is not None
    names = (f"t ({unit})", "predicted G", "measured", "ratio", "z", *(["z, scaled"] if is_scaled else []))
    rows = [
        [
            f"{row['time_s'] / size:.4g}",
            f"{row['predicted']:.4g}",
            with_error(row["measured"], row["stderr"]),
            comparing.ratio_to(row),
            comparing.z_text(row["z"]),
            *([comparing.z_text(row["scaled_z"])] if is_scaled else []),
        ]
        for row in point["times"]
    ]
    print_line(f"{point['probe']} N = {point['num_qubits']}, {point['noise']}, by {point['estimator']}")
    print_folded(plain_console(highlight=False), names, rows)
    comparing.print_no_z(point["no_z"])
    print_line(comparing.agrees(point["p_value"], "the spec"))
    if is_scaled:
        comparing.print_factor(point, "keep")
        print_line(
            f"decay alone, with this factor for all times: {comparing.agrees(point['scaled_p_value'], 'the spec')}"
        )
    print()


def _print_point(point: dict[str, Any], spins: str) -> None:
    from qsense.cli import comparing

    where = f"{point['probe']} N = {point['num_qubits']} on {spins} {', '.join(map(str, point['qubits']))}"
    size, unit = time_unit(max(row["time_s"] for row in point["times"]))
    mitigated = [with_error(m["gain"], m["stderr"]) for m in point.get("mitigated", [])]
    own = [name for name in ("z", "scaled_z") if name == "scaled_z" or "scaled_z" in point["times"][0]]
    headings = [{"z": "z", "scaled_z": "z, scaled"}[name] for name in own]
    names = [f"t ({unit})", "predicted G", "measured", "ratio", *headings, *["readout mitigated"][: len(mitigated)]]
    rows = [
        [
            f"{row['time_s'] / size:.4g}",
            f"{row['predicted']:.4g}",
            with_error(row["measured"], row["stderr"]),
            comparing.ratio_to(row),
            *(comparing.z_text(row.get(name, row["z"])) for name in own),  # older records have the scaled one alone
            *mitigated[place : place + 1],
        ]
        for place, row in enumerate(point["times"])
    ]
    print_line(f"{where}, by {point['estimator']}")
    print_folded(plain_console(highlight=False), names, rows)
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
                f"{readable_time(1 / suspect['predicted_per_s'])} predicted (z = {_shown(suspect['z'], 1, '+.1f')})"
            )
    print()


def _scaling(row: dict[str, Any]) -> str:
    from qsense.estimators.chance import said_chance

    power = with_error(row["exponent"], row["exponent_stderr"])
    sizes = ", ".join(map(str, row["num_qubits"]))
    fits = (
        "" if row["p_value"] >= UNLIKELY else f"; no power fits ({said_chance(row['p_value'])}), as with unequal qubits"
    )
    return f"decay of {row['probe']} N = {sizes}, by {row['estimator']}: as N^{power} (1: own noise, 2: shared){fits}"


def _verdict(point: dict[str, Any], kind: str, keeps: str) -> str:
    from qsense.estimators.chance import said_chance

    p_value = point[f"{kind}p_value"]
    if p_value < UNLIKELY:
        return f"{keeps} no fixed share of G: it does NOT decay as predicted ({said_chance(p_value, 2)})"
    kept = with_error(100 * point[f"{kind}amplitude"], 100 * point[f"{kind}amplitude_stderr"])
    return f"{keeps} {kept} % of G; it decays as predicted ({said_chance(p_value, 2)})"


def _shown(value: float | None, factor: float, form: str) -> str:
    return "" if value is None else format(value * factor, form)
