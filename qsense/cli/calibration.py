"""The command `qsense calibrate`: a device's qubits measured, here or by jobs, and written as a noise model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qsense.cli.app import RECORDS, AsJson, command
from qsense.cli.logs import show_log
from qsense.cli.options import DEVICES, AllowCode, MaxQpuSeconds, integers, time_or_none
from qsense.files.terminal import print_line

if TYPE_CHECKING:
    from qsense.calibration.analysis import Characterisation


@command("calibrate")
def calibrate(
    backend: Annotated[
        str,
        typer.Argument(
            help="A device, such as fake:manila or ibm:<device>.", metavar="BACKEND", autocompletion=DEVICES
        ),
    ],
    qubits: Annotated[str, typer.Option(help="Qubits, in the order of the spins: 0,1,2 or 0-2.")],
    out: Annotated[Path | None, typer.Option(help="Noise model to write; <device>.toml here by default.")] = None,
    shots: Annotated[int, typer.Option(help="Shots for every circuit.", min=100)] = 2000,
    longest: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Longest idle time: 0.001 (s), 500us; needed where no T1 or T2 is reported."),
    ] = None,
    idle: Annotated[str, typer.Option(help="Which T2 the model has: free (T2*) or hahn.")] = "free",
    seed: Annotated[int, typer.Option(help="Seed of a simulated device.", min=0)] = 0,
    records: Annotated[
        Path, typer.Option(help="Of ibm:<device>: folder under which a folder for the jobs is made.")
    ] = RECORDS,
    max_qpu_seconds: MaxQpuSeconds = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of ibm:<device>: say what would be sent; send and write nothing.")
    ] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Of ibm:<device>: send failed, cancelled and refused jobs again.")
    ] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Measure T1, T2*, T2 and readout of a device's qubits, and write them as a noise model."""
    import tomli_w

    from qsense import files
    from qsense import services as remote
    from qsense.calibration import remote as by_jobs
    from qsense.calibration.model import model_file
    from qsense.cli.jobs import cost, sent_as_json
    from qsense.errors import ArgumentError

    show_log(quiet=as_json)
    idling, most = time_or_none("--longest", longest), time_or_none("--max-qpu-seconds", max_qpu_seconds, 1)
    if idle not in ("free", "hahn"):
        raise ArgumentError(f'Option --idle must be free or hahn, but is "{idle}".')
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", backend)
    path = out or Path(f"{name}.toml")
    if not path.parent.is_dir():  # refused before time on the device is spent
        raise ArgumentError(f"{path}: there is no folder {path.parent}; choose another --out.")
    named = tuple(integers("--qubits", qubits))
    ready = None
    if remote.is_remote(backend):
        service = remote.service(backend)
        ready = by_jobs.prepare(service, named, shots, idling, records, most)
        if not as_json:
            print_line(cost(ready.ledger))
        if dry_run:
            if as_json:
                print(json.dumps({"file": None, **sent_as_json(ready.ledger)}, indent=2, sort_keys=True))
            else:
                print("dry run: nothing was sent or written")
            return
        found = by_jobs.measure(ready, service, resend)
    elif dry_run or resend or max_qpu_seconds is not None:
        raise ArgumentError(
            "Options --dry-run, --resend and --max-qpu-seconds go with a backend that takes jobs, but it is "
            f'"{backend}"; leave them out.'
        )
    else:
        found = _measure_now(backend, named, shots, idling, seed)
    entry = model_file(found, backend, name, idle, None if ready is None else ready.started)
    model = tomli_w.dumps(entry)
    try:
        # A link that the user names is followed; one that lies here under the name of a device is not.
        files.write(path if out is None else path.resolve(), model.encode())
    except OSError as error:
        raise ArgumentError(f"{path}: cannot be written: {error.strerror}; choose another --out.") from error
    if ready is not None:
        by_jobs.finish(ready, model.encode())
    if as_json:
        record = {} if ready is None else {"record": str(ready.folder.path)}
        print(json.dumps({"file": str(path), **record, **entry}, indent=2, default=str))
        return
    _print_found(backend, found)
    print_line(path)


def _measure_now(
    backend: str, qubits: tuple[int, ...], shots: int, longest: float | None, seed: int
) -> Characterisation:
    from qsense import backends
    from qsense.backends.device_sampler import DeviceSampler
    from qsense.calibration.analysis import characterise
    from qsense.calibration.protocol import design_protocol
    from qsense.errors import ArgumentError

    sampler = backends.sampler(backend)
    if not isinstance(sampler, DeviceSampler):
        raise ArgumentError(f'The backend "{backend}" is not a device; give one such as fake:manila.')
    return characterise(sampler, design_protocol(sampler, qubits, shots, longest), seed)


def _print_found(backend: str, found: Characterisation) -> None:
    from qsense.files.folding import ERRORS, print_folded
    from qsense.files.terminal import plain_console
    from qsense.files.units import time_unit, with_error

    lifetimes = list(zip(found.t1, found.t2_star, found.t2, strict=True))
    size, unit = time_unit(min(abs(one.value) for each in lifetimes for one in each))
    errors = found.readout.variances() ** 0.5
    rows = [
        [
            str(qubit),
            *(with_error(one.value / size, one.stderr / size) for one in lifetimes[spin]),
            with_error(float(found.readout.up_given_down[spin]), float(errors[0, spin])),
            with_error(float(found.readout.down_given_up[spin]), float(errors[1, spin])),
        ]
        for spin, qubit in enumerate(found.qubits)
    ]
    print_line(f"{backend}, measured")
    names = ("qubit", f"T1 ({unit})", f"T2* ({unit})", f"T2 ({unit})", "up | down", "down | up")
    print_folded(plain_console(highlight=False), names, rows)
    print_line(ERRORS)
