"""Counts that come back are a record like any other: the same numbers bit for bit, estimated and compared again."""

import json
import tomllib

import foreign
import in_process
import pytest

import qsense
from qsense import LocalNoise, RunSpec
from qsense.comparison.beside_noise import noise_rows
from qsense.comparison.beside_spec import spec_rows
from qsense.errors import RecordError
from qsense.laboratory.design import designed
from qsense.runs.imported import IMPORT


def test_a_run_brought_in_again_has_the_same_estimates_bit_for_bit(tmp_path, without_figures):
    spec = foreign.spec()
    run = qsense.run(spec, tmp_path / "runs")
    own = designed(spec)
    rows = [row for point in own.points for counts in run.counts(point) for row in counts.table().tolist()]
    given = {
        one.id: {f"{outcome:03b}": number for outcome, number in enumerate(row)}
        for one, row in zip(own.measuring, rows, strict=True)
    }
    record = qsense.import_counts(spec, given, tmp_path / "in")
    for name in ("estimates.csv", "fits.csv", "spins.csv"):
        assert (record.path / name).read_bytes() == (run.path / name).read_bytes()
    assert [row["z"] for row in record.summary()["rows"]] == [row["z"] for row in run.summary()["rows"]]
    assert record.spec.backend == "import"
    stated = json.loads((record.path / IMPORT).read_text())
    assert record.provenance["imported"]["source_sha256"] == stated["source_sha256"]

    before = (record.path / "summary.json").read_bytes()
    assert qsense.estimate(record.path).path == record.path
    assert (record.path / "summary.json").read_bytes() == before
    added = "; preparation and readout errors are part of it."  # nobody knows them elsewhere
    (verdict,) = qsense.compare(run).verdicts
    assert qsense.compare(record).verdicts == (verdict.removesuffix(".") + added,)

    # The same counts come back to the record; others are refused, or are a record of their own.
    assert qsense.import_counts(spec, given, tmp_path / "in").path == record.path
    other = {**given, own.measuring[0].id: {"000": 40}}
    with pytest.raises(RecordError, match="holds other counts of the same design"):
        qsense.import_counts(spec, other, tmp_path / "in")
    again = qsense.import_counts(spec, other, tmp_path / "in", label="day2")
    assert again.spec.backend == "import-day2"
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == sorted([record.path.name, again.path.name])
    with pytest.raises(qsense.QsenseError, match="measured elsewhere"):
        qsense.run(again.path / "spec.toml", tmp_path / "no")
    assert tomllib.loads((again.path / "spec.toml").read_text())["backend"] == "import-day2"


def test_a_law_of_decay_is_tested_where_readout_lowers_all_of_it(tmp_path, without_figures, monkeypatch, capsys):
    """The lab reads 4 % of its spins wrong: contrast² is (1 − 2·0.04)² of what the spec says, at all times."""
    plain = {
        **foreign.SPEC, "num_qubits": [2], "shots": 3000, "noise": [{"name": "lab", "dephasing_rate": 0.1}],
        "times_s": [0.1, 0.5, 1.0, 2.0],
    }  # fmt: skip
    wrong = {**plain, "readout_error": {"up_given_down": 0.04, "down_given_up": 0.04}}
    run = qsense.run(RunSpec.from_dict(wrong), tmp_path / "lab")
    spec = RunSpec.from_dict(plain)
    own = designed(spec)
    tables = [row for point in own.points for counts in run.counts(point) for row in counts.table().tolist()]
    given = {
        one.id: {f"{outcome:02b}": number for outcome, number in enumerate(row)}
        for one, row in zip(own.measuring, tables, strict=True)
    }
    record = qsense.import_counts(spec, given, tmp_path / "in")
    rows = {point["probe"]: point for point in spec_rows(record)}
    product = rows["product"]
    assert abs(product["amplitude"] - 0.92**2) < 3 * product["amplitude_stderr"] < 0.04
    for point in rows.values():
        assert point["p_value"] < 1e-6 < 0.01 < point["scaled_p_value"]
        assert max(abs(row["scaled_z"]) for row in point["times"]) < 3.5
    _, out, _ = in_process.qsense(monkeypatch, capsys, "compare", str(record.path))
    assert out.count("preparation and readout keep") == 2
    assert out.count("decay alone, with this factor for all times: agrees with the noise of the spec") == 2
    # Another rate of decay is no factor.
    for point in noise_rows(record, LocalNoise(0.13, name="faster")):
        assert point["amplitude"] is not None
        assert point["p_value"] < 1e-3 < point["p_value_by_spec"]
    # The emulator's own readout error is left out of exact values too; where there is none nothing is unknown.
    assert all(point["amplitude"] < 1 and point["scaled_p_value"] > 1e-3 for point in spec_rows(run))
    perfect = qsense.run(spec, tmp_path / "perfect")
    assert all("amplitude" not in point for point in spec_rows(perfect))
