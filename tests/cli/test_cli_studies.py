"""The commands about studies: what they print for people and for scripts, and what they leave."""

import json
import re

import pytest
import studies


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    spec = studies.written(folder / "my.toml", studies.data(sweep={"num_qubits": [2, 3, 4], "seed": [1, 2]}))
    words = ("sweep", spec, "--store", folder / "store", "--out", folder / "studies", "--workers", 1)
    return folder, words, studies.command(*words)


def test_a_dry_run_says_what_would_be_run_and_runs_nothing(tmp_path):
    skipped = [{"probe": "product", "seed": {"from": 21}}]
    spec = studies.written(tmp_path / "my.toml", studies.data(sweep={"seed": {"from": 1, "to": 30}}, skip=skipped))
    places = ("--store", tmp_path / "s", "--out", tmp_path / "o")
    words = ("sweep", spec, *places, "--dry-run", "--memory", "4GB", "--workers", 2)
    done = studies.command(*words)
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("small: 50 trials (10 skipped), 0 in the store; about ")
    assert "on 2 workers, at most " in line
    found = json.loads(studies.command(*words, "--json").stdout)
    assert (found["trials"], found["present"], found["left_out"], found["workers"]) == (50, 0, 10, 2)
    assert not list((tmp_path / "s" / "shards").iterdir())
    assert not (tmp_path / "o").exists()


def test_a_sweep_leaves_tables_figures_and_a_summary_and_says_where(swept):
    folder, _, done = swept
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("small: 12 trials, 0 in the store; about ")
    assert "How they scale: the power of N, measured (±: one standard error) and exact" in done.stdout
    assert re.search(r"^Until when GHZ leads, in m?s, and", done.stdout, re.MULTILINE)
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("tables and figures")) <= 80
    (made,) = (folder / "studies").iterdir()
    assert done.stdout.splitlines()[-1] == f"tables and figures: {made}"
    assert {path.name for path in made.iterdir()} == {
        "trials.csv", "curves.csv", "tables.json", "summary.json", "integrated_gain.png", "integrated_gain.svg",
        "lead.png", "lead.svg", "report.html",
    }  # fmt: skip


def test_the_same_sweep_again_runs_nothing_and_changes_nothing(swept):
    folder, words, _ = swept
    (made,) = (folder / "studies").iterdir()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()}
    again = studies.command(*words, "--json")
    found = json.loads(again.stdout)
    assert (found["present"], found["new"], found["failed"], found["trials"]) == (12, 0, 0, 12)
    assert again.stderr == ""
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()} == before


def test_a_damaged_summary_is_made_again(swept):
    folder, words, _ = swept
    (made,) = (folder / "studies").iterdir()
    whole = (made / "summary.json").read_bytes()
    for content in (b"", b"[]", b'{"study_id": 3}', whole[:100]):
        (made / "summary.json").write_bytes(content)
        assert studies.command(*words).returncode == 0
        assert (made / "summary.json").read_bytes() == whole


def test_a_summary_whose_numbers_are_none_is_named(swept):
    folder, words, _ = swept
    (made,) = (folder / "studies").iterdir()
    whole = (made / "summary.json").read_bytes()
    (made / "summary.json").write_text(json.dumps({**json.loads(whole), "exponents": [3]}))
    done = studies.command(*words)
    (made / "summary.json").write_bytes(whole)
    assert done.returncode == 2
    assert "summary.json: damaged (TypeError); delete it and run the same again." in done.stderr


def test_tables_and_figures_are_made_again_where_they_were_deleted(swept, tmp_path):
    folder, words, _ = swept
    again = studies.command(*words[:5], tmp_path, *words[6:])
    assert again.returncode == 0
    (made,), (old,) = tmp_path.iterdir(), (folder / "studies").iterdir()
    for path in old.iterdir():
        if path.suffix != ".svg":
            assert (made / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_study_that_grows_runs_what_is_new(swept):
    folder, words, _ = swept
    grown = studies.written(folder / "grown.toml", studies.data(sweep={"num_qubits": [2, 3, 4, 5], "seed": [1, 2]}))
    found = json.loads(studies.command("sweep", grown, *words[2:], "--json").stdout)
    assert (found["present"], found["new"]) == (12, 4)


def test_what_cannot_be_run_is_left_out_of_an_export_where_that_is_asked(tmp_path):
    spec = studies.written(tmp_path / "study.toml", studies.data({"probes": ["ghz", "w"]}, sweep={"seed": [1, 2]}))
    where = ("--store", tmp_path / "store", "--out", tmp_path / "out")
    assert studies.command("sweep", spec, *where, "--workers", 1).returncode == 2  # W does not feel the field
    whole = studies.command("store", "export", "small", *where)
    assert (whole.returncode, "--partial" in whole.stderr) == (2, True)
    part = studies.command("store", "export", "small", *where, "--partial")
    assert part.returncode == 0
    assert part.stderr == "qsense: 2 trials have no result and are left out\n"
    assert len((tmp_path / "out" / "trials.csv").read_text().splitlines()) == 3


def test_the_store_is_listed_verified_and_exported(swept, tmp_path):
    folder, *_ = swept
    store = folder / "store"
    listed = json.loads(studies.command("store", "list", "--store", store, "--json").stdout)["studies"]
    assert {row["name"] for row in listed} == {"small"}
    assert all(row["present"] == row["trials"] for row in listed)
    health = json.loads(studies.command("store", "verify", "--store", store, "--json").stdout)
    assert (health["wrong"], health["repaired"]) == ([], [])
    study = min(listed, key=lambda row: row["trials"])["id"]
    done = studies.command("store", "export", study, "--store", store, "--out", tmp_path, "--json")
    assert json.loads(done.stdout)["files"] == [
        str(tmp_path / name) for name in ("trials.csv", "curves.csv", "tables.json")
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sweep", "nowhere.toml"], "nowhere.toml: no such file; give the path of a TOML file."),
        (
            ["sweep", "my.toml", "--memory", "much"],
            'Option --memory must be a size such as 4GB or 500MB, but is "much".',
        ),
        (["sweep", "my.toml", "--dask", "tcp://127.0.0.1"], "No dask scheduler answers at"),
        (["store", "export", "nothing", "--store", "store"], 'it has no study "nothing"; give an id of: small'),
        (["store", "gc", "--drop", "nothing", "--store", "store"], 'there is no study "nothing"; it has small'),
        (["rerun", "nowhere"], "nowhere: not a record: no such folder"),
        (["export", "nowhere"], "nowhere: not a record: no such folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_status_2(swept, words, message):
    folder, *_ = swept
    if words[0] == "sweep":
        studies.written(folder / "fresh.toml", studies.data(sweep={"seed": [77]}))
        words = [word.replace("my.toml", "fresh.toml") for word in words]
    done = studies.command(*words, cwd=folder)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("qsense: ")
    assert message in line
