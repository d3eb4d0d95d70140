"""Commands about many records: list them, find some, draw them together, remove some."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from qsense.cli.app import RECORDS, AsJson, command, group
from qsense.cli.logs import one_line
from qsense.cli.options import AllowCode, complete_records, write_page
from qsense.errors import ArgumentError, ContentError, QsenseError
from qsense.files.terminal import print_line, printable

if TYPE_CHECKING:
    from qsense.runs.folder import RecordFolder
    from qsense.runs.listing import ListedRecord

WIDTH = 80
_NOISE = 11
_COLUMNS = (("date", 10), ("id", 12), ("name", 18), ("backend", 12), ("N", 6), ("noise", _NOISE), ("|z|", 5))
_INDENT = 12

Records = Annotated[
    Path, typer.Option("--records", metavar="FOLDER", help="Where records are that are named by id or name.")
]
_CALLED = "paths, ids, names, or how an id or a name begins."
Record = Annotated[
    str,
    typer.Argument(
        help="A record: a path, an id, a name, or how an id or a name begins.",
        metavar="RECORD",
        autocompletion=complete_records,
    ),
]
SeveralRecords = Annotated[
    list[str], typer.Argument(help=f"Records: {_CALLED}", metavar="RECORD…", autocompletion=complete_records)
]
GRAMMAR = (
    "KEY=VALUE or KEY!=VALUE for name, id, backend, noise, probe, estimator and state (estimated, open, damaged), with "
    "* and ? in VALUE; date=2026-11 is how the date begins, N=4, N=2,4 or N=2-6 is any of these. date, N and z (the "
    "largest |z|) also take <, <=, > and >=, in quotes: 'z>3', 'date>=2026-11-02', 'N<=4'."
)
Where = Annotated[list[str] | None, typer.Option(metavar="CONDITION", help=f"Only these; repeatable. {GRAMMAR}")]


class _ListsByDefault(typer.core.TyperGroup):
    """A group whose command `list` needs no name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        if args and not named and not Path(args[0]).exists():
            close = difflib.get_close_matches(args[0], [name for name in self.commands if len(name) > 2], n=1)
            if close:
                raise ContentError(f"{args[0]}: there is no such folder; did you mean: qsense records {close[0]}")
        return super().parse_args(ctx, args if named else ["list", *args])


records_app = group(
    "records",
    "List the records of a folder, find some, or remove some. `qsense records [FOLDER]` is `qsense records list "
    "[FOLDER]`.",
    cls=_ListsByDefault,
)


