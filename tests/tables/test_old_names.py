"""The integrated gain was `img` in files of older versions: they are read, and their names still work in new ones."""

import csv
import json
import shutil

import pytest
import studies

from qsense import RunRecord, RunSpec, estimate_record, results_of, run
from qsense.files.old_names import with_current_names, with_old_names_alone
from qsense.store import Store
from qsense.study.results import study_results

OLD = ("img_s", "img_stderr_s", "img_low_s", "img_high_s", "img_exact_s", "img_quantum_exact_s")
NEW = tuple(name.replace("img", "integrated_gain") for name in OLD)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    spec = {"schema": 1, "name": "one", **studies.RUN, "num_qubits": [2], "estimators": "tomography"}
    return run(RunSpec.from_dict(spec), tmp_path_factory.mktemp("records"))


@pytest.fixture
def old_record(record, tmp_path):
    """The record as an older version wrote it."""
    path = shutil.copytree(record.path, tmp_path / record.path.name)
    summary = record.summary()
    rows = [with_old_names_alone(row) for row in summary["rows"]]
    (path / "summary.json").write_text(json.dumps({**summary, "rows": rows}))
    assert "integrated_gain" not in (path / "summary.json").read_text()
    return RunRecord.load(path)


def test_new_json_and_csv_have_both_names_the_old_ones_last(record):
    rows = json.loads((record.path / "summary.json").read_text())["rows"]
    assert all(row[old] == row[new] for row in rows for old, new in zip(OLD, NEW, strict=True))
    assert {row["quantity"] for row in rows} == {"integrated_gain"}
    with (record.path / "fits.csv").open() as file:
        fits = list(csv.DictReader(file))
    assert list(fits[0])[-2:] == ["img_s", "img_stderr_s"]
    assert all(row["img_s"] == row["integrated_gain_s"] for row in fits)
    trials = results_of(record).trials.values
    assert list(trials).index("shots_total") < list(trials).index("img_s")
    assert all(trials[old] == trials[new] for old, new in zip(OLD, NEW, strict=True))


def test_an_old_record_is_shown_exported_and_read_as_a_new_one(record, old_record):
    assert old_record.summary() == record.summary()
    assert results_of(old_record).trials.values == results_of(record).trials.values
    shown = [studies.command("show", one.path) for one in (record, old_record)]
    assert shown[0].stdout.splitlines()[:-1] == shown[1].stdout.splitlines()[:-1]
    as_json = json.loads(studies.command("show", old_record.path, "--json").stdout)
    assert as_json["rows"][0]["img_s"] == as_json["rows"][0]["integrated_gain_s"]
    assert estimate_record(old_record).read_json("summary.json") == record.read_json("summary.json")


def test_a_store_keeps_the_names_of_its_schema_and_its_tables_have_the_current_ones(tmp_path):
    entry = studies.filled(tmp_path / "s", studies.study())
    with Store(tmp_path / "s", read_only=True) as store:
        (summary, *_) = [result.outcome["summary"] for result in store.results(entry.keys)]
        trials = study_results(store, entry).trials.values
    assert set(OLD) <= set(summary)
    assert not any("integrated_gain" in name for name in summary)
    assert summary["quantity"] == "img"
    assert trials["integrated_gain_s"] == trials["img_s"]
    assert set(trials["quantity"]) == {"integrated_gain"}


def test_current_names_win_where_a_row_has_both():
    assert with_current_names({"integrated_gain_s": 1.0, "img_s": 2.0}) == {"integrated_gain_s": 1.0}
