"""The circuits of a run as a list to carry away: one for each row of each time of each point, under a name that stays.

A circuit's id is made of the names that tables show, its time and its row, so that it does not depend on what else is
in the spec: `ghz-4-dephasing-auto.t0.r1`. Circuits that prepare known bit strings are `known.n4.k0` and so on.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from qsense.circuits.preparing import check_pure
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError, SpecError, at_key
from qsense.estimators.readout.calibration import patterns
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.pilots import ADAPTIVE
from qsense.runs.placement import CalibrationNoise
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.spec import RunSpec

MOST_CIRCUITS = 100_000
_LONGEST_ID = 120
_LONGEST_OPTIONS = 40


@dataclass(frozen=True)
class DesignedCircuit:
    """One circuit of a design.

    Attributes:
        id: its name in files.
        point: what it measures; None for a known string.
        num_qubits: N.
        experiment: probe, time and ending; None for a known string.
        settings: its angles, one row.
        shots: planned.
        ups: of a known string, the spins that are prepared up.
    """

    id: str
    point: Point | None
    num_qubits: int
    experiment: Experiment | None
    settings: Settings
    shots: int
    ups: tuple[int, ...] = ()

    @property
    def basis(self) -> str:
        """ "X", "Y" or "Z" where every spin is measured along it; else "angles"."""
        polars, azimuths = self.settings.polars[0], self.settings.azimuths[0]
        if not polars.any():
            return "Z"
        for name, azimuth in (("X", 0.0), ("Y", np.pi / 2)):
            if np.all(polars == np.pi / 2) and np.all(azimuths == azimuth):
                return name
        return "angles"

    @property
    def is_global(self) -> bool:
        """Whether one rotation of all spins together measures along its directions."""
        return all(np.ptp(angles[0]) < 1e-12 for angles in (self.settings.polars, self.settings.azimuths))


@dataclass(frozen=True)
class Design:
    """What an instrument is asked to measure.

    Attributes:
        spec: the run.
        points: its plan.
        known_shots: of every circuit that prepares a known string; 0 for none.
    """

    spec: RunSpec
    points: tuple[Point, ...]
    known_shots: int = 0

    @cached_property
    def circuits(self) -> tuple[DesignedCircuit, ...]:
        """All circuits: point by point, time by time, row by row, then the known strings."""
        return (*self.measuring, *self.known)

    @cached_property
    def measuring(self) -> tuple[DesignedCircuit, ...]:
        """Those that measure points."""
        return tuple(one for point in self.points for one in _of_point(point, self._words[point.key]))

    @cached_property
    def known(self) -> tuple[DesignedCircuit, ...]:
        """Those that prepare known strings."""
        sizes = sorted({point.probe.num_qubits for point in self.points}) if self.known_shots else []
        return tuple(one for size in sizes for one in _known(size, self.known_shots))

    @cached_property
    def by_id(self) -> dict[str, DesignedCircuit]:
        """All circuits by their ids, and by those that designs of earlier versions gave them."""
        before = _words(self.points, False)
        older = {
            one.id.replace(self._words[one.point.key], before[one.point.key], 1): one
            for one in self.measuring
            if one.point is not None
        }
        return {**{one.id: one for one in self.circuits}, **older}

    @cached_property
    def _words(self) -> dict[str, str]:
        return _words(self.points, True)


def _words(points: Sequence[Point], short: bool) -> dict[str, str]:
    """How the ids of each point begin, by its key; what would be another's, or is too long, gets a hash."""
    plain = {point.key: _word(point, short) for point in points}
    often = Counter(one.lower() for one in plain.values())
    return {
        key: word if often[word.lower()] == 1 and len(word) <= _LONGEST_ID else f"{word[:_LONGEST_ID]}-{key[:8]}"
        for key, word in plain.items()
    }


def _word(point: Point, short: bool) -> str:
    name = short_name(point.estimator)
    if not short or name == point.estimator.name:
        return point.file_name[: -len("-00000000.npz")]
    return re.sub(
        r"[^A-Za-z0-9.-]+", "_", f"{point.probe.name}-{point.probe.num_qubits}-{point.noise.name}-{name}"
    ).strip("_.")