@records_app.command(
    "list",
    short_help="List the records of a folder, the newest first.",
    epilog="Example: qsense records list runs/reference",
)
def list_them(
    folder: Annotated[Path, typer.Argument(help="A folder with records.", metavar="FOLDER")] = RECORDS,
    where: Where = None,
    html: Annotated[bool, typer.Option("--html", help="Write the list as a page that needs no network.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Of --html: the page; by default index.html in FOLDER.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the records of a folder, the newest first: date, id, name, backend, N, noise, largest |z|, what it found."""
    if out is not None and not html:
        raise ArgumentError("Option --out goes with --html; add it, or leave --out out.")
    found = _print_or_keep(folder, where or (), (), as_json, quiet=html)
    if html:
        _write_page(found, folder, out or folder / "index.html", as_json)


@records_app.command(
    "find",
    short_help="Find records by words and conditions.",
    epilog="Example: qsense records find ghz N=4 --records runs/reference",
)
def find(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Words that occur in a record (name, backend, noise, probe, estimator, verdict; capitals do not "
            "matter) or with which its id or date begins, and conditions as of --where; all hold.",
            metavar="WORD…",
        ),
    ] = None,
    where: Where = None,
    records: Records = RECORDS,
    as_json: AsJson = False,
) -> None:
    """Find records of a folder by words and conditions; prints the same list."""
    if not words and not where:
        raise ArgumentError("Nothing to find: give words, or conditions (--where).")
    _print_or_keep(records, where or (), words or (), as_json)


def _print_or_keep(
    folder: Path, where: Sequence[str], words: Sequence[str], as_json: bool, quiet: bool = False
) -> list[ListedRecord]:
    """Lists the records of a folder that are meant, and returns them."""
    from qsense.runs.conditions import matching
    from qsense.runs.listing import list_records

    matching((), where, words)  # refused before anything is read
    every = list_records(folder, _said_of)
    found = matching(every, where, words)
    if quiet:
        return found
    if as_json:
        rows = [{"record": str(folder / one.folder), **asdict(one)} for one in found]
        print(json.dumps({"folder": str(folder), "records": rows}, indent=2, allow_nan=False))
        return found
    if found:
        print_line(_columns([name for name, _ in _COLUMNS]))
    for one in found:
        for line in _lines(one):
            print_line(line)
    of = f" of {len(every)}" if len(found) != len(every) else ""
    print_line(f"{len(found)}{of} record{'s' * (len(every) != 1)} in {folder}")
    return found


def _said_of(path: Path) -> str:
    """What a record's report says first; what says it is only imported where the list does not keep it yet."""
    from qsense.comparison.listed import said_of

    return said_of(path)


def _write_page(found: list[ListedRecord], folder: Path, page: Path, as_json: bool) -> None:
    from qsense.reports.records_page import records_page

    write_page(page, records_page(found, folder, page))
    if as_json:
        print(json.dumps({"folder": str(folder), "file": str(page), "records": len(found)}, indent=2))
    else:
        print_line(page)


@command("plot")
def plot(
    words: SeveralRecords,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The figure: .png, .svg or .pdf.")],
    estimator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Draw this one; by default the most precise of each curve.")
    ] = None,
    records: Records = RECORDS,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Draw G(t) of records in one figure: error bars over the exact curves, and where probes cross."""
    from qsense.files.figures import format_of, save_or_error
    from qsense.reports.records_figure import drawn_of, records_figure
    from qsense.runs.finding import open_several
    from qsense.runs.record import RunRecord

    format_of(out)  # refused before anything is read
    drawn = [(one.path, drawn_of(RunRecord.load(one.path), estimator)) for one in open_several(words, records)]
    failed = save_or_error(lambda: records_figure([one for _, one in drawn]), out)
    if failed is not None:
        raise failed
    if as_json:
        rows = [{"record": str(path), "estimators": list(one.estimators)} for path, one in drawn]
        print(json.dumps({"file": str(out), "records": rows}, indent=2))
        return
    for path, one in drawn:
        print_line(f"{path}: {len(one.curves)} curves by {', '.join(one.estimators)}")
    print_line(out)


@records_app.command(
    "rm",
    short_help="Remove records, after a question.",
    epilog="Example: qsense records rm gradient --records runs/records",
)
def remove(
    words: SeveralRecords,
    records: Records = RECORDS,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """List records and, after a question, remove them with their counts; no link is followed."""
    from qsense.runs.finding import find_records, remove_record
    from qsense.runs.folder import RecordFolder

    found = find_records(words, records, _said_of)
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


def for_each(found: Sequence[RecordFolder], act: Callable[[RecordFolder], None]) -> bool:
    """Acts on records one after the other; returns whether it failed for some, each of which is a line on stderr.

    Raises:
        QsenseError: what was wrong, of a single record.
    """
    failed = False
    for record in found:
        try:
            act(record)
        except QsenseError as error:
            if len(found) == 1:
                raise
            failed = True
            print(f"qsense: {one_line(error)}", file=sys.stderr)
    return failed


def folders_for(found: Sequence[RecordFolder], out: Path | None) -> dict[Path, Path]:
    """Returns where files of each record go: `out` for one, a folder of its name in it for each of several.

    Raises:
        ArgumentError: two records have the same name.
    """
    if out is None:
        return {}
    if len(found) == 1:
        return {found[0].path: out}
    names = [record.path.resolve().name for record in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArgumentError(f"Option --out: two of the records are called {twice}; export one at a time.")
    return {record.path: out / name for record, name in zip(found, names, strict=True)}


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
