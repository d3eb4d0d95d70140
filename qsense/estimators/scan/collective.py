"""The estimator `collective_scan` of run specs: a bound on G from the fringe of the collective spin at any angles.

One pulse turns all spins, and J = ½ Σ_j σ_j is read at each angle α of the equator: how many spins are up is all that
counts. Its mean is o + x cos α + y sin α, its variance has harmonics up to 2α. With C² = x² + y², free of its noise,
and the variance V across the mean spin, wherever that is found,

    G ≥ C²/V,

whatever the spins share; of independent ones it is G. So it takes no phase for granted, as `moments` does with its two
axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, NO_DRIFT, READOUT, Assumption
from qsense.estimators.estimator import Estimator, MomentBound, Option, TimeTable
from qsense.estimators.fringe import Squared, as_estimates, scaled
from qsense.estimators.moments.bound import Frame, spin_sums
from qsense.estimators.moments.prepared import checked, frame_of
from qsense.estimators.result import Estimate
from qsense.estimators.scan.contrast import solver, system
from qsense.estimators.scan.fit_test import left_over
from qsense.estimators.scan.fringes import FringeFit
from qsense.estimators.scan.method import OPTIONS, TABLES, angles_of, on_one_fringe
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

MIN_SHOTS = 20  # a row, as of `moments`
LEAST_ANGLES = 6
_LEAST_SPREAD = 0.05  # of the smallest singular value of the system of variances, beside that of even angles


class Read(NamedTuple):
    """What the rows say of J, in units of N/2.

    Attributes:
        means, variances: of each row, variances of one shot, unbiased, shape (rows,).
        fourth: central moments of one shot, shape (rows,).
        shots: of each row, shape (rows,).
    """

    means: FloatArray
    variances: FloatArray
    fourth: FloatArray
    shots: FloatArray


class Curve(NamedTuple):
    """The variance of one shot against the angle.

    Attributes:
        values: at the angles of the rows, no less than they are known to, shape (rows,).
        fitted: at the angles of the rows, as fitted, shape (rows,); noise may take them below 0.
        across: across the mean spin.
        relative: the squared relative error of `across`.
    """

    values: FloatArray
    fitted: FloatArray
    across: float
    relative: float


@dataclass(frozen=True)
class CollectiveScan(Estimator):
    """A lower bound on G of any probe with a mean spin, from the collective spin at any angles of the equator."""

    frame: Frame
    angles: tuple[float, ...]

    name: ClassVar[str] = "collective_scan"
    options: ClassVar[dict[str, Option]] = dict(OPTIONS)
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("product", "symmetric", "circuit", "state")
    tables: ClassVar[tuple[TimeTable, ...]] = TABLES
    assumes: ClassVar[tuple[str, ...]] = (NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        frame = checked(probe, frame_of(probe, 1))
        return cls(frame, check_angles(angles_of(options, 1)))

    def design(self, phase: float) -> tuple[Ending, Settings]:
        """Returns a row for each angle, whatever the expected phase."""
        own = np.full((len(self.angles), self.frame.num_qubits), phase)
        starts = np.array(self.frame.azimuths or (0.0,) * self.frame.num_qubits)
        return "directions", Settings(own, np.full(own.shape, np.pi / 2), starts + np.array(self.angles)[:, None])

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        read, size = self._read(counts), self.frame.num_qubits
        solve, found, curve = self._fitted(read)
        noise = read.variances / read.shots
        form = solve[:2].T @ solve[:2]
        plug_in = float(found[:2] @ found[:2])
        value = plug_in - float(np.diag(form) @ noise)
        unit = found[:2] / np.sqrt(plug_in) if plug_in > 0 else np.array([1.0, 0.0])
        own = curve.values / read.shots
        curved = form * own
        spread = np.array([2 * np.trace(curved @ curved), 4 * (unit @ solve[:2]) ** 2 @ own, 0.0])
        squared = Squared(np.array(value), spread, np.array(plug_in))
        factor = np.array(1 / curve.across / (1 + curve.relative))
        near = np.array(1 / curve.across)
        return as_estimates(scaled(squared, factor, near, (0.0, curve.relative)), (0.0, float(size**2)))[0]

    def quantity(self, probe: Probe) -> MomentBound:
        return MomentBound(1, np.pi / 2, self.frame.azimuths)

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that all rows lie on one fringe, by the fits of all times."""
        return (on_one_fringe([fit for one in counts for fit in self.fits(one)]),)

    def fits(self, counts: Counts) -> list[FringeFit]:
        """Returns the fringe of J in units of N/2 at one time; its phase is the angle by which J has turned."""
        read = self._read(counts)
        solve, found, curve = self._fitted(read)
        own = curve.values / read.shots
        covariance = (solve * own) @ solve.T
        contrast = float(np.hypot(*found[:2]))
        along = np.array([*found[:2], 0.0]) / contrast if contrast else np.array([1.0, 0.0, 0.0])
        across = np.array([-along[1], along[0], 0.0])
        step = 2 / self.frame.num_qubits
        return [
            FringeFit(
                contrast,
                float(np.sqrt(along @ covariance @ along)),
                float(np.arctan2(found[1], found[0])),
                float(min(np.sqrt(across @ covariance @ across) / contrast, np.pi)) if contrast else float(np.pi),
                float(found[2]),
                left_over(system(np.array(self.angles)), read.means, read.variances, curve.fitted, read.shots, step),
            )
        ]

    def _read(self, counts: Counts) -> Read:
        tally.check_rows(counts.num_rows, len(self.angles), self.name)
        tally.check_shots(counts.row_shots(), MIN_SHOTS)
        size = self.frame.num_qubits
        rows, values = tally.rows_of(counts), spin_sums(counts, np.ones(size)) * 2 / size
        shots = counts.row_shots().astype(np.float64)
        means = np.bincount(rows, counts.numbers * values, len(shots)) / shots
        square, fourth = (
            np.bincount(rows, counts.numbers * (values - means[rows]) ** power, len(shots)) for power in (2, 4)
        )
        return Read(means, square / (shots - 1), fourth / shots, shots)

    def _fitted(self, read: Read) -> tuple[FloatArray, FloatArray, Curve]:
        """The matrix that maps means to (x, y, o), these, and the variance against the angle."""
        angles = np.array(self.angles)
        solve = solver(system(angles), read.shots)
        found = solve @ read.means
        second = solver(harmonics(angles), read.shots)
        terms = second @ read.variances
        # No variance is below that of a single shot in S + 1 that differs by one spin.
        least = (2 / self.frame.num_qubits) ** 2 * 0.5 / (float(read.shots.sum()) + 1)
        across = np.array([np.arctan2(found[1], found[0]) + side * np.pi / 2 for side in (1, -1)])
        mean_of = harmonics(across).mean(0)
        value = max(float(mean_of @ terms), least)
        own = read.variances**2
        scatter = np.maximum(read.fourth - own, 0) / read.shots + 2 * own / read.shots**2
        fitted, error = harmonics(angles) @ terms, np.sqrt((harmonics(angles) @ second) ** 2 @ scatter)
        values = np.maximum(fitted, np.maximum(error, least))
        curve = Curve(values, fitted, value, float((mean_of @ second) ** 2 @ scatter) / value**2)
        return solve, found, curve


