"""Are there enough shots? Fewer than an estimator's intervals were measured to cover with are said so."""

from __future__ import annotations

from collections.abc import Sequence

from qsense.circuits.counts import Counts
from qsense.estimators.assumptions.declared import ENOUGH_SHOTS, Assumption


def enough_shots(counts: Sequence[Counts], least: int) -> Assumption:
    """Returns whether every circuit of every time has the shots that an estimator's intervals need to cover.

    Args:
        counts: of each time.
        least: shots that every circuit needs; docs/benchmarks/accuracy.md has what was measured.

    >>> enough_shots([Counts.from_histograms(1, [{0: 3}, {0: 8}])], 5).consequence
    'a circuit has 3 shots, and 95 % intervals are known to cover from 5 on: no z and no verdict; take more'
    """
    fewest = min((int(one.row_shots().min()) for one in counts), default=least)
    said = f"a circuit has {fewest} shots, and 95 % intervals are known to cover from {least} on: no z and no verdict"
    return Assumption(ENOUGH_SHOTS, None, fewest >= least, f"{said}; take more", True, is_known=fewest < least)
