"""Known strings that came with the counts calibrate their readout, as on a device, in the order that was stated.

The laboratory is simulated here with NumPy: spins that decay, read wrong by errors of their own, dark = up.
"""

from functools import cache

import numpy as np
import pytest
from in_process import qsense as command

import qsense
from qsense.laboratory.design import designed

RATE, FIELD = 0.1, 0.2
SPEC = {
    "schema": 1, "name": "read", "probes": ["product", "ghz"], "num_qubits": 3, "noise": {"dephasing_rate": RATE},
    "estimators": ["product", {"estimator": "ramsey_scan", "angles_deg": [0, 40, 95, 150, 200, 290]},
                   {"estimator": "parity_scan", "angles_deg": [0, 15, 32, 50, 67, 96]}],
    "field_rad_per_s": FIELD, "times_s": [0.0, 1.0, 2.0], "shots": 400, "seed": 1,
}  # fmt: skip
DOWN_WRONG, UP_WRONG = np.array([0.01, 0.08, 0.03]), np.array([0.06, 0.02, 0.10])
ORDER = [2, 0, 1]  # place k of the laboratory holds spin ORDER[k]


@cache
def design():
    return designed(qsense.RunSpec.from_dict(SPEC), 300)


def measured(rng, strings=True):
    """Arrays as the laboratory has them: its own order, 0 for a spin that is up."""
    found = {}
    for one in design().circuits if strings else design().measuring:
        if one.point is None:
            bits = np.tile(np.isin(np.arange(3), one.ups).astype(int), (one.shots, 1))
        else:
            polar, azimuth = one.settings.polars[0], one.settings.azimuths[0]
            kept, azimuth = np.exp(-2 * RATE * one.experiment.time), azimuth - FIELD * one.experiment.time
            bits = (rng.random((one.shots, 3)) < (1 - kept * np.sin(polar) * np.cos(azimuth)) / 2).astype(int)
            if one.point.probe.kind == "ghz":
                if one.basis == "Z":
                    bits = np.tile(rng.integers(0, 2, (one.shots, 1)), 3)
                else:
                    even = rng.random(one.shots) < (1 + kept**3 * np.cos(azimuth.sum())) / 2
                    bits = rng.integers(0, 2, bits.shape)
                    bits[:, 2] = (bits[:, 0] + bits[:, 1] + ~even) % 2
        wrong = rng.random(bits.shape) < np.where(bits, UP_WRONG, DOWN_WRONG)
        found[one.id] = (1 - (bits ^ wrong))[:, ORDER]
    return found


def test_readout_is_undone_in_the_stated_order(tmp_path, monkeypatch, capsys, without_figures):
    given = measured(np.random.default_rng(3))
    record = qsense.import_counts(design().spec, given, tmp_path, spins=ORDER, one="down")
    assert record.read_json("import.json")["known"] == {"3": [0, 7, 2, 5, 4, 3]}
    points = {
        (one["probe"], one["estimator"].split("(")[0]): one for one in record.read_json("calibration.json")["points"]
    }
    assert len(points) == 3
    for (probe, _), point in points.items():
        size = {"product": 3, "ghz": 9}[probe]
        rate = {"product": 4 * RATE, "ghz": 12 * RATE}[probe]
        for time, row in zip(SPEC["times_s"], point["mitigated"], strict=True):
            assert abs(row["gain"] - size * np.exp(-rate * time)) < 4.5 * row["stderr"]
        assert point["amplitude"] < 1 - 5 * point["amplitude_stderr"]
        assert abs(point["mitigated_amplitude"] - 1) < 4.5 * point["mitigated_amplitude_stderr"]
        assert point["readout"]["is_correlated"] is False
        assert point["suspects"] == []
    before = record.read_bytes("calibration.json")
    assert qsense.estimate(record.path).read_bytes("calibration.json") == before
    status, out, err = command(monkeypatch, capsys, "compare", record.path)
    assert status == 0, err
    assert "product N = 3 on spins 0, 1, 2" in out
    assert out.count("readout mitigated") >= 3
    (record.path / "counts" / "known-3.npz").write_bytes(b"x")
    with pytest.raises(qsense.QsenseError, match=r"known-3\.npz"):
        qsense.estimate(record.path)


def test_strings_of_one_kind_check_the_meaning_and_undo_nothing(tmp_path, caplog, without_figures):
    given = measured(np.random.default_rng(4))
    alone = {name: own for name, own in given.items() if not name.startswith("known") or name == "known.n3.k0"}
    record = qsense.import_counts(design().spec, alone, tmp_path, spins=ORDER, one="down")
    assert all("mitigated" not in one for one in record.read_json("calibration.json")["points"])
    assert "readout is not mitigated: Every spin must be prepared down and up at least once" in caplog.text
    none = qsense.import_counts(
        design().spec, measured(np.random.default_rng(5), strings=False), tmp_path / "b", spins=ORDER, one="down"
    )
    assert not none.has("calibration.json")


def test_lost_spins_of_known_strings_leave_the_others(tmp_path, without_figures):
    rng = np.random.default_rng(6)
    given = {name: np.where(rng.random(own.shape) < 0.02, -1, own) for name, own in measured(rng).items()}
    record = qsense.import_counts(
        design().spec, given, tmp_path, spins=ORDER, one="down", lost="keep_or_drop", shots="measured"
    )
    for point in record.read_json("calibration.json")["points"]:
        assert abs(point["mitigated_amplitude"] - 1) < 4.5 * point["mitigated_amplitude_stderr"]
