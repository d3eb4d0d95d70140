"""The JSON Schema of a study: its own keys, and those of a run spec in its table `run`, all of which may be swept."""

from __future__ import annotations

from typing import Any

from qsense.files.toml_schema import schema_of
from qsense.runs.schema import spec_schema
from qsense.study.file import StudyFile


def study_schema() -> dict[str, Any]:
    """Returns the JSON Schema of study files.

    >>> sorted(study_schema()["properties"])
    ['description', 'name', 'only', 'run', 'schema', 'skip', 'sweep']
    """
    found, spec = schema_of(StudyFile, "A study of qsense"), spec_schema()
    given_by_the_study = ("schema", "name")
    found["$defs"] = {**spec["$defs"], **found.get("$defs", {})}
    found["properties"]["run"] = {
        "description": "The keys of a run spec, without name and schema.",
        "type": "object",
        "properties": {key: one for key, one in spec["properties"].items() if key not in given_by_the_study},
        "additionalProperties": False,
    }
    return found
