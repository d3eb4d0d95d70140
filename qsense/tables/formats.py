"""Results as files: CSV, Parquet, NetCDF."""

from __future__ import annotations

import json
from pathlib import Path

from qsense import files
from qsense.errors import ArgumentError, ContentError, nearest
from qsense.installation import install_hint
from qsense.tables.columns import Results

FORMATS = ("csv", "parquet", "netcdf")


def written(results: Results, folder: Path, kind: str) -> list[Path]:
    """Writes results as files of one format and returns their paths.

    Args:
        results: of a run or a study.
        folder: where `trials` and `curves` (CSV, Parquet) or `results.nc` go; made if it is not there.
        kind: "csv", "parquet" or "netcdf".

    Raises:
        ArgumentError: the format is unknown, or its package is not installed.
        ContentError: a file cannot be written.
    """
    if kind not in FORMATS:
        raise ArgumentError(f'Unknown format "{kind}". {nearest(kind, FORMATS)}')
    if kind == "netcdf":
        from qsense.tables.dataset import to_dataset, to_netcdf

        made = {"results.nc": to_netcdf(to_dataset(results))}
    else:
        tables = {"trials": results.trials, "curves": results.curve_rows()}
        if kind == "csv":
            made = {f"{name}.csv": table.to_csv() for name, table in tables.items()}
            attributes = {"units": {name: table.units for name, table in tables.items()}, **results.trials.attributes}
            made["tables.json"] = (json.dumps(attributes, indent=2, sort_keys=True) + "\n").encode()
        else:
            made = {f"{name}.parquet": _parquet(table) for name, table in tables.items()}
    paths = []
    for name, content in made.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files.write(path, content)
        except OSError as error:
            raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another folder.") from error
        paths.append(path)
    return paths


def _parquet(table: object) -> bytes:
    import io

    from qsense.tables.columns import Columns

    assert isinstance(table, Columns)
    frame = table.to_frame()
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise ArgumentError(f"Parquet needs pyarrow; run: {install_hint('data')}.") from error
    return buffer.getvalue()
