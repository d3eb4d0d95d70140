"""Commands about many records: list them, remove some."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from qsense.cli.app import RECORDS, AsJson, app
from qsense.errors import ArgumentError
from qsense.files.terminal import print_line, printable

if TYPE_CHECKING:
    from qsense.runs.listing import ListedRecord

WIDTH = 80
_NOISE = 11
_COLUMNS = (("date", 10), ("id", 12), ("name", 18), ("backend", 12), ("N", 6), ("noise", _NOISE), ("|z|", 5))
_INDENT = 12

Records = Annotated[
    Path, typer.Option("--records", metavar="FOLDER", help="Where records are that are named by id or name.")
]


class _ListsByDefault(typer.core.TyperGroup):
    """A group whose command `list` needs no name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else ["list", *args])


records_app = typer.Typer(
    cls=_ListsByDefault,
    help="List the records of a folder, or remove some. `qsense records [FOLDER]` is `qsense records list [FOLDER]`.",
    short_help="List records, or remove some.",
)
app.add_typer(records_app, name="records")


@records_app.command("list", short_help="List the records of a folder, the newest first.")
def list_them(
    folder: Annotated[Path, typer.Argument(help="A folder with records.", metavar="FOLDER")] = RECORDS,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Only these: name, id, date, backend, N, noise, probe, estimator, state; texts with * and ?.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the records of a folder, the newest first: date, id, name, backend, N, noise, largest |z|, first verdict."""
    from qsense.runs.finding import matching
    from qsense.runs.listing import list_records

    every = list_records(folder)
    found = matching(every, where or ())
    if as_json:
        rows = [{"record": str(folder / one.folder), **asdict(one)} for one in found]
        print(json.dumps({"folder": str(folder), "records": rows}, indent=2, allow_nan=False))
        return
    if found:
        print_line(_columns([name for name, _ in _COLUMNS]))
    for one in found:
        for line in _lines(one):
            print_line(line)
    of = f" of {len(every)}" if len(found) != len(every) else ""
    print_line(f"{len(found)}{of} record{'s' * (len(every) != 1)} in {folder}")


@records_app.command("rm", short_help="Remove records, after a question.")
def remove(
    words: Annotated[list[str], typer.Argument(help="Ids, beginnings of ids, names or folders.", metavar="RECORD…")],
    records: Records = RECORDS,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """List records and, after a question, remove them with their counts; no link is followed."""
    from qsense.runs.finding import find_records, remove_record
    from qsense.runs.folder import RecordFolder

    found = find_records(words, records)
    if not yes and (as_json or not sys.stdin.isatty()):
        raise ArgumentError("Nobody can be asked whether to remove the records here; nothing was removed: add --yes.")
    if not as_json:
        for one in found:
            for line in _lines(one):
                print_line(line)
            if RecordFolder(records / one.folder).has("jobs.json"):
                print_line(f"{'':{_INDENT}}has jobs on a service: without it their counts cannot be collected")
    what = "this record" if len(found) == 1 else f"these {len(found)} records"
    if not yes and not typer.confirm(f"Remove {what} with the counts?"):
        print_line("nothing was removed")
        return
    for one in found:
        remove_record(records, one)
        if not as_json:
            print_line(f"removed {records / one.folder}")
    if as_json:
        print(json.dumps({"removed": [str(records / one.folder) for one in found]}, indent=2))


def _lines(one: ListedRecord) -> list[str]:
    """Two lines of 80 columns: what the run was, and what came out."""
    from qsense.runs.listing import DAMAGED, OPEN

    z = "" if one.largest_z is None else f"{one.largest_z:.1f}"
    sizes = "" if not one.num_qubits else f"{one.num_qubits[0]}"
    sizes += f"-{one.num_qubits[-1]}" if len(one.num_qubits) > 1 else ""
    more = f" +{len(one.noises) - 1}" if len(one.noises) > 1 else ""
    noise = _cut(one.noises[0], _NOISE - len(more)).rstrip() + more if one.noises else ""
    first = _columns([one.created[:10], one.id, one.name, one.backend, sizes, noise, z])
    if one.state == DAMAGED:
        second = f"DAMAGED {one.folder}: {one.reason}"
    else:
        second = "not estimated yet" if one.state == OPEN else one.headline
    return [first, " " * _INDENT + _cut(second, WIDTH - _INDENT).rstrip()] if second else [first]


def _columns(texts: list[str]) -> str:
    cells = [_cut(text, width) for text, (_, width) in zip(texts, _COLUMNS, strict=True)]
    cells[-1] = cells[-1].strip().rjust(_COLUMNS[-1][1])
    return " ".join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    """A text in so many columns of a terminal, its end replaced by … where it is too long."""
    from rich.cells import cell_len, set_cell_size

    shown = printable(text)
    return set_cell_size(shown, width) if cell_len(shown) <= width else set_cell_size(shown, width - 1) + "…"
