"""README.md of a design: what to do with it, in plain words, for people who do not use Qiskit."""

from __future__ import annotations

import math

from qsense.laboratory.design import Design, short_name
from qsense.probes import Probe


def readme_text(design: Design, version: int, injected: bool) -> str:
    """Returns the text.

    Args:
        design: whose folder it is in.
        version: of OpenQASM of the circuits.
        injected: whether the circuits put the signal on.
    """
    spec, circuits = design.spec, design.measuring
    sizes = ", ".join(map(str, sorted({one.num_qubits for one in circuits})))
    parts = [
        f"# {spec.name}: {len(design.circuits)} circuits of {sizes} spins, {sum(o.shots for o in circuits)} shots",
        "Made by `qsense design`. Each row of `settings.csv` is one circuit; `circuits/` has the same as OpenQASM "
        f"{version}. Measure every circuit with its `shots`, write what you read into `counts.csv`, correct "
        "`reading.toml`, and give this folder to `qsense import`.",
        "## One circuit",
        "1. All spins down (ground state |0>).\n"
        "2. Prepare the probe (below). Up is the excited state |1>.\n"
        f"3. Wait for `time_s` seconds in the field{_pulses(design)}.\n"
        + _signal(injected)
        + "4. `ending`: `directions` is nothing; `loss_flag` undoes all of the preparation but what it does to spin 0 "
        "alone: X on the spins whose sign is −, if there are any, then the CNOTs in the reverse order, so that the "
        "other spins are down unless one was lost; `unprepare` undoes all of it.\n"
        "5. Measure spin j along the direction with polar angle `polar_rad_j` from Z and azimuth `azimuth_rad_j` from "
        "X (the same in degrees: `polar_deg_j`, `azimuth_deg_j`), and read it: down 0, up 1.",
        "To measure along a direction, rotate it to Z first: rz(−azimuth), then ry(−polar), then read. Z is +1 for "
        "down (|0>) and −1 for up.",
        "## With global rotations only",
        "A pulse R(angle, phase) turns all spins by `angle` about the axis at `phase` from X towards Y in the equator. "
        "Where `all_spins_alike` is `yes`, step 5 is one such pulse: R(`polar_rad_0`, `azimuth_rad_0` − π/2). A shift "
        "of the phase of your reference by the azimuth is as good as rz. " + _rows(design) + _flags(design),
        _probes(design),
        *_estimators(design),
    ]
    if design.known:
        parts += [
            "## Known strings",
            "The rows `known.…` prepare the spins of `prepared_up` up and read: no probe, no waiting. They show "
            "whether bits come in the order and with the meaning that `reading.toml` says. Those that you cannot "
            "prepare may stay empty: with global pulses all down and all up are possible, which tell 0 from 1, but "
            "not the order of the spins.",
        ]
    parts += [
        "## Writing it down",
        "`counts.csv` has the columns `circuit,bits,count`: one line for each string that was read, such as\n\n"
        f"    {design.circuits[0].id},{'0' * design.circuits[0].num_qubits},57\n\n"
        "Spreadsheets drop zeros at the beginning of `0011`: format the column as text, or write `'0011`. With a line "
        "for each shot the columns are `circuit,shot,bits`, and a spin that is lost is `?`; give that file to `qsense "
        "import FILE --design FOLDER`. Arrays (.npy, .npz, .mat, HDF5, NetCDF) have the axes circuits × shots × spins, "
        "circuits in the order of `settings.csv`.",
    ]
    if version == 3:
        parts.append(
            "In OpenQASM 3 the angles are inputs with the names of the columns. In Python, with "
            "`row = next(r for r in csv.DictReader(open('settings.csv')) if r['circuit'] == name)`:\n\n"
            "    circuit = qiskit.qasm3.load(f'circuits/{name}.qasm')\n"
            "    circuit = circuit.assign_parameters({p: float(row[p.name]) for p in circuit.parameters})"
        )
    return "\n\n".join(parts) + "\n"


def _pulses(design: Design) -> str:
    found = design.spec.pulses
    if found.is_free:
        return ""
    instants = ", ".join(f"{one:.4g}" for one in found.instants)
    return f", with π pulses about {', '.join(found.axes)} at {instants} of the time (`pulses`: {found.name})"


