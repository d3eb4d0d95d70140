"""Rows of a table of trials: the columns that identify a trial, and those of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qsense.comparison import as_single_values
from qsense.files.old_names import with_current_names, with_old_names
from qsense.noise import Noise
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.spec import RunSpec
from qsense.tables.columns import Columns


def identity_row(spec: RunSpec, probe: Probe, noise: Noise, estimator: EstimatorSpec) -> dict[str, Any]:
    """Returns the columns of TRIAL_COLUMNS; a rate is None where spins differ, and for other noises than LocalNoise.

    >>> from qsense.noise import LocalNoise
    >>> spec = RunSpec.from_dict({
    ...     "schema": 1, "name": "one", "probes": "ghz", "num_qubits": 2, "noise": {"dephasing_rate": 0.5},
    ...     "estimators": "auto", "field_rad_per_s": 0.2, "shots": 100, "seed": 1})
    >>> identity_row(spec, spec.probes[0], LocalNoise(0.5), spec.estimators[0])["dephasing_rate_per_s"]
    0.5
    """
    given = noise.to_dict()

    def rate(kind: str) -> float | None:
        value = given.get(f"{kind}_rate")
        if isinstance(value, list):
            return float(value[0]) if len(set(value)) == 1 else None
        return None if value is None else float(value)

    return {
        "probe": probe.name,
        "num_qubits": probe.num_qubits,
        "noise": noise.name,
        **{f"{kind}_rate_per_s": rate(kind) for kind in ("dephasing", "emission", "absorption")},
        "estimator": estimator.name,
        "backend": spec.backend,
        "field_rad_per_s": spec.field,
        "shots": estimator.shots,
        "seed": spec.seed,
    }


def result_row(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of a result, by their current names, from a row of a summary that any version wrote.

    `shots_total` are those of all circuits; `assumptions` names those that the counts refuse.
    """
    row = {key: value for key, value in as_single_values(with_current_names(summary)).items() if key != "reason"}
    row["shots_total"] = row.pop("shots")
    return row


def trial_columns(rows: Sequence[Mapping[str, Any]], attributes: Mapping[str, Any]) -> Columns:
    """Returns the columns of trials, with those of the integrated gain repeated under their old names at the end."""
    columns = Columns.of_rows(rows, attributes)
    return Columns(with_old_names(columns.values), columns.attributes)