def harmonics(angles: FloatArray) -> FloatArray:
    """Returns the functions of the angle that a variance of J is made of, shape (angles, 5)."""
    columns = [np.ones(len(angles))]
    columns += [wave(k * angles) for k in (2, 1) for wave in (np.cos, np.sin)]
    return np.stack(columns, axis=1)


def check_angles(angles: Sequence[float]) -> tuple[float, ...]:
    """Returns the angles of a scan of the collective spin, in rad.

    Raises:
        ArgumentError: they do not fix its mean and its variance.

    >>> check_angles([0.0, 0.5, 1.0, 1.5])
    Traceback (most recent call last):
    qsense.errors.ArgumentError: A scan of the collective spin must have at least 6 angles, but has 4.
    """
    found = np.array(angles, dtype=np.float64)
    if len(found) < LEAST_ANGLES:
        raise ArgumentError(
            f"A scan of the collective spin must have at least {LEAST_ANGLES} angles, but has {len(found)}."
        )
    if np.linalg.svd(harmonics(found), compute_uv=False)[-1] / np.sqrt(len(found) / 2) < _LEAST_SPREAD:
        raise ArgumentError(
            "The angles of a scan of the collective spin must fix its mean and its variance, but lie too close to each "
            "other: spread them over a whole turn."
        )
    return tuple(map(float, found))
