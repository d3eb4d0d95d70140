"""G(t) and what a readout tells of the phase, of each probe, with preparation and readout, for uncertain T1 and T2.

A Curve answers two questions for every draw of the Factors: `gain`, the G that its estimator shows, and `information`,
the Fisher information about θ = φt of one repetition at the best phase of its readout.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.ghz_branches import Node, alike, coherence_of_preparation, tree, unflagged
from qsense.planning.kinds import by_kinds
from qsense.planning.question import Factors
from qsense.planning.spins import Spins
from qsense.planning.steps import Around
from qsense.probes import Probe

GhzReadout = Literal["loss_flag", "parity"]


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
class GhzOnDevice:
    """A GHZ probe whose signs match the signal's weights."""

    spins: Spins
    around: Around
    readout: GhzReadout
    readout_time: float = 0.0
    _root: Node = field(init=False, repr=False)

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
        relaxation = self.spins.relaxation(factors)
        kept = coherence_of_preparation(self._root, relaxation)
        kept = kept * np.exp(-times[None, :] * (1 / relaxation.t2).sum(-1))
        kept = kept * float((1 - self.spins.lost_in_window).prod())
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

    def population(self, times: FloatArray, factors: Factors) -> FloatArray:
        """Returns the part of the shots that are read in the block, shape (draws, times)."""
        flipped = [weight < 0 for weight in self.spins.weights.tolist()]
        find = alike if self.readout == "parity" else unflagged
        after = 1 - (1 - self.around.lost_after) * (1 - self.spins.lost_in_window)  # their order does not matter much
        found = find(self._root, times, flipped, self.spins.relaxation(factors), after)
        return np.broadcast_to(found, (len(factors.whole), len(times)))

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
        seen = (self.frequency * replace(self, spins=clean).visibility(times, factors)) ** 2
        return np.asarray(seen / replace(self, spins=squares).population(times, factors))


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
