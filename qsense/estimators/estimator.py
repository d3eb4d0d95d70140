"""What an estimator declares of itself: the base class of everything that a run spec can name as an estimator.

The class holds what is true for every probe (its name, the spec's options, the probes it goes with); an instance is the
estimator of one probe. A run asks nothing else, so a new estimator is one class; see docs/extending.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import Assumption
from qsense.estimators.option import Option as Option
from qsense.estimators.quantities import ClassicalGain as ClassicalGain
from qsense.estimators.quantities import MomentBound as MomentBound
from qsense.estimators.quantities import Quantity as Quantity
from qsense.estimators.quantities import QuantumGain as QuantumGain
from qsense.estimators.result import Estimate
from qsense.estimators.weights import checked_weights as checked_weights
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

if TYPE_CHECKING:
    from qsense.estimators.phase.joint import Fringe
    from qsense.estimators.readout import ReadoutCalibration


@dataclass(frozen=True)
class TimeTable:
    """A CSV file beside a record's own, with rows for every time of every point of an estimator.

    Attributes:
        file_name: such as "spins.csv"; no other table of a record may have it.
        columns: those of `rows`; which point, `time_s` and, with `with_exact`, `gain_exact` come before them.
        rows: gives the rows of one time, called with the estimator, the counts and the estimate; it can be a method.
        with_exact: whether the exact value belongs to it.
        texts: those of `columns` that hold text; the record gives their cells back as they were written.
    """

    file_name: str
    columns: tuple[str, ...]
    rows: Callable[[Any, Counts, Estimate], Sequence[Mapping[str, Any]]]
    with_exact: bool = False
    texts: tuple[str, ...] = ()


def added_later(default: Any) -> Any:
    """Returns a field of an estimator that its identity leaves out at its default, so that old records keep theirs."""
    return field(default=default, repr=False, metadata={"added_later": True})


Mitigation = Callable[[Counts, "ReadoutCalibration"], Estimate]


class AnalysisCost(NamedTuple):
    """What reading the counts of one time takes: seconds on one core, and bytes."""

    seconds: float = 0.0
    bytes: float = 0.0


class Instead(NamedTuple):
    """What stands in place of estimates that an assumption spoils, read from the same counts.

    Attributes:
        estimate: gives it at one time.
        quantity: what it is of.
        said: in a few words, after "in its place stands".
        least: shots of every circuit that it needs.
    """

    estimate: Callable[[Counts], Estimate]
    quantity: Quantity
    said: str
    least: int


class Estimator(ABC):
    """How G is estimated for one probe; subclasses are frozen dataclasses.

    Attributes:
        name: by which a run spec names it.
        options: the keys of its table in a run spec, beside `estimator` and `shots`.
        probe_kinds: the kinds of probes that it goes with; () for all.
        min_shots: for every circuit, whatever the probe; see `needed_shots`.
        tables: further files of a record.
        reads_single_spins: whether it reads each spin by itself, so that shots in which other spins are lost serve it.
        assumes: what it takes for granted, by the names of `qsense.estimators.assumptions`; see `assumptions`.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Option]] = {}
    probe_kinds: ClassVar[tuple[str, ...]] = ()
    min_shots: ClassVar[int] = 2
    reads_single_spins: ClassVar[bool] = False
    tables: ClassVar[tuple[TimeTable, ...]] = ()
    assumes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        """Returns the estimator of a probe, given a value for every one of `options`.

        Raises:
            ArgumentError: an option does not go with the probe, or the probe is too large.
        """

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        """Returns why `auto` takes this estimator for a probe, in a sentence; None where it does not."""
        return None

    @classmethod
    def by_name_only(cls, probe: Probe) -> str | None:
        """Returns why a spec must name this estimator for a probe that `auto` has no other for, in an error's words."""
        return None

    @property
    def caution(self) -> str | None:
        """What is to be known of its estimates before a run, in a sentence; None where nothing is."""
        return None

    @classmethod
    def goes_with(cls, probe: Probe) -> bool:
        """Returns whether it estimates probes of this kind; a run skips the others."""
        return not cls.probe_kinds or probe.kind in cls.probe_kinds

    @abstractmethod
    def design(self, phase: float) -> tuple[Ending, Settings]:
        """Returns how the circuit ends and its settings, a row for every circuit, given the expected θ in rad.

        The number of rows and the ending must not depend on the phase.
        """

    @abstractmethod
    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        """Returns G from the counts of one time; all that is random comes from `rng`."""

    def estimates(self, counts: Sequence[Counts], rngs: Sequence[np.random.Generator]) -> Iterator[Estimate]:
        """Yields what `estimate` returns of each time; an estimator may read all together where that is quicker."""
        return (self.estimate(one, rng) for one, rng in zip(counts, rngs, strict=True))

    @abstractmethod
    def quantity(self, probe: Probe) -> Quantity:
        """Returns the exact quantity that it estimates for a probe."""

    def needed_shots(self) -> int:
        """Returns how many shots every circuit needs for this probe, at least: a run with fewer is refused."""
        return self.min_shots

    def row_shots(self, shots: int) -> tuple[int, ...] | None:
        """Returns the shots of every row of the design, `shots` a circuit on average; None where all have the same."""
        return None

    def needed_shots_of(self, probabilities: Callable[[], FloatArray]) -> int:
        """Returns how many shots every circuit of a new run needs for the state of its first time.

        Args:
            probabilities: returns those of all outcomes of each row, shape (rows, 2^N); for small N only.
        """
        return self.needed_shots()

    def earlier(self) -> Sequence[Estimator]:
        """Returns it with the settings of earlier versions, where these have changed: their counts are still read."""
        return ()

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        """Returns the estimator of a signal H = φ Σ_j w_j Z_j/2: G is then about the angle of that generator.

        Its `design(phase)` puts the angle w_j·phase on spin j. An estimator that does not know weights refuses them.

        Args:
            weights: w of each spin.

        Raises:
            ArgumentError: it is for signals of equal weights, or the probe does not see the signal.
        """
        if all(weight == 1 for weight in weights):
            return self
        raise ArgumentError(
            f'the estimator "{self.name}" is for signals of equal weights 1; remove `signal.weights`, or use an '
            "estimator that knows them, such as ghz, product, parameter_shift or tomography."
        )

    def identity(self) -> dict[str, Any]:
        """Returns what makes it this estimator, for the hash that decides a point's seeds: the class and its fields."""
        unused = {
            one.name
            for one in fields(self)  # type: ignore[arg-type]
            if one.metadata.get("added_later") and getattr(self, one.name) == one.default
        }
        values = asdict(self)  # type: ignore[call-overload]
        return {"name": type(self).__name__, **{name: value for name, value in values.items() if name not in unused}}

    def cost(self) -> AnalysisCost:
        """Returns what one estimate takes, where that is more than nothing."""
        return AnalysisCost()

    def readout_mitigation(self) -> Mitigation | None:
        """Returns the function that estimates G of one time with readout error mitigated; None where there is none.

        Its estimates should say in `shared` how they move with the calibration, as all times do together.
        """
        return None

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns what the estimates take for granted, each tested on the counts of all times together.

        None by default. Of `assumes` what needs the exact values (`readout calibrated`, `decay law`) or shots alone
        (`enough shots`) is tested by `comparison`; any other that is missing here is listed as not tested.

        Args:
            times: in s, shape (times,).
            counts: of each time.
        """
        return ()

    def instead(self, refused: str) -> Instead | None:
        """Returns what stands in the estimates' place where an assumption is refused, by its name; None if nothing."""
        return None

    def unseen(self, held: str, times: FloatArray, counts: Sequence[Counts]) -> str:
        """Returns what the test of an assumption that holds, by its name, would not have shown; "" if nothing matters.

        It is asked of devices and of counts from elsewhere, whose noise nobody knows.
        """
        return ""

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        """Returns the fringes at one time, designed for the expected θ; () where it knows of none."""
        return ()

    def spin_gains(self, counts: Counts) -> Sequence[Estimate] | None:
        """Returns the gain of every spin by itself at one time; None where the counts do not tell."""
        return None
