"""A run says which field its counts show, with its range, and leaves it out where they cannot tell. Seeded."""

import csv
import json

import numpy as np
import pytest

from qsense import RunSpec
from qsense.workflow import run

SPEC = {
    "schema": 1, "name": "phases", "probes": ["ghz", "product"], "num_qubits": [2], "noise": ["dephasing"],
    "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 2000, "seed": 3, "backend": "emulator",
}  # fmt: skip
KEYS = {"field_estimate_rad_per_s", "field_low_rad_per_s", "field_high_rad_per_s", "field_ambiguity_rad_per_s"}


def rows_of(tmp_path, **changes):
    record = run(RunSpec.from_dict({**SPEC, **changes}), tmp_path)
    with (record.path / "estimates.csv").open() as file:
        return record, json.loads((record.path / "summary.json").read_text())["rows"], list(csv.DictReader(file))


def test_a_run_shows_its_field_with_its_range(tmp_path):
    record, rows, times = rows_of(tmp_path, estimators=["auto", "parameter_shift", "tomography"])
    for row in rows:
        if row["estimator"] == "tomography":
            assert not KEYS & set(row)
            continue
        # Off by 4.5 standard errors once in 10⁵.
        assert abs(row["field_estimate_rad_per_s"] - 0.2) < 4.5 * row["field_estimate_stderr_rad_per_s"]
        assert row["field_low_rad_per_s"] < row["field_estimate_rad_per_s"] < row["field_high_rad_per_s"]
        own = [one for one in times if one["probe"] == row["probe"] and one["estimator"] == row["estimator"]]
        first = min(float(one["time_s"]) for one in own)
        turns = 2 if row["probe"] == "ghz" else 1
        assert row["field_ambiguity_rad_per_s"] == pytest.approx(np.pi / (turns * first))
        for one in own:
            angle, error = float(one["phase_rad"]), float(one["phase_stderr_rad"])
            assert abs(angle - 0.2 * float(one["time_s"])) < 4.5 * error
            # Eq. 60: no readout tells more than G, and the run's circuits tell less.
            assert float(one["phase_gain"]) < float(one["gain_exact"]) + 4 * float(one["phase_gain_stderr"])
        assert row["phase_integrated_gain_s"] < row["integrated_gain_exact_s"]
        assert row["phase_integrated_gain_s"] > 0.2 * row["integrated_gain_exact_s"]
    assert (record.path / "phase_gain.png").exists()


@pytest.mark.usefixtures("without_figures")
def test_a_field_that_is_not_as_expected_is_found(tmp_path):
    # The spec's field steers the circuits; here the counts of another field are put in its place.
    record, rows, _ = rows_of(tmp_path, probes=["product"])
    assert rows[0]["field_low_rad_per_s"] < 0.2 < rows[0]["field_high_rad_per_s"]
    from qsense.circuits.counts import Counts
    from qsense.circuits.sensing import Settings
    from qsense.comparison.phases import phases_of
    from qsense.emulator import probabilities
    from qsense.runs.plan import plan

    point = plan(record.spec)[0]
    rng, counts = np.random.default_rng(4), []
    for one in point.acquisitions():
        more = Settings(one.settings.phases + 0.1 * one.experiment.time, one.settings.polars, one.settings.azimuths)
        chances = np.concatenate(list(probabilities(one.experiment, more, point.noise))).clip(0)
        counts.append(Counts.from_table(2, rng.multinomial(2000, chances / chances.sum(1, keepdims=True))))
    found = phases_of(point, counts)
    assert abs(found.field.value - 0.3) < 4.5 * found.field.stderr
    assert not found.field.interval[0] < 0.1 < found.field.interval[1]  # the control: the opposite sign


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize(
    "changes",
    [
        {"probes": ["dicke_x:1"], "estimators": ["tomography"]},
        {"readout_error": {"up_given_down": 0.01, "down_given_up": 0.06}},
        {"probes": ["product"], "estimators": ["parameter_shift"],
         "noise": [{"name": "shared", "dephasing_rate": 0.1, "collective_dephasing_rate": 0.1}]},
    ],
)  # fmt: skip
def test_what_counts_cannot_tell_is_left_out(tmp_path, changes):
    _, rows, times = rows_of(tmp_path, **changes)
    assert not any(KEYS & set(row) for row in rows)
    assert all(one["phase_rad"] == "" for one in times)
