"""A record in Python and in a notebook: its summary, estimates and figure come from its files, whatever they hold."""

import csv
import json
import math
import sys

import pytest
import studies

from qsense import RunRecord, RunSpec, run
from qsense.errors import ArgumentError, RecordError
from qsense.files.figures import render_figure


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    spec = {"schema": 1, "name": "one", **studies.RUN, "num_qubits": [1, 2], "estimators": ["auto", "tomography"]}
    return run(RunSpec.from_dict(spec), tmp_path_factory.mktemp("records"))


def test_a_record_says_in_one_line_what_it_is(record):
    spec = "<RunSpec one: 4 probes, 1 noise, 2 estimators on emulator>"
    assert (repr(record.spec), repr(record)) == (spec, f"<RunRecord in {record.path}: {spec}>")


def test_the_summary_has_the_current_names_alone(record):
    rows = record.summary()["rows"]
    assert len(rows) == 8
    assert {"integrated_gain_s", "integrated_gain_exact_s", "z"} <= set(rows[0])
    assert not any("img" in name for row in rows for name in row)


def test_the_estimates_are_a_data_frame_with_the_numbers_of_the_file(record, monkeypatch):
    pytest.importorskip("pandas", reason="needs the extra `data`")
    frame = record.estimates()
    with (record.path / "estimates.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(frame) == list(lines[0])
    assert frame["gain"].tolist() == [float(line["gain"]) for line in lines]
    assert frame["num_qubits"].dtype == "int64"
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArgumentError, match="A DataFrame needs pandas; run: pip install"):
        record.estimates()
    assert record.read_csv("estimates.csv")[0]["gain"] == float(lines[0]["gain"])


def test_the_figure_has_a_panel_for_each_size_with_estimates_over_exact_values(record):
    figure = record.plot()
    panels = [panel for panel in figure.axes if panel.axison]
    assert [panel.get_title() for panel in panels] == ["custom, N = 1", "custom, N = 2"]
    assert all(len(panel.containers) == 4 for panel in panels)
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def copied(record, tmp_path, change):
    """The record with changed files."""
    import shutil

    path = shutil.copytree(record.path, tmp_path / record.path.name)
    change(path)
    return RunRecord.load(path)


def test_a_notebook_sees_the_points_and_no_markup_of_files(record, tmp_path):
    def change(path):
        summary = json.loads((path / "summary.json").read_text())
        summary["rows"][0] |= {"noise": "<script>alert(1)</script>", "z": None, "num_qubits": "<i>"}
        summary["verdicts"] = ["<img src=x onerror=alert(2)>"]
        (path / "summary.json").write_text(json.dumps(summary))

    html = record._repr_html_()
    assert html.count("<tr>") == 9
    html = copied(record, tmp_path, change)._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"rows": 3}', '{"rows": [3]}', '{"rows": [{}], "verdicts": 1}', '{"rows": [{}]}', "\x00"]
)
def test_a_notebook_shows_a_record_whose_summary_is_missing_or_damaged(record, tmp_path, text):
    damaged = copied(record, tmp_path, lambda path: (path / "summary.json").write_text(text))
    assert "not estimated yet, or damaged" in damaged._repr_html_()


@pytest.mark.parametrize(
    "text", ["", "probe,gain\nghz", "probe,num_qubits,noise,estimator,time_s\nghz,2,a,b,x\n", 'a\n"b', "\x00"]
)
def test_a_damaged_table_is_one_line(record, tmp_path, text):
    damaged = copied(record, tmp_path, lambda path: (path / "estimates.csv").write_text(text))
    with pytest.raises(RecordError, match=r"estimates\.csv: (missing or )?damaged .*run `qsense estimate") as caught:
        damaged.plot()
    assert "\n" not in str(caught.value)


def test_names_that_look_like_numbers_stay_names(record, tmp_path):
    text = "probe,num_qubits,noise,estimator,gain,stderr\n1,2,007,nan,inf,\n"
    (row,) = copied(record, tmp_path, lambda path: (path / "t.csv").write_text(text)).read_csv("t.csv")
    expected = {"probe": "1", "num_qubits": 2, "noise": "007", "estimator": "nan", "gain": math.inf, "stderr": None}
    assert row == expected


def _changed_cell(column, value):
    def change(text):
        lines = list(csv.reader(text.splitlines()))
        lines[3][lines[0].index(column)] = value
        return "".join(",".join(line) + "\n" for line in lines)

    return change


UNUSABLE = {
    "empty": (lambda text: "", "no rows"),
    "the header alone": (lambda text: text.splitlines()[0] + "\n", "no rows"),
    "text for a number": (_changed_cell("gain", "high"), r"line 4: `gain` must be a finite number, but is 'high'"),
    "nan": (_changed_cell("stderr", "nan"), "line 4: `stderr` must be a finite number, but is nan"),
    "infinity": (_changed_cell("gain_exact", "-inf"), "line 4: `gain_exact` must be a finite number, but is -inf"),
    "no number": (_changed_cell("low", ""), "line 4: `low` must be a finite number, but is None"),
    "another point": (_changed_cell("noise", "other"), "is no point of the record's spec|times of"),
    "cut in a number": (lambda text: text[:-2], "its last line is cut off"),
    "cut in a row": (lambda text: text.rpartition(",")[0] + "\n", "line [0-9]+ is cut off"),
    "a row less": (lambda text: "".join(text.splitlines(keepends=True)[:-1]), r"\d+ of \d+ times of "),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_table_that_cannot_be_used_is_refused_when_it_is_read(record, tmp_path, what):
    change, why = UNUSABLE[what]

    def write(path):
        (path / "estimates.csv").write_text(change((path / "estimates.csv").read_text()))

    damaged = copied(record, tmp_path, write)
    match = rf"estimates\.csv: missing or damaged \(.*({why}).*\); run `qsense estimate .* to make it again\."
    with pytest.raises(RecordError, match=match):
        damaged.plot()
    pytest.importorskip("pandas", reason="needs the extra `data`")
    with pytest.raises(RecordError, match=match):
        damaged.estimates()


@pytest.mark.parametrize("text", [None, "", "[1]", "{}"])
def test_a_summary_that_is_missing_or_damaged_is_made_again_by_estimating(record, tmp_path, text):
    def change(path):
        (path / "summary.json").unlink() if text is None else (path / "summary.json").write_text(text)

    with pytest.raises(RecordError, match=r"summary\.json: .*; run `qsense estimate .*` to make it again\."):
        copied(record, tmp_path, change).summary()
