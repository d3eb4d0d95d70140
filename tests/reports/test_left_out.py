"""Many records in one page: what is damaged or open among them is named and left out, the rest is shown."""

import json
import shutil

import in_process
import pytest
from test_report import SPEC

import qsense
from qsense.comparison.asked import said_first
from qsense.runs.listing import list_records
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        return qsense.run(RunSpec.from_dict(SPEC), tmp_path_factory.mktemp("records"))


def spoilt(folder, how):
    summary = folder / "summary.json"
    if how == "open":
        summary.unlink()
    elif how == "no JSON":
        summary.write_text("{")
    elif how == "no TOML":
        (folder / "spec.toml").write_text("x =")
    else:
        data = json.loads(summary.read_text())
        data["rows"][0]["integrated_gain_s"] = None
        summary.write_text(json.dumps(data))


@pytest.mark.parametrize("number", [3, 14])
def test_what_is_damaged_or_open_among_many_is_named_and_left_out(record, tmp_path, number, monkeypatch, capsys):
    kinds = ["no number", "open", "no JSON", "no TOML"][: 1 if number == 3 else 4]
    for place in range(number):
        shutil.copytree(record.path, tmp_path / f"r{place}")
    for place, how in enumerate(kinds):
        spoilt(tmp_path / f"r{place}", how)
    out = tmp_path / "page.html"
    code, _, said = in_process.qsense(
        monkeypatch, capsys, "report", *(str(tmp_path / f"r{k}") for k in range(number)), "--out", str(out)
    )
    assert code == 2
    lines = said.splitlines()
    assert sorted(line.split(f"{tmp_path}/r")[1][0] for line in lines) == [str(k) for k in range(len(kinds))]
    text = out.read_text()
    assert text.count("Left out: ") == len(kinds)
    assert f"All {number - len(kinds)} records" in text


def test_where_nothing_is_left_the_first_is_the_error_and_no_page_is_written(record, tmp_path, monkeypatch, capsys):
    for place in range(2):
        shutil.copytree(record.path, tmp_path / f"r{place}")
        spoilt(tmp_path / f"r{place}", "no JSON")
    code, _, said = in_process.qsense(
        monkeypatch, capsys, "report", str(tmp_path / "r0"), str(tmp_path / "r1"), "--out", str(tmp_path / "x.html")
    )
    assert code != 0
    assert f"{tmp_path / 'r0'}/summary.json: damaged" in said
    assert not (tmp_path / "x.html").exists()


def test_a_list_of_records_says_what_the_report_of_each_says_first(record, tmp_path, monkeypatch, capsys):
    first, second = tmp_path / "all" / record.path.name, tmp_path / "all" / "second"
    shutil.copytree(record.path, first)
    shutil.copytree(record.path, second)
    about = {"schema": 1, "goal": "gain", "error": 0.05, "is_share": True, "rounds": [], "reached": True}
    (second / "rounds.json").write_text(json.dumps(about))
    list_records(tmp_path / "all")  # what a command that only finds records keeps is no hindrance
    for _ in range(2):
        _, out, _ = in_process.qsense(monkeypatch, capsys, "records", tmp_path / "all", "--json")
        said = {one["record"]: one["headline"] for one in json.loads(out)["records"]}
        assert said == {str(path): said_first(RunRecord.load(path)) for path in (first, second)}
    assert said[str(second)].startswith("G of GHZ")