def _signal(injected: bool) -> str:
    if injected:
        return "   The circuits put the signal on: rz(`phase_rad_j`) on spin j, in the window.\n"
    return (
        "   The signal is left to nature: no circuit puts it on. `phase_rad_j` is the angle that spin j is expected to "
        "collect, about which the directions are chosen.\n"
    )


def _rows(design: Design) -> str:
    odd = [one for one in design.measuring if not one.is_global]
    if not odd:
        return "Here that is every row."
    alike = [one.point.probe for one in odd if one.point is not None and one.point.probe.kind == "ghz"]
    hint = (
        ' (`ghz` with `readout = "parity"` needs global pulses alone)'
        if alike and not any(probe.signs for probe in alike)
        else ""
    )
    return f"Here {len(odd)} of {len(design.measuring)} rows need pulses on single spins{hint}."


def _flags(design: Design) -> str:
    """How `loss_flag` is done where there are no gates on pairs of spins."""
    if not any(one.experiment is not None and one.experiment.ending == "loss_flag" for one in design.measuring):
        return ""
    return (
        " `loss_flag` needs CNOTs, from gates on pairs and on single spins; one Mølmer–Sørensen pulse on all does "
        'not stand for it. Without them make the design with `{ estimator = "ghz", readout = "parity" }`, which has no '
        "such ending (only signs need single spins then) and under emission reads less of G."
    )


def _probes(design: Design) -> str:
    probes = dict.fromkeys(point.probe for point in design.points)
    lines = (f"- `{probe.name}`, {probe.num_qubits} spins: {_prepared(probe)}" for probe in probes)
    return "\n".join(["## The probes", "", *lines])


def _estimators(design: Design) -> list[str]:
    """What stands for long options in ids and in the column `estimator`."""
    every = dict.fromkeys(point.estimator for point in design.points)
    short = [(short_name(one), one.name) for one in every if short_name(one) != one.name]
    return ["In `settings.csv` " + "; ".join(f"`{name}` is `{whole}`" for name, whole in short) + "."] if short else []


def _prepared(probe: Probe) -> str:
    angle = 2 * math.asin(math.sqrt((1 + probe.tilt) / 2))
    if probe.kind == "product":
        turn = f"{angle:.6g} rad = {math.degrees(angle):.6g}°" if probe.tilt else "π/2"
        what = f"up with weight {(1 + probe.tilt) / 2:.6g}" if probe.tilt else "along X"
        return f"R({turn}, π/2) on all spins, one global pulse: every spin {what}."
    if probe.kind != "ghz":
        return "see its circuits."
    downs = [spin for spin, sign in enumerate(probe.signs) if sign == "-"]
    first = f"ry({angle:.6g} rad)" if probe.tilt else "a Hadamard"
    listed = ", ".join(map(str, downs))
    flips = f", then X (a π pulse) on the spins {listed}" if downs else ""
    state = f"all down + all up, then the spins {listed} turned over" if downs else "all down + all up"
    text = f"{state}. With gates: {first} on spin 0, then CNOTs{flips} (`circuits/`)."
    if probe.tilt or probe.num_qubits < 2:
        return text
    return f"{text} {_by_pulse(probe.num_qubits, listed)}"


def _by_pulse(size: int, downs: str) -> str:
    """How one Mølmer–Sørensen pulse prepares a GHZ state, and by what angle this turns the spins."""
    then = " and R(π/2, 0) on all spins" if size % 2 else ""
    phase = 1 if size % 4 in (0, 3) else -1  # of all up beside all down, in units of π/2
    shift = phase * math.pi / 2 / size
    signed = f", with the other sign on the spins {downs}, which you turn over by π pulses R(π, 0)" if downs else ""
    return (
        f"Trapped ions: one Mølmer–Sørensen pulse exp(−i π/4 Σ_(j<k) X_j X_k){then} gives all down + "
        f"exp({'−' if phase < 0 else ''}i π/2) all up: add {shift:.6g} rad ({math.degrees(shift):.6g}°) to every "
        f"azimuth{signed}. Where your pulse has +i and −π/2, subtract it; where its axis is at another phase than X, "
        "add that phase too."
    )
