"""The probes of one N on the same spins, and what gives them: a device, or a noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from qsense.noise import World
from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve, GhzOnDevice
from qsense.planning.question import Factors, Question
from qsense.planning.spins import Spins
from qsense.planning.squeezed import Squeezed, one_axis_moments
from qsense.planning.steps import Around, Step
from qsense.probes import Probe

_STRENGTHS = 24
PREPARATION, SHARED = "preparation error", "shared noise"


Lonely = tuple[Mapping[str, Curve], tuple[float, float]]


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
            where nothing decays then.
        span: the shortest and the longest lifetime of a gain in s.
        t2: the harmonic mean of T2 in s, as calibrated; None where no T2 is known.
        uncertain: in words, what is uncertain and gives the intervals.
        world: noise, signal and pulses of the window, for bounds.
        left_out: name of a probe → why it is not in the plan.
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


def best_strength(of: Squeezed, span: tuple[float, float]) -> tuple[Squeezed, Probe]:
    """Returns the squeezed probe of the strength with the best rate without dead times, and its state."""
    n = len(of.spins.qubits)
    one, times = Factors.scaled([1.0], n), np.geomspace(span[0] * 1e-2, span[1] * 10, 80)
    tried = [replace(of, strength=float(chi)) for chi in np.geomspace(0.02 / n, 1.0, _STRENGTHS)]
    tried = [squeezed for squeezed in tried if one_axis_moments(n, squeezed.strength)[0] > 0]
    found = max(tried, key=lambda squeezed: float((squeezed.gain(times, one) * times).max()))
    found = replace(found, strength=float(f"{found.strength:.3g}"))
    return found, Probe.named(f"one_axis:{found.strength:g}", n)


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
