"""qsense schema: the JSON Schema of specs, studies and noise models, for editors that complete TOML."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from qsense.cli.app import command
from qsense.files.terminal import print_line


class Schema(StrEnum):
    """What has a schema."""

    RUN = "run"
    STUDY = "study"
    NOISE = "noise"


@command("schema")
def schema(
    kind: Annotated[Schema, typer.Argument(metavar="run|study|noise", help="The kind of file.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it, instead of printing it.")] = None,
) -> None:
    """Write the JSON Schema of a kind of TOML file: editors complete and check keys with it.

    In VS Code (Even Better TOML) and others with Taplo, the first line of a spec names it: #:schema ./run.schema.json
    """
    found = _schema(kind)
    if out is None:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from qsense.files.atomic import write

    write(out, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())
    print_line(out)


def _schema(kind: Schema) -> dict[str, Any]:
    if kind is Schema.NOISE:
        from qsense.noise.schema import noise_schema

        return noise_schema()
    if kind is Schema.STUDY:
        from qsense.study.schema import study_schema

        return study_schema()
    from qsense.runs.schema import spec_schema

    return spec_schema()
