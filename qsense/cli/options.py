"""Options that commands share, and the noise, probe or numbers that their texts mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qsense.errors import ArgumentError, nearest

if TYPE_CHECKING:
    from qsense.noise import Noise
    from qsense.probes import Probe

Dephasing = Annotated[str | None, typer.Option(help="Dephasing rate in 1/s, or one per spin: 0.1,0.2.")]
Emission = Annotated[str | None, typer.Option(help="Emission rate in 1/s, or one per spin.")]
Absorption = Annotated[str | None, typer.Option(help="Absorption rate in 1/s, or one per spin.")]
Depolarizing = Annotated[
    str | None, typer.Option(help="Depolarizing rate in 1/s, or one per spin; not with other rates.")
]
Transverse = Annotated[str | None, typer.Option(help="Rate of σ_x noise in 1/s, or one per spin; N ≤ 10.")]
Exponent = Annotated[float, typer.Option(help="β of stretched dephasing, exp[-(2γt)^β].")]
Collective = Annotated[float, typer.Option("--collective-dephasing", help="Rate of L = 2J_z in 1/s.")]
Coupling = Annotated[float, typer.Option(help="χ in rad/s of H = χJ_z², the same for all pairs; dense, N ≤ 10.")]
T1 = Annotated[str | None, typer.Option(help="T1 in s, or one per spin; goes with --t2.")]
T2 = Annotated[str | None, typer.Option(help="T2 in s, or one per spin; at most 2 T1.")]
Model = Annotated[str | None, typer.Option("--noise", help="A noise model's name or TOML file.")]


def _allow(context: typer.Context, wanted: bool) -> bool:
    from qsense.extensions import allowing

    if wanted:
        context.with_resource(allowing(True))  # until the command has ended
    return wanted


AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code", callback=_allow, help="Import and run what files name: a backend module:factory, extensions."
    ),
]


def noise_of(
    model: str | None,
    rates: dict[str, str | None],
    t1: str | None,
    t2: str | None,
    exponent: float = 1.0,
    collective: float = 0.0,
    coupling: float = 0.0,
) -> Noise:
    """Returns the noise that the options give.

    Raises:
        ArgumentError: the noise is given in no way or in several, or a number is out of range; names the option.
    """
    from qsense.noise import Environment, LocalNoise

    given = {kind: numbers(f"--{kind}", text) for kind, text in rates.items() if text is not None}
    ways = [bool(given), t1 is not None or t2 is not None, model is not None]
    if sum(ways) > 1 or (not any(ways) and not collective):
        raise ArgumentError(
            "Give the noise in one way: rates (--dephasing, --emission, --absorption, …), --t1 with --t2, or --noise."
        )
    if exponent != 1 and "dephasing" not in given:
        raise ArgumentError("Option --exponent goes with --dephasing.")
    if model is not None:
        local = LocalNoise.load(model)
    elif "depolarizing" in given:
        if len(given) > 1:
            raise ArgumentError(
                "Option --depolarizing is dephasing, emission and absorption at once; give no other rate with it."
            )
        local = LocalNoise.depolarizing(given["depolarizing"])
    elif t1 is not None or t2 is not None:
        if t1 is None or t2 is None:
            raise ArgumentError("Options --t1 and --t2 go together; add the missing one.")
        local = LocalNoise.from_t1_t2(numbers("--t1", t1), numbers("--t2", t2))
    else:
        kinds = {kind: given.get(kind, 0.0) for kind in ("dephasing", "emission", "absorption", "transverse")}
        local = LocalNoise(**kinds, exponent=exponent)  # type: ignore[arg-type]
    return Environment(local, collective, coupling) if collective or coupling else local


def probe_of(name: str, num_qubits: int | None, tilt: float) -> Probe:
    """Returns the probe of a name or a file.

    Raises:
        ArgumentError: the name is unknown, or the number of spins is missing or another than the file's.
    """
    from qsense.files import content
    from qsense.probes import FAMILIES, KINDS, Probe

    if name.partition(":")[0] in (*KINDS, *FAMILIES):
        if num_qubits is None:
            raise ArgumentError(f"Option --num-qubits is missing; a {name} probe needs one.")
        return Probe.named(name, num_qubits, tilt)
    if tilt:
        raise ArgumentError("Option --tilt goes with a product probe only.")
    if name.endswith(".npy"):
        found = Probe.from_file(name)
    elif name.endswith(".qasm") or name in content.names("circuits"):
        found = Probe.from_qasm(name)
    else:
        known = [*KINDS, *FAMILIES, *content.names("circuits")]
        raise ArgumentError(f'Unknown probe "{name}". {nearest(name, known)}')
    if num_qubits not in (None, found.num_qubits):
        raise ArgumentError(
            f"Option --num-qubits is {num_qubits}, but {name} has {found.num_qubits} spins; leave it out."
        )
    return found


def numbers(option: str, text: str) -> list[float]:
    """Returns the numbers of an option such as 0.1,0.2.

    Raises:
        ArgumentError: they are not numbers.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentError(f'Option {option} must be a number or numbers with commas, but is "{text}".') from error


def integers(option: str, text: str) -> list[int]:
    """Returns the whole numbers of an option such as 2,4 or 2-6.

    Raises:
        ArgumentError: they are not numbers.
    """
    try:
        first, dash, last = text.partition("-")
        if dash and first:
            return list(range(int(first), int(last) + 1))
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentError(f'Option {option} must be whole numbers with commas, but is "{text}".') from error


def finite(value: float) -> float | None:
    """Returns a number for JSON, where infinity is null."""
    return value if value < float("inf") else None


def described(noise: Noise) -> str:
    """Returns what acts beside the field, in words for a title."""
    from qsense.noise import noise_units

    entry, parts = noise.to_dict(), []
    units = noise_units(entry)
    for key, value in entry.items():
        if key in ("kind", "name") or not value:
            continue
        unit = "" if units[key] == "1" else units[key]
        word = key.removesuffix("_rate").removesuffix("_rad_per_s").replace("_", " ")
        shown = ", ".join(f"{v:.6g}" for v in value) if isinstance(value, list) else f"{value:.6g}"
        parts.append(f"{word} {shown} {unit}".rstrip())
    return ", ".join(parts) or "no noise"


def print_paths(paths: list[Path], as_json: bool) -> None:
    """Prints the files that a command has written."""
    if as_json:
        print(json.dumps({"files": [str(path) for path in paths]}, indent=2))
    for path in [] if as_json else paths:
        print(path)
