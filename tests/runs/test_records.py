"""Many records: listed, found by what people call them, and removed; nothing crashes, and no link is followed."""

import hashlib
import json
import os
import shutil
import time
import tomllib
from functools import partial
from pathlib import Path

import in_process
import pytest
import tomli_w

from qsense.errors import ArgumentError, RecordError
from qsense.reports.page.record import record_part
from qsense.runs import list_index, listing, quick_reading
from qsense.runs.conditions import matching
from qsense.runs.finding import find_records, open_named
from qsense.runs.listing import INDEX, list_records
from qsense.runs.record import RunRecord

ROW = {
    "probe": "ghz", "num_qubits": 2, "noise": "quiet", "estimator": "auto", "z": -2.5, "integrated_gain_s": 1.5,
    "integrated_gain_stderr_s": 0.1,
}  # fmt: skip


def made(folder, name, own_id, day, rows=(ROW,), verdicts=("ghz gains",), **spec):
    path = folder / f"{name}-{own_id}"
    (path / "counts").mkdir(parents=True)
    spec = {"schema": 1, "name": name, "num_qubits": [2], "noise": [{"name": "quiet"}], "backend": "emulator"} | spec
    (path / "spec.toml").write_text(tomli_w.dumps(spec))
    created = f"2026-11-{day:02d}T10:00:00+00:00"
    (path / "provenance.json").write_text(json.dumps({"schema": 1, "spec_id": own_id, "created": created}))
    if rows is not None:
        summary = {"schema": 1, "rows": list(rows), "crossovers": [], "verdicts": list(verdicts)}
        (path / "summary.json").write_text(json.dumps(summary))
    return path


@pytest.fixture(autouse=True)
def files_settle_at_once(monkeypatch):
    monkeypatch.setattr(list_index, "_SETTLED_NS", -(10**9))


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "records"
    made(found, "first", "aaaa00000001", 1)
    made(found, "second", "aaaa00000002", 3, [ROW, {**ROW, "num_qubits": 5, "z": 1.0, "noise": "loud"}])
    made(found, "third", "bbbb00000003", 2, rows=None, backend="fake:manila")
    return found


@pytest.fixture
def command(monkeypatch, capsys):
    return partial(in_process.qsense, monkeypatch, capsys)


def names(records):
    return [one.name for one in records]


def test_the_newest_is_first_and_everything_is_said(folder):
    second, third, first = list_records(folder)
    assert names([second, third, first]) == ["second", "third", "first"]
    assert (second.num_qubits, second.noises, second.largest_z, second.headline) == (
        (2, 5), ("quiet", "loud"), 2.5, "ghz gains",
    )  # fmt: skip
    assert (third.state, third.num_qubits, third.noises, third.backend) == ("open", (2,), ("quiet",), "fake:manila")
    assert first.created.startswith("2026-11-01")


def test_a_record_without_a_verdict_has_its_first_integral(folder):
    made(folder, "alone", "cccc00000004", 9, verdicts=())
    assert list_records(folder)[0].headline == "ghz N = 2, quiet: 𝓘 = 1.50 ± 0.10 s"


def test_a_list_is_80_columns_wide_whatever_names_are(folder, command):
    made(folder, "wide-" * 12, "dddd00000005", 8, verdicts=["量" * 90 + "\x1b[31m"], backend="b" * 50)
    status, out, _ = command("records", folder)
    assert status == 0
    from rich.cells import cell_len

    assert max(map(cell_len, out.splitlines()[:-1])) <= 80
    assert out.splitlines()[-1] == f"4 records in {folder}"
    assert "not estimated yet" in out