def short_name(estimator: EstimatorSpec) -> str:
    """Returns how ids and sheets call an estimator: by a hash of its options where these are long.

    >>> short_name(EstimatorSpec("ghz", 100, (("readout", "parity"),)))
    'ghz(parity)'
    >>> short_name(EstimatorSpec("ramsey_scan", 100, (("angles_deg", tuple(range(0, 180, 3))),)))
    'ramsey_scan(3429d6)'
    """
    if len(estimator.name) <= len(estimator.kind) + _LONGEST_OPTIONS:
        return estimator.name
    return f"{estimator.kind}({hashlib.sha256(estimator.name.encode()).hexdigest()[:6]})"


def stated_spec(path: str | Path) -> RunSpec:
    """Returns the spec of a file; where its noise is wrong, the message says what to write if nobody knows it.

    Raises:
        SpecError: a key is wrong.
    """
    try:
        return RunSpec.load(path)
    except SpecError as error:
        if not re.search(r"key `noise\b", str(error)):
            raise
        raise SpecError(
            f"{str(error).rstrip('.')}. If nobody knows it, a guess does, such as noise = {{ t2_s = 1.0 }}: "
            "docs/laboratory.md, Unknown noise."
        ) from error


def designed(spec: RunSpec, known_shots: int = 0) -> Design:
    """Returns what an instrument is asked to measure for a run.

    Args:
        spec: the run; its backend does not matter.
        known_shots: of every circuit that prepares a known bit string; 0 for none.

    Raises:
        SpecError: the run decides by its own counts or by a device's calibration, has too many circuits, or cannot be
            measured.
    """
    if spec.strategy == ADAPTIVE:
        raise SpecError(
            f'{spec.source}: key `strategy`: "{ADAPTIVE}" decides by its own counts what is measured, so it cannot be '
            "carried out beforehand; remove it."
        )
    if spec.device is not None or any(isinstance(noise, CalibrationNoise) for noise in spec.noises):
        raise SpecError(
            f"{spec.source}: a design names no device: remove [device], and give the noise by its rates or by `t1_s` "
            "and `t2_s`, or name a noise model."
        )
    spec.check_sensing()
    with at_key(spec.source, "probes"):
        for probe in spec.probes:
            check_pure(probe)
    points = tuple(plan(spec))
    number = sum(point.circuits_per_time * len(point.rule.times) for point in points)
    if number > MOST_CIRCUITS:
        raise SpecError(f"{spec.source}: {number} circuits, more than {MOST_CIRCUITS}: take fewer times or probes.")
    return Design(spec, points, known_shots)


def _of_point(point: Point, words: str) -> Iterator[DesignedCircuit]:
    rows, number, acquisitions = point.circuits_per_time, 0, point.acquisitions()
    for one in acquisitions:
        for row in range(len(one.settings)):
            time, place = divmod(number, rows)
            own = one.settings[row : row + 1]
            size = point.probe.num_qubits
            yield DesignedCircuit(f"{words}.t{time}.r{place}", point, size, one.experiment, own, one.shots)
            number += 1


def _known(size: int, shots: int) -> Iterator[DesignedCircuit]:
    none = np.zeros((1, size))
    for index, string in enumerate(patterns(size)):
        ups = tuple(spin for spin in range(size) if string >> spin & 1)
        yield DesignedCircuit(f"known.n{size}.k{index}", None, size, None, Settings(none, none, none), shots, ups)


def checked_known_shots(shots: int) -> int:
    """Returns the shots of known strings.

    Raises:
        ArgumentError: they are too few to tell one bit from another, or too many.
    """
    if shots and not 10 <= shots <= 1_000_000_000:
        raise ArgumentError(f"Argument `known_shots` must be 0, or 10 to 10⁹, but is {shots}.")
    return shots


def is_word(text: str) -> bool:
    """Returns whether a text can be an id at all.

    >>> is_word("ghz-4-dephasing-auto.t0.r1"), is_word("a b")
    (True, False)
    """
    return re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text) is not None
