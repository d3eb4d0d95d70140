"""Results as a labelled xarray Dataset: swept keys are dimensions; units and provenance are attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.installation import install_hint
from qsense.runs.columns import CURVE_COLUMNS
from qsense.tables.columns import TRIAL_COLUMNS, Columns, Kind, as_plain, unit_of
from qsense.tables.compact import Curves

if TYPE_CHECKING:
    import xarray

SPARSE = 0.05
"""A grid with a smaller filled fraction becomes a list of trials."""

_EXACT = 2**53
_IN_FILES: dict[Kind, dict[str, Any]] = {
    "integer": {"dtype": "int64", "_FillValue": -(2**63)},
    "boolean": {"dtype": "int8", "_FillValue": -1},
}
"""What a file has for numbers that are whole, or truth values, where some are missing; CF's flags for the latter."""
_FLAGS: dict[str, Any] = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}


def to_dataset(trials: Columns, curves: Sequence[Mapping[str, Sequence[Any]]]) -> xarray.Dataset:
    """Returns results with a dimension for everything that tells trials apart, and `time_index` for the curves.

    A combination that was not run is nan (or empty text); a file has integers, and 0 and 1 as flags, all the same.
    Times differ between trials, so `time_s` is a variable. If few of the combinations were run, the only dimension is
    `trial`.

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
        places = tuple(np.array([order[name][as_plain(v)] for v in trials.values[name]]) for name in levels)
    dimensions = list(levels)
    shape = tuple(len(values) for values in levels.values())
    variables: dict[str, Any] = {}
    for name in trials.values:
        if name in levels:
            continue
        if name in keys and len({as_plain(value) for value in trials.values[name]}) == 1:
            variables[name] = ((), trials.array(name)[0], _described(name, trials))
            follow = {**follow, name: ""}
            continue
        if name in follow:
            variables[name] = _along(trials, name, follow[name], levels)
            continue
        filled = _filled(trials, name, shape, places)
        attributes = {} if filled.dtype == object else _described(name, trials)  # a text has no unit
        variables[name] = (dimensions, filled, *_described_filled(trials.kind(name), filled, attributes))
    columns, most = Columns(Curves.of(curves).columns(CURVE_COLUMNS)), max(len(curve["time_s"]) for curve in curves)
    for name in CURVE_COLUMNS:
        padded = np.full((len(trials), most), np.nan)
        for row, curve in enumerate(curves):
            padded[row, : len(curve[name])] = [np.nan if value is None else value for value in curve[name]]
        values = np.full((*shape, most), np.nan)
        values[places] = padded
        kind = columns.kind(name)
        if kind == "integer" and not np.isnan(values).any():
            values = values.astype(np.int64)
        label = name if name in ("time_s", "gain", "gain_exact") else f"gain_{name}"
        described = _described_filled(kind, values, {"units": unit_of(name)})
        variables[label] = ([*dimensions, "time_index"], values, *described)
    coordinates = {
        name: (
            name,
            _coordinate(values, name in trials.values and trials.kind(name) == "text"),
            _described(name, trials),
        )
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
        column = [as_plain(value) for value in trials.values[name]]
        if len(set(column)) == 1 or None in column:  # None: spins differ, so that there is no number for a coordinate
            continue
        more = [(*row, value) for row, value in zip(rows, column, strict=True)]
        if len(set(more)) == len(set(rows)):  # the keys chosen so far determine it
            for one in chosen:
                pairs = {(as_plain(a), b) for a, b in zip(trials.values[one], column, strict=True)}
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
    column, array = [as_plain(value) for value in trials.values[dimension]], trials.array(name)
    values = np.array([array[column.index(level)] for level in levels[dimension]], dtype=array.dtype)
    return [dimension], values, _described(name, trials)


def _filled(trials: Columns, name: str, shape: tuple[int, ...], places: tuple[Any, ...]) -> Any:
    column, whole = trials.array(name), trials.values[name]
    is_missing = len(column) < int(np.prod(shape)) or column.dtype == np.float64
    if is_missing and trials.kind(name) == "integer" and any(abs(value or 0) > _EXACT for value in whole):
        column = np.array(["" if value is None else str(value) for value in whole], dtype=object)  # as nan is a float
    if column.dtype == object:
        values = np.full(shape, "", dtype=object)
    elif len(column) == int(np.prod(shape)):
        values = np.empty(shape, dtype=column.dtype)
    else:
        column = column.astype(np.float64)
        values = np.full(shape, np.nan)
    values[places] = column
    return values


def _described_filled(kind: Kind, values: Any, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes and the encoding of a variable; one with places that are missing holds floats."""
    if kind not in _IN_FILES or values.dtype != np.float64:
        return dict(attributes), {}
    return {**attributes, **(_FLAGS if kind == "boolean" else {})}, dict(_IN_FILES[kind])


def _coordinate(values: list[Any], is_text: bool) -> Any:
    return np.array([str(value) for value in values], dtype=object) if is_text else np.array(values)


def _described(name: str, trials: Columns) -> dict[str, str]:
    is_number = name in trials.values and trials.kind(name) in ("integer", "number")
    return {"units": unit_of(name)} if is_number else {}


def _levels(column: Sequence[Any]) -> list[Any]:
    found = list(dict.fromkeys(as_plain(value) for value in column))
    return sorted(found) if all(isinstance(value, (int, float)) for value in found) else found