DAMAGE = {
    "spec.toml: damaged": lambda path: (path / "spec.toml").write_text("a = ["),
    "not a record, it has no spec.toml": lambda path: (path / "spec.toml").unlink(),
    "summary.json: damaged": lambda path: (path / "summary.json").write_text('{"rows": [}'),
    "summary.json: missing or damaged (no rows)": lambda path: (path / "summary.json").write_text('{"rows": 5}'),
    "damaged (TypeError": lambda path: (path / "summary.json").write_text('{"rows": [], "verdicts": 5}'),
    "damaged (KeyError": lambda path: (path / "summary.json").write_text('{"rows": [{"z": 1}], "verdicts": []}'),
    "damaged (ValueError": lambda path: (path / "summary.json").write_text(
        json.dumps({"rows": [{**ROW, "z": "high"}], "verdicts": []})
    ),
    "newer than this qsense": lambda path: (path / "provenance.json").write_text('{"schema": 99}'),
    "provenance.json: missing": lambda path: (path / "provenance.json").unlink(),
    "summary.json is a link": lambda path: linked(path / "summary.json"),
    "summary.json is neither": lambda path: (path / "summary.json").unlink() or os.mkfifo(path / "summary.json"),
}  # fmt: skip


def linked(path):
    outside = path.parent.parent.parent / "outside.json"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


@pytest.mark.parametrize("reason", DAMAGE)
def test_a_damaged_record_is_listed_with_the_reason(folder, command, reason):
    list_records(folder)  # so that the index holds the whole one
    DAMAGE[reason](folder / "first-aaaa00000001")
    found = list_records(folder)
    one = next(one for one in found if one.name == "first")
    assert (len(found), one.state, one.id) == (3, "damaged", "aaaa00000001")
    assert reason in one.reason
    status, out, err = command("records", folder)
    assert (status, err) == (0, "")
    assert "DAMAGED first-aaaa00000001" in out
    assert json.loads(command("records", folder, "--json")[1])["records"]


def test_links_and_foreign_files_are_no_records(folder, tmp_path):
    outside = made(tmp_path / "elsewhere", "outside", "eeee00000006", 7)
    (folder / outside.name).symlink_to(outside)
    (folder / "nowhere").symlink_to(tmp_path / "nowhere")
    (folder / "notes.txt").write_text("mine")
    (folder / "export").mkdir()
    (folder / ".hidden").mkdir()
    found = list_records(folder)
    assert sorted(names(found)) == ["first", "outside", "second", "third"]
    (link,) = [one for one in found if one.state == "damaged"]
    assert link.name == "outside"
    assert "a link, which is not followed here" in link.reason


def test_the_index_is_only_a_cache(folder, monkeypatch):
    fresh = list_records(folder)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "_read", lambda *path: pytest.fail(f"{path} is read though nothing changed"))
        assert list_records(folder) == fresh
    path = folder / "first-aaaa00000001" / "summary.json"
    path.write_text(path.read_text().replace("ghz gains", "ghz loses"))  # as long
    os.utime(path, ns=(1, time.time_ns() - 10**9))
    assert list_records(folder)[-1].headline == "ghz loses"
    (folder / INDEX).unlink()
    assert list_records(folder)[:2] == fresh[:2]
    shutil.rmtree(folder / "second-aaaa00000002")
    assert names(list_records(folder)) == ["third", "first"]
    assert "second" not in (folder / INDEX).read_text()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 9, "records": {}}', "\udcff", "[" * 10000])
def test_a_broken_index_is_made_anew(folder, text):
    fresh = list_records(folder)
    (folder / INDEX).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert list_records(folder) == fresh
    assert kept_in(folder)[0]["schema"] == 4


@pytest.mark.parametrize(
    ("key", "value"), [("name", 5), ("num_qubits", ["2"]), ("largest_z", "9"), ("state", "x"), ("folder", "../x")]
)
def test_an_index_of_wrong_types_is_made_anew(folder, key, value):
    fresh = list_records(folder)
    header, records = kept_in(folder)
    records["first-aaaa00000001"][1][key] = value
    body = json.dumps(records).encode()
    header["sha256"] = hashlib.sha256(body).hexdigest()
    (folder / INDEX).write_bytes(json.dumps(header).encode() + b"\n" + body)
    assert list_records(folder) == fresh


def kept_in(folder):
    return [json.loads(line) for line in (folder / INDEX).read_bytes().splitlines()]


def test_an_index_whose_texts_have_changed_is_made_anew(folder):
    fresh = list_records(folder)
    text = (folder / INDEX).read_bytes()
    assert b"ghz gains" in text
    (folder / INDEX).write_bytes(text.replace(b"ghz gains", b"ghz loses"))
    assert list_records(folder) == fresh
    assert (folder / INDEX).read_bytes() == text


