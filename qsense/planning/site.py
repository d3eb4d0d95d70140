"""The probes of one N on the same spins, and what gives them: a device, or a noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from qsense.noise import World
from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve, GhzOnDevice
from qsense.planning.outcomes import COARSE, Table, grid, merit
from qsense.planning.question import Factors, Question
from qsense.planning.spins import Spins
from qsense.planning.squeezed import Squeezed, one_axis_moments
from qsense.planning.steps import Around, Step
from qsense.probes import Probe

_WEAKEST, _STRENGTHS, _LOOKS = 0.02, 24, 2  # the weakest twist over 1/N, and how closely the best is looked for
PREPARATION, SHARED, DEAD = "preparation error", "shared noise", "dead time"


Lonely = tuple[Mapping[str, Curve], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Otherwise:
    """The probes if times that a device does not report are other than they are taken.

    Attributes:
        what: which times of which qubits are not reported, and how they are taken.
        cases: what they may be in words, and the curves then by the names of probes; the likeliest first.
    """

    what: str
    cases: tuple[tuple[str, Mapping[str, Curve]], ...]


@dataclass(frozen=True, eq=False)
class Site:
    """The probes of one N on the same spins.

    Attributes:
        num_qubits: N.
        qubits: of the device; empty where there is none.
        probes: their states by name.
        curves: by the same names; "product" is always there.
        removable: what else but local noise and dead times is there: preparation error, noise that spins share, T2 or
            weights that differ between spins.
        without: returns the curves, by the same names, without some of these, and the span of their lifetimes; None
            where nothing decays then. A twist is as strong as is best then, also without the dead time.
        span: the shortest and the longest lifetime of a gain in s.
        t2: the harmonic mean of T2 in s, as calibrated; None where no T2 is known.
        uncertain: in words, what is uncertain and gives the intervals.
        world: noise, signal and pulses of the window, for bounds.
        left_out: name of a probe → why it is not in the plan.
        assumed: in words, of each qubit whose T1 or T2 is not reported, or was cut.
        otherwise: what else unreported times may be; None where all are known, or neither of a qubit is.
    """

    num_qubits: int
    qubits: tuple[int, ...]
    probes: Mapping[str, Probe]
    curves: Mapping[str, Curve]
    removable: frozenset[str]
    without: Callable[[frozenset[str]], Lonely | None]
    span: tuple[float, float]
    t2: float | None
    uncertain: str
    world: World
    left_out: Mapping[str, str]
    assumed: tuple[str, ...] = ()
    otherwise: Otherwise | None = None


class Source(Protocol):
    """A device or a noise."""

    @property
    def name(self) -> str: ...

    @property
    def tick(self) -> float:
        """The step of its clock in s; 0 where any time is possible."""
        ...

    def site(self, num_qubits: int, question: Question) -> Site:
        """Returns the probes of one size.

        Raises:
            ArgumentError: it has no room for so many spins, or nothing there decays.
        """
        ...


def best_strength(
    of: Squeezed, span: tuple[float, float], question: Question, dead_time: float
) -> tuple[Squeezed, Probe]:
    """Returns the squeezed probe of the strength that the goal ranks first, and its state.

    Args:
        of: the probe; its strength does not matter.
        span: the shortest and the longest lifetime in s.
        question: whose goal, waveform and pulses count.
        dead_time: of one repetition in s, all parts together.
    """
    n, times = len(of.spins.qubits), grid(span, 2 * COARSE)
    collected = question.collected(times) ** 2
    tried = np.geomspace(_WEAKEST / n, 1.0, _STRENGTHS)
    for _ in range(_LOOKS):
        tried = tried[[one_axis_moments(n, strength)[0] > 0 for strength in tried.tolist()]]
        gains = of.gains_of(tried, times) * collected
        at = int(np.argmax(merit(Table(times, gains, gains), question, dead_time)))
        chosen = float(f"{tried[at]:.3g}")
        tried = np.geomspace(tried[max(at - 1, 0)], tried[min(at + 1, len(tried) - 1)], _STRENGTHS)
    return replace(of, strength=chosen), Probe.named(f"one_axis:{chosen:g}", n)


@dataclass(frozen=True, eq=False)
class WholeBlock:
    """A GHZ probe that is prepared and read without error, as by a perfect loss flag: it tells what G says."""

    ghz: GhzOnDevice
    readout: str = "loss_flag"
    overhead: float = 0.0
    tells_gain: bool = True

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        return self.ghz.gain(times, factors)

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        return self.ghz.gain(times, factors)


def perfect_ghz(spins: Spins) -> WholeBlock:
    """Returns the curve of a GHZ probe on spins whose gates take no time and make no error.

    Args:
        spins: read without error.
    """
    n = len(spins.t2)
    steps = tuple(Step((0, spin), 0.0, 0.0) for spin in range(1, n))
    return WholeBlock(GhzOnDevice(spins, Around(steps, np.zeros(n)), "parity"))
