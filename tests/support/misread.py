"""Runs of three spins that are read wrong, with a calibration of their own: exact distributions, then multinomial."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import oracle
import synthetic

from qsense.circuits.counts import Counts
from qsense.estimators import estimator_named
from qsense.estimators.readout import calibrate, patterns
from qsense.probes import Probe

ERROR = (0.01, 0.06)  # P(up | down), P(down | up)
SIZE, SHOTS = 3, 4000
TIMES = (0.2, 0.5, 0.9, 1.5, 2.4)


def misread(distributions, error=ERROR):
    """What is read of exact distributions, shape (rows, 2^N), if each spin is read wrong by itself."""
    e0, e1 = error
    one = np.array([[1 - e0, e1], [e0, 1 - e1]])
    size = int(distributions.shape[1]).bit_length() - 1
    return distributions @ synthetic.together([one] * size).T


def drawn(rng, distributions, shots):
    """Counts of every row."""
    table = np.stack([rng.multinomial(n, row / row.sum()) for n, row in zip(shots, distributions, strict=True)])
    return Counts.from_table(int(table.shape[1]).bit_length() - 1, table)


@dataclass(frozen=True)
class Case:
    """An estimator, the distribution of each row at each time, and the exact gains."""

    method: Any
    rows: list
    exact: np.ndarray

    @classmethod
    def of(cls, name, readout="", antipodal=False):
        probe = Probe.ghz(SIZE) if name == "ghz" else Probe.product(SIZE)
        options = {"readout": readout} if readout else {}
        method = estimator_named(name).for_probe(probe, **options, antipodal=antipodal)
        psi = np.full(2**SIZE, 2 ** (-SIZE / 2))
        if name == "ghz":
            psi = np.sqrt([0.5, *[0] * (2**SIZE - 2), 0.5])
        rates = np.array([np.full(SIZE, 0.1), np.full(SIZE, 0.05), np.zeros(SIZE)])
        ending, settings = method.design(0.0)
        rows = [misread(synthetic.read(synthetic.state(psi, rates, t), ending, settings)) for t in TIMES]
        exact = [oracle.gain(oracle.in_paper_order(psi), t, 0.3, *rates) for t in TIMES]
        return cls(method, rows, np.array(exact))

    def mitigated(self, rng, calibration_shots):
        """G at every time with readout mitigated by the calibration of this run."""
        strings = patterns(SIZE)
        known = calibrate(drawn(rng, misread(np.eye(2**SIZE)[strings]), [calibration_shots] * len(strings)))
        circuits = len(self.rows[0])
        shots = self.method.row_shots(SHOTS) or (SHOTS,) * circuits
        undo = self.method.readout_mitigation()
        return [undo(drawn(rng, rows, shots), known) for rows in self.rows]
