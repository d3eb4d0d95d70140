"""Are the spins of a product probe up as often as the noise says? Readout that differs for up and down shows in that.

Such readout shifts every mean alike, which bends the decay of G and hides in it. Along Z the exact mean is known, and
nothing but readout, preparation and the rates of emission and absorption can move it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.estimators.assumptions import READOUT, READOUT_WITHHELD, Assumption
from qsense.estimators.chance import p_value
from qsense.estimators.product.method import ProductSpins
from qsense.runs.point import Point

_FEWEST = 25.0  # expected up, and down, for their sum to be near normal
_SAID = (
    "along Z the spins are up {found:.3g} ± {error:.1g} of the time, and not {exact:.3g}: readout of up and down "
    f"differs, or emission is not as assumed: {READOUT_WITHHELD}"
)


def of_populations(point: Point, counts: Sequence[Counts]) -> Assumption | None:
    """Returns whether readout is as assumed, by the row along Z of a product probe; None where there is no such row.

    Args:
        point: what was measured.
        counts: of each time.

    Source: the sum over spins and times of what was read, against independent spins of known probabilities.
    """
    method, noise = point.method, point.world.noise
    if not isinstance(method, ProductSpins) or point.probe.kind != "product" or "-z" in method.axes:
        return None
    rows = [row for row, axis in enumerate(method.axes) if axis == "z"]
    are_as_designed = all(part.num_rows == len(method.axes) for part in counts)
    if not rows or not noise.acts_alone or not are_as_designed or not point.pulses.is_free:
        return None
    channel = point.world.spin_channel(np.asarray(point.rule.times), point.probe.num_qubits)
    exact = (channel.stay_up + 1 - channel.stay_down) / 2  # of up, shape (times, spins)
    found, expected, variance, shots = 0.0, 0.0, 0.0, 0.0
    for part, up in zip(counts, exact, strict=True):
        here = np.isin(tally.rows_of(part), rows)
        numbers = part.numbers[here].astype(np.float64)
        ups, known = (one[here] for one in tally.known_bits(part))
        each = numbers @ known  # shots of every spin
        found += float(numbers @ ups.sum(1))
        total = max(float(numbers.sum()), 1.0)
        expected += total * float((each / total * up).sum())
        variance += total * float((each / total * up * (1 - up)).sum())
        shots += float(each.sum())
    if min(expected, shots - expected) < _FEWEST or variance <= 0:
        return None
    chance = p_value((found - expected) ** 2 / variance, 1)
    said = _SAID.format(found=found / shots, error=variance**0.5 / shots, exact=expected / shots)
    return Assumption.tested(READOUT, chance, said, withholds=True)


def surer(one: Assumption | None, other: Assumption | None) -> Assumption | None:
    """Returns one assumption of two tests of it: what the smaller chance says, at twice that chance."""
    both = [(each.p_value, each) for each in (one, other) if each is not None and each.p_value is not None]
    if len(both) < 2:
        return both[0][1] if both else other
    chance, least = min(both, key=lambda each: each[0])
    return Assumption.tested(READOUT, min(1.0, 2 * chance), least.consequence, withholds=True)
