"""What is asked of a plan, and how uncertain the relaxation times that answer it are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal, get_args

import numpy as np
from scipy.special import ndtri

from qsense.errors import ArgumentError, nearest
from qsense.noise import World
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, MATCHED, UNIFORM, Pulses, Signal

Goal = Literal["rate", "img", "field", "crossover"]
GOALS: tuple[Goal, ...] = get_args(Goal)
UNCERTAINTY, PRECISION = 0.2, 0.05
LARGEST = 100  # spins: what the search for qubits and the times of a plan are meant for
_DRAWS, _GENERATOR, _LATTICE, _SEED = 251, 74, 100, 16  # a prime; good in few directions
_KINDS = 16
_SEARCHED = ("free", "hahn", "cpmg:2", "xy4", "xy8:1", "xy8:2")


@dataclass(frozen=True)
class Question:
    """What a plan is to answer.

    Attributes:
        num_qubits: numbers of spins N, each at least 2.
        goal: what the probes are ranked by: "rate" (information about φ per total time), "img" (𝓘), "field" (the least
            error of the field) or "crossover" (until when GHZ leads).
        dead_time: in s, of each repetition, beside preparation and readout that a device reports itself.
        shots: repetitions that may be made; None where the time or the precision decides.
        seconds: of measuring, all repetitions and dead times together; None where shots or the precision decide.
        precision: half of the 95 % interval that is asked for where neither is given, as a share: of G at the best
            time, of 𝓘 or of the crossing, as the goal says.
        uncertainty: relative standard error of T1 and T2.
        signal, pulses: as of a World.
        sequences: of pulses to choose from; empty where there is no choice but `pulses`.
        with_optimum: whether the best symmetric probe is searched too, which takes seconds.

    Raises:
        ArgumentError: a number is out of its range, or both budgets are given.

    >>> Question((2, 3), goal="img").precision
    0.05
    """

    num_qubits: tuple[int, ...]
    goal: Goal = "rate"
    dead_time: float = 0.0
    shots: int | None = None
    seconds: float | None = None
    precision: float = PRECISION
    uncertainty: float = UNCERTAINTY
    signal: Signal = UNIFORM
    pulses: Pulses = FREE
    sequences: tuple[Pulses, ...] = ()
    with_optimum: bool = False

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise ArgumentError(f'Unknown goal "{self.goal}". {nearest(str(self.goal), GOALS)}')
        if not self.num_qubits or not all(2 <= size <= LARGEST for size in self.num_qubits):
            raise ArgumentError(
                f"Argument `num_qubits` must be numbers from 2 to {LARGEST}, but is {list(self.num_qubits)}: one spin "
                "has nothing to be entangled with."
            )
        if not (math.isfinite(self.dead_time) and self.dead_time >= 0):
            raise ArgumentError(
                f"Argument `dead_time` must be finite and not negative, but is {self.dead_time} s; give such a time."
            )
        if self.shots is not None and self.seconds is not None:
            raise ArgumentError("Give one budget: `shots` or `seconds`.")
        for name, least in (("shots", 1), ("seconds", 0)):
            given = getattr(self, name)
            if given is not None and not (math.isfinite(given) and given >= least and given > 0):
                raise ArgumentError(f"Argument `{name}` must be positive and finite, but is {given}.")
        for pulses in self.sequences or (self.pulses,):
            if self.signal.is_constant and not pulses.is_free:
                self.signal.check_window(np.ones(1), pulses)  # refuses a field that is refocused
        for name, most in (("precision", 1.0), ("uncertainty", 0.5)):
            if not 0 <= getattr(self, name) <= most:
                raise ArgumentError(f"Argument `{name}` must be in [0, {most:g}], but is {getattr(self, name)}.")
        if self.precision == 0:
            raise ArgumentError("Argument `precision` must be above 0, but is 0: no number of shots reaches it.")

    @property
    def is_about_phase(self) -> bool:
        """Whether probes are ranked by what their readout tells of φ, and not by G alone."""
        return self.goal in ("rate", "field")

    def each(self) -> list[Question]:
        """Returns the question for each sequence of pulses by itself.

        >>> [one.pulses.name for one in Question((2,), signal=Signal(frequency=5.0), sequences=(FREE,)).each()]
        ['free']
        """
        return [replace(self, pulses=one, sequences=()) for one in self.sequences] or [self]

    def collected(self, times: FloatArray) -> FloatArray:
        """Returns W(t), the part of φt that windows collect, shape (times,)."""
        return World(None, self.signal, self.pulses).collected(times)


def sequences_of(names: str, signal: Signal) -> tuple[Pulses, ...]:
    """Returns the sequences of pulses that a text names: one or several, as in "free,hahn,cpmg:2", or "auto".

    Args:
        names: "auto" stands for those of 0, 1, 2, 4, 8 and 16 pulses that sense the signal: a constant one takes none,
            one in step with the pulses needs some.
        signal: that is sensed.

    Raises:
        ArgumentError: there is no such sequence, or one is there twice.

    >>> [one.name for one in sequences_of("auto", Signal(frequency="matched"))]
    ['hahn', 'cpmg:2', 'xy4', 'xy8:1', 'xy8:2']
    >>> [one.name for one in sequences_of("auto", UNIFORM)]
    ['free']
    """
    if names == "auto":
        known = ("free",) if signal.is_constant else _SEARCHED
        return tuple(Pulses.named(one) for one in known if one != "free" or signal.frequency != MATCHED)
    found = tuple(Pulses.named(one) for one in names.split(","))
    if len({one.name for one in found}) < len(found):
        raise ArgumentError(f'the idle sequences "{names}" have one of them twice; give it once.')
    return found


@dataclass(frozen=True, eq=False)
class Factors:
    """By what T1 and T2 are multiplied, one row a draw; the first row of `drawn` is 1.

    Attributes:
        t1, t2: of each spin, shape (draws, spins).
        whole: of all noise together, where spins are not known one by one, shape (draws,).
        kinds: ln of the factors of numbers that are uncertain each by itself and hold for all spins (T1 and T2 of a
            noise, or each kind of its rates), shape (draws, 16); None where all noise is scaled.
    """

    t1: FloatArray
    t2: FloatArray
    whole: FloatArray
    kinds: FloatArray | None = None

    @classmethod
    def scaled(cls, scales: Sequence[float] | FloatArray, num_qubits: int) -> Factors:
        """Returns one row for each scale, the same for all spins.

        >>> Factors.scaled([1.0, 2.0], 3).t2.shape
        (2, 3)
        """
        return _scaled(tuple(float(scale) for scale in scales), num_qubits)

    @classmethod
    def drawn(cls, uncertainty: float, num_qubits: int) -> Factors:
        """Returns factors of the stated relative error, spread evenly over their distribution, always the same ones.

        Half of the variance is common to all spins (a calibration of another day, an echo's T2 for a free one), half is
        each spin's own. The first spins' factors are the same whatever the number of spins, so that equal physics has
        equal intervals.
        """
        return _drawn(uncertainty, num_qubits)


@lru_cache(maxsize=256)
def _scaled(scales: tuple[float, ...], num_qubits: int) -> Factors:
    whole = np.array(scales)
    each = np.repeat(whole[:, None], num_qubits, axis=1)
    return Factors(each, each, whole)


@lru_cache(maxsize=256)
def _drawn(uncertainty: float, num_qubits: int) -> Factors:
    normal = _normals()
    common, own = normal[:, :1], normal[:, 1 : 1 + 2 * num_qubits] * uncertainty / math.sqrt(2)
    both = common * uncertainty / math.sqrt(2)
    t1, t2 = (np.exp(both + own[:, part::2]) for part in (0, 1))
    return Factors(t1, t2, np.exp(common[:, 0] * uncertainty), normal[:, :_KINDS] * uncertainty)


@cache
def _normals() -> FloatArray:
    """Points with standard normal coordinates, shape (1 + draws, 1 + 2 LARGEST); the first point is 0.

    Every column has the quantiles of the normal distribution, in the order of a lattice (Korobov, Dokl. Akad. Nauk SSSR
    124, 1207 (1959)) and, beyond its directions, in a random one; orthogonalised, column by column, so that variances
    and covariances are exact.
    """
    steps = [pow(_GENERATOR, power, _DRAWS) for power in range(_LATTICE)]
    ranks = np.outer(np.arange(_DRAWS), steps) % _DRAWS
    rest = np.tile(np.arange(_DRAWS)[:, None], 1 + 2 * LARGEST - _LATTICE)
    ranks = np.concatenate([ranks, np.random.default_rng(_SEED).permuted(rest, axis=0)], axis=1)
    quantiles = ndtri((np.arange(_DRAWS) + 0.5) / _DRAWS)
    found, upper = np.linalg.qr(quantiles[ranks])
    normal = found * np.sign(np.diag(upper)) * math.sqrt(_DRAWS)
    return np.concatenate([np.zeros((1, normal.shape[1])), normal - normal.mean(axis=0)])
