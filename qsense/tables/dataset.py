"""Results as a labelled xarray Dataset: swept keys are dimensions; units and provenance are attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.installation import install_hint
from qsense.runs.columns import CURVE_COLUMNS
from qsense.tables.columns import TRIAL_COLUMNS, Columns, unit_of

if TYPE_CHECKING:
    import xarray

SPARSE = 0.05
"""A grid with a smaller filled fraction becomes a list of trials."""


def to_dataset(trials: Columns, curves: Sequence[Mapping[str, Sequence[Any]]]) -> xarray.Dataset:
    """Returns results with a dimension for everything that tells trials apart, and `time_index` for the curves.

    A combination that was not run is nan (or empty text). Times differ between trials, so `time_s` is a variable. If
    few of the combinations were run, the only dimension is `trial`.

    Args:
        trials: a row for each trial.
        curves: for each trial, the columns of CURVE_COLUMNS.

    Raises:
        ArgumentError: xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise ArgumentError(f"A Dataset needs xarray; run: {install_hint('data')}.") from error
    keys = [name for name in trials.values if name in TRIAL_COLUMNS or name in trials.attributes.get("swept", ())]
    dimensions, follow = told_apart_by(trials, keys)
    levels = {name: _levels(trials.values[name]) for name in dimensions}
    if not dimensions or len(trials) < SPARSE * np.prod([len(values) for values in levels.values()]):
        levels, follow = {"trial": list(range(len(trials)))}, {}
        places: tuple[Any, ...] = (np.arange(len(trials)),)
    else:
        order = {name: {value: k for k, value in enumerate(values)} for name, values in levels.items()}
        places = tuple(np.array([order[name][_plain(v)] for v in trials.values[name]]) for name in levels)
    dimensions = list(levels)
    shape = tuple(len(values) for values in levels.values())
    variables: dict[str, Any] = {}
    for name in trials.values:
        if name in levels:
            continue
        if name in keys and len({_plain(value) for value in trials.values[name]}) == 1:
            variables[name] = ((), trials.array(name)[0], _described(name, trials))
            follow = {**follow, name: ""}
            continue
        if name in follow:
            variables[name] = _along(trials, name, follow[name], levels)
            continue
        variables[name] = (dimensions, _filled(trials.array(name), shape, places), _described(name, trials))
    most = max(len(curve["time_s"]) for curve in curves)
    for name in CURVE_COLUMNS:
        padded = np.full((len(trials), most), np.nan)
        for row, curve in enumerate(curves):
            padded[row, : len(curve[name])] = [np.nan if value is None else value for value in curve[name]]
        values = np.full((*shape, most), np.nan)
        values[places] = padded
        label = name if name in ("time_s", "gain", "gain_exact") else f"gain_{name}"
        variables[label] = ([*dimensions, "time_index"], values, {"units": unit_of(name)})
    coordinates = {
        name: (name, _coordinate(values, name in trials.values and name not in trials.units), _described(name, trials))
        for name, values in levels.items()
    }
    data = xarray.Dataset(variables, coordinates)
    data.attrs = {key: value if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True)
                  for key, value in trials.attributes.items()}  # fmt: skip
    return data.set_coords([name for name in follow if name in data])


def told_apart_by(trials: Columns, keys: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Returns the keys that tell trials apart, and those that follow from one of them; no keys if trials are equal.

    >>> trials = Columns({"noise": ["a", "b"], "rate": [0.1, 0.2], "seed": [1, 1]})
    >>> told_apart_by(trials, ["noise", "rate", "seed"])
    (['noise'], {'rate': 'noise'})
    """
    chosen: list[str] = []
    follow: dict[str, str] = {}
    rows: list[tuple[Any, ...]] = [()] * len(trials)
    for name in keys:
        column = [_plain(value) for value in trials.values[name]]
        if len(set(column)) == 1 or None in column:  # None: spins differ, so that there is no number for a coordinate
            continue
        more = [(*row, value) for row, value in zip(rows, column, strict=True)]
        if len(set(more)) == len(set(rows)):  # the keys chosen so far determine it
            for one in chosen:
                pairs = {(_plain(a), b) for a, b in zip(trials.values[one], column, strict=True)}
                if len(pairs) == len({pair[0] for pair in pairs}):
                    follow[name] = one
                    break
            continue
        chosen.append(name)
        rows = more
    if len(set(rows)) < len(trials):  # some trials are equal
        return [], {}
    return chosen or [keys[0]], follow


def _along(trials: Columns, name: str, dimension: str, levels: dict[str, list[Any]]) -> tuple[Any, Any, Any]:
    column, array = [_plain(value) for value in trials.values[dimension]], trials.array(name)
    values = np.array([array[column.index(level)] for level in levels[dimension]], dtype=array.dtype)
    return [dimension], values, _described(name, trials)


def _filled(column: Any, shape: tuple[int, ...], places: tuple[Any, ...]) -> Any:
    if column.dtype == object:
        values = np.full(shape, "", dtype=object)
    elif len(column) == int(np.prod(shape)):
        values = np.empty(shape, dtype=column.dtype)
    else:
        column = column.astype(np.float64)
        values = np.full(shape, np.nan)
    values[places] = column
    return values


def _coordinate(values: list[Any], is_text: bool) -> Any:
    return np.array([str(value) for value in values], dtype=object) if is_text else np.array(values)


def _described(name: str, trials: Columns) -> dict[str, str]:
    return {"units": trials.units[name]} if name in trials.units else {}


def _levels(column: Sequence[Any]) -> list[Any]:
    found = list(dict.fromkeys(_plain(value) for value in column))
    return sorted(found) if all(isinstance(value, (int, float)) for value in found) else found


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, type(None))) else json.dumps(value, sort_keys=True)
