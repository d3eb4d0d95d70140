"""The estimator `product` of run specs: every spin of a product probe by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.estimators import tally
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, INDEPENDENT, NO_DRIFT, READOUT, Assumption
from qsense.estimators.assumptions.drift import TWO_ROWS, no_drift, sides_p_value
from qsense.estimators.assumptions.readings import Readings, read
from qsense.estimators.estimator import (
    Estimator,
    Instead,
    Mitigation,
    MomentBound,
    Option,
    QuantumGain,
    TimeTable,
    added_later,
    checked_weights,
)
from qsense.estimators.moments.bound import MIN_SHOTS as MIN_SHOTS_OF_A_BOUND
from qsense.estimators.phase.joint import Fringe
from qsense.estimators.phase.readings import of_spins
from qsense.estimators.product import correlations
from qsense.estimators.product.bound import lower_bound
from qsense.estimators.product.shared_phase import unseen_dephasing
from qsense.estimators.product.spins import ANTIPODAL, AXES, MIN_SHOTS, Axis, design, estimate, spins
from qsense.estimators.readout import mitigated
from qsense.estimators.result import Estimate
from qsense.estimators.row_shots import both_sides, least_shots, on_both_sides, shared_out
from qsense.estimators.two_steps import SHARES_ACROSS, Expected, Lines, TwoSteps, square_variance
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

_PHASE_KNOWN = (0.8, 0.15, 0.05)  # along, across, z
NOT_INDEPENDENT = "the spins are correlated, so their sum is no estimate of G: no verdict; use tomography"


@dataclass(frozen=True)
class ProductSpins(Estimator, TwoSteps):
    """G of a product probe as the sum over its spins; see `estimators.product`.

    With `antipodal` each direction is measured on both sides, with half the shots each: asymmetric readout then only
    multiplies G by (1 − e0 − e1)² of each spin. With `phase_known` most shots go along the expected phase.
    """

    num_qubits: int
    weights: tuple[float, ...] = added_later(())
    antipodal: bool = added_later(False)
    phase_known: bool = added_later(False)

    name: ClassVar[str] = "product"
    options: ClassVar[Mapping[str, Option]] = {
        "antipodal": Option(False, always_written=False),
        "phase_known": Option(False, always_written=False),
    }
    min_shots: ClassVar[int] = MIN_SHOTS
    reads_single_spins: ClassVar[bool] = True
    probe_kinds: ClassVar[tuple[str, ...]] = ("product",)
    assumes: ClassVar[tuple[str, ...]] = (INDEPENDENT, NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        return cls(probe.num_qubits, **{name: options.get(name, False) for name in cls.options})

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        return "product: the gain is a sum over spins, so three circuits a time are enough for any N"

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return design(self.num_qubits, phase, self.axes, self.weights)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.axes, self.weights)

    def row_shots(self, shots: int) -> tuple[int, ...] | None:
        if not (self.antipodal or self.phase_known):
            return None
        return shared_out(3 * shots, self.rows_of(_PHASE_KNOWN if self.phase_known else (1 / 3, 1 / 3, 1 / 3)))

    def rows_of(self, shares: Sequence[float]) -> tuple[float, ...]:
        """Returns the shares of the rows, given those of along, across and z."""
        return both_sides(shares) if self.antipodal else tuple(shares)

    def needed_shots(self) -> int:
        return least_shots(self.row_shots, MIN_SHOTS)

    @property
    def top(self) -> float:
        return float(self._squares.sum())

    def lines(self, counts: Counts) -> Lines:
        found = spins(counts, self.axes)
        values, errors = found.bloch[:, 0] + 1j * found.bloch[:, 1], found.bloch_stderr[:, :2]
        weights = np.array(self.weights or (1.0,) * self.num_qubits)
        return Lines(values, (errors**2).mean(1), weights, 1.0)

    def pilot_rows(self, total: int) -> tuple[int, ...]:
        across = (total - MIN_SHOTS) // 2
        return self._rows(total - MIN_SHOTS - across, across)

    def best_rows(self, expected: Expected, total: int) -> tuple[int, ...]:
        left = float(total - MIN_SHOTS)
        across = np.maximum(np.round(left * SHARES_ACROSS), MIN_SHOTS * (1 + self.antipodal))
        found = np.where(across <= left - across, square_variance(expected, left - across, across), np.inf)
        best = int(across[np.argmin(found)])
        return self._rows(int(left) - best, best)

    def variance(self, expected: Expected, rows: Sequence[int]) -> float:
        plain = [name.removeprefix("-") for name in self.axes]
        along, across = (
            float(sum(shots for shots, name in zip(rows, plain, strict=True) if name == axis))
            for axis in ("along", "across")
        )
        # The spins as if alike: the sum of their variances over the square of the sum.
        alike = float((self._squares**2).sum() / self._squares.sum() ** 2)
        return alike * float(square_variance(expected, np.asarray(along), np.asarray(across)))

    def _rows(self, along: int, across: int) -> tuple[int, ...]:
        """With as few shots along Z as every row needs: G does not need them."""
        return on_both_sides(along, across, MIN_SHOTS) if self.antipodal else (along, across, MIN_SHOTS)

    @property
    def _squares(self) -> FloatArray:
        return np.square(self.weights or (1.0,) * self.num_qubits)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What its rows measure."""
        return ANTIPODAL if self.antipodal else AXES

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        return replace(self, weights=checked_weights(weights, self.num_qubits))

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "readout": None}  # as the hashes of all records have it

    def readout_mitigation(self) -> Mitigation | None:
        return lambda counts, calibration: (
            mitigated.product_gain(counts, calibration, self.weights, self.axes).mitigated
        )

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that the spins are independent, and that nothing drifts between the sides of their fringes."""
        whole = [tally.with_all_spins(one) for one in counts]
        is_seen = self.antipodal and all(int(one.row_shots().min()) >= MIN_SHOTS for one in whole)
        drift = sides_p_value(self._sides, [self._spin_sums(one) for one in whole]) if is_seen else None
        return (self._independence(times, counts), no_drift(drift, TWO_ROWS))

    def instead(self, refused: str) -> Instead | None:
        """Returns a lower bound from collective moments where the spins are correlated."""
        if refused != INDEPENDENT:
            return None
        axes, weights = self.axes, self.weights
        said = "a lower bound from collective moments of the same counts"
        return Instead(lambda one: lower_bound(one, axes, weights), MomentBound(), said, MIN_SHOTS_OF_A_BOUND)

    def _independence(self, times: FloatArray, counts: Sequence[Counts]) -> Assumption:
        if self.num_qubits < 2:
            return Assumption(INDEPENDENT, None, True, "")
        if not all(map(self.shows_pairs, counts)):
            why = f"pairs of spins need {correlations.MIN_SHOTS} shots a row; noise that they share makes G too large"
            return Assumption.not_tested(INDEPENDENT, why, NOT_INDEPENDENT, withholds=True)
        pairs = [correlations.pairs_by_axis(one, self.axes) for one in counts]
        chance = correlations.independence_p_value(times, pairs)
        return Assumption.tested(INDEPENDENT, chance, NOT_INDEPENDENT, withholds=True)

    def unseen(self, held: str, times: FloatArray, counts: Sequence[Counts]) -> str:
        """Returns how much collective dephasing would not show, where independence of the spins was tested."""
        counts = [tally.with_all_spins(one) for one in counts]
        is_tested = held == INDEPENDENT and self.num_qubits > 1 and all(map(self.shows_pairs, counts))
        return unseen_dephasing(times, counts, self.axes) if is_tested else ""

    @property
    def _sides(self) -> tuple[float, ...]:
        """+1 for rows along the expected phase and its antipode, −1 for those across, 0 for Z."""
        return tuple({"along": 1.0, "across": -1.0}.get(axis.removeprefix("-"), 0.0) for axis in self.axes)

    def _spin_sums(self, counts: Counts) -> Readings:
        """The sum of the spins' signs, each with the sign of its weight, in which drift adds up."""
        senses = np.where(np.array(self.weights or (1.0,) * self.num_qubits) < 0, -1.0, 1.0)
        return read(counts, (1.0 - 2.0 * tally.bits(counts)) @ senses, 2.0)

    def shows_pairs(self, counts: Counts) -> bool:
        """Returns whether each row along the equator has enough shots to test pairs of spins."""
        shots = zip(self.axes, correlations.shared_shots(counts).tolist(), strict=True)
        return all(one >= correlations.MIN_SHOTS for axis, one in shots if axis != "z")

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        return of_spins(counts, self.design(phase)[1], phase, self.weights)

    def spin_gains(self, counts: Counts) -> Sequence[Estimate] | None:
        """Returns b_x² + b_y² of each spin, whatever the weight with which it senses the signal."""
        return spins(counts, self.axes).gains

    def spin_rows(self, counts: Counts, estimate: Estimate) -> list[dict[str, Any]]:
        """Returns the gain and the z component of every spin at one time, rows of spins.csv; the gains add up to G."""
        found, squares = spins(counts, self.axes), self._squares
        return [
            {
                "spin": spin,
                "gain": one.value * float(squares[spin]),
                "stderr": one.stderr * float(squares[spin]),
                "z_mean": float(found.bloch[spin, 2]),
                "z_mean_stderr": float(found.bloch_stderr[spin, 2]),
            }
            for spin, one in enumerate(found.gains)
        ]

    tables: ClassVar[tuple[TimeTable, ...]] = (
        TimeTable("spins.csv", ("spin", "gain", "stderr", "z_mean", "z_mean_stderr"), spin_rows),
    )
