"""What an estimate takes for granted, and whether the counts of a run bear it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

REFUSED_BELOW = 0.01
"""The share of runs in which any assumption that holds may be refused, and so the p-value that can refuse one at all.

A run has many rows and tests: what it refuses must survive Holm's test at this level among all of them.
"""

INDEPENDENT = "independent spins"
"""The name of an assumption that noise which spins share contradicts, whatever the counts say."""
SYMMETRIC = "permutation symmetry"
KNOWN_PHASE = "known phase"
NO_DRIFT = "no drift between rows"
READOUT = "readout calibrated"
DECAY_LAW = "decay law"
ENOUGH_SHOTS = "enough shots"
NAMES = (INDEPENDENT, SYMMETRIC, KNOWN_PHASE, NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)
"""The assumptions that qsense's own estimators make."""

READOUT_WITHHELD = "no z and no verdict; calibrate the readout"
"""What follows where readout is not as assumed; `READOUT_KEPT` where the estimates are of counts as they were read."""
READOUT_KEPT = "z and verdicts are of the counts as read; `qsense compare` undoes readout that was calibrated"


@dataclass(frozen=True)
class Assumption:
    """One assumption of an estimate, tested on the counts of all times of a point.

    Attributes:
        name: in a few words, such as "independent spins".
        p_value: how likely counts that contradict it as much are if it holds; None where it is not a matter of chance.
        held: whether the counts are compatible with it; None where nothing in them tests it.
        consequence: what follows where they are not, in one line; shown beside the result.
        withholds: whether the estimates are then none of what they stand for: no z and no verdict is given.
        untested: where nothing tests it, why, and what follows if it is wrong.
        is_known: whether it is refused by what is known before any count, whatever the p-value.
        unseen: where the counts bear it out, what they would not have shown, if that matters; "" else.
    """

    name: str
    p_value: float | None
    held: bool | None
    consequence: str
    withholds: bool = False
    untested: str = ""
    is_known: bool = False
    unseen: str = ""

    @classmethod
    def tested(cls, name: str, p_value: float, consequence: str, withholds: bool = False) -> Self:
        """Returns an assumption that a test bears out, or refuses.

        >>> Assumption.tested("known phase", 1e-5, "the bound lies lower").held
        False
        """
        return cls(name, p_value, p_value >= REFUSED_BELOW, consequence, withholds)

    @classmethod
    def not_tested(cls, name: str, why: str, consequence: str = "", withholds: bool = False) -> Self:
        """Returns an assumption that these counts cannot test.

        >>> Assumption.not_tested("no drift between rows", "each row is measured once").held is None
        True
        """
        return cls(name, None, None, consequence, withholds, why)

    @property
    def said(self) -> str:
        """What a table says of it: what follows, or why it is not tested; where it holds, what would not be seen."""
        if self.held is None:
            return f"not tested: {self.untested}"
        return self.unseen if self.held else self.consequence
