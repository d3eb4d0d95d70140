"""A run's folder: the resolved spec, the counts, what was estimated from them, and where it came from.

    spec.toml  states/*.npy  provenance.json  counts/*.npz  estimates.csv  tomography.csv  summary.json  gain.{png,svg}
    integrated_gain.{png,svg}

Every file is written beside its place, flushed, and moved there in one step: after a crash there is the old file, the
new file or none, never half of one. Counts are the truth; all else can be made again from them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.circuits.counts import Counts
from qsense.devices.device import Calibration
from qsense.errors import ArgumentError, RecordError, SpecError
from qsense.estimators.registry import text_columns
from qsense.files.csv_text import csv_bytes
from qsense.files.old_names import with_old_names
from qsense.files.safe import is_file, make_folder
from qsense.installation import install_hint
from qsense.runs.columns import ESTIMATE_COLUMNS, parse_cell
from qsense.runs.folder import SCHEMA, RecordFolder, open_record
from qsense.runs.naming import folder_names, may_be_request, record_path
from qsense.runs.point import Point
from qsense.runs.provenance import provenance, recorded_id
from qsense.runs.requests import answers
from qsense.runs.spec import RunSpec

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RunRecord(RecordFolder):
    """A record folder and the spec in it; made by `create` or `load`."""

    spec: RunSpec

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits by which lists, pages and commands know it, as `recorded_id`."""
        return recorded_id(self.provenance, self.path.name) or self.spec.id

    @classmethod
    def create(cls, spec: RunSpec, parent: Path, calibration: Calibration | None = None) -> RunRecord:
        """Returns the record of a spec under a folder, making it if it is not there.

        Its name says what is inside (`naming.folder_name`); the same spec comes back to the same record.

        Args:
            spec: the run.
            parent: the folder.
            calibration: of the device whose qubits the spec names.

        Raises:
            RecordError: the folder cannot be written, or holds another spec.
        """
        record = cls(record_path(spec, parent), spec)
        if record.has("spec.toml"):
            stored = cls.load(record.path)
            if stored.spec.id != spec.id:
                raise RecordError(f"{record.path}: holds another spec ({stored.spec.id}); choose another folder.")
            return record
        try:
            make_folder(record.path / "counts", parent)
        except OSError as error:
            raise RecordError(f"{record.path}: cannot be written: {error.strerror}; choose another folder.") from error
        device = (
            {} if calibration is None else {"calibrated": calibration.date, "calibration_sha256": calibration.sha256}
        )
        record.write_json("provenance.json", {**_provenance(spec), **device})
        # spec.toml comes last: a folder with a spec is a record.
        for name, content in spec.to_files().items():
            record.subfolder(str(Path(name).parent))
            record.write_bytes(name, content)
        return record

    @classmethod
    def load(cls, path: str | Path, allow_code: bool = False) -> RunRecord:
        """Returns the record in a folder.

        Args:
            path: the folder.
            allow_code: whether extensions that its spec names and that are not registered may be imported.

        Raises:
            RecordError: there is none, it was written by a newer qsense, or its spec is damaged.
        """
        path = open_record(path).path
        try:
            return cls(path, RunSpec.load(path / "spec.toml", allow_code))
        except SpecError as error:
            raise RecordError(str(error)) from error

    @classmethod
    def matching_request(cls, spec: RunSpec, parent: Path) -> RunRecord | None:
        """Returns the newest record of the same request under a folder; None if there is none.

        It may use other qubits or another noise: those that the device's calibration gave when it was started. Numbers
        may differ by rounding, as those do that an earlier version read from "80 us".

        Raises:
            RecordError: a record of that name is damaged, so that it is unknown what has been sent already.
        """
        folders = sorted(parent.iterdir()) if parent.is_dir() else []
        loaded = [cls._loaded_or_without_jobs(folder) for folder in folders if may_be_request(folder.name, spec)]
        found = [record for record in loaded if record is not None and answers(record.spec, spec)]
        return max(found, key=lambda record: str(record.provenance.get("created")), default=None)

    @classmethod
    def _loaded_or_without_jobs(cls, folder: Path) -> RunRecord | None:
        """The record in a folder; None where its spec is lost or changed, which is refused if the folder holds jobs."""
        record = cls.load(folder) if is_file(folder / "spec.toml", folder) else None
        if record is not None and folder.name in folder_names(record.spec):
            return record
        if any(map(RecordFolder(folder).has, ("jobs.json", "jobs"))):
            what = "is missing" if record is None else "is not the one that it was made with"
            raise RecordError(
                f"{folder}: holds jobs, but its spec.toml {what}, so that it cannot be told what they run; restore it "
                "from a copy, or choose another folder (`out`). Nothing was sent."
            )
        return None

    def counts_path(self, point: Point) -> Path:
        return self.path / "counts" / point.file_name

    def has_counts(self, point: Point) -> bool:
        """Whether a point has been measured and its counts can be read."""
        return self.has(f"counts/{point.file_name}") and bool(self.counts(point))

    def write_counts(self, point: Point, parts: Sequence[Counts]) -> None:
        """Stores the counts of a point, one part per acquisition, as one file."""
        self.write_bytes(f"counts/{point.file_name}", Counts.joined(parts).to_bytes())

    def counts(self, point: Point) -> list[Counts]:
        """Returns the counts of a point, one per time.

        Raises:
            RecordError: the file is missing, damaged, or holds other settings than the point's; the message names it.
        """
        path = self.counts_path(point)
        counts = Counts.load(path, self.path)
        times, rows = len(point.rule.times), point.circuits_per_time
        expected = np.concatenate(point.row_shots)
        if counts.num_bits != point.probe.num_qubits or not np.array_equal(counts.row_shots(), expected):
            raise RecordError(f"{path}: does not fit the spec of this record; delete it and run the spec again.")
        return [counts.part(k * rows, (k + 1) * rows) for k in range(times)]

    def row_shots(self) -> dict[str, tuple[int, ...]]:
        """Returns the shots of every row of each file of counts that can be read, by the file's name."""
        found = {}
        for path in sorted((self.path / "counts").glob("*.npz")):
            with suppress(RecordError):
                found[path.name] = tuple(Counts.load(path, self.path).row_shots().tolist())
        return found

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Writes summary.json; its rows repeat the integrated gain under the old names."""
        self.write_json("summary.json", {**summary, "rows": [with_old_names(row) for row in summary["rows"]]})

    def read_csv(self, name: str) -> list[dict[str, Any]]:
        """Returns the rows of a table of the record, such as "estimates.csv": numbers, texts, and None where empty.

        Raises:
            RecordError: the table is missing or damaged.
        """
        try:
            text = self.read_bytes(name).decode()
            lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self.damaged(name, type(error).__name__) from error
        if text and not text.endswith("\n"):
            raise self.damaged(name, "its last line is cut off")
        for number, line in enumerate(lines, start=2):
            if None in line.values():  # fewer cells than the header has
                raise self.damaged(name, f"line {number} is cut off")
        texts = text_columns(name)
        return [{key: parse_cell(key, text, texts) for key, text in line.items() if key is not None} for line in lines]

    def estimates(self) -> pandas.DataFrame:
        """Returns the estimates of G as a pandas DataFrame: a row for each point and time; times are in s.

        Without pandas, `read_csv("estimates.csv")` has the same rows.

        Raises:
            RecordError: the run has not been estimated, or the table is damaged.
            ArgumentError: pandas is not installed.
        """
        from qsense.runs.record_view import read_estimates

        try:
            import pandas
        except ImportError as error:
            raise ArgumentError(f"A DataFrame needs pandas; run: {install_hint('data')}.") from error
        rows = read_estimates(self)
        return pandas.DataFrame(rows, columns=list(dict.fromkeys((*ESTIMATE_COLUMNS, *rows[0]))))

    def plot(self) -> Figure:
        """Returns a Matplotlib figure of G(t): estimates with 95 % intervals, over the exact values at these times.

        Raises:
            RecordError: the run has not been estimated, or the table is damaged.
        """
        from qsense.runs.record_view import gain_figure, read_estimates

        return gain_figure(read_estimates(self))

    def _repr_html_(self) -> str:
        """What a notebook shows; never raises."""
        from qsense.runs.record_view import html_table

        try:
            return html_table(repr(self), self.summary())
        except (RecordError, KeyError, TypeError, ValueError, AttributeError):
            return html_table(f"{self!r}: not estimated yet, or damaged", {"rows": (), "verdicts": ()})

    def __repr__(self) -> str:
        return f"<RunRecord in {self.path}: {self.spec!r}>"

    def write_csv(self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes a table; its last columns repeat the integrated gain under the old names."""
        every = list(with_old_names(dict.fromkeys(columns)))
        whole = (with_old_names(row) for row in rows)
        self.write_bytes(name, csv_bytes(every, ([row.get(column) for column in every] for row in whole)))


def _provenance(spec: RunSpec) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "spec_id": spec.id,
        "backend": spec.backend,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **provenance(),
    }
