"""qsense ladder: the cheapest sizes and times that tell a field without ambiguity, beside the product probe's."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import (
    T1,
    T2,
    Absorption,
    DeadTime,
    Dephasing,
    Depolarizing,
    Emission,
    Exponent,
    Model,
    noise_of,
    value,
)
from qsense.cli.sensitivity import GyromagneticRatio, field_of, ratio_of
from qsense.cli.world_options import PhaseNoise, described, shared_parts
from qsense.errors import ArgumentError

if TYPE_CHECKING:
    from qsense.theory.ladder import Ladder


@command("ladder")
def ladder(
    num_qubits: Annotated[int, typer.Option(metavar="N", help="Spins.", min=1, max=1000)],
    error: Annotated[str, typer.Option(metavar="FIELD", help="Rms error, wrong branches included: 3rad/s, 2nT.")],
    reach: Annotated[str, typer.Option("--range", metavar="FIELD", help="φ is within ± this: 3krad/s, 2uT.")],
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    depolarizing: Depolarizing = None,
    exponent: Exponent = 1.0,
    phase_noise: PhaseNoise = None,
    t1: T1 = None,
    t2: T2 = None,
    model: Model = None,
    dead_time: DeadTime = "0",
    kept: Annotated[
        float, typer.Option(help="Part of the visibility that preparation and readout keep, for each spin.")
    ] = 1.0,
    gyromagnetic_ratio: GyromagneticRatio = None,
    as_json: AsJson = False,
) -> None:
    """The cheapest ladder of sizes and times that tells a field without ambiguity, beside that of the product probe."""
    from qsense.theory.ladder import best_ladder

    rates = {"dephasing": dephasing, "emission": emission, "absorption": absorption, "depolarizing": depolarizing}
    noise = noise_of(model, rates, t1, t2, exponent, shared_parts(phase_noise, None))
    ratio = ratio_of(gyromagnetic_ratio, model)
    wanted, within = abs(field_of("--error", error, ratio)), abs(field_of("--range", reach, ratio))
    for option, text, field in (("--error", error, wanted), ("--range", reach, within)):
        if not 0 < field < math.inf:
            raise ArgumentError(f"Option {option} must be above 0 and finite, but is {text}.")
    if wanted >= within:
        raise ArgumentError(f"Option --error must be below --range, but they are {error} and {reach}.")
    dead = value("--dead-time", dead_time, "time")
    found = {
        name: best_ladder(num_qubits, noise, wanted, within, dead, sizes, kept)
        for name, sizes in (("best", None), ("product", (1,)))
    }
    if as_json:
        answer: dict[str, Any] = {name: _as_json(one, ratio) for name, one in found.items()}
        print(json.dumps(answer | {"saved_db": _saved(found["best"], found["product"])}, indent=2))
    else:
        _show(found["best"], found["product"], described(noise), ratio)


def _as_json(one: Ladder, ratio: float | None) -> dict[str, Any]:
    from qsense.signals.magnetic import magnetic_field

    return {
        "rungs": [rung._asdict() for rung in one.rungs],
        "error_rad_per_s": one.error,
        "error_t": None if ratio is None else abs(magnetic_field(one.error, ratio)),
        "wrong": one.wrong,
        "seconds": one.seconds,
        "range_rad_per_s": one.reach,
    }


def _saved(best: Ladder, product: Ladder) -> float:
    """What the entangled ladder saves of the time of product spins, in dB."""
    return 10 * math.log10(product.seconds / best.seconds)


def _show(best: Ladder, product: Ladder, noise: str, ratio: float | None) -> None:
    from qsense.files.folding import print_folded
    from qsense.files.terminal import plain_console, print_line, print_verdict
    from qsense.files.units import readable_time
    from qsense.signals.magnetic import dynamic_range, magnetic_field, readable_field

    def shown(field: float) -> str:
        return f"{field:.3g} rad/s" if ratio is None else readable_field(abs(magnetic_field(field, ratio)))

    gained = _saved(best, product)
    pays = gained > 0.005 and any(rung.size > 1 for rung in best.rungs)
    if not pays:
        best = product
    rows = []
    for rung in best.rungs:
        alone = shown(dynamic_range(rung.size, rung.time))
        cells = (str(rung.size), str(rung.groups), readable_time(rung.time), alone, f"2 × {rung.windows}")
        rows.append([*cells, f"{rung.visibility:.3f}", rung.readout])
    print_line(f"The cheapest ladder within ±{shown(best.reach)}: {noise}")
    names = ("n", "groups", "t", "±range alone", "windows", "visibility", "readout")
    print_folded(plain_console(highlight=False), names, rows, ("readout",))
    for name, one in (("this", best), ("product probe alone", product))[: 2 if pays else 1]:
        took, wrong = readable_time(one.seconds), f"wrong branches {one.wrong:.1g}"
        print_line(f"{name}: {took} of measuring, rms error {shown(one.error)} with {wrong}")
    said = f"entanglement saves {gained:.2f} dB of the time, ambiguity counted"
    print_verdict(said if pays else "this is the product probe alone: no entangled rung is cheaper")
