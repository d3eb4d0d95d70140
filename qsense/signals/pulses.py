"""Pulses of the sensing window: when each spin is flipped while it senses.

A π pulse at the times τ_1 < … < τ_n turns the sign of what a spin collects, y(t) = ±1. Every sequence brings the spins
back at its end: one with an odd number of pulses is closed by another one at the end of the window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.files.patterns import up_to
from qsense.numerics.fisher import FloatArray

NAMES = ("free", "hahn", "xy4", "cpmg:N", "xy8:N")
MOST_PULSES = 1024
PATTERN = f"^(free|hahn|xy4|cpmg:0*({up_to(MOST_PULSES)})|xy8:0*({up_to(MOST_PULSES // 8)}))$"
"""Of the names that `Pulses.named` knows, for JSON Schema."""


@dataclass(frozen=True)
class Pulses:
    """A sequence of π pulses, in parts of the window; made by `named`.

    Attributes:
        name: "free", "hahn", "xy4", "cpmg:N" or "xy8:N".
        axes: "x" or "y" of every pulse, the closing one included.
        instants: when each pulse is, in parts of the window, in (0, 1].

    >>> Pulses.named("hahn").instants
    (0.5, 1.0)
    """

    name: str = "free"
    axes: str = field(default="", repr=False)
    instants: tuple[float, ...] = field(default=(), repr=False)

    @classmethod
    def named(cls, name: str) -> Pulses:
        """Returns the sequence of a name.

        `free`: none. `hahn`: one pulse in the middle. `xy4`: x y x y. `cpmg:N`: N pulses about y. `xy8:N`: N times
        x y x y y x y x. But for `hahn`, pulse k of n is at (2k−1)/2n.

        Raises:
            ArgumentError: there is no such sequence, or it has more than 1024 pulses.

        >>> Pulses.named("xy4").axes, Pulses.named("cpmg:3").instants[-1]
        ('xyxy', 1.0)
        """
        return _named(name)

    @property
    def is_free(self) -> bool:
        """Whether there is no pulse."""
        return not self.axes

    @property
    def num_flips(self) -> int:
        """The number of pulses inside of the window, without the closing one."""
        return sum(instant < 1 for instant in self.instants)

    def edges(self) -> FloatArray:
        """Returns where the pieces between pulses begin and end, in parts of the window, shape (pieces + 1,).

        >>> Pulses.named("hahn").edges()
        array([0. , 0.5, 1. ])
        """
        return np.array([0.0, *(instant for instant in self.instants if instant < 1), 1.0])

    def signs(self) -> FloatArray:
        """Returns y = ±1 of each piece between pulses, shape (pieces,).

        >>> Pulses.named("hahn").signs()
        array([ 1., -1.])
        """
        return np.where(np.arange(self.num_flips + 1) % 2 == 0, 1.0, -1.0)


FREE = Pulses()


@lru_cache(maxsize=256)
def _named(name: str) -> Pulses:
    word, _, number = name.partition(":") if isinstance(name, str) else ("", "", "")
    if name == "free":
        return FREE
    if name == "hahn":
        return Pulses("hahn", "xx", (0.5, 1.0))
    if name == "xy4":
        return _equally_spaced("xy4", "xyxy")
    if word in ("cpmg", "xy8") and number.isascii() and number.isdigit() and int(number) > 0:
        count, unit = (int(number), "y") if word == "cpmg" else (int(number), "xyxyyxyx")
        if count * len(unit) > MOST_PULSES:
            raise ArgumentError(f'the idle sequence "{name}" has more than {MOST_PULSES} pulses; give fewer.')
        return _equally_spaced(f"{word}:{count}", unit * count)
    raise ArgumentError(
        f'unknown idle sequence "{name}". {nearest(str(name), NAMES)} N stands for a number, as in cpmg:4.'
    )


def _equally_spaced(name: str, axes: str) -> Pulses:
    instants = tuple((2 * k + 1) / (2 * len(axes)) for k in range(len(axes)))
    return Pulses(name, axes + axes[0], (*instants, 1.0)) if len(axes) % 2 else Pulses(name, axes, instants)
