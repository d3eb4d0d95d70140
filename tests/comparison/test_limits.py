"""Exact values lie within the limits of their estimates, and so within intervals that are cut there, to the last digit.

At t = 0 a GHZ or product probe is at the limit itself, (Σ|w|)² or Σw²; both are written here by hand.
"""

import numpy as np
import pytest

import qsense
from qsense.comparison import measure_point
from qsense.comparison.points import within_limits
from qsense.estimators import Estimate
from qsense.noise import LocalNoise
from qsense.runs.plan import plan

OF_GHZ = ["auto", "parity_scan", {"estimator": "ghz", "readout": "parity"}, "tomography", "parameter_shift"]
OF_PRODUCT = ["product", "ramsey_scan", "tomography", "parameter_shift", "moments"]


@pytest.mark.parametrize("weights", [(), (0.3, -0.7, 1.1)])
@pytest.mark.parametrize(("probe", "estimators"), [("ghz", OF_GHZ), ("product", OF_PRODUCT)])
def test_the_exact_value_at_the_limit_is_no_larger_than_it(tmp_path, without_figures, probe, estimators, weights):
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "limits", "probes": [probe], "num_qubits": 3, "noise": {"dephasing_rate": 0.1},
        "estimators": estimators, "times_s": [0.0, 0.5], "field_rad_per_s": 0.3, "shots": 64, "seed": 1,
        **({"signal": {"weights": list(weights)}} if weights else {}),
    })  # fmt: skip
    record, given = qsense.run(spec, tmp_path), np.array(weights or (1, 1, 1))
    limit = np.abs(given).sum() ** 2 if probe == "ghz" else (given**2).sum()
    seen = 0
    for point in plan(record.spec):
        item = measure_point(point, record.counts(point))
        one = item.estimates[0]
        assert item.gain_exact[0] <= one.limits[1]
        if item.gain_exact[0] == pytest.approx(limit, rel=1e-9) and one.limits[1] == pytest.approx(limit, rel=1e-9):
            seen += 1
            if one.value >= one.limits[1]:
                assert one.interval[0] <= item.gain_exact[0] <= one.interval[1]
    assert seen >= 2


def test_a_ghz_probe_has_no_more_than_its_limit_at_any_size():
    """N² computed by logarithms is above N² for a third of all N."""
    for size in range(1, 60):
        for noise in (LocalNoise(dephasing=0.1), LocalNoise(emission=0.07, absorption=0.02)):
            (found,) = qsense.gain(qsense.Probe.ghz(size), noise, [0.0])
            assert size**2 * (1 - 1e-14) <= found <= size**2


def test_only_rounding_is_taken_off():
    limits = [Estimate(1.0, 0.1, limits=(0.0, 9.0))] * 4
    assert within_limits(np.array([9 + 2e-15, 9.001, -1e-16, -0.001]), limits).tolist() == [9.0, 9.001, 0.0, -0.001]
    open_ended = [Estimate(1.0, 0.1, limits=(0.0, np.inf)), Estimate(1.0, 0.1)]
    assert within_limits(np.array([-0.001, 5.0]), open_ended).tolist() == [-0.001, 5.0]
