"""The trials of a study: every point of every combination of swept values, except those that the file excludes."""

from __future__ import annotations

import copy
import itertools
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from qsense.errors import SpecError, nearest
from qsense.extensions import allowing
from qsense.files import toml_file
from qsense.runs.pilots import ADAPTIVE
from qsense.runs.spec import RunSpec, resolve
from qsense.runs.spec_file import SpecFile
from qsense.store.studies import StudyEntry
from qsense.study.file import Bounds, StudyFile
from qsense.study.trial import Trial, single

MOST_TRIALS = 5_000_000
_RECENT = 64  # specs that are kept, since the next trials are of them too
_NAMES = ("probe", "num_qubits", "noise", "estimator")
_KEYS = [name for name in SpecFile.model_fields if name not in ("name", "description", "spec_schema", "compare")]
_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([0-9]{1,6})\])?")


@dataclass(frozen=True)
class Study:
    """A study and its trials.

    Attributes:
        name, description: from its file.
        axes: swept key → its values.
        trials: in the order of the axes, the last one fastest; those of a file are made when they are asked for.
        picks: for each trial, the position of its value on each axis.
        skipped: how many points `skip` and `only` exclude.
    """

    name: str
    description: str
    axes: dict[str, list[Any]]
    trials: Sequence[Trial]
    picks: Sequence[Sequence[int]] | NDArray[np.int32]
    skipped: int

    @classmethod
    def load(cls, path: str | Path, allow_code: bool = False) -> Study:
        """Returns the study of a TOML file.

        Args:
            path: of the file.
            allow_code: whether extensions that it names and that are not registered may be imported.

        Raises:
            SpecError: the file cannot be read, a key is wrong, or no trial remains; the message names
                file, key and fix.
        """
        path = Path(path)
        with allowing(allow_code):
            return _expand(toml_file.read(path, StudyFile), str(path), path.parent)

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str = "<study>", allow_code: bool = False) -> Study:
        """Returns the study of a dictionary with the keys of the TOML file; `allow_code` as in `load`.

        >>> study = Study.from_dict({
        ...     "schema": 1, "name": "small", "run": {"probes": ["ghz", "product"], "noise": {"dephasing_rate": 0.5},
        ...     "estimators": "auto", "field_rad_per_s": 0.2, "shots": 100, "seed": 1},
        ...     "sweep": {"num_qubits": {"from": 1, "to": 3}, "noise.dephasing_rate": [0.1, 1.0]},
        ...     "skip": [{"probe": "product", "num_qubits": {"from": 3}}]})
        >>> len(study.trials), study.skipped
        (10, 2)
        """
        with allowing(allow_code):
            return _expand(toml_file.parse(data, StudyFile, source), source, Path())

    def entry(self) -> StudyEntry:
        """Returns the entry of the study in a store."""
        digests = np.frombuffer(bytes.fromhex("".join(keys_of(self.trials))), dtype=np.uint8)
        picks = np.array(self.picks, dtype=np.int32).reshape(len(self.trials), len(self.axes))
        return StudyEntry(self.name, self.axes, digests.reshape(-1, 32), picks)


