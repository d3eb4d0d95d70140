"""Known strings that came with the counts calibrate their readout, as on a device, in the order that was stated.

The laboratory is simulated here with NumPy: spins that decay, read wrong by errors of their own, dark = up.
"""

from functools import cache

import numpy as np
import pytest
from in_process import qsense as command

import qsense
from qsense.errors import ContentError
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object

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
        for row in point["times"]:  # z and the ratio are of the same two numbers, and say the same
            assert row["z"] == pytest.approx((row["measured"] - row["predicted"]) / row["stderr"])
            assert abs(row["scaled_z"]) < 4.5
        assert min(row["z"] for row in point["times"]) < -4.5
    before = record.read_bytes("calibration.json")
    assert qsense.estimate(record.path).read_bytes("calibration.json") == before
    status, out, err = command(monkeypatch, capsys, "compare", record.path)
    assert status == 0, err
    assert "product N = 3 on spins 0, 1, 2" in out
    assert out.count("readout mitigated") >= 3
    assert out.count("z, scaled") == 3
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


SHORT = {
    "schema": 1, "name": "short", "probes": ["product"], "num_qubits": 3, "noise": {"dephasing_rate": RATE},
    "estimators": ["product"], "times_s": [0.0], "field_rad_per_s": 0.0, "shots": 30, "seed": 1,
}  # fmt: skip


@cache
def short():
    return designed(qsense.RunSpec.from_dict(SHORT), 100)


def said(rng, down_wrong=0.0, up_wrong=0.0, shots=100, only=(), order=(0, 1, 2), lost=None):
    """What an import says of known strings read with these errors; `lost` is a spin that no string has."""
    given = {one.id: rng.integers(0, 2, (one.shots, 3)) for one in short().measuring}
    for one in short().known:
        if not only or one.id[-2:] in only:
            bits = np.tile(np.isin(np.arange(3), one.ups).astype(int), (shots, 1))
            bits ^= rng.random(bits.shape) < np.where(bits, up_wrong, down_wrong)
            if lost is not None:
                bits[:, lost] = -1
            given[one.id] = bits[:, list(order)]
    return arranged(short(), of_object(given, short()), Reading(lost="drop")).left_open


def test_strings_read_badly_but_right_are_not_refused():
    """40 of 100 wrong are more than half in one of 40 strings; 12 known places an import, 30 imports."""
    rng = np.random.default_rng(7)
    found = [said(rng, 0.15, 0.4) for _ in range(30)]
    lines = [line for each in found for line in each]
    assert 0 < len(lines) < 25
    assert all("which may be chance" in line and "undecided; take more shots" in line for line in lines)
    assert said(rng) == ()


def test_a_wrong_order_is_refused_by_enough_shots_and_undecided_by_few():
    rng = np.random.default_rng(8)
    with pytest.raises(ContentError, match=r"spins 0, 2 are read wrong more often than not, so .*--spins 2,1,0"):
        said(rng, 0.15, 0.4, shots=1000, order=(2, 1, 0))
    found = said(rng, shots=10, order=(2, 1, 0))
    assert any("(spin 0 in 10 of 10 shots), which may be chance" in line and "--spins 2,1,0" in line for line in found)
    found = said(rng, shots=1)
    assert any("do not tell whether spins 0, 1, 2 are read as prepared: too few shots" in line for line in found)


def test_what_strings_leave_open_is_said():
    rng = np.random.default_rng(9)
    alike = said(rng, only=("k0", "k1"), order=(2, 1, 0))
    assert any("prepare spins 0, 1, 2 alike: their order is taken as stated, not checked" in line for line in alike)
    assert any("known.n3.k2 has 0" in line for line in alike)
    lines = said(rng, lost=1)
    assert any(
        "spin 1 is lost in all shots of known.n3.k0, known.n3.k1, known.n3.k2 and 3 more" in one for one in lines
    )
    assert not any("read wrong" in line for line in lines)
    assert any("of 100 that were planned: known.n3.k0 has 7, " in line for line in said(rng, shots=7))
    pair = designed(qsense.RunSpec.from_dict({**SHORT, "num_qubits": 2}), 100)
    given = {one.id: rng.integers(0, 2, (one.shots, 2)) for one in pair.measuring}
    given |= {one.id: np.tile([1, 0], (100, 1)) for one in pair.known if one.ups == (0,)}  # of 0 and 1, none or both
    lines = arranged(pair, of_object(given, pair), Reading()).left_open
    assert any("the same with another meaning and order" in line for line in lines)


def test_what_is_left_open_is_kept_in_the_record(tmp_path, without_figures, caplog):
    given = measured(np.random.default_rng(10))
    alone = {name: own for name, own in given.items() if name[:5] != "known" or name[-2:] in ("k0", "k1")}
    record = qsense.import_counts(design().spec, alone, tmp_path, spins=ORDER, one="down")
    (line,) = record.read_json("import.json")["known_strings_left_open"]
    assert "prepare spins 0, 1, 2 alike" in line
    assert line in caplog.text
