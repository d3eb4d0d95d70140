"""The JSON Schema of a noise model's file."""

from __future__ import annotations

from typing import Any

from qsense.files.toml_schema import schema_of
from qsense.noise.file import NoiseFile


def noise_schema() -> dict[str, Any]:
    """Returns the JSON Schema of noise models; `t1` and `t2` may be written as in specs, `t1_s` and `t2_s`.

    >>> noise_schema()["required"]
    ['schema', 'name']
    """
    return schema_of(NoiseFile, "A noise model of qsense")
