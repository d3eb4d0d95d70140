"""Axes of arrays: what each is, and where its coordinate, if it has one, puts its entries in the design.

A coordinate is an array of one axis: ids of circuits, names of probes, times in seconds, numbers of rows or spins. The
entries are put in its order; one that says anything else than the design is refused.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.errors import ContentError
from qsense.laboratory.answers import known_circuit
from qsense.laboratory.design import Design, DesignedCircuit

Array = NDArray[Any]
Order = NDArray[np.intp]
_AXES = {
    "circuit": ("circuit", "setting"), "point": ("point", "probe"), "time": ("time", "duration"),
    "row": ("row", "angle", "phase", "axis"), "shot": ("shot", "repetition", "repeat"),
    "spin": ("spin", "ion", "atom", "qubit", "site"),
}  # fmt: skip
_NESTED = ("point", "time", "row")
_USUAL = ("circuit", "shot", "spin")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_SECONDS |= {"sec": 1.0, "second": 1.0, "millisecond": 1e-3, "microsecond": 1e-6, "nanosecond": 1e-9}
_ROUNDED = 1e-4  # of a time: written with four digits and more
_NUMBERED = re.compile(r"[^0-9]*([0-9]{1,9})")


class Labelled(NamedTuple):
    """An array of a file.

    Attributes:
        array: its numbers; texts only of one axis.
        axes: their names; () where not all have one.
        scales: for each axis the name of the array that is its coordinate, "" for none; ().
        unit: of its numbers, as the file says; "".
    """

    array: Array
    axes: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    unit: str = ""


def is_coordinate(name: str, one: Labelled) -> bool:
    """Returns whether an array can be the coordinate of an axis: it has one, or as in MATLAB one and another of 1."""
    if one.array.ndim == 2 and 1 in one.array.shape:
        return _word(name) is not None and name != "shots"
    return one.array.ndim == 1


def in_place(
    one: Labelled,
    name: str,
    coordinates: Mapping[str, Labelled],
    axes: Sequence[str],
    design: Design,
    source: str,
    usual: Sequence[str] = _USUAL,
) -> tuple[Array, tuple[DesignedCircuit, ...] | None, set[str]]:
    """Returns an array as circuits × shots × spins, or shots × spins, in the order of the design.

    Args:
        one: the array.
        name: of the array.
        coordinates: of the file, by name.
        axes: as the user names them; () for those of the array, or the usual ones.
        design: whose circuits they are.
        source: what an error calls the file.
        usual: the axes of an array that names none.

    Returns:
        The array; its circuits, where a coordinate names them; and the names of the coordinates that were used.

    Raises:
        ContentError: axes or coordinates do not fit the design.
    """
    array, named = one.array, tuple(axes) or one.axes
    kinds = [_kind(axis, source) for axis in named] if named else list(usual) if array.ndim == len(usual) else []
    if named:
        _check_kinds(kinds, named, array, source, name, usual)
    if "circuit" in kinds and {*kinds} & {*_NESTED}:  # circuits of a time are its rows
        kinds[kinds.index("circuit")] = "row"
        if kinds.count("row") > 1:
            raise ContentError(f"{source}: the axes {', '.join(named)} of `{name}` have rows twice (`axes`).")
    circuits: tuple[DesignedCircuit, ...] | None = None
    used = set()
    for axis, kind in enumerate(kinds):
        label = _coordinate(coordinates, one, name, axis, kind)
        if label is None:
            continue
        used.add(label)
        given = coordinates[label]
        values, place = given.array.reshape(-1), f"{source}: the coordinate `{label}` of `{name}`"
        if len(values) != array.shape[axis]:
            raise ContentError(f"{place} has {len(values)} entries, but its axis {array.shape[axis]}; correct it.")
        if kind == "circuit" and _has_ids(values, design):
            circuits = _circuits(values, design, source, f"coordinate `{label}`")
        elif kind != "shot":
            array = array.take(_order(values, kind, given.unit, design, place), axis)
    if kinds:
        wanted = sorted(kinds, key=list(_AXES).index)
        array = array.transpose([kinds.index(kind) for kind in wanted])
        _check_nested(wanted, array, design, source, name)
    if array.ndim < len(usual):
        meant = " × ".join(f"{one}s" for one in usual)
        raise ContentError(f"{source}: the array `{name}` has shape {array.shape}; it must have {meant}.")
    return array.reshape(math.prod(array.shape[:-2]), *array.shape[-2:]) if len(usual) > 2 else array, circuits, used


def _word(name: str) -> str | None:
    word = name.strip().lower().rpartition("/")[2]
    return next((k for k, names in _AXES.items() if word in names or word.removesuffix("s") in names), None)


def _kind(axis: str, source: str) -> str:
    kind = _word(axis)
    if kind is None:
        raise ContentError(
            f"{source}: the axis {axis[:40]!r} is unknown; name axes circuit, point, time, row, shot or spin (`axes`)."
        )
    return kind


def _check_kinds(
    kinds: Sequence[str], axes: Sequence[str], array: Array, source: str, name: str, usual: Sequence[str]
) -> None:
    if len(kinds) != array.ndim:
        raise ContentError(f"{source}: the array `{name}` has {array.ndim} axes, but {len(kinds)} are named; name all.")
    if len(set(kinds)) < len(kinds) or not {"shot", "spin"} <= set(kinds):
        raise ContentError(
            f"{source}: the axes {', '.join(axes)} of `{name}` must have shots and spins, and none twice (`axes`)."
        )
    if len(usual) == 2 and len(kinds) > 2:
        raise ContentError(f"{source}: `{name}` has shape {array.shape}, but one circuit needs shots × spins.")


def _check_nested(kinds: Sequence[str], array: Array, design: Design, source: str, name: str) -> None:
    shapes = {(len(p.rule.times), p.circuits_per_time) for p in design.points}
    sizes = {"point": {len(design.points)}, "time": {t for t, _ in shapes}, "row": {r for _, r in shapes}}
    for kind, size in zip(kinds, array.shape, strict=True):
        if kind in _NESTED and sizes[kind] != {size}:
            expected = " or ".join(map(str, sorted(sizes[kind])))
            raise ContentError(f"{source}: the axis of {kind}s of `{name}` has {size}, but the design {expected}.")


def _coordinate(coordinates: Mapping[str, Labelled], one: Labelled, name: str, axis: int, kind: str) -> str | None:
    """The name of the array that is the coordinate of an axis: its scale, of its name, or of a name of its kind."""
    sure = [names[axis] for names in (one.scales, one.axes) if names and names[axis]]
    homes = ("", name, name.rpartition("/")[0])
    near = (other for other in coordinates if other.rpartition("/")[0] in homes and _word(other) == kind)
    return next((label for label in (*sure, *near) if label in coordinates), None)


def _has_ids(values: Array, design: Design) -> bool:
    if values.dtype.kind != "U":
        return False
    return _numbers(values) is None or any(str(one) in design.by_id for one in values)


def _circuits(values: Array, design: Design, source: str, place: str) -> tuple[DesignedCircuit, ...]:
    found = tuple(known_circuit(design, str(one).strip(), source, place) for one in values)
    twice, number = Counter(one.id for one in found).most_common(1)[0] if found else ("", 0)
    if number > 1:
        raise ContentError(f"{source}: {place}: has {twice} twice; name each once.")
    return found


def _order(values: Array, kind: str, unit: str, design: Design, place: str) -> Order:
    """Which entry of an axis is the first of the design, the second, and so on."""
    if kind == "time":
        return _times(values, unit, design, place)
    numbers = _numbers(values)
    if numbers is None and kind == "point":
        for words in zip(
            *((p.probe.name, p.estimator.name, p.noise.name, p.label) for p in design.points), strict=True
        ):
            if len({*words}) == len(words) and sorted(map(str, values)) == sorted(words):
                return np.array([list(map(str, values)).index(word) for word in words], dtype=np.intp)
    if numbers is not None and len(numbers):
        for first in (0, 1):
            if sorted(numbers) == list(range(first, first + len(numbers))):
                return np.argsort(numbers)
    listed = ", ".join(str(one)[:30] for one in values[:4]) + ", …" * (len(values) > 4)
    meant = "ids" if kind == "circuit" else "names of probes" if kind == "point" else "numbers"
    raise ContentError(
        f"{place} is {listed}, no order of {len(values)} {kind}s; write {meant}, each once (0 is the first), or "
        "leave it out where the order is that of settings.csv."
    )


def _numbers(values: Array) -> list[int] | None:
    """Whole numbers, or those of words such as "q3"; None where they are none."""
    if values.dtype.kind in "iu" or (values.dtype.kind == "f" and np.all(values == np.rint(values))):
        return [int(one) for one in values]
    found = [_NUMBERED.fullmatch(str(one).strip()) for one in values] if values.dtype.kind == "U" else [None]
    return [int(one[1]) for one in found if one] if all(found) else None


def _times(values: Array, unit: str, design: Design, place: str) -> Order:
    fix = "correct it, or leave it out where the order is that of settings.csv"
    if values.dtype.kind == "m":
        values, unit = values / np.timedelta64(1, "ns"), "ns"
    if values.dtype.kind not in "iuf" or not np.all(np.isfinite(values)):
        raise ContentError(f"{place} is no times in seconds; {fix}.")
    word = unit.strip().removesuffix("s") or unit.strip()
    seconds = values.astype(np.float64) * _SECONDS.get(unit.strip(), _SECONDS.get(word, 1.0))
    order = np.argsort(seconds, kind="stable")
    found: Order | None = None
    for point in design.points:
        wanted = np.asarray(point.rule.times, dtype=np.float64)
        if len(wanted) != len(seconds):
            raise ContentError(f"{place} has {len(seconds)} times, but the design {len(wanted)}; {fix}.")
        ranks = np.argsort(wanted, kind="stable")
        own = np.empty_like(order)
        own[ranks] = order
        off = np.abs(seconds[own] - wanted) > _ROUNDED * np.abs(wanted)
        if off.any():
            at = int(np.argmax(off))
            raise ContentError(
                f"{place} has the time {seconds[own[at]]:.6g} s where the design has {wanted[at]:.6g} s"
                f"{_unit(seconds[own], wanted)}; {fix}."
            )
        if found is not None and not np.array_equal(found, own):
            raise ContentError(f"{place} is in another order for another point; give an array for each circuit.")
        found = own
    return order if found is None else found


def _unit(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> str:
    for factor, unit in ((1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
        if np.any(wanted) and np.allclose(given, wanted * factor, rtol=_ROUNDED, atol=0):
            return f": it is in {unit}; write seconds, or its unit (`units`)"
    return ""
