"""Records by their names and in use: folders say what is inside and are found again; several are drawn together."""

import html
import json
import re
import shutil
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import in_process
import numpy as np
import pytest

import qsense
from qsense.errors import ArgumentError, RecordError
from qsense.files.locks import take_lock
from qsense.reports.records_figure import drawn_of, records_figure
from qsense.reports.records_page import records_page
from qsense.runs.conditions import matching
from qsense.runs.finding import open_named
from qsense.runs.listing import ListedRecord, list_records
from qsense.runs.naming import folder_name, may_be_request, record_path
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.runs.use import in_use

SPEC = {
    "schema": 1, "name": "pair", "probes": ["ghz", "product"], "num_qubits": [2, 3], "noise": "dephasing",
    "estimators": ["parameter_shift"], "field_rad_per_s": 0.2, "shots": 200, "seed": 1, "times_s": [0.5, 1.5, 4],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def no_figures_of_runs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "records"
    records = [qsense.run(RunSpec.from_dict({**SPEC, "seed": seed}), folder) for seed in (1, 2)]
    for second, record in enumerate(records):  # on a fast machine both are made in the same second
        path = record.path / "provenance.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "created": f"2026-01-01T00:00:0{second}+00:00"}))
    return folder, records


@pytest.fixture
def command(monkeypatch, capsys):
    return partial(in_process.qsense, monkeypatch, capsys)


def test_a_folder_says_what_is_inside(made):
    for record in made[1]:
        assert record.path.name == f"pair-ghz-product-n2-3-emulator-{record.spec.id}"


def test_a_record_of_an_earlier_version_is_continued_where_it_is(made, tmp_path, caplog):
    _, (record, _) = made
    old = tmp_path / f"pair-{record.spec.id}"
    shutil.copytree(record.path, old)
    before = {path: path.read_bytes() for path in (old / "counts").iterdir()}
    with caplog.at_level("INFO", "qsense"):
        assert qsense.run(record.spec, tmp_path).path == old
    assert "4 of 4 points were in the record already" in caplog.text
    assert {path: path.read_bytes() for path in (old / "counts").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == [old.name]


@pytest.mark.parametrize(("name", "probes", "backend"), [
    ("con-fig", ["ghz"], "emulator"), ("a" * 64, ["ghz", "product"], "m" * 90 + ":" + "f" * 90),
    ("..x", ["ghz"], "a/../b"), ("x.", ["ghz"], "C:\\nul"),
    ("ünï/../量", ["ghz"], "emulator"), ("nul", ["ghz"], "emulator"), ("-", ["ghz"], ""),
])  # fmt: skip
def test_names_are_safe_on_every_system(name, probes, backend, tmp_path):
    spec = replace(RunSpec.from_dict({**SPEC, "probes": probes}), name=name, backend=backend)
    found = folder_name(spec)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", found)
    assert not re.match(r"(con|nul)\b(?!-)", found)
    assert ".." not in found.split("-")
    assert len(found) <= 160
    assert found.endswith(f"-{spec.id}")
    assert record_path(spec, tmp_path).parent == tmp_path


def test_many_probes_are_counted_and_not_all_named():
    probes = ["ghz", "product", "dicke_x:1", "w", "one_axis:0.25", "twin_fock", "two_axis:0.4"]
    spec = RunSpec.from_dict({**SPEC, "probes": probes, "num_qubits": [4]})
    assert folder_name(spec) == f"pair-ghz-and-6-more-n4-emulator-{spec.id}"


def test_another_run_whose_name_begins_alike_is_no_request_of_this_one():
    spec = RunSpec.from_dict(SPEC)
    longer = replace(spec, name="pair-ghz")
    assert may_be_request(folder_name(spec), spec)
    assert may_be_request(f"pair-{'0' * 12}", spec)
    assert not may_be_request(folder_name(longer), spec)
    assert not may_be_request(folder_name(spec), longer)


def test_every_command_takes_what_people_call_a_record(made, tmp_path, command):
    folder, (one, other) = made
    for word in (one.path, one.spec.id, one.spec.id[:7], one.path.name):
        assert open_named(str(word), folder).path == one.path
    for word in (one.path, one.spec.id[:7]):
        status, out, err = command("export", word, "--records", folder, "--out", tmp_path / "out", "--json")
        assert (status, err) == (0, "")
        assert all(Path(file).is_file() for file in json.loads(out)["files"])
    status, out, _ = command("estimate", one.spec.id, other.path, "--records", folder, "--json")
    assert [Path(row["record"]) for row in json.loads(out)["records"]] == [one.path, other.path]
    status, _, err = command("rerun", "nowhere", "--records", folder)
    assert (status, "nowhere: not a record" in err) == (2, True)
    assert "no jobs were submitted" in command("collect", one.spec.id, "--records", folder)[2]
    status, _, err = command("estimate", "pear", "--records", folder)
    assert "did you mean pair? List them with" in err
    for several in (["show"], ["estimate"], ["export"], ["plot", "--out", tmp_path / "x.png"]):
        status, out, err = command(*several, "pair", "--records", folder)
        assert (status, out) == (2, "")
        assert f"means 2 records: {other.path.name}, {one.path.name}" in err


@pytest.mark.parametrize("name", ["report", "show"])
def test_a_folder_is_listed_once_for_all_words(made, tmp_path, command, monkeypatch, name):
    folder, records = made
    listed = []
    monkeypatch.setattr(
        qsense.runs.finding, "list_records", lambda *given: listed.append(given) or list_records(*given)
    )
    out = ["--out", tmp_path / "page.html"] if name == "report" else []
    assert command(name, *(record.spec.id for record in records), "--records", folder, *out)[0] == 0
    assert len(listed) == 1


def test_files_of_several_records_do_not_mix(made, tmp_path, command):
    folder, (one, other) = made
    both = [one.spec.id, other.spec.id]
    assert command("export", *both, "--records", folder, "--out", tmp_path / "out")[0] == 0
    for record in (one, other):
        written = (tmp_path / "out" / record.path.name / "curves.csv").read_text()
        gains = [repr(row["gain"]) for row in record.read_csv("estimates.csv")]
        assert all(gain in written for gain in gains)
    copy = tmp_path / "copy" / one.path.name
    shutil.copytree(one.path, copy)
    status, _, err = command("export", one.path, copy, "--out", tmp_path / "other")
    assert (status, "export one at a time" in err) == (2, True)
    assert not (tmp_path / "other").exists()


def test_of_several_one_that_fails_does_not_stop_the_rest(made, tmp_path, command):
    _, (one, other) = made
    damaged = tmp_path / "damaged" / one.path.name
    shutil.copytree(one.path, damaged)
    (damaged / "summary.json").write_text("{")
    status, out, err = command("show", damaged, other.path, "--json")
    assert status == 2
    assert [Path(row["record"]) for row in json.loads(out)["records"]] == [other.path]
    assert err.startswith(f"qsense: {damaged}")
    assert err.count("\n") == 1


def test_words_and_conditions_find_records(made, command):
    folder, (one, _) = made
    every = list_records(folder)

    def found(*words, where=()):
        return len(matching(every, where, words))

    assert found("PAIR", "emulator", "n=3") == 2
    assert found(one.spec.id[:6]) == 1
    assert found(where=["z>=0", "date>2020", "date<=2999-12"]) == 2
    assert found("z>99") == found("N>3") == found("N!=2") == found("date<2020") == found("aer") == 0
    assert found("N<3", "name!=other", "probe!=w") == 2
    for wrong, why in (
        ("N>2-4", "one number"), ("z=3", "an order"), ("date>soon", "2026-11"), ("name>a", "no order"),
        ("z>nan", "order"), ("nose=a", 'mean "noise"'),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=why):
            found(wrong)
    status, out, err = command("records", "find", "PAIR", "--where", f"id={one.spec.id}", "--records", folder, "--json")
    assert (status, err, [row["id"] for row in json.loads(out)["records"]]) == (0, "", [one.spec.id])
    assert "Nothing to find" in command("records", "find", "--records", folder)[2]


def test_several_records_are_in_one_figure(made, tmp_path, command):
    folder, records = made
    drawn = [drawn_of(record) for record in records]
    figure = records_figure(drawn)
    panels = [panel for panel in figure.axes if panel.get_title()]
    (rate,) = {record.spec.noises[0].to_dict()["dephasing_rate"] for record in records}
    assert [panel.get_title() for panel in panels] == [f"N = {n}\ndephasing {rate} 1/s" for n in (2, 3)]
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == [f"pair {record.spec.id[:6]}, emulator" for record in records]
    mine, others = replace(drawn[0], noises={"dephasing": "weak"}), replace(drawn[1], noises={"dephasing": "strong"})
    figure_of_two = records_figure([mine, others])
    assert [panel.get_title() for panel in figure_of_two.axes if panel.get_title()] == ["N = 2", "N = 3"]
    for panel, size in zip(panels, (2, 3), strict=True):
        measured = [bars.lines[0].get_ydata() for bars in panel.containers]
        for record, curves in zip(records, (measured[:2], measured[2:]), strict=True):
            rows = [row for row in record.read_csv("estimates.csv") if row["num_qubits"] == size]
            for probe, values in zip(("ghz", "product"), curves, strict=True):
                assert list(values) == [row["gain"] for row in rows if row["probe"] == probe]
        ends = [row[key] for r in records for row in r.read_csv("estimates.csv") if row["num_qubits"] == size
                for key in ("low", "high")]  # fmt: skip
        assert panel.get_ylim()[0] <= max(0, min(ends))
        assert panel.get_ylim()[1] >= size**2  # G of GHZ at the start, and all bars
        assert panel.get_ylim()[1] >= max(ends)
        last = max(row["time_s"] for row in records[0].read_csv("estimates.csv") if row["num_qubits"] == size)
        assert panel.get_xlim()[0] <= 0 < last < panel.get_xlim()[1] < 1.5 * last
        # Dephasing alone: each spin keeps e^{−2γt} of its coherence, whose square is in G.
        rate = records[0].spec.noises[0].to_dict()["dephasing_rate"]
        lines = [line for line in panel.lines if len(line.get_xdata()) > 100]
        assert len(lines) == 4
        for line, (factor, decay) in zip(lines, 2 * [(size**2, size), (size, 1)], strict=True):
            assert np.allclose(line.get_ydata(), factor * np.exp(-4 * decay * rate * line.get_xdata()), rtol=1e-9)
    path = tmp_path / "both.png"
    status, out, err = command("plot", *[r.spec.id for r in records], "--records", folder, "--out", path)
    assert (status, err, out.splitlines()[-1]) == (0, "", str(path))
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "must end in" in command("plot", records[0].path, "--out", tmp_path / "both.doc")[2]
    assert 'no estimator "moments"' in command(
        "plot", records[0].path, "--out", tmp_path / "x.png", "--estimator", "moments"
    )[2]  # fmt: skip


def test_a_record_whose_exact_values_are_others_is_drawn_as_it_says(made, tmp_path):
    """Of another quantity or an earlier version: straight lines between the record's own exact values."""
    _, (record, _) = made
    copy = tmp_path / record.path.name
    shutil.copytree(record.path, copy)
    lines = (copy / "estimates.csv").read_text().splitlines()
    place = lines[0].split(",").index("gain_exact")
    cells = [line.split(",") for line in lines[1:]]
    for row in cells:
        row[place] = str(float(row[place]) * 1.5)
    (copy / "estimates.csv").write_text("\n".join([lines[0], *map(",".join, cells)]) + "\n")
    for one, other in zip(drawn_of(RunRecord.load(copy)).curves, drawn_of(record).curves, strict=True):
        assert list(one.exact) == [row["gain_exact"] for row in one.rows]
        assert len(other.exact) > len(one.exact)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.links += [value for name, value in attributes if name in ("href", "src", "action")]


def test_the_page_needs_no_network_and_holds_texts_as_they_are(made, tmp_path, command):
    folder, records = made
    page = tmp_path / "a b" / "list.html"
    page.parent.mkdir()
    assert command("records", folder, "--html", "--out", page)[1] == f"{page}\n"
    read = Page(page.read_text())
    assert sorted((page.parent / unquote(link)).resolve() for link in read.links) == sorted(r.path for r in records)
    policy = next(a["content"] for tag, a in read.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert command("records", folder, "--out", page)[0] == 2


def test_hostile_texts_stay_texts(tmp_path):
    evil = "\"><script>alert(1)</script><img src=x onerror='a'>\x00\x1b\udcff&amp;"
    one = ListedRecord(f"{evil}/../x", evil, evil, evil, evil, (2,), (evil,), (evil,), (evil,), evil, 1.0)
    text = records_page([one, replace(one, state="damaged", reason=evil)], tmp_path, tmp_path / "x.html").decode()
    read, empty = Page(text), Page(records_page([], tmp_path, tmp_path / "x.html").decode())
    count = [tag for tag, _ in read.found].count
    assert count("script") == [tag for tag, _ in empty.found].count("script") == 1
    assert count("img") == 0
    assert all(link.startswith("%22") and "/.." not in link for link in read.links)
    assert html.escape("<script>alert(1)</script>") in text


def test_a_record_in_use_is_not_removed(made, tmp_path, command):
    _, (record, _) = made
    folder = tmp_path / "records"
    shutil.copytree(record.path, folder / record.path.name)
    path = folder / record.path.name
    with in_use(path), in_use(path):
        status, _, err = command("records", "rm", record.spec.id, "--records", folder, "--yes")
        assert (status, "works on it" in err, err.count("\n")) == (2, True, 1)
    lock = take_lock(path / ".jobs.lock")
    assert command("records", "rm", record.spec.id, "--records", folder, "--yes")[0] == 2
    lock.release()
    taken = take_lock(path / ".use.lock")
    with pytest.raises(RecordError, match="being removed"):
        qsense.estimate(path)
    taken.release()
    assert len(list_records(folder)) == 1
    assert command("records", "rm", record.spec.id, "--records", folder, "--yes")[0] == 0
    assert list_records(folder) == []


def test_a_record_is_in_use_while_it_is_run(tmp_path, command):
    folder, said = tmp_path / "records", []

    def remove(*_):
        (path,) = folder.glob("pair-*")
        said.append(command("records", "rm", path.name, "--records", folder, "--yes"))

    qsense.run(RunSpec.from_dict({**SPEC, "num_qubits": [2], "probes": ["ghz"]}), folder, remove)
    assert said
    assert all(status == 2 and "works on it" in err for status, _, err in said)
