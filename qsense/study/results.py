"""The results of a study, read from its store: tidy tables in the order of its trials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qsense.errors import StoreError
from qsense.noise import AnyNoise
from qsense.runs.point import acting
from qsense.runs.qubits import QubitsUsed
from qsense.runs.spec import RunSpec
from qsense.store import Store
from qsense.store.studies import StudyEntry
from qsense.study.outcomes import check_outcome
from qsense.tables.columns import TRIAL_COLUMNS
from qsense.tables.results import Results
from qsense.tables.rows import identity_row, result_row, trial_columns

_ELSEWHERE = {"num_qubits", "field_rad_per_s", "shots", "seed", "backend"}
_RATE = re.compile(r"noise(\[\d+\])?\.(dephasing|emission|absorption)_rate")


def _is_shown(key: str, values: Sequence[Any]) -> bool:
    """Whether a column of TRIAL_COLUMNS shows a swept key already, as it does rates that are equal for all spins."""
    numbers = all(isinstance(value, (int, float)) for value in values)
    return key in _ELSEWHERE or (numbers and _RATE.fullmatch(key) is not None)


def _apart(placed: Mapping[str, Mapping[tuple[str, int], tuple[int, ...]]]) -> list[str]:
    """A line for each backend and size whose probes were on unlike qubits."""
    found = []
    for words, qubits in sorted(placed.items()):
        backend, chosen = words.rsplit(" ", 1)
        used = QubitsUsed(chosen, dict(sorted(qubits.items())))
        found += [f"{backend}, {line}" for line in used.lines(apart_only=True)]
    return list(dict.fromkeys(found))


def study_results(store: Store, study: StudyEntry, partial: bool = False) -> Results:
    """Returns the results of a study.

    Args:
        store: has the results.
        study: the study.
        partial: whether to leave out trials without a result; their number is in the attributes.

    Raises:
        StoreError: a trial has no result, or a shard is damaged; the message names it.
    """
    unique = list(dict.fromkeys(study.keys))
    if partial:
        held = store.stored_keys(unique)
        unique = [key for key in unique if key in held]
    found: dict[str, tuple[dict[str, Any], dict[str, Any], AnyNoise]] = {}
    provenances: list[dict[str, Any]] = []
    placed: dict[str, dict[tuple[str, int], tuple[int, ...]]] = {}
    for provenance, results in store.results_by_shard(unique):
        if provenance not in provenances:
            provenances.append(provenance)
        for result in results:
            try:
                check_outcome(result)
            except StoreError as error:
                raise StoreError(f"{store.path}: {error}; run `qsense store verify --repair`.") from error
            spec = RunSpec.from_dict(result.trial, str(store.path))
            probe = spec.probes[0]
            noise = spec.noise_for(probe, spec.noises[0])
            row = identity_row(spec, probe, noise, spec.estimators[0])
            rule = {f"rule_{name}": value for name, value in result.outcome["rule"].items()}
            if (used := QubitsUsed.of(result.trial)) is not None:
                placed.setdefault(f"{spec.backend} {used.chosen}", {}).update(used.qubits)
            values = {**row, **result_row(result.outcome["summary"]), **rule}
            found[result.key] = values, result.outcome["curve"], acting(spec.world_for(probe, spec.noises[0]))
    swept = [key for key, values in study.axes.items() if not _is_shown(key, values)]
    rows, curves, noises = [], [], []
    for position, key in enumerate(study.keys):
        if key not in found:
            continue
        row, curve, acted = found[key]
        names = {name: value for name, value in row.items() if name in TRIAL_COLUMNS}
        swept_values = study.swept(position)
        rows.append({**names, **{name: swept_values[name] for name in swept}, **row})
        curves.append(curve)
        noises.append(acted)
    attributes = {
        "name": study.name,
        "study_id": study.id,
        "swept": swept,
        "not_run": len(study.keys) - len(rows),
        "provenance": provenances,
    }
    if lines := _apart(placed):
        attributes["qubits"] = lines
    return Results(trial_columns(rows, attributes), curves, noises)
