"""The results of a study, read from its store: tidy tables in the order of its trials."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.errors import StoreError
from qsense.files.old_names import with_old_names
from qsense.noise import AnyNoise
from qsense.runs.point import acting
from qsense.runs.qubits import QubitsUsed
from qsense.runs.spec import RunSpec
from qsense.store import Store
from qsense.store.studies import StudyEntry
from qsense.study.outcomes import check_outcome
from qsense.tables.columns import TRIAL_COLUMNS, Columns
from qsense.tables.compact import Curves, Rows, View
from qsense.tables.results import Results
from qsense.tables.rows import identity_row, result_row

_ELSEWHERE = {"num_qubits", "field_rad_per_s", "shots", "seed", "backend"}
_MOST_KNOWN = 1000
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
    places: dict[str, int] = {}  # of what is added below
    rows, curves, noises, known = Rows(), Curves(), list[AnyNoise](), _Known(str(store.path))
    provenances: list[dict[str, Any]] = []
    placed: dict[str, dict[tuple[str, int], tuple[int, ...]]] = {}
    swept = [key for key, values in study.axes.items() if not _is_shown(key, values)]
    for provenance, results in store.results_by_shard(unique):
        if provenance not in provenances:
            provenances.append(provenance)
        for result in results:
            try:
                check_outcome(result)
            except StoreError as error:
                raise StoreError(f"{store.path}: {error}; run `qsense store verify --repair`.") from error
            identity, acted = known.of(result.trial)
            rule = {f"rule_{name}": value for name, value in result.outcome["rule"].items()}
            if (used := QubitsUsed.of(result.trial)) is not None:
                placed.setdefault(f"{identity['backend']} {used.chosen}", {}).update(used.qubits)
            places[result.key] = len(rows)
            rows.add({**identity, **result_row(result.outcome["summary"]), **rule})
            curves.add(result.outcome["curve"])
            noises.append(acted)
    shown = [position for position, key in enumerate(study.keys) if key in places]
    order = np.array([places[study.keys[position]] for position in shown], dtype=np.int64)
    found: dict[str, Sequence[Any]] = dict(rows.columns(order))
    axes: dict[str, Sequence[Any]] = {
        name: View.of(values).taken(study.picks[shown, axis].astype(np.int64))
        for axis, (name, values) in enumerate(study.axes.items())
        if name in swept
    }
    columns = {name: values for name, values in found.items() if name in TRIAL_COLUMNS} | axes | found
    attributes = {
        "name": study.name,
        "study_id": study.id,
        "swept": swept,
        "not_run": len(study.keys) - len(shown),
        "provenance": provenances,
    }
    if lines := _apart(placed):
        attributes["qubits"] = lines
    trials = Columns(with_old_names(columns), attributes)
    return Results(trials, curves.ordered(order), [noises[place] for place in order])


class _Known:
    """What specs of trials say, each read once: trials that differ in their seed alone have the rest in common."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: dict[str, tuple[dict[str, Any], AnyNoise]] = {}

    def of(self, trial: Mapping[str, Any]) -> tuple[dict[str, Any], AnyNoise]:
        """Returns the columns that identify a trial, and its noise."""
        seed = trial.get("seed")
        if type(seed) is not int or seed < 0:
            return self._read(trial)  # which refuses it
        rest = json.dumps({key: value for key, value in trial.items() if key != "seed"})
        if rest not in self._found:
            if len(self._found) >= _MOST_KNOWN:
                self._found.clear()
            self._found[rest] = self._read(trial)
        identity, acted = self._found[rest]
        return {**identity, "seed": seed}, acted

    def _read(self, trial: Mapping[str, Any]) -> tuple[dict[str, Any], AnyNoise]:
        spec = RunSpec.from_dict(dict(trial), self._source)
        probe = spec.probes[0]
        noise = spec.noise_for(probe, spec.noises[0])
        identity = identity_row(spec, probe, noise, spec.estimators[0])
        return identity, acting(spec.world_for(probe, spec.noises[0]))
