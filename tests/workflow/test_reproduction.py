"""A record is run again and compared: identical here, and whatever differs is found."""

import json
import os
import platform
import shutil
import subprocess

import pytest
import studies

from qsense import RunRecord, RunSpec, run
from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.runs.plan import plan
from qsense.runs.provenance import provenance
from qsense.workflow.reproduction import TOLERANCE, _largest_difference, rerun

SPEC = {"schema": 1, "name": "again", **studies.RUN, "num_qubits": [1, 2], "estimators": ["auto", "tomography"]}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return run(RunSpec.from_dict(SPEC), tmp_path_factory.mktemp("records"))


@pytest.fixture
def record(original, tmp_path):
    shutil.copytree(original.path, tmp_path / "records" / original.path.name)
    return tmp_path / "records" / original.path.name


@pytest.mark.usefixtures("without_figures")
def test_a_run_again_is_the_same_bit_for_bit(record, tmp_path):
    found = rerun(record, tmp_path / "out")
    assert found.identical
    assert found.provenance == {}
    assert len(found.points) == 8
    one, two = ((path / "estimates.csv").read_bytes() for path in (record, found.record.path))
    assert one == two


def test_a_count_that_differs_is_found(record, tmp_path):
    loaded = RunRecord.load(record)
    point = plan(loaded.spec)[3]
    table = Counts.joined(loaded.counts(point)).table()
    row = table[0]
    most, other = row.argmax(), (row.argmax() + 1) % len(row)
    row[most] -= 1
    row[other] += 1
    loaded.write_bytes(f"counts/{point.file_name}", Counts.from_table(point.probe.num_qubits, table).to_bytes())
    done = studies.command("rerun", record, "--out", tmp_path / "out")
    assert done.returncode == 1
    differing = [line for line in done.stdout.splitlines() if "COUNTS DIFFER" in line]
    assert differing == [f"{point.label}: COUNTS DIFFER, numbers equal"]
    assert "not the same: counts differ" in done.stdout


NUMBERS = ["integrated_gain_s", "integrated_gain_stderr_s", "integrated_gain_low_s", "integrated_gain_exact_s"]
SOME = [NUMBERS[0], *(pytest.param(number, marks=pytest.mark.study) for number in NUMBERS[1:3]), NUMBERS[3]]


def changed(record, number, change):
    summary = json.loads((record / "summary.json").read_text())
    summary["rows"][2][number] = change(summary["rows"][2][number])
    (record / "summary.json").write_text(json.dumps(summary))


@pytest.mark.parametrize("number", SOME)
def test_a_number_that_differs_by_rounding_is_the_same(record, tmp_path, number):
    changed(record, number, lambda value: value * (1 + 2e-15))  # as on another processor
    done = studies.command("rerun", record, "--out", tmp_path / "out")
    assert "same counts; numbers equal to rounding (largest 2e-15)" in done.stdout
    assert done.returncode == 0


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("number", SOME)
def test_a_number_that_differs_by_more_than_rounding_is_named(record, tmp_path, number):
    changed(record, number, lambda value: value * (1 + 2e-9))
    found = rerun(record, tmp_path / "out")
    assert found.counts_equal
    assert not found.identical
    assert not found.is_same
    assert [point.differing for point in found.points] == [number if k == 2 else None for k in range(8)]
    assert f"not the same: {number} of {found.points[2].label} differs by" in found.conclusion


def test_a_value_near_zero_is_held_against_its_error():
    then = {**dict.fromkeys(NUMBERS, 1.0), "integrated_gain_s": 1e-17, "integrated_gain_high_s": 2.0}
    assert _largest_difference(then, {**then, "integrated_gain_s": -1e-17})[0] < TOLERANCE
    assert _largest_difference(then, {**then, "integrated_gain_s": 1e-8}) == (pytest.approx(1e-8), "integrated_gain_s")


def test_what_has_changed_around_it_is_said(record, tmp_path):
    words = json.loads((record / "provenance.json").read_text())
    words["versions"]["numpy"] = "1.0"
    words["python"] = "2.7"
    (record / "provenance.json").write_text(json.dumps(words))
    done = studies.command("rerun", record, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["provenance"].keys() == {"numpy", "python"}
    assert json.loads(done.stdout)["identical"] is True


def test_a_rerun_is_not_continued_from_an_earlier_one_nor_the_record_itself(record, tmp_path):
    rerun(record, tmp_path / "out")
    for out in (tmp_path / "out", record.parent):
        with pytest.raises(RecordError, match="exists and would be continued, not run again; choose another folder"):
            rerun(record, out)


def test_a_device_that_would_be_measured_anew_is_refused(record, tmp_path):
    text = (record / "spec.toml").read_text().replace('"emulator"', '"ibm:somewhere"')
    (record / "spec.toml").write_text(text)
    with pytest.raises(RecordError, match="was measured on ibm:somewhere, which gives other counts every time"):
        rerun(record, tmp_path / "out")
    assert not (tmp_path / "out").exists()


DAMAGE = {
    "no rows": lambda summary: summary.update(rows=[]),
    "no list": lambda summary: summary.pop("rows"),
    "no number": lambda summary: [summary["rows"][0].pop(name) for name in ("integrated_gain_s", "img_s")],
    "no row": lambda summary: summary["rows"].__setitem__(0, 3),
    "text": lambda summary: summary["rows"][1].update(integrated_gain_s="x"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_summary_that_is_damaged_is_named_before_anything_runs(record, tmp_path, kind):
    summary = json.loads((record / "summary.json").read_text())
    DAMAGE[kind](summary)
    (record / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(RecordError, match="run `qsense estimate"):
        rerun(record, tmp_path / "out")


def test_a_record_says_where_its_numbers_come_from_without_names_or_paths(record):
    words = json.loads((record / "provenance.json").read_text())
    assert {"versions", "platform", "python", "git_commit", "spec_id", "created", "backend"} <= words.keys()
    assert {"qsense", "qiskit", "qiskit-aer", "numpy", "scipy"} <= words["versions"].keys()
    text = json.dumps(words) + json.dumps(provenance())
    assert platform.node() not in text
    assert str(record.parent) not in text


@pytest.mark.checkout
def test_the_commit_is_that_of_the_checkout():
    import qsense

    folder = os.path.dirname(os.path.dirname(qsense.__file__))
    done = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    assert provenance()["git_commit"].rstrip("+") == done.stdout.strip()
