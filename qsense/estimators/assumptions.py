"""What an estimate takes for granted, and whether the counts of a run bear it out."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED_BELOW = 0.001
"""The p-value below which an assumption is refused: one that holds is refused in one of a thousand points."""

INDEPENDENT = "independent spins"
"""The name of an assumption that noise which spins share contradicts, whatever the counts say."""


@dataclass(frozen=True)
class Assumption:
    """One assumption of an estimate, tested on the counts of all times of a point.

    Attributes:
        name: in a few words, such as "independent spins".
        p_value: how likely counts that contradict it as much are if it holds; None where it is not a matter of chance.
        held: whether the counts are compatible with it.
        consequence: what follows where they are not, in one line; shown beside the result.
        withholds: whether the estimates are then none of what they stand for: no z and no verdict is given.
    """

    name: str
    p_value: float | None
    held: bool
    consequence: str
    withholds: bool = False
