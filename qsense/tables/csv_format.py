"""Results as CSV: two tables, and a JSON file with their units and provenance."""

from __future__ import annotations

import json
from collections.abc import Iterator

from qsense.tables.results import Results


def csv_files(results: Results) -> dict[str, bytes | Iterator[bytes]]:
    """Returns trials.csv, curves.csv and tables.json; the tables in parts, as those of a large study are large."""
    tables = {"trials": results.trials, "curves": results.curve_rows()}
    attributes = {"units": {name: table.units for name, table in tables.items()}, **results.trials.attributes}
    return {
        **{f"{name}.csv": table.csv_chunks() for name, table in tables.items()},
        "tables.json": (json.dumps(attributes, indent=2, sort_keys=True) + "\n").encode(),
    }
