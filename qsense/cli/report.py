"""qsense report: one page of records, studies and plans, for a browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, command
from qsense.cli.logs import one_line
from qsense.cli.options import AllowCode, complete_records, write_page
from qsense.cli.records import Records
from qsense.errors import ArgumentError, ContentError, QsenseError, RecordError
from qsense.files.terminal import print_line, printable

if TYPE_CHECKING:
    from qsense.reports.page.blocks import Part
    from qsense.runs.finding import Finder
    from qsense.runs.record import RunRecord

STUDIES = Path("runs/studies")


@command("report")
def report(
    words: Annotated[
        list[str],
        typer.Argument(
            help="Records and studies, by path, id, name or how one begins; plans: what qsense plan --json printed, or "
            "its --out.",
            metavar="RECORD|STUDY|PLAN…",
            autocompletion=complete_records,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; by default report.html beside what it is of, of several here."),
    ] = None,
    records: Records = RECORDS,
    studies: Annotated[
        Path, typer.Option("--studies", metavar="FOLDER", help="Where studies are that are named by their name.")
    ] = STUDIES,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Write a page with the verdict first, then all that was asked, measured and drawn; it needs no network.

    Several records are also set side by side: of more than 12 what each says and their numbers, without the rest. What
    is damaged or not estimated yet among several is named and left out, and the exit code is then 2.
    """
    from qsense.reports.page import page
    from qsense.reports.page.beside import MOST_RECORDS, MOST_WHOLE, beside_part, checked_part
    from qsense.reports.page.charts import COLOURS
    from qsense.reports.page.files import REPORT
    from qsense.reports.page.record import record_part
    from qsense.runs.finding import Finder
    from qsense.runs.record import RunRecord

    if len(words) > MOST_RECORDS:
        raise ArgumentError(
            f"A page holds at most {MOST_RECORDS} records, but {len(words)} are given; give fewer, or list all with "
            "links to their own pages: qsense records list --html"
        )
    whole, finder = _Whole(len(words) > 1), Finder(records)
    found: dict[Path, Part | RunRecord] = {}
    for word in words:
        with whole.unless_damaged():
            place, one = _meant(word, finder, studies, allow_code)
            found.setdefault(place, one)
    target = out or (next(iter(found)) if len(found) == len(words) == 1 else Path(REPORT))
    several: list[RunRecord] = []
    parts: list[Part] = []
    is_each_whole = sum(isinstance(one, RunRecord) for one in found.values()) <= MOST_WHOLE
    for one in found.values():
        with whole.unless_damaged():
            if isinstance(one, RunRecord):
                with _of_damaged(str(one.path)):
                    part = record_part(one) if is_each_whole else checked_part(one, len(several) < COLOURS)
                several.append(one)
            else:
                part = one
            if is_each_whole or not isinstance(one, RunRecord):
                parts.append(part)
    whole.check_any(bool(parts or several))
    if len(parts) > MOST_WHOLE:
        raise ArgumentError(f"A page holds at most {MOST_WHOLE} studies and plans, but {len(parts)} are given.")
    with _of_damaged(", ".join(words[:MOST_WHOLE])):
        content = page(parts, beside_part(several, target, whole.left_out) if len(several) > 1 else None)
    write_page(target, content)
    if as_json:
        print(json.dumps({"file": str(target), "bytes": len(content), "of": list(words)}, indent=2))
    else:
        print_line(target)
    for line in whole.left_out:
        print(f"qsense: left out: {printable(line)}", file=sys.stderr)
    if whole.left_out:
        raise typer.Exit(2)


class _Whole:
    """Names what is damaged or open among several, and goes on without it; of one alone it is the error."""

    def __init__(self, several: bool) -> None:
        self.several = several
        self.left_out: list[str] = []
        self.first: QsenseError | None = None

    @contextmanager
    def unless_damaged(self) -> Iterator[None]:
        try:
            yield
        except QsenseError as error:
            if not self.several:
                raise
            self.first = self.first or error
            self.left_out.append(one_line(error))

    def check_any(self, is_any: bool) -> None:
        """Raises what was wrong with the first where nothing is left."""
        if self.first is not None and not is_any:
            raise self.first


def _meant(word: str, finder: Finder, studies: Path, allow_code: bool) -> tuple[Path, Part | RunRecord]:
    """Where the page of what a word means is by default; and the record, or what is said of a study or a plan."""
    from qsense.reports.page.files import REPORT
    from qsense.runs.record import RunRecord
    from qsense.study.page import study_part

    path = Path(word)
    if path.is_file():
        return _of_file(path, studies, allow_code)
    if _is_study(path):
        return path / REPORT, study_part(path)
    try:
        opened = finder.open(word)
    except RecordError as error:
        named = [one for one in sorted(studies.glob("*")) if _is_study(one) and _is_called(one.name, word)]
        if len(named) != 1 or "/" in word:
            raise error
        return named[0] / REPORT, study_part(named[0])
    record = RunRecord.load(opened.path, allow_code)
    return record.path / REPORT, record


@contextmanager
def _of_damaged(name: str) -> Iterator[None]:
    """Says what to do where anything stands in place of a number, such as nan."""
    try:
        yield
    except QsenseError:
        raise
    except Exception as error:
        raise RecordError(
            f"{name}: a table is damaged ({type(error).__name__}); make those of a record again with: qsense estimate "
            "RECORD"
        ) from error


def _is_study(path: Path) -> bool:
    return (path / "trials.csv").is_file() and not (path / "spec.toml").exists()


def _is_called(folder: str, word: str) -> bool:
    return folder == word or folder.rpartition("-")[0] == word or (bool(word) and folder.startswith(word))


def _of_file(path: Path, studies: Path, allow_code: bool) -> tuple[Path, Part]:
    """A plan, or the file of a study that has been run."""
    from qsense.reports.page.files import REPORT
    from qsense.reports.page.plan import plan_part
    from qsense.runs.spec import RunSpec
    from qsense.study.page import study_part

    data = _read(path)
    if path.suffix != ".toml":
        return path.with_suffix(".html"), plan_part(data, path.name)
    if isinstance(data.get("plan"), dict):
        return path.with_suffix(".html"), plan_part(data["plan"], path.name, RunSpec.load(path, allow_code))
    if "sweep" not in data:
        raise ContentError(f"{path}: is a run spec without a plan; run it, and give the record: qsense run {path}")
    from qsense.study.expansion import Study

    entry = Study.load(path).entry()
    folder = studies / f"{entry.name}-{entry.id}"
    if not _is_study(folder):
        raise ContentError(f"{path}: has no results in {studies}; run it first: qsense sweep {path}")
    return folder / REPORT, study_part(folder)


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    from qsense.files.nesting import parse_json

    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else parse_json(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ContentError(f"{path}: cannot be read as JSON or TOML ({type(error).__name__}); give a plan.") from error
    if not isinstance(data, dict):
        raise ContentError(f"{path}: is no plan; give what `qsense plan --json` printed, or its --out.")
    return data
