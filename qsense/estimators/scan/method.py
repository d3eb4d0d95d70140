"""The estimators `parity_scan` and `ramsey_scan` of run specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.assumptions import (
    DECAY_LAW,
    ENOUGH_SHOTS,
    INDEPENDENT,
    NO_DRIFT,
    READOUT,
    Assumption,
)
from qsense.estimators.estimator import (
    Estimator,
    Mitigation,
    Option,
    QuantumGain,
    TimeTable,
    added_later,
    checked_weights,
)
from qsense.estimators.fringe import Squared, as_estimates, scaled, summed
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.phase.joint import Fringe
from qsense.estimators.phase.readings import of_ghz, of_spins
from qsense.estimators.product import correlations
from qsense.estimators.product.method import NOT_INDEPENDENT
from qsense.estimators.product.spins import weighted
from qsense.estimators.readout import ReadoutCalibration
from qsense.estimators.result import Estimate
from qsense.estimators.scan import mitigated
from qsense.estimators.scan.contrast import squared_contrast
from qsense.estimators.scan.fringes import FringeFit, check_angles, fit_fringe, fits_p_value
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

MIN_SHOTS = 5  # a row
LEAST_ANGLES, MOST_ANGLES = 4, 10_000
MOST_DEGREES = 3600
NO_FRINGE = (
    "the rows do not lie on one fringe: something drifts, or turns at another frequency, so that its contrast says "
    "nothing of G: no z and no verdict; look at fringes.csv"
)
FEW_HITS = "too few rows have hits of both kinds for a test of the fringe's fit"
FEW_SHOTS = "too few shots in a row to test pairs of spins; noise that they share would make G lower than this"
OPTIONS: Mapping[str, Option] = {
    "angles_deg": Option((), always_written=False, least=-MOST_DEGREES, most=MOST_DEGREES),
    "num_angles": Option(12, least=LEAST_ANGLES, most=MOST_ANGLES),
}
_COLUMNS = (
    "spin", "contrast", "contrast_stderr", "phase_top_rad", "phase_top_stderr_rad", "offset", "chi_square", "degrees",
    "p_value",
)  # fmt: skip


class HasFits(Protocol):
    """An estimator whose times have fits of fringes."""

    def fits(self, counts: Counts) -> list[FringeFit]: ...


def fringe_rows(estimator: HasFits, counts: Counts, estimate: Estimate) -> list[dict[str, Any]]:
    """Returns the fits of one time, rows of fringes.csv; `spin` is empty where the fringe is that of all spins."""
    rows = []
    for spin, one in enumerate(estimator.fits(counts)):
        values = (one.contrast, one.contrast_stderr, one.phase, one.phase_stderr, one.offset, one.left.chi_square)
        place = spin if isinstance(estimator, RamseyScan) else None
        rows.append(dict(zip(_COLUMNS, (place, *values, one.left.degrees, one.p_value), strict=True)))
    return rows


TABLES = (TimeTable("fringes.csv", _COLUMNS, fringe_rows),)


@dataclass(frozen=True)
class ParityScan(Estimator):
    """G of a GHZ probe from the parity of all spins at many angles of the analysis pulse, and the populations.

    The angle α turns the azimuth of spin j by s_j α: for signs + one pulse on all spins. Parity follows cos(νθ − Nα).
    """

    num_qubits: int
    angles: tuple[float, ...]
    signs: tuple[float, ...] = added_later(())
    weights: tuple[float, ...] = added_later(())

    name: ClassVar[str] = "parity_scan"
    options: ClassVar[Mapping[str, Option]] = OPTIONS
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("ghz",)
    tables: ClassVar[tuple[TimeTable, ...]] = TABLES
    assumes: ClassVar[tuple[str, ...]] = (NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        angles = angles_of(options, probe.num_qubits)
        check_angles([probe.num_qubits * one for one in angles])
        return cls(probe.num_qubits, angles, tuple(probe.branch.tolist()) if probe.signs else ())

    def design(self, phase: float) -> tuple[Ending, Settings]:
        """Returns the row along Z, then one for each angle, whatever the expected phase."""
        branch = self.branch
        own = np.tile(phase * np.array(branch.weights), (1 + len(self.angles), 1))
        polars = np.full(own.shape, np.pi / 2)
        polars[0] = 0
        turned = np.concatenate([[0.0], self.angles])
        return "directions", Settings(own, polars, np.outer(turned, branch.signs))

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        branch = self.branch
        inside, shots = (float(one) for one in self._population(counts))
        means, numbers = self._means(counts)
        fringe = squared_contrast(means, numbers, self._betas)
        square, population = float(self.num_qubits**2), (inside + 1) / (shots + 1)  # the mean of its inverse is 1/P
        factor = np.array(square / population)
        found = scaled(fringe, factor, factor, (0.0, (1 - population) / (population * shots)))
        return branch.scaled(as_estimates(found, (0.0, square))[0])

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        found = replace(self, weights=checked_weights(weights, self.num_qubits))
        _ = found.branch.frequency  # refuses a signal that the probe does not see
        return found

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def readout_mitigation(self) -> Mitigation | None:
        def gain(counts: Counts, calibration: ReadoutCalibration) -> Estimate:
            fringe = squared_contrast(*self._means(counts), self._betas)
            return self.branch.scaled(mitigated.of_parity(fringe, counts.part(0, 1), calibration, self.branch.signs))

        return gain

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that all rows lie on one fringe, by the fits of all times."""
        return (on_one_fringe([fit for one in counts for fit in self.fits(one)]),)

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        return of_ghz(counts, self.design(phase)[1], phase, "parity", self.branch)

    def fits(self, counts: Counts) -> list[FringeFit]:
        """Returns the fringe of one time; its phase is that of cos(νθ − Nα) in Nα."""
        return [fit_fringe(*self._means(counts), self._betas)]

    @property
    def branch(self) -> Branch:
        """The signs of the probe and the weights of the signal."""
        plain = Branch.plain(self.num_qubits)
        return Branch(self.signs or plain.signs, self.weights or plain.weights)

    @property
    def _betas(self) -> list[float]:
        return [self.num_qubits * angle for angle in self.angles]

    def _population(self, counts: Counts) -> tuple[int, int]:
        """The shots along Z in a branch, and all of them."""
        tally.check_rows(counts.num_rows, 1 + len(self.angles), self.name)
        tally.check_shots(counts.row_shots(), MIN_SHOTS)
        inside, outside = tally.alike(counts, self.branch.signs)[0]
        return int(inside), int(inside + outside)

    def _means(self, counts: Counts) -> tuple[FloatArray, FloatArray]:
        shares = tally.parity(counts)[1:]
        shots = shares.sum(-1).astype(np.float64)
        return (shares[:, 0] - shares[:, 1]) / shots, shots


