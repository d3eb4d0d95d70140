"""The estimator `moments` of run specs: a lower bound on G from moments of the collective spin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, KNOWN_PHASE, NO_DRIFT, READOUT, Assumption
from qsense.estimators.assumptions.drift import means_p_value, no_drift
from qsense.estimators.assumptions.known_phase import phase_p_value
from qsense.estimators.assumptions.readings import Readings, read
from qsense.estimators.estimator import Estimator, MomentBound, Option, TimeTable, checked_weights
from qsense.estimators.moments.bound import MIN_SHOTS, Frame, check_order, design, estimate, moments, spin_sums
from qsense.estimators.moments.prepared import NUM_QUBITS_OF_A_STATE, checked, frame_of
from qsense.estimators.moments.squeezing import finite, squeezing
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

_LEAST_SPINS = 7  # for which `auto` takes it: up to 6 there is tomography
_PART = 0.5  # of G before any noise: a bound that is less of it is no answer for a state that is not symmetric
_WORTH = 0.01  # of N: with less, `auto` leaves the probe to tomography's refusal
_NO_MEAN = "no mean has a known value there; a phase that is off makes the bound lower"
_ONE_ROW = "every row is measured once; a phase that drifts makes the bound lower"
_OFF = "the mean spin is not where it is expected: the bound holds, but lies lower than at the right phase"


@dataclass(frozen=True)
class CollectiveMoments(Estimator):
    """A lower bound on G from moments of the collective spin, or of its squares (order 2); see `estimators.moments`."""

    frame: Frame

    name: ClassVar[str] = "moments"
    options: ClassVar[Mapping[str, Option]] = {"order": Option(0, (0, 1, 2)), "angle_rad": Option(0.0)}
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("product", "symmetric", "circuit", "state")
    assumes: ClassVar[tuple[str, ...]] = (KNOWN_PHASE, NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        return cls(checked(probe, frame_of(probe, options["order"], options["angle_rad"])))

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        size = probe.num_qubits
        is_looked_at = probe.kind in ("state", "circuit") and size <= NUM_QUBITS_OF_A_STATE and not probe.is_mixed
        if size < _LEAST_SPINS or not (probe.kind == "symmetric" or is_looked_at):
            return None
        found = frame_of(probe)
        if found.bound < (_WORTH * size if probe.kind == "symmetric" else _PART * _gain(probe)):
            return None
        of = "the mean spin and its noise" if found.frame.order == 1 else "second moments of the collective spin"
        return f"moments: a lower bound from {of}, with {len(found.frame.rows)} circuits a time for any N"

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return design(self.frame, phase)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.frame)

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        weighted = replace(self.frame, weights=checked_weights(weights, self.frame.num_qubits))
        check_order(weighted)
        return replace(self, frame=weighted)

    def quantity(self, probe: Probe) -> MomentBound:
        return MomentBound(self.frame.order, self.frame.angle, self.frame.azimuths)

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns, at order 1, that nothing is left of the mean spin across the phase; that its rows agree."""
        phase = Assumption.not_tested(KNOWN_PHASE, _NO_MEAN, _OFF)
        if self.frame.order == 1:
            found = [moments(one, self.frame) for one in counts]
            numbers = zip(*((one.mean, one.covariance[0, 0], one.shots) for one in found), strict=True)
            phase = Assumption.tested(KNOWN_PHASE, phase_p_value(*map(np.array, numbers)), _OFF)
        return (phase, no_drift(means_p_value([self._repeated(one) for one in counts]), _ONE_ROW))

    def _repeated(self, counts: Counts) -> Readings:
        """The rows of the measured moment, which are all of one setting."""
        rows = [row for row, (_, kind) in enumerate(self.frame.rows) if kind == "moment"]
        size = self.frame.size_of_weights
        found = read(counts, spin_sums(counts, size), float(size.min(initial=1.0, where=size > 0)))
        return Readings(*(part[rows] for part in found))

    def squeezing_rows(self, counts: Counts, estimate: Estimate) -> list[dict[str, Any]]:
        """Returns the squeezing parameters of one time, the row of squeezing.csv."""
        found = squeezing(counts, self.frame, estimate)
        spin = finite(found.kitagawa_ueda) if found.kitagawa_ueda else (None,) * 3
        values = (*finite(found.wineland), *spin, found.p_not_squeezed)
        return [dict(zip(COLUMNS, values, strict=True))]

    tables: ClassVar[tuple[TimeTable, ...]]


def _gain(probe: Probe) -> float:
    """G of a state vector before any noise, four times the variance of J_z."""
    chances = np.abs(probe.statevector()) ** 2
    ups = np.bitwise_count(np.arange(len(chances))).astype(np.float64)
    return float(4 * (chances @ ups**2 - (chances @ ups) ** 2))


COLUMNS = (
    "xi_squared", "xi_squared_low", "xi_squared_high",
    "xi_s_squared", "xi_s_squared_low", "xi_s_squared_high", "p_not_squeezed",
)  # fmt: skip
CollectiveMoments.tables = (TimeTable("squeezing.csv", COLUMNS, CollectiveMoments.squeezing_rows),)