def test_a_record_that_has_just_changed_is_read_again(folder, monkeypatch):
    """It could change once more within the same tick of the file system's clock."""
    monkeypatch.setattr(list_index, "_SETTLED_NS", 3600 * 10**9)
    list_records(folder)
    assert not (folder / INDEX).exists()


def test_a_time_of_change_that_is_put_back_hides_nothing(folder):
    list_records(folder)
    path = folder / "first-aaaa00000001" / "summary.json"
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the clock of the file system ticks
        path.write_text(path.read_text().replace("gains", "loses"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert list_records(folder)[-1].headline == "ghz loses"


def test_what_is_read_quickly_is_what_is_read_slowly(folder, monkeypatch):
    reference = Path(__file__).parents[2] / "runs" / "reference"
    for place in (folder, *([reference] if reference.is_dir() else [])):
        paths = [path for path in sorted(place.iterdir()) if path.is_dir()]
        quick = [listing._read(place, path.name)[1] for path in paths]
        assert quick == [listing._read_slowly(path) for path in paths]
        assert None not in quick
    read = []
    monkeypatch.setattr(listing, "_read_slowly", lambda path: read.append(path.name))
    list_records(folder)
    assert read == []


def test_a_record_that_an_earlier_version_wrote_is_read_slowly(folder):
    row = {key: value for key, value in ROW.items() if not key.startswith("integrated_gain")}
    made(folder, "old", "cccc00000004", 4, [{**row, "img_s": 3.0, "img_stderr_s": 0.2}], verdicts=())
    assert list_records(folder)[0].headline == "ghz N = 2, quiet: 𝓘 = 3.00 ± 0.20 s"


@pytest.mark.parametrize("text", [
    "", "a = 1", "a = 1\nb = 2\n", "a = 1\na = 2\n", "a = [\n1,\n]\nb = 2", 'a = """\nb = 1\n"""\n',
    "a = '''\nb = 1\n[c]\n'''", "a.b = 1\nc = 2\na.d = 3", "a = 1\n[b]\nc = 2\nd = 3\n[e]\n", "a = [\n[1],\n[2]\n]",
    "[a]\nb = 1\n[a.c]\nd = 1", "a = 1\n[a]\n", "a = {b = 1}\n[a.c]\n", "# c = 1\nd = 2", "a = [\nb = 1\n]",
    "[[a]]\nb = 1\n[[a]]\nb = 2", "a = 1\r\nb = 2\r\n", 'a = 1\n"b" = 2\nb = 3', "x.y = 1\nz = 2\n[x.y]\n",
])  # fmt: skip
def test_statements_by_themselves_say_what_the_file_says(text):
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"\(at "):
            quick_reading.parse_toml(text)
    else:
        assert quick_reading.parse_toml(text) == expected


def test_a_link_in_the_index_s_place_is_replaced_and_not_written_through(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (folder / INDEX).symlink_to(outside)
    assert len(list_records(folder)) == 3
    assert outside.read_text() == "mine"
    assert not (folder / INDEX).is_symlink()


def test_a_folder_that_cannot_be_written_needs_no_index(folder, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(list_index.files, "write", refused)
    assert len(list_records(folder)) == 3
    assert os.listdir(folder).count(INDEX) == 0


@pytest.mark.parametrize(("where", "wanted"), [
    (["name=s*"], ["second"]), (["N=5"], ["second"]), (["N=2-4"], ["second", "third", "first"]),
    (["noise=loud"], ["second"]), (["date=2026-11-02"], ["third"]), (["state=estimated", "id=aaaa*1"], ["first"]),
    (["backend=fake:*"], ["third"]), (["probe=product"], []),
])  # fmt: skip
def test_conditions_choose(folder, where, wanted):
    assert names(matching(list_records(folder), where)) == wanted


@pytest.mark.parametrize(
    ("where", "message"), [("N", "KEY=VALUE"), ("nose=a", 'mean "noise"'), ("N=two", "whole numbers")]
)
def test_a_condition_that_is_none_is_refused(folder, where, message):
    with pytest.raises(ArgumentError, match=message):
        matching(list_records(folder), [where])


@pytest.mark.parametrize("word", ["first", "first-aaaa00000001", "aaaa00000001", "first-aaaa00000001/"])
def test_a_record_is_found_by_what_people_call_it(folder, word, monkeypatch):
    monkeypatch.chdir(folder)
    assert open_named(word, folder).path.name == "first-aaaa00000001"
    assert open_named("bb", folder).path.name == "third-bbbb00000003"


def test_an_ambiguous_word_lists_the_candidates(folder, command):
    status, out, err = command("show", "aaaa", "--records", folder)
    assert (status, out) == (2, "")
    assert err == (
        "qsense: aaaa: means 2 records: second-aaaa00000002, first-aaaa00000001; write more of the id.\n"
    )  # fmt: skip
    assert "list them with: qsense records" in command("show", "zzz", "--records", folder)[2]
    with pytest.raises(RecordError, match="not a record"):
        open_named("", folder)


def test_several_are_shown_at_once(folder, command):
    one = json.loads(command("show", "first", "--records", folder, "--json")[1])
    both = json.loads(command("show", "first", "aaaa00000002", "--records", folder, "--json")[1])
    assert both["records"][0] == one
    assert both["records"][1]["record"].endswith("second-aaaa00000002")


def test_removing_asks_and_stays_in_the_folder(folder, tmp_path, command):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    (folder / "first-aaaa00000001" / "link").symlink_to(outside)
    (folder / "linked-ffff00000007").symlink_to(outside)
    other = made(tmp_path / "elsewhere", "other", "eeee00000006", 7)
    status, out, err = command("records", "rm", "first", "--records", folder)
    assert (status, out) == (2, "")
    assert "nothing was removed: add --yes" in err
    assert "is not in" in command("records", "rm", other, "--records", folder, "--yes")[2]
    for word in ("..", ".", f"{folder}/..", "../elsewhere/other-eeee00000006", "*", ""):
        assert command("records", "rm", word, "--records", folder, "--yes")[0] == 2, word
    assert "remove it by hand" in command("records", "rm", "ffff", "--records", folder, "--yes")[2]
    assert len(list_records(folder)) == 4
    status, out, _ = command("records", "rm", "first", folder / "third-bbbb00000003", "--records", folder, "--yes")
    assert status == 0
    assert f"removed {folder / 'first-aaaa00000001'}" in out
    assert sorted(names(list_records(folder))) == ["linked", "second"]
    assert (outside / "mine").read_text() == "mine"
    assert other.is_dir()


def test_no_is_an_answer(folder, command, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, left in ((False, 3), (True, 2)):
        monkeypatch.setattr("typer.confirm", lambda text, answer=answer: answer)
        assert command("records", "rm", "first", "first", "--records", folder)[0] == 0
        assert len(list_records(folder)) == left


def test_a_damaged_record_can_be_removed(folder):
    (folder / "first-aaaa00000001" / "spec.toml").write_text("[")
    assert find_records(["aaaa00000001"], folder)[0].state == "damaged"


@pytest.mark.parametrize("what", ["nowhere", "record"])
def test_what_is_no_folder_of_records_is_one_line(folder, command, what):
    status, _, err = command("records", folder / ("nowhere" if what == "nowhere" else "first-aaaa00000001"))
    assert (status, err.count("\n")) == (2, 1)


def test_a_record_keeps_its_id_whatever_its_folder_and_its_run_are_called(tmp_path, command):
    """In lists, to commands and on pages: the one with which it was made."""
    reference = Path(__file__).resolve().parents[2] / "runs" / "reference" / "gradient-81060ae6a779"
    shutil.copytree(reference, tmp_path / "mine")
    spec = tmp_path / "mine" / "spec.toml"
    spec.write_text(spec.read_text().replace('name = "gradient"', 'name = "renamed"', 1))
    record = RunRecord.load(tmp_path / "mine")
    assert record.spec.id != record.id == list_records(tmp_path)[0].id == "81060ae6a779"
    assert [record.spec.name, list_records(tmp_path)[0].name] == ["renamed", "renamed"]
    for word in ("81060ae6a779", "8106", "mine", "renamed"):
        assert command("show", word, "--records", tmp_path)[0] == 0
    assert "record 81060ae6a779;" in record_part(record).about
