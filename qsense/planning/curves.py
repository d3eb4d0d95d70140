"""G(t) and what a readout tells of the phase, of each probe, with preparation and readout, for uncertain T1 and T2.

A Curve answers two questions for every draw of the Factors: `gain`, the G that its estimator shows, and `information`,
the Fisher information about θ = φt of one repetition at the best phase of its readout.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.polynomial.chebyshev import chebpts1, chebvander

from qsense.numerics.fisher import FloatArray
from qsense.planning.ghz_branches import Node, Relaxation, alike, coherence_of_preparation, tree, unflagged
from qsense.planning.kinds import by_kinds
from qsense.planning.question import Factors
from qsense.planning.spins import Spins
from qsense.planning.steps import Around
from qsense.probes import Probe

GhzReadout = Literal["loss_flag", "parity"]
_LIFETIMES = 25  # T1 after which nothing changes
_FINE, _COARSE = 16, 5  # points of an interpolation for each factor e of time: of one draw, of many


class Curve(Protocol):
    """What a plan knows of one probe on its spins."""

    @property
    def readout(self) -> str:
        """How it is read: "loss_flag", "parity", "local_x", "moments" or "any"."""
        ...

    @property
    def overhead(self) -> float:
        """How long preparation and readout take, in s, as far as it is known."""
        ...

    @property
    def tells_gain(self) -> bool:
        """Whether its readout tells of the phase what G says, so that both are one function."""
        ...

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns G that the estimator shows, shape (draws, times)."""
        ...

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the Fisher information about θ of one repetition, shape (draws, times)."""
        ...


@dataclass(frozen=True, eq=False)
class Population:
    """ln of the part of the shots in the block, of many draws, as a polynomial in x ~ ln(1 + t/shortest) ∈ [−1, 1].

    Attributes:
        coefficients: of Chebyshev polynomials, shape (draws, terms).
        shortest: 1/Σ 1/T1 in s; infinite where nothing relaxes.
        reach: ln(1 + t/shortest) at x = 1, from where on nothing changes.
    """

    coefficients: FloatArray
    shortest: float
    reach: float

    @classmethod
    def of(cls, exact: Callable[[FloatArray], FloatArray], relaxation: Relaxation) -> Population:
        """Returns the interpolation of a function of times in s, shape (times,), that has shape (draws, times).

        Its relative error is below 2e-8 for one draw and 4e-3 for many (8e-4 before four lifetimes of the coherence) up
        to some 24 spins, and below 5e-7 and 2e-2 (2e-3) up to 100, the most of a plan.
        """
        finite = relaxation.t1[np.isfinite(relaxation.t1)]
        if not len(finite):
            return cls(np.log(exact(np.zeros(1))), np.inf, 1.0)
        shortest = float(1 / (1 / relaxation.t1[0]).sum())
        last = _LIFETIMES * float(finite.max()) / float(np.diff(relaxation.pulses.edges()).min())
        reach = float(np.log1p(last / shortest))
        places = chebpts1(math.ceil((_FINE if len(relaxation.t1) == 1 else _COARSE) * reach))
        values = np.log(exact(shortest * np.expm1(reach * (places + 1) / 2)))
        terms = chebvander(places, len(places) - 1) * np.where(np.arange(len(places)) == 0, 1, 2) / len(places)
        return cls(values @ terms, shortest, reach)  # the polynomials are orthogonal on these points

    def at(self, times: FloatArray) -> FloatArray:
        """Returns the part at times in s, shape (draws, times)."""
        x = 2 * np.log1p(times / self.shortest) / self.reach - 1
        terms = chebvander(np.minimum(x, 1.0), self.coefficients.shape[1] - 1)
        return np.asarray(np.exp(self.coefficients @ terms.T))


class _Drawn(NamedTuple):
    """What a GHZ probe does under some draws: its visibility is height·e^{−rate·t}, both of shape (draws, 1)."""

    height: FloatArray
    rate: FloatArray
    population: Population


@dataclass(frozen=True, eq=False)
class GhzOnDevice:
    """A GHZ probe whose signs match the signal's weights."""

    spins: Spins
    around: Around
    readout: GhzReadout
    readout_time: float = 0.0
    _root: Node = field(init=False, repr=False)
    _kept: dict[Factors, _Drawn] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_root", tree(self.around))

    @property
    def overhead(self) -> float:
        back = self.around.duration if self.readout == "loss_flag" else 0.0
        return self.around.duration + back + self.readout_time

    @property
    def tells_gain(self) -> bool:
        return self.readout == "loss_flag"

    @property
    def frequency(self) -> float:
        """Σ|w|, how fast its fringe turns."""
        return float(np.abs(self.spins.weights).sum())

    def visibility(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the fringe's visibility as it is read, shape (draws, times)."""
        drawn = self._of(factors)
        return np.asarray(drawn.height * np.exp(-times[None, :] * drawn.rate))

    def population(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the part of the shots that are read in the block, shape (draws, times), from a table made once."""
        return self._of(factors).population.at(times)

    def exact_population(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the same without a table."""
        return self._population(times, self.spins.relaxation(factors))

    def _of(self, factors: Factors) -> _Drawn:
        if factors not in self._kept:
            relaxation = self.spins.relaxation(factors)
            population = Population.of(lambda times: self._population(times, relaxation), relaxation)
            self._kept[factors] = _Drawn(self._height(relaxation), (1 / relaxation.t2).sum(-1), population)
        return self._kept[factors]

    def _height(self, relaxation: Relaxation) -> FloatArray:
        """The visibility without a window, shape (draws, 1)."""
        kept = coherence_of_preparation(self._root, relaxation) * float((1 - self.spins.lost_in_window).prod())
        turned = (1 - self.around.lost_after) * self.spins.contrast
        if self.readout == "parity":
            return np.asarray(kept * turned.prod())
        back = coherence_of_preparation(self._root, relaxation, is_undone=True) * turned[0]
        for node in _children(self._root):
            lost = 1 - (1 - node.before) * (1 - self.around.lost_after[node.spin])
            right = (1 - lost / 2) * (1 - self.spins.up_given_down[node.spin])
            wrong = lost / 2 * self.spins.down_given_up[node.spin]
            back = back * (right + wrong)
        return np.asarray(kept * back)

    def _population(self, times: FloatArray, relaxation: Relaxation) -> FloatArray:
        flipped = [weight < 0 for weight in self.spins.weights.tolist()]
        find = alike if self.readout == "parity" else unflagged
        after = 1 - (1 - self.around.lost_after) * (1 - self.spins.lost_in_window)  # their order does not matter much
        found = find(self._root, times, flipped, relaxation, after)
        return np.broadcast_to(found, (len(relaxation.t1), len(times)))

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        seen = (self.frequency * self.visibility(times, factors)) ** 2
        return np.asarray(seen / self.population(times, factors))

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        if self.readout == "parity":  # N² V² at half height; shots outside of the block count as noise
            return np.asarray((self.frequency * self.visibility(times, factors)) ** 2)
        return self.gain(times, factors)

    def mitigated_information(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the same where the readout of every spin is inverted before, shape (draws, times).

        A shot then counts with the product of A = (1 − e1)/c (read down) or −e1/c (up) of its flags, c = 1 − e0 − e1:
        its mean is the fringe without wrong flags, and its square takes the place of the part that is kept.
        """
        if self.readout == "parity":  # ±1 of all spins together: scaled, and its error with it
            return self.information(times, factors)
        e0, e1, contrast = self.spins.up_given_down, self.spins.down_given_up, self.spins.contrast
        down, up = ((1 - e0) * (1 - e1) ** 2 + e0 * e1**2) / contrast**2, e1 * (1 - e1) / contrast**2
        flags = np.arange(len(e0)) > 0  # spin 0 has the fringe, which is scaled
        clean = replace(self.spins, up_given_down=np.where(flags, 0, e0), down_given_up=np.where(flags, 0, e1))
        squares = replace(self.spins, up_given_down=1 - down, down_given_up=up)
        rate = self._of(factors).rate
        visibility = replace(self, spins=clean)._height(clean.relaxation(factors)) * np.exp(-times[None, :] * rate)
        seen = (self.frequency * visibility) ** 2
        return np.asarray(seen / replace(self, spins=squares).exact_population(times, factors))


def _children(node: Node) -> list[Node]:
    found = []
    for _, _, child in node.events:
        if child is not None:
            found += [child, *_children(child)]
    return found


@dataclass(frozen=True, eq=False)
class ProductOnDevice:
    """A product probe, each spin along x, read spin by spin.

    Attributes:
        lost: λ of each spin's gates, preparation and last turn together, shape (spins,).
    """

    spins: Spins
    lost: FloatArray
    overhead: float = 0.0
    readout: str = "local_x"
    tells_gain: bool = True

    def coherences(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns what is read of each spin's coherence, shape (draws, times, spins)."""
        kept = (1 - self.lost) * (1 - self.spins.lost_in_window) * self.spins.contrast
        return np.asarray(kept * np.exp(-times[None, :, None] / self.spins.relaxation(factors).t2))

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        return np.asarray(((self.spins.weights * self.coherences(times, factors)) ** 2).sum(-1))

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        return self.gain(times, factors)


@dataclass(frozen=True, eq=False)
class OfTheory:
    """A perfectly prepared and read probe under any noise, by the exact theory; it is scaled together, or kind by kind.

    Attributes:
        probe: its state.
        world: noise, signal and pulses.
        readout: the name of what reaches it.
        moved: the same with each kind of rate raised in turn, then lowered, of `each_moved`; empty where there is one.
        scaled_by: which of the kinds of Factors scales all times; None where that is `whole`.
    """

    probe: Probe
    world: Any
    span: tuple[float, float]
    readout: str = "any"
    overhead: float = 0.0
    tells_gain: bool = True
    moved: tuple[Curve, ...] = ()
    scaled_by: int | None = None

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray]:
        """Times and ln G about the collected angle, where one evaluation is dear."""
        times = np.geomspace(self.span[0] / 30, self.span[1] * 30, 120)
        with np.errstate(divide="ignore"):
            return times, np.log(np.maximum(self._engine.of_angle(times), 1e-300))

    @cached_property
    def _engine(self) -> Any:
        from qsense.theory.engines import engine_for

        return engine_for(self.probe, self.world)

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        if self.moved and factors.kinds is not None:
            return by_kinds(self, self.moved, times, factors.kinds)
        by_kind = self.scaled_by is not None and factors.kinds is not None
        whole = np.exp(factors.kinds[:, self.scaled_by]) if by_kind else factors.whole  # type: ignore[index]
        scaled = times[None, :] / whole[:, None]  # noise that is slower by a factor needs so much longer
        if self._engine.method == "closed form":
            flat = np.sort(np.unique(scaled.ravel()))
            found = np.asarray(self._engine.of_angle(flat))[np.searchsorted(flat, scaled)]
        else:
            at, logs = self._table
            found = np.exp(np.interp(np.log(np.maximum(scaled, at[0])), np.log(at), logs))
        return np.asarray(found)

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        return self.gain(times, factors)
