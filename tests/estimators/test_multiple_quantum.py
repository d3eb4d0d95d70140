"""Multiple-quantum coherences: a full scan finds the orders that a probe holds, and strays are noticed.

Statistical tests are seeded. A right estimator fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import synthetic

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import ghz
from qsense.estimators.ghz.multiple_quantum import full_scan, spectrum


def counts_of(returned, shots, size):
    return Counts.from_histograms(size, [{0: int(n), 1: int(shots - n)} for n in returned])


def test_a_full_scan_finds_the_orders_of_the_lindblad_equation():
    size = 3
    noise = np.array([[0.1, 0.2, 0.05], [0.2, 0.1, 0.3], [0.05, 0.1, 0.0]])
    psi = np.sqrt([0.5, 0, 0, 0, 0, 0, 0, 0.5])
    rho = synthetic.state(psi, noise, 0.6)
    ending, settings = ghz.design(size, 0.0, "multiple_quantum", full_scan(size))
    found = spectrum(synthetic.as_counts(synthetic.read(rho, ending, settings)))
    population, visibility = (rho[0, 0] + rho[-1, -1]).real, 2 * abs(rho[0, -1])
    assert np.allclose(found.intensities, [population / 2, 0, 0, visibility / 4], atol=1e-9)


@pytest.mark.parametrize("size", [2, 8, 32])
def test_a_ghz_probe_has_no_strays_and_its_orders_scatter_as_said(size):
    rng = np.random.default_rng(size)
    block = synthetic.ghz("mixed", size, synthetic.ghz_time("mixed", size, 0.5))
    rows = synthetic.ghz_rows("multiple_quantum", block, full_scan(size))
    found = [spectrum(counts_of(s[:, 0], 300, size)) for s in synthetic.draw(rng, rows, 300, 300)]
    chances = np.array([f.stray_p_value for f in found])
    # Of 300 uniform numbers, more than 33 below 0.05 happens once in 10⁴ seeds.
    assert np.sum(chances < 0.05) <= 33
    assert 0.4 < chances.mean() < 0.6
    order = np.array([f.intensities[-1] for f in found])
    assert abs(order.mean() - block.visibility / 4) < 4.5 * np.sqrt(np.mean(np.abs(order - order.mean()) ** 2) / 300)
    assert np.sqrt(np.mean(np.abs(order - block.visibility / 4) ** 2)) == pytest.approx(found[0].stderr[-1], rel=0.15)


def test_a_preparation_that_is_not_the_one_undone_has_strays():
    # The control: an admixture of single-spin coherence.
    rng = np.random.default_rng(1)
    angles = np.array(full_scan(8))
    rows = synthetic.ghz_rows("multiple_quantum", synthetic.Ghz(0.9, 0.7, 0.0), angles)
    rows[:, 0] += 0.03 * np.cos(angles / 8)
    rows[:, 1] = 1 - rows[:, 0]
    found = spectrum(counts_of(synthetic.draw(rng, rows, 1000, 1)[0][:, 0], 1000, 8))
    assert found.stray_p_value < 1e-6
    assert abs(found.intensities[1]) == pytest.approx(0.015, abs=4.5 * found.stderr[1])


def test_counts_of_another_design_are_refused():
    with pytest.raises(ArgumentError, match="a full scan must have 8 rows, but have 4"):
        spectrum(counts_of([1, 2, 3, 4], 10, 3))
