"""Counts that come back are a record like any other: the same numbers bit for bit, estimated and compared again."""

import json
import tomllib

import foreign
import pytest

import qsense
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
