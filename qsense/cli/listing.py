"""qsense list: the probes, noise, backends, estimators and keys that a spec can name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import AllowCode, completed
from qsense.errors import ArgumentError, nearest

if TYPE_CHECKING:
    from qsense.estimators.estimator import Option


_OWN = "a noise model of your own, each number with unit, source and date"


@command("list")
def list_kind(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="probes|noise|backends|estimators|keys",
            help="What to list.",
            autocompletion=completed(lambda: [*_LISTS, "backends"]),
        ),
    ],
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """List what a spec and the options can name, with what it means."""
    if kind not in (*_LISTS, "backends"):
        raise ArgumentError(f'Unknown list "{kind}". {nearest(kind, (*_LISTS, "backends"))}')
    if kind == "backends":
        from qsense.cli.devices import print_backends

        print_backends(["fake"], as_json)
        return
    rows = _LISTS[kind]()
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    _print(rows)


def _print(rows: list[dict[str, str]]) -> None:
    import textwrap

    from qsense.files.terminal import print_line

    width = max(len(row["name"]) for row in rows) + 2
    for row in rows:
        for place, line in enumerate(textwrap.wrap(row["meaning"], 80 - width)):
            print_line(("" if place else row["name"]).ljust(width) + line)


def _probes() -> list[dict[str, str]]:
    from qsense.files import content
    from qsense.probes import FAMILIES

    rows = [
        _row("ghz", "(|00…0> + |11…1>)/√2, with the signs of the signal's weights"),
        _row("ghz:SIGNS", "of these signs, such as ghz:+-+- for a gradient"),
        _row("product", "unentangled spins, each (|0> + |1>)/√2; what entanglement is compared with"),
        *(_row(name, meaning) for name, meaning in FAMILIES.values()),
    ]
    for name in content.names("circuits"):
        first = content.find("circuits", name).read_text(encoding="utf-8").splitlines()[0]
        rows.append(_row(name, "a circuit: " + first.removeprefix("//").strip().partition(":")[0].partition(".")[0]))
    return [
        *rows,
        _row("FILE.npy", "a state of your own: 2^N amplitudes, or a density matrix"),
        _row("FILE.qasm", "a preparation circuit of your own, OpenQASM 2 or 3"),
    ]


def _noise() -> list[dict[str, str]]:
    from qsense.files import content
    from qsense.noise import file
    from qsense.noise.entries import LocalEntry
    from qsense.noise.kinds import noise_kinds

    models = [_row(name, file.find(name)[1].description) for name in content.names("noise_models")]
    numbers = [key for key in LocalEntry.model_fields if key not in ("noise", "name")]
    kinds = [_row(f'kind = "{name}"', "registered by an extension") for name in noise_kinds()]
    return [
        *models,
        *kinds,
        _row("{ … }", f"of a spec, numbers of your own: {', '.join(numbers)}"),
        _row("FILE.toml", _OWN),
    ]


def _estimators() -> list[dict[str, str]]:
    from qsense.estimators.registry import AUTO, estimator_named, estimator_names

    rows = [_row(AUTO, "The one that tells most of each probe; `qsense show` says which")]
    for name in estimator_names():
        if name != AUTO:
            known = estimator_named(name)
            options = "".join(f"; {key} = {_values(option)}" for key, option in known.options.items())
            rows.append(_row(name, (known.__doc__ or "").partition("\n")[0].partition(";")[0].rstrip(".") + options))
    return rows


def _values(option: Option) -> str:
    """What an option may be, its default first."""
    if isinstance(option.default, bool):
        return "false|true"
    if option.allowed:
        return "|".join(map(str, sorted(option.allowed, key=lambda one: one != option.default)))
    return "a list" if isinstance(option.default, tuple) else f"{option.default}"


def _keys() -> list[dict[str, str]]:
    from qsense.runs.spec_file import SpecFile

    return [_row(name, meaning) for name, meaning in SpecFile.described()]


def _row(name: str, meaning: str) -> dict[str, str]:
    return {"name": name, "meaning": meaning}


_LISTS = {"probes": _probes, "noise": _noise, "estimators": _estimators, "keys": _keys}
