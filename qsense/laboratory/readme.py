"""README.md of a design: what to do with it, in plain words, for people who do not use Qiskit."""

from __future__ import annotations

from qsense.laboratory.design import Design


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
        + "4. `ending`: `directions` is nothing; `loss_flag` undoes the CNOTs of the preparation; `unprepare` undoes "
        "all of it.\n"
        "5. Measure spin j along the direction with polar angle `polar_rad_j` from Z and azimuth `azimuth_rad_j` from "
        "X (the same in degrees: `polar_deg_j`, `azimuth_deg_j`), and read it: down 0, up 1.",
        "To measure along a direction, rotate it to Z first: rz(−azimuth), then ry(−polar), then read. Z is +1 for "
        "down (|0>) and −1 for up.",
        "## With global rotations only",
        "A pulse R(angle, phase) turns all spins by `angle` about the axis at `phase` from X towards Y in the equator. "
        "Where `all_spins_alike` is `yes`, step 5 is one such pulse: R(`polar_rad_0`, `azimuth_rad_0` − π/2). A shift "
        "of the phase of your reference by the azimuth is as good as rz. " + _rows(design),
        _probes(design),
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
    hint = (
        ' (`ghz` with `readout = "parity"` needs global pulses alone)'
        if any(one.point is not None and one.point.probe.kind == "ghz" for one in odd)
        else ""
    )
    return f"Here {len(odd)} of {len(design.measuring)} rows need pulses on single spins{hint}."


def _probes(design: Design) -> str:
    words = {
        "product": "R(π/2, π/2) on all spins: every spin along X.",
        "ghz": "all down + all up. Trapped ions: one Mølmer–Sørensen pulse, up to the phase of the state, which a "
        "shift of all azimuths takes up; with gates: a Hadamard on spin 0, then CNOTs (`circuits/`).",
    }
    lines = ["## The probes", ""]
    for probe in dict.fromkeys(point.probe for point in design.points):
        how = words.get(probe.kind, "see its circuits.") if not (probe.tilt or probe.signs) else "see its circuits."
        lines.append(f"- `{probe.name}`, {probe.num_qubits} spins: {how}")
    return "\n".join(lines)
