"""Options that commands share, and the noise, probe or numbers that their texts mean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense import files
from qsense.errors import ArgumentError, ContentError, nearest
from qsense.files.terminal import print_line
from qsense.files.units import Kind, quantities, quantity, whole_numbers

if TYPE_CHECKING:
    from qsense.noise import Noise
    from qsense.probes import Probe
    from qsense.signals import Signal

Dephasing = Annotated[
    str | None, typer.Option(metavar="RATE", help="Dephasing rate, or one per spin: 0.1,0.2 (1/s), 1/5us, 0.2MHz.")
]
Emission = Annotated[str | None, typer.Option(metavar="RATE", help="Emission rate, or one per spin.")]
Absorption = Annotated[str | None, typer.Option(metavar="RATE", help="Absorption rate, or one per spin.")]
Depolarizing = Annotated[
    str | None, typer.Option(metavar="RATE", help="Depolarizing rate, or one per spin; not with other rates.")
]
Transverse = Annotated[str | None, typer.Option(metavar="RATE", help="Rate of σ_x noise, or one per spin; N ≤ 10.")]
Exponent = Annotated[float, typer.Option(help="β of stretched dephasing, exp[-(2γt)^β].")]
Collective = Annotated[str, typer.Option("--collective-dephasing", metavar="RATE", help="Rate of L = 2J_z.")]
Coupling = Annotated[
    str,
    typer.Option(metavar="RAD/S", help="χ of H = χJ_z², the same for all pairs: 0.5 (rad/s), 3krad/s; dense, N ≤ 10."),
]
T1 = Annotated[str | None, typer.Option(metavar="TIME", help="T1, or one per spin: 2 (s), 50us, inf; goes with --t2.")]
T2 = Annotated[str | None, typer.Option(metavar="TIME", help="T2, or one per spin; at most 2 T1.")]
Field = Annotated[
    str, typer.Option(metavar="FIELD", help="φ: 0.2 (rad/s), 3krad/s, 1nT; it matters only under transverse noise.")
]
DeadTime = Annotated[str, typer.Option(metavar="TIME", help="Preparation and readout for the rate: 0.5 (s), 2ms.")]
MaxQpuSeconds = Annotated[
    str | None, typer.Option(metavar="TIME", help="Of ibm:<device>: send nothing that may take longer: 60 (s), 10min.")
]


def completed(words: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Returns what completes a value in a shell: of the words those that begin so; of none the shell lists files."""
    return lambda incomplete: [word for word in words() if word.startswith(incomplete)]


def _models() -> list[str]:
    from qsense.files import content

    return content.names("noise_models")


def _probes() -> list[str]:
    from qsense.files import content
    from qsense.probes import FAMILIES, KINDS

    return [*KINDS, *FAMILIES, *content.names("circuits")]


def _devices() -> list[str]:
    """The fakes by the folders of their package, which is not imported: that takes seconds."""
    from importlib.util import find_spec

    package = find_spec("qiskit_ibm_runtime")
    places = [] if package is None else package.submodule_search_locations or []
    found = [one.parent.name for place in places for one in Path(place).glob("fake_provider/backends/*/conf_*.json")]
    return ["emulator", "aer", *sorted(f"fake:{name}" for name in set(found))]


def complete_records(context: typer.Context, incomplete: str) -> list[str]:
    """Returns the records in the folder of --records whose name begins so; of a path none, so that files are listed."""
    from qsense.cli.app import RECORDS

    folder = Path(context.params.get("records") or RECORDS)
    found = [one.parent.name for one in folder.glob("*/spec.toml")]
    return sorted(name for name in found if name.startswith(incomplete))


PROBE_NAMES = completed(_probes)
DEVICES = completed(_devices)
Model = Annotated[
    str | None,
    typer.Option("--noise", help="A noise model's name or TOML file.", autocompletion=completed(_models)),
]


def _allow(context: typer.Context, wanted: bool) -> bool:
    from qsense.extensions import allowing

    if wanted:
        context.with_resource(allowing(True))  # until the command has ended
    return wanted


def _without_report(context: typer.Context, unwanted: bool) -> bool:
    if unwanted:
        from qsense.reports.page.files import reports_written

        context.with_resource(reports_written(False))  # until the command has ended
    return unwanted