class _Trials(Sequence[Trial]):
    """The trials of a study's file, each made when it is asked for: a million of them would take gigabytes.

    Only a trial's key, the position of its values on the axes, and that of its point in its spec are kept.
    """

    def __init__(self, specs: _Specs, picks: NDArray[np.int32], points: NDArray[np.int32], digests: bytes) -> None:
        self._specs, self._picks, self._points, self._digests = specs, picks, points, digests

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, place: int) -> Trial: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, place: int | slice) -> Trial | tuple[Trial, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        place = range(len(self))[place]
        pick = tuple(self._picks[place].tolist())
        trial = Trial(
            single(self._specs.at(pick), *self._points[place].tolist()), tuple(self._specs.swept(pick).items())
        )
        trial.__dict__["key"] = self.key(place)
        return trial

    def key(self, place: int) -> str:
        """Returns the key of a trial without making it."""
        return self._digests[32 * place : 32 * place + 32].hex()


def keys_of(trials: Sequence[Trial]) -> list[str]:
    """Returns the keys of some trials; those of a study's file are known and not computed."""
    return list(map(trials.key, range(len(trials)))) if isinstance(trials, _Trials) else [one.key for one in trials]


def _expand(file: StudyFile, source: str, folder: Path) -> Study:
    size = math.prod(len(values) for values in file.sweep.values())
    if size > MOST_TRIALS:
        raise SpecError(f"{source}: key `sweep`: {size} combinations are more than {MOST_TRIALS}; sweep fewer values.")
    known = [*_NAMES, *file.sweep]
    for table, conditions in (("skip", file.skip), ("only", file.only)):
        for number, condition in enumerate(conditions):
            for key in condition:
                if key not in known:
                    raise SpecError(f"{source}: key `{table}[{number}].{key}` is unknown. {nearest(key, known)}")
    specs = _Specs(file, source, folder)
    picks, points, digests, skipped = array("i"), array("i"), bytearray(), 0
    for pick in itertools.product(*(range(len(values)) for values in file.sweep.values())):
        spec, swept = specs.at(pick), specs.swept(pick)
        for names, point in _points(spec):
            if _is_skipped(file, {**swept, **names}):
                skipped += 1
                continue
            picks.extend(pick)
            points.extend(point)
            digests += bytes.fromhex(Trial(single(spec, *point)).key)
    if not digests:
        raise SpecError(
            f"{source}: no trial remains; check `skip` and `only`, and whether the estimators can read the probes."
        )
    number = len(digests) // 32
    where = np.array(picks, dtype=np.int32).reshape(number, len(file.sweep))
    trials = _Trials(specs, where, np.array(points, dtype=np.int32).reshape(number, 3), bytes(digests))
    return Study(file.name, file.description, dict(file.sweep), trials, where, skipped)


class _Specs:
    """The specs of a study's file, by the positions of swept values on their axes.

    Specs that differ in their seed alone have the rest in common, which is read once.
    """

    def __init__(self, file: StudyFile, source: str, folder: Path) -> None:
        self._file, self._source, self._folder = file, source, folder
        self._seeds = list(file.sweep).index("seed") if "seed" in file.sweep else None
        self._read = lru_cache(maxsize=_RECENT)(self._spec)

    def swept(self, pick: tuple[int, ...]) -> dict[str, Any]:
        """Returns the swept keys and their values."""
        return {key: values[k] for (key, values), k in zip(self._file.sweep.items(), pick, strict=True)}

    def at(self, pick: tuple[int, ...]) -> RunSpec:
        """Returns the spec.

        Raises:
            SpecError: it is wrong; the message names the swept values.
        """
        if self._seeds is None:
            return self._read(pick)
        first, seed = self._file.sweep["seed"][0], self._file.sweep["seed"][pick[self._seeds]]
        if not all(type(one) is int and one >= 0 for one in (first, seed)):
            return self._read(pick)
        return replace(self._read((*pick[: self._seeds], 0, *pick[self._seeds + 1 :])), seed=seed)

    def _spec(self, pick: tuple[int, ...]) -> RunSpec:
        return _spec(self._file, self.swept(pick), self._source, self._folder)


def _spec(file: StudyFile, swept: dict[str, Any], source: str, folder: Path) -> RunSpec:
    if "compare" in file.run:
        raise SpecError(f"{source}: key `run.compare`: a study compares GHZ with product probes only; remove it.")
    run = copy.deepcopy(file.run) if swept else file.run
    given = {key: copy.deepcopy(value) for key, value in swept.items()}
    for key, value in given.items():
        table, place = _place(run, key, source)
        table[place] = value
    for key, value in given.items():
        if not _is_still_there(run, key, value):
            raise SpecError(f"{source}: key `sweep.{key}`: another swept key replaces it; sweep only one of the two.")
    data = {"schema": 1, "name": file.name, **run}
    try:
        spec = resolve(toml_file.parse(data, SpecFile, source), source, folder)
        if spec.strategy == ADAPTIVE:
            raise SpecError(
                f"{source}: key `run.strategy`: the trials of a study are measured in one step; remove it, or run the "
                "spec by itself."
            )
        return spec
    except SpecError as error:
        at = ", ".join(f"{key} = {toml_file.as_toml(value)}" for key, value in swept.items())
        raise SpecError(f"{str(error).rstrip('.')}. This is at {at}." if at else f"{error}") from error


def _points(spec: RunSpec) -> Iterator[tuple[dict[str, Any], tuple[int, int, int]]]:
    """Yields the names of every point that can be read, and its positions among probes, noises and estimators."""
    for n, noise in enumerate(spec.noises):
        for p, probe in enumerate(spec.probes):
            for e, estimator in enumerate(spec.estimators):
                if estimator.goes_with(probe):
                    names = {
                        "probe": probe.name,
                        "num_qubits": probe.num_qubits,
                        "noise": noise.name,
                        "estimator": estimator.name,
                    }
                    yield names, (p, n, e)


def _is_skipped(file: StudyFile, values: dict[str, Any]) -> bool:
    def fits(condition: dict[str, Any]) -> bool:
        return all(_holds(wanted, values[key]) for key, wanted in condition.items())

    return any(fits(one) for one in file.skip) or (bool(file.only) and not any(fits(one) for one in file.only))


def _holds(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Bounds):
        return wanted.hold(value)
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _place(run: dict[str, Any], path: str, source: str) -> tuple[Any, Any]:
    """The table or list of a run spec that a swept key sets, and the key or position in it.

    A swept key is such as `seed`, `noise.dephasing_rate` (of the only noise) or `probes[1].tilt`.
    """

    def wrong(why: str) -> SpecError:
        return SpecError(f"{source}: key `sweep.{path}`: {why}")

    steps = [_STEP.fullmatch(step) for step in path.split(".")]
    if not all(steps):
        raise wrong("write a key of the run spec, such as seed, noise.dephasing_rate or probes[0].tilt")
    table: Any = run
    for depth, step in enumerate(steps):
        assert step is not None
        name, index = step[1], step[2]
        last = depth == len(steps) - 1
        if depth == 0 and name not in _KEYS:
            raise wrong(f'the key "{name}" cannot be swept. {nearest(name, _KEYS)}')
        if last and index is None:
            return table, name
        inner = table.setdefault(name, {}) if index is None else table.get(name)
        if isinstance(inner, list):
            inner, place = _item(inner, index, wrong, name)
            if last:
                return table[name], place
        elif index is not None:
            raise wrong(f"`{name}` is not a list in [run]; write {name} without [{index}]")
        if not isinstance(inner, dict):
            raise wrong(f"`{name}` is {inner!r}; write it as a table in [run], such as {name} = {{ … }}")
        table = inner
    raise AssertionError("a path has a last step")


def _is_still_there(run: dict[str, Any], path: str, value: Any) -> bool:
    """Whether a value is still where it was set: no later one has replaced it."""
    try:
        table, place = _place(run, path, "")
        return table[place] is value
    except (SpecError, LookupError):
        return False


def _item(items: Sequence[Any], index: str | None, wrong: Any, name: str) -> tuple[Any, int]:
    if index is None and len(items) != 1:
        raise wrong(f"`{name}` has {len(items)} entries; choose one, such as {name}[0]")
    place = int(index or 0)
    if place >= len(items):
        raise wrong(f"`{name}` has {len(items)} entries, numbered from 0")
    return items[place], place
