"""A record's results as tidy tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from qsense.errors import RecordError
from qsense.files.csv_text import from_cell
from qsense.runs.columns import CURVE_COLUMNS, POINT_COLUMNS
from qsense.runs.record import RunRecord
from qsense.tables.results import Results
from qsense.tables.rows import identity_row, result_row, trial_columns


def results_of(record: RunRecord | str | Path, allow_code: bool = False) -> Results:
    """Returns the results of a record as they were last estimated.

    Args:
        record: a RunRecord, or the path of its folder.
        allow_code: whether extensions that its spec names may be imported.

    Raises:
        RecordError: it has none, or a file of it is damaged; the message names the file.
    """
    record = record if isinstance(record, RunRecord) else RunRecord.load(record, allow_code)
    spec, path = record.spec, record.path / "estimates.csv"
    known = {
        f"{probe.name} {probe.num_qubits} {noise.name} {estimator.name}": (probe, noise, estimator)
        for noise in spec.noises
        for probe in spec.probes
        for estimator in spec.estimators
    }
    rows, curves = [], []
    try:
        text = record.read_bytes("estimates.csv").decode()
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        for summary in record.summary()["rows"]:
            name = " ".join(str(summary.pop(key)) for key in POINT_COLUMNS)
            probe, noise, estimator = known[name]
            rows.append({**identity_row(spec, probe, spec.noise_for(probe, noise), estimator), **result_row(summary)})
            own = [line for line in lines if " ".join(from_cell(line[key]) for key in POINT_COLUMNS) == name]
            curves.append({key: [_number(line[key]) for line in own] for key in CURVE_COLUMNS})
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(
            f"{path}: missing, damaged or not of this record ({type(error).__name__}); run `qsense estimate "
            f"{record.path}` to make it again."
        ) from error
    if not rows:
        raise RecordError(f"{record.path}: has no results; run `qsense estimate {record.path}`.")
    attributes: dict[str, Any] = {"name": spec.name, "spec_id": spec.id, "provenance": [record.provenance]}
    if record.is_of_device and (used := record.qubits_used) is not None:
        attributes["qubits"] = used.to_dict()
    return Results(trial_columns(rows, attributes), curves)


def _number(text: Any) -> float | int:
    return int(text) if str(text).lstrip("-").isdigit() else float(text)