NoReport = Annotated[
    bool, typer.Option("--no-report", callback=_without_report, help="Write no report.html beside the figures.")
]
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
    shared: Mapping[str, Any] | None = None,
) -> Noise:
    """Returns the noise that the options give.

    Args:
        model: of --noise.
        rates: by the name of their option.
        t1, t2, exponent: of these options.
        shared: further arguments of NoiseModel, as `world_options.shared_parts` returns them.

    Raises:
        ArgumentError: the noise is given in no way or in several, or a number is out of range; names the option.
    """
    from qsense.noise import LocalNoise, NoiseModel, noise_model_of

    given = {kind: values(f"--{kind}", text, "rate") for kind, text in rates.items() if text is not None}
    shared = shared or {}
    ways = [bool(given), t1 is not None or t2 is not None, model is not None]
    if sum(ways) > 1 or (not any(ways) and not {"collective_dephasing", "phase_noise"} & shared.keys()):
        raise ArgumentError(
            "Give the noise in one way: rates (--dephasing, --emission, --absorption, …), --t1 with --t2, or --noise."
        )
    if exponent != 1 and "dephasing" not in given:
        raise ArgumentError("Option --exponent goes with --dephasing.")
    local: Noise
    if model is not None:
        from qsense.noise.loading import load_noise

        local = load_noise(model)
    elif "depolarizing" in given:
        if len(given) > 1:
            raise ArgumentError(
                "Option --depolarizing is dephasing, emission and absorption at once; give no other rate with it."
            )
        local = LocalNoise.depolarizing(given["depolarizing"])
    elif t1 is not None or t2 is not None:
        if t2 is None:
            raise ArgumentError("Options --t1 and --t2 go together; add --t2, which alone is dephasing.")
        local = LocalNoise.from_t1_t2(values("--t1", "inf" if t1 is None else t1, "time"), values("--t2", t2, "time"))
    else:
        kinds = {kind: given.get(kind, 0.0) for kind in ("dephasing", "emission", "absorption", "transverse")}
        local = LocalNoise(**kinds, exponent=exponent)  # type: ignore[arg-type]
    if not shared:
        return local
    return noise_model_of(local).with_parts(shared) if isinstance(local, NoiseModel) else NoiseModel(local, **shared)


def probe_of(name: str, num_qubits: int | None, tilt: float, signal: Signal) -> Probe:
    """Returns the probe of a name or a file; `ghz` alone has the signs of the signal's weights.

    Raises:
        ArgumentError: the name is unknown, or the number of spins is missing or another than the file's.
    """
    from qsense.files import content
    from qsense.probes import FAMILIES, KINDS, Probe

    kind, _, rest = name.partition(":")
    if kind == "ghz" and rest and not set(rest) - {"+", "-"}:
        if num_qubits not in (None, len(rest)):
            raise ArgumentError(f"Option --num-qubits is {num_qubits}, but {name} has {len(rest)} spins; leave it out.")
        return Probe.ghz(len(rest), rest, tilt)
    if kind == "ghz" and ":" in name and rest != "alternating":
        raise ArgumentError(f"Option --probe {name} must have a sign + or - for every spin, such as ghz:+-+.")
    if kind in (*KINDS, *FAMILIES):
        if num_qubits is None and isinstance(signal.weights, tuple):
            num_qubits = len(signal.weights)
        if num_qubits is None:
            raise ArgumentError(f"Option --num-qubits is missing; a {name} probe needs one.")
        found = Probe.named(name, num_qubits, tilt)
        return found if name != "ghz" else Probe.ghz(num_qubits, signal.matching_signs(num_qubits), tilt)
    if tilt:
        raise ArgumentError("Option --tilt goes with a GHZ or a product probe only.")
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


def several(text: str) -> list[str]:
    """Returns the names or files of an option such as ghz,product; a file whose own name has a comma is one.

    >>> several("ghz, product")
    ['ghz', 'product']
    """
    if Path(text).exists():
        return [text]
    return [name.strip() for name in text.split(",") if name.strip()] or [text]


def values(option: str, text: str, kind: Kind) -> list[float]:
    """Returns the times, rates or angular frequencies of an option such as 0,1us,2us, in SI units.

    Raises:
        ArgumentError: they are none; names the option.
    """
    with named(option):
        return quantities(text, kind)


def value(option: str, text: str, kind: Kind) -> float:
    """Returns the time, rate or angular frequency of an option, in SI units.

    Raises:
        ArgumentError: it is none; names the option.
    """
    with named(option):
        return quantity(text, kind)


def time_or_none(option: str, text: str | None, least: float = -math.inf) -> float | None:
    """Returns the time of an option in s; None where it is not given.

    Raises:
        ArgumentError: it is no time, or below the least; names the option.
    """
    if text is None:
        return None
    found = value(option, text, "time")
    if not found >= least:
        raise ArgumentError(f"Option {option} must be at least {least:g} s, but is {text}.")
    return found


def integers(option: str, text: str) -> list[int]:
    """Returns the whole numbers of an option such as 2,4, 2-6 or 2:16:2.

    Raises:
        ArgumentError: they are none; names the option.
    """
    with named(option):
        return whole_numbers(text)


@contextmanager
def named(option: str) -> Iterator[None]:
    """Names the option before what an error inside says of its value."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(f"Option {option} {error}") from error


def finite(value: float) -> float | None:
    """Returns a number for JSON, where infinity is null."""
    return value if value < float("inf") else None


def write_page(path: Path, content: bytes) -> None:
    """Writes a page for a browser.

    Raises:
        ContentError: the file cannot be written; names the option.
    """
    try:
        files.write(path, content)
    except OSError as error:
        raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another file (--out).") from error


def print_paths(paths: list[Path], as_json: bool) -> None:
    """Prints the files that a command has written."""
    if as_json:
        print(json.dumps({"files": [str(path) for path in paths]}, indent=2))
    for path in [] if as_json else paths:
        print_line(path)
