"""The advantage of a plan with ambiguity counted: a field is first told from those that look alike.

A fringe of N spins entangled tells φ within ±π/(N t) alone. Where φ may be anywhere within the range of product spins
at their best time, both are set beside each other with all the sizes and times that this takes (`theory.ladder`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, LocalNoise
from qsense.planning.curves import ProductOnDevice
from qsense.planning.question import Question
from qsense.planning.row import Row, plain
from qsense.planning.site import Site
from qsense.theory.ladder import READOUTS, best_ladder


@dataclass(frozen=True)
class Unambiguous:
    """What entanglement saves of the time, ambiguity counted.

    Attributes:
        num_qubits: N, of all ladders.
        advantage_db: of the time, over product spins alone; None where no ladder is known, as `why` says.
        error_rad_per_s: rms, of φ: what the plan's run of GHZ reaches; infinite where there is no such run.
        range_rad_per_s: φ is within ± this: the range of product spins at their best time.
        why: what is in the way; "".
    """

    num_qubits: int
    advantage_db: float | None
    error_rad_per_s: float
    range_rad_per_s: float
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "num_qubits": self.num_qubits,
            "advantage_db": self.advantage_db,
            "error_rad_per_s": plain(self.error_rad_per_s),
            "range_rad_per_s": plain(self.range_rad_per_s),
            "why": self.why,
        }


def unambiguous(site: Site, ghz: Row, product: Row, question: Question) -> Unambiguous:
    """Returns the advantage of the cheapest ladder over product spins alone, in the same range to the same error.

    Groups are read as the plan's GHZ probe is; of a noise by parity or a loss flag. Of a device the spins are taken
    alike, of mean rates, and each keeps an equal part of what preparation and readout of the probe leave.

    Args:
        site: of the spins.
        ghz, product: rows there.
        question: whose dead time counts.
    """
    n, error, reach = site.num_qubits, ghz.run_frequency_error_rad_per_s, product.dynamic_range_rad_per_s
    if not math.isfinite(error):
        none = "no number of shots reaches its precision" if ghz.shots else "not one repetition of it fits the budget"
        return Unambiguous(n, None, error, reach, f"the plan has no run of GHZ: {none}")
    if error >= reach:
        return Unambiguous(n, None, error, reach, "the run of GHZ tells φ no better than the range does")
    kept = (math.sqrt(ghz.gain_start) / ghz.reach) ** (1 / n), math.sqrt(product.gain_start / n)
    readouts = (ghz.readout,) if site.qubits else READOUTS
    try:
        seconds = [
            best_ladder(
                n, _noise(site), error, reach, question.dead_time + row.overhead_s, sizes, min(part, 1.0), readouts
            ).seconds
            for row, sizes, part in ((ghz, None, kept[0]), (product, (1,), kept[1]))
        ]
    except ArgumentError as reason:
        return Unambiguous(n, None, error, reach, str(reason))
    # Spins by themselves are a ladder too: they do not have to be prepared as GHZ is.
    return Unambiguous(n, 10 * math.log10(seconds[1] / min(seconds)), error, reach)


def _noise(site: Site) -> AnyNoise:
    curve = site.curves["product"]
    if not (site.qubits and isinstance(curve, ProductOnDevice) and site.world.is_plain):
        return site.world
    t1, t2 = (site.num_qubits / float(np.sum(1 / one)) for one in (curve.spins.t1, curve.spins.t2))
    return LocalNoise.from_t1_t2(t1, t2)
