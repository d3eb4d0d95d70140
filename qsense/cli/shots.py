"""qsense shots: how many shots a spec needs; and runs in rounds, `qsense run --until-error`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import AllowCode, DeadTime, completed, value
from qsense.cli.progress import progress
from qsense.errors import ArgumentError
from qsense.files.terminal import print_line

if TYPE_CHECKING:
    from qsense.runs.spec import RunSpec
    from qsense.workflow.shots import Needed
    from qsense.workflow.until import Stopped

_GOALS = ("img", "gain", "crossover", "field")
Goal = Annotated[
    str,
    typer.Option(
        help="What the error is of: img (𝓘), gain, crossover or field.", autocompletion=completed(lambda: _GOALS)
    ),
]


@command("shots")
def shots(
    spec: Annotated[Path, typer.Argument(help="A run spec, such as runs/paper.toml.", metavar="SPEC")],
    error: Annotated[str, typer.Option(metavar="ERROR", help="Half of the 95 % interval: 5%, or 20us, 3krad/s, 2nT.")],
    goal: Goal = "img",
    dead_time: DeadTime = "0",
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Say how many shots a spec needs for an error of 𝓘, G, the crossover or φ; nothing is run or written."""
    from qsense.backends import is_device
    from qsense.runs.spec import RunSpec
    from qsense.theory.rate import check_dead_time
    from qsense.workflow.shots import shots_for

    dead = value("--dead-time", dead_time, "time")
    check_dead_time(dead)
    loaded = RunSpec.load(spec, allow_code)
    found = shots_for(loaded, error, goal, dead, allow_code)
    is_counted = goal != "field" and loaded.plan is not None and all(row.circuit_variance for row in loaded.plan.rows)
    left_out = ["preparation", "readout"] if is_device(loaded.backend) and not is_counted else []
    if as_json:
        rows = [_row(one) for one in found]
        print(json.dumps({"goal": goal, "error": error, "rows": rows, "not_counted": left_out}, indent=2))
    else:
        _show(found, goal, error, dead)
        if left_out:
            print_line(
                f"not counted: what preparation and readout on {loaded.backend} take of the signal (it needs more "
                "shots), and their time unless --dead-time gives it; `qsense plan` counts them"
            )
    if all(one.shots is None for one in found):
        raise ArgumentError("no number of shots reaches this error: " + "; ".join(one.why for one in found))


def _row(one: Needed) -> dict[str, Any]:
    row = {**vars(one), "stderr": one.stderr}
    return {key: None if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in row.items()}


def _show(found: list[Needed], goal: str, error: str, dead: float) -> None:
    from qsense.comparison.precision import UNITS
    from qsense.files.folding import print_folded
    from qsense.files.terminal import plain_console
    from qsense.files.units import readable_time

    unit = f" in {UNITS[goal]}" if UNITS[goal] else ""
    title = f"Shots for {goal} to {error}{unit}: half the 95 % interval, 1.96 standard errors"
    rows = []
    for one in found:
        is_told = one.shots is not None and one.seconds is not None
        rows.append(
            [
                one.label,
                f"{one.value:.4g}" if math.isfinite(one.value) else "–",
                f"{one.half:.3g}" if math.isfinite(one.half) else "–",
                str(one.shots) if is_told else "none",
                str(one.total) if is_told else "–",
                readable_time(one.seconds or 0.0) if is_told else "–",
            ]
        )
    print_line(title)
    names = (goal, "value", "±", "shots a circuit", "in all", f"time{' with dead times' if dead else ''}")
    print_folded(plain_console(highlight=False), names, rows, (goal,))
    for one in found:
        if one.why:
            print_line(one.why)


def run_in_rounds(
    spec: RunSpec,
    error: str,
    goal: str,
    max_shots: int | None,
    out: Path,
    quiet: bool,
    most: float | None = None,
) -> tuple[Stopped, dict[str, Any]]:
    """Runs a spec in rounds; returns when it stopped, and what `--json` says of it."""
    from qsense.workflow.until import run_until_error

    with progress(quiet) as update:
        found = run_until_error(spec, error, goal, max_shots, out, update, max_seconds=most)
    rows = [_precision(one) for one in found.found]
    until = {"reached": found.is_reached, "why": found.why, "rounds": found.rounds, "shots": found.shots, "found": rows}
    return found, {"until_error": {"goal": goal, "error": error, **until}}


def _precision(one: Any) -> dict[str, Any]:
    shown = {"label": one.label, "value": one.value, "half": one.half, "floor": one.floor, "why": one.why}
    return {key: None if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in shown.items()}