@dataclass(frozen=True)
class RamseyScan(Estimator):
    """G of a product probe from the Ramsey fringe of each spin against the angle of one analysis pulse on all."""

    num_qubits: int
    angles: tuple[float, ...]
    weights: tuple[float, ...] = added_later(())

    name: ClassVar[str] = "ramsey_scan"
    options: ClassVar[Mapping[str, Option]] = OPTIONS
    min_shots: ClassVar[int] = MIN_SHOTS
    reads_single_spins: ClassVar[bool] = True
    probe_kinds: ClassVar[tuple[str, ...]] = ("product",)
    tables: ClassVar[tuple[TimeTable, ...]] = TABLES
    assumes: ClassVar[tuple[str, ...]] = (INDEPENDENT, NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        return cls(probe.num_qubits, check_angles(angles_of(options, 1)))

    def design(self, phase: float) -> tuple[Ending, Settings]:
        """Returns a row for each angle, whatever the expected phase."""
        own = np.tile(phase * self._weights, (len(self.angles), 1))
        turned = np.outer(self.angles, np.ones(self.num_qubits))
        return "directions", Settings(own, np.full(own.shape, np.pi / 2), turned)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        found = summed(weighted(self._squared(counts), self.weights), (-1,))
        return as_estimates(found, (0.0, float((self._weights**2).sum())))[0]

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        return replace(self, weights=checked_weights(weights, self.num_qubits))

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def readout_mitigation(self) -> Mitigation | None:
        return lambda counts, calibration: mitigated.of_spins(self._squared(counts), calibration, self._weights)

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that the spins are independent, and that each spin's rows lie on one fringe."""
        found = [on_one_fringe([fit for one in counts for fit in self.fits(one)])]
        if self.num_qubits > 1:
            found.insert(0, self._independent(times, counts))
        return found

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        return of_spins(counts, self.design(phase)[1], phase, self.weights)

    def spin_gains(self, counts: Counts) -> Sequence[Estimate] | None:
        """Returns the squared contrast of each spin, whatever the weight with which it senses the signal."""
        return as_estimates(self._squared(counts), (0.0, 1.0))

    def fits(self, counts: Counts) -> list[FringeFit]:
        """Returns the fringe of every spin at one time; its phase is the angle that the spin has turned by."""
        means, shots = self._means(counts)
        return [fit_fringe(own, number, self.angles) for own, number in zip(means, shots, strict=True)]

    def _independent(self, times: FloatArray, counts: Sequence[Counts]) -> Assumption:
        if min(int(correlations.shared_shots(one).min()) for one in counts) < correlations.MIN_SHOTS:
            return Assumption.not_tested(INDEPENDENT, FEW_SHOTS, NOT_INDEPENDENT, withholds=True)
        rows = range(len(self.angles))
        chance = correlations.independence_p_value(times, [correlations.pairs(one, rows) for one in counts])
        return Assumption.tested(INDEPENDENT, chance, NOT_INDEPENDENT, withholds=True)

    @property
    def _weights(self) -> FloatArray:
        return np.array(self.weights or (1.0,) * self.num_qubits)

    def _squared(self, counts: Counts) -> Squared:
        means, shots = self._means(counts)
        return squared_contrast(means, shots, self.angles)

    def _means(self, counts: Counts) -> tuple[FloatArray, FloatArray]:
        """Of every spin at each angle, and the shots in which it is known, both of shape (spins, angles)."""
        tally.check_rows(counts.num_rows, len(self.angles), self.name)
        shares = tally.per_spin(counts)
        shots = shares.sum(-1)
        tally.check_shots(shots, MIN_SHOTS)
        return ((shares[..., 0] - shares[..., 1]) / shots).T, shots.T.astype(np.float64)


def angles_of(options: Mapping[str, Any], frequency: int) -> tuple[float, ...]:
    """Returns the angles of a scan in rad: those given, or so many spread evenly over one fringe.

    Args:
        options: `angles_deg` and `num_angles`.
        frequency: how often the fringe repeats in a turn.

    Raises:
        ArgumentError: they are no angles, or look like radians.

    >>> [round(one, 3) for one in angles_of({"angles_deg": (), "num_angles": 4}, 2)]
    [0.0, 0.785, 1.571, 2.356]
    """
    given, number = options["angles_deg"], options["num_angles"]
    if given:
        if any(isinstance(one, bool | str) or not np.isfinite(one) or abs(one) > MOST_DEGREES for one in given):
            raise ArgumentError("`angles_deg` must be numbers from -3600 to 3600, in degrees.")
        if len(given) > LEAST_GUESSED and max(map(abs, given)) < 2 * np.pi * 1.001:
            raise ArgumentError(
                f"`angles_deg` ends at {max(map(abs, given)):.4g}, which looks like radians; write degrees."
            )
        return tuple(float(np.radians(one)) for one in given)
    if not LEAST_ANGLES <= number <= MOST_ANGLES:
        raise ArgumentError(f"`num_angles` must be {LEAST_ANGLES} to {MOST_ANGLES}, but is {number}.")
    return tuple(float(2 * np.pi * k / (number * frequency)) for k in range(number))


LEAST_GUESSED = 3  # angles, of which all are below 2π


def on_one_fringe(fits: Sequence[FringeFit]) -> Assumption:
    """Returns that the rows of a scan lie on one fringe each, by the fits of all times."""
    chance = fits_p_value(fits)
    if chance is None:
        return Assumption.not_tested(NO_DRIFT, FEW_HITS, NO_FRINGE, withholds=True)
    return Assumption.tested(NO_DRIFT, chance, NO_FRINGE, withholds=True)
