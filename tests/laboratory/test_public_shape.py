"""A scan as large as published ones is brought in within seconds."""

import time

import numpy as np

import qsense

SPEC = {
    "schema": 1, "name": "trap", "noise": {"dephasing_rate": 0.15}, "field_rad_per_s": 0.4, "shots": 72, "seed": 1,
    "probes": ["ghz:++-", "ghz:+++", "ghz:+-+"], "estimators": [{"estimator": "parity_scan", "num_angles": 59}],
    "times_s": [0.2 * k for k in range(7)],
}  # fmt: skip


def test_a_scan_of_public_shape_takes_seconds(tmp_path):
    """7 signals × 3 settings × 60 phases × 72 shots × 3 ions, 0.2 % of shots missing."""
    spec = qsense.RunSpec.from_dict(SPEC)
    rng = np.random.default_rng(3)
    shots = rng.integers(0, 2, (7, 3, 60, 72, 3)).astype(float)
    shots[:, :, 0] = shots[:, :, 0, :, :1]  # along Z the populations of a GHZ state, whatever its signs
    shots[rng.random(shots.shape[:-1]) < 0.002] = np.nan
    axes = ("time", "point", "row", "shot", "spin")
    before = time.process_time()
    record = qsense.import_counts(spec, shots, tmp_path, lost="drop", axes=axes)
    assert time.process_time() - before < 10
    assert len(record.read_csv("fringes.csv")) == 21
