"""Counts of a run's points from exact distributions, whatever shots each row gets and wherever its directions lie."""

import numpy as np
import synthetic

from qsense.circuits.counts import Counts

ANGLES = {False: (0.0, np.pi / 2), True: (0.0, np.pi / 2, 3 * np.pi / 2, np.pi)}  # of the fringe, with antipodes or not
AXES = {False: ("along", "across", "z"), True: ("along", "across", "-across", "-along", "z")}


def drawn(rng, point, noise, field):
    """Counts of a point at every time, if the field is `field` and the noise that of `synthetic`."""
    draw = _of_ghz if point.probe.kind == "ghz" else _of_product
    size, found = point.probe.num_qubits, []
    for time, rows in zip(point.rule.times, point.row_shots, strict=True):
        found.append(draw(rng, point.method, size, noise, time, rows, (field - point.field - point.aim) * time))
    return found


def _of_ghz(rng, method, size, noise, time, rows, moved):
    block = synthetic.ghz(noise, size, time)
    p = np.clip(synthetic.ghz_rows("loss_flag", block, ANGLES[method.antipodal], size * moved), 0, 1)
    outcomes = (0, 1, 2)  # spin 0 down, up, another spin up
    histograms = []
    for shots, chances in zip(rows, p, strict=True):
        numbers = rng.multinomial(shots, chances / chances.sum())
        histograms.append({k: int(n) for k, n in zip(outcomes, numbers, strict=True) if n})
    return Counts.from_histograms(size, histograms)


def _of_product(rng, method, size, noise, time, rows, moved):
    c = synthetic.coherences(noise, size, time)
    means = {"along": np.cos(moved), "across": np.sin(moved), "z": 0.0}
    means |= {f"-{axis}": -means[axis] for axis in ("along", "across")}
    up = np.concatenate(
        [
            rng.random((n, size)) < (1 - means[axis] * c) / 2
            for axis, n in zip(AXES[method.antipodal], rows, strict=True)
        ]
    )
    return synthetic.packed(up, np.concatenate([[0], np.cumsum(rows)]))
