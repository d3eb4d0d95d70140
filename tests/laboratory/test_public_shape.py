"""A scan as large as published ones is brought in whole; how long that takes, benchmarks/laboratory.py measures."""

import numpy as np

import qsense

SPEC = {
    "schema": 1, "name": "trap", "noise": {"dephasing_rate": 0.15}, "field_rad_per_s": 0.4, "shots": 72, "seed": 1,
    "probes": ["ghz:++-", "ghz:+++", "ghz:+-+"], "estimators": [{"estimator": "parity_scan", "num_angles": 59}],
    "times_s": [0.2 * k for k in range(7)],
}  # fmt: skip


def test_a_scan_of_public_shape_is_brought_in(tmp_path, without_figures):
    """7 signals × 3 settings × 60 phases × 72 shots × 3 ions, 0.2 % of shots missing."""
    spec = qsense.RunSpec.from_dict(SPEC)
    rng = np.random.default_rng(3)
    shots = rng.integers(0, 2, (7, 3, 60, 72, 3)).astype(float)
    shots[:, :, 0] = shots[:, :, 0, :, :1]  # along Z the populations of a GHZ state, whatever its signs
    gone = rng.random(shots.shape[:-1]) < 0.002
    shots[gone] = np.nan
    axes = ("time", "point", "row", "shot", "spin")
    record = qsense.import_counts(spec, shots, tmp_path, lost="drop", axes=axes)
    assert record.read_json("import.json")["lost_shots"] == gone.sum()
    fringes = record.read_csv("fringes.csv")
    assert len(fringes) == 21
    for time in range(7):  # the contrast of random parities, by a fit of three numbers made here
        row = next(one for one in fringes if one["probe"] == "ghz" and one["time_s"] == 0.2 * time)
        own = shots[time, 1, 1:]
        signs = np.where(np.isnan(own[..., 0]), np.nan, 1 - 2 * (np.nansum(own, -1) % 2))
        angle = 2 * np.pi * np.arange(59) / 59
        matrix = np.stack([np.cos(angle), np.sin(angle), np.ones(59)], 1)
        x, y, _ = np.linalg.lstsq(matrix, np.nanmean(signs, 1), rcond=None)[0]
        assert abs(row["contrast"] - np.hypot(x, y)) < 0.01
