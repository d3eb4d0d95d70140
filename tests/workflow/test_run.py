"""The main job: a spec becomes a record that can be estimated again, continued, and trusted after a crash."""

import csv
import json
import os
import signal

import numpy as np
import processes
import pytest
import tomli_w
from cases import further

from qsense import RunRecord, RunSpec, estimate_record, run
from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.runs.columns import ESTIMATE_COLUMNS, PHASE_COLUMNS, SUMMARY_COLUMNS
from qsense.runs.plan import plan

SPEC = {
    "schema": 1,
    "name": "small",
    "probes": ["ghz", "product"],
    "num_qubits": [1, 2],
    "noise": ["dephasing", "emission"],
    "estimators": ["tomography", "parameter_shift"],
    "field_rad_per_s": 0.2,
    "shots": 2000,
    "seed": 3,
}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return run(RunSpec.from_dict(SPEC), out=tmp_path_factory.mktemp("records"))


def files(path):
    return {p.relative_to(path): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def copy(record, tmp_path):
    import shutil

    target = tmp_path / record.path.name
    shutil.copytree(record.path, target)
    return target


def test_a_record_holds_what_it_should(record):
    names = {str(name) for name in files(record.path)}
    assert {"spec.toml", "provenance.json", "estimates.csv", "tomography.csv", "summary.json"} <= names
    assert {"gain.png", "gain.svg", "integrated_gain.png", "integrated_gain.svg"} <= names
    assert len([name for name in names if name.startswith("counts/")]) == 16
    assert not [name for name in names if name.endswith(".part")]


def test_the_tables_have_the_columns_that_others_rely_on(record):
    with (record.path / "estimates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == (*ESTIMATE_COLUMNS, *PHASE_COLUMNS, "assumptions")
    assert tuple(ESTIMATE_COLUMNS) == (
        "probe", "num_qubits", "noise", "estimator", "time_s", "gain", "stderr", "low", "high", "gain_exact", "shots",
    )  # fmt: skip
    assert len(rows) == 16 * 5
    for row in rows:
        low, gain, high = (float(row[key]) for key in ("low", "gain", "high"))
        most = float(row["num_qubits"]) ** 2
        assert low < high
        assert low <= min(max(gain, 0), most) <= high
    summary = json.loads((record.path / "summary.json").read_text())
    for row in summary["rows"]:
        assert set(SUMMARY_COLUMNS) <= set(row)
    assert len(summary["rows"]) == 16


def test_every_estimate_is_near_the_exact_value(record):
    summary = record.read_json("summary.json")
    # 16 rows: |z| > 4.5 happens by chance once in 9000 seeds.
    assert max(abs(row["z"]) for row in summary["rows"]) < 4.5
    for row in summary["rows"]:
        assert row["integrated_gain_low_s"] < row["integrated_gain_s"] < row["integrated_gain_high_s"]
        assert row["z"] == pytest.approx(
            (row["integrated_gain_s"] - row["integrated_gain_exact_s"]) / row["integrated_gain_stderr_s"]
        )
        exact = {"dephasing": 2.5, "emission": 10.0}[row["noise"]] * row["num_qubits"]
        if (row["probe"], row["num_qubits"], row["noise"]) == ("ghz", 2, "emission"):
            exact *= 1.20919958
        assert row["integrated_gain_exact_s"] == pytest.approx(exact, rel=1e-8)
        assert abs(row["rule_error_s"]) < 1e-3 * exact


def test_the_measured_crossover_is_near_the_exact_one(record):
    rows = [row for row in record.read_json("summary.json")["crossovers"] if row["num_qubits"] == 2]
    assert len(rows) == 4
    for row in rows:
        assert abs(row["crossover_s"] - row["crossover_exact_s"]) < 4.5 * row["crossover_stderr_s"]
        assert row["crossover_exact_s"] == pytest.approx(
            {"dephasing": 1.7329, "emission": 9.624}[row["noise"]], rel=1e-3
        )


def test_the_verdicts_say_until_when_and_whether_it_pays(record):
    verdicts = record.read_json("summary.json")["verdicts"]
    assert len(verdicts) == 4
    assert any(v.startswith("dephasing, N = 2: GHZ leads until t = 1.") and "no difference" in v for v in verdicts)
    assert any(v.startswith("emission, N = 2: GHZ leads until t = ") and "gains" in v for v in verdicts)
    assert sum("one spin cannot be entangled" in v for v in verdicts) == 2


def test_the_same_spec_gives_the_same_record_but_for_its_provenance(record, tmp_path):
    again = run(RunSpec.from_dict(SPEC), out=tmp_path)
    first, second = files(record.path), files(again.path)
    assert first.keys() == second.keys()
    changed = [str(name) for name in first if first[name] != second[name]]
    assert [name for name in changed if not name.endswith((".npz", "provenance.json"))] == []
    for name in (name for name in changed if name.endswith(".npz")):  # an NPZ holds the time it was written
        one, two = (Counts.load(r.path / name) for r in (record, again))
        assert np.array_equal(one.table(), two.table())


@pytest.mark.usefixtures("without_figures")
def test_another_seed_gives_other_counts(record, tmp_path):
    other = run(RunSpec.from_dict({**SPEC, "seed": 4, "num_qubits": 1, "probes": "ghz"}), out=tmp_path)
    values = {row["integrated_gain_s"] for r in (record, other) for row in r.read_json("summary.json")["rows"]}
    assert len(values) == 16 + 4


def test_estimating_again_needs_only_the_counts_and_changes_nothing(record, tmp_path):
    path = copy(record, tmp_path)
    before = files(path)
    for name in ("estimates.csv", "summary.json", "gain.png", "integrated_gain.svg", "tomography.csv"):
        (path / name).unlink()
    estimate_record(path)
    assert files(path) == before


def test_a_finished_record_is_not_measured_again(record, tmp_path, monkeypatch, caplog):
    path = copy(record, tmp_path)
    from qsense import backends

    def refuse(*_):
        raise AssertionError("sampled again")

    monkeypatch.setattr(backends.EmulatorSampler, "sample", refuse)
    caplog.set_level("INFO", "qsense")
    assert run(RunSpec.from_dict(SPEC), out=path.parent).path == path
    assert caplog.messages == ["16 of 16 points were in the record already and were not run again"]


KILLED = """
import os, signal, sys
from qsense.cli import main
when, *words = sys.argv[1:]
replace, moved = os.replace, []
def move(source, target):
    moved.append(str(target).endswith(".npz"))
    if when == "after": replace(source, target)
    if sum(moved) == 3: os.kill(os.getpid(), signal.SIGKILL)
    if when == "before": replace(source, target)
os.replace = move
sys.argv = ["qsense", "run", *words]
main()
"""


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize(("when", "done"), [("before", 2), further(("after", 3))])
def test_a_killed_run_goes_on_where_it_stopped(record, tmp_path, when, done):
    """It kills itself before or after the third point's counts are moved into their place."""
    path = tmp_path / "spec.toml"
    path.write_text(tomli_w.dumps(SPEC))
    killed = processes.run_python(KILLED, when, path, "--out", tmp_path / "records")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    counts = tmp_path / "records" / record.path.name / "counts"
    kept = {file.name: file.read_bytes() for file in counts.glob("*.npz")}
    assert len(kept) == done
    again = run(path, out=tmp_path / "records")
    assert again.read_json("summary.json") == record.read_json("summary.json")
    assert {name: (counts / name).read_bytes() for name in kept} == kept


@pytest.mark.usefixtures("without_figures")
def test_the_emulator_and_aer_measure_the_same_to_their_error_bars(record, tmp_path):
    """16 differences to 4.5 sigma: a right pair fails once in 9000 seeds."""
    aer = run(RunSpec.from_dict({**SPEC, "backend": "aer"}), out=tmp_path)
    assert aer.spec.id != record.spec.id
    for ours, theirs in zip(
        record.read_json("summary.json")["rows"], aer.read_json("summary.json")["rows"], strict=True
    ):
        assert ours["integrated_gain_exact_s"] == theirs["integrated_gain_exact_s"]
        assert ours["integrated_gain_s"] != theirs["integrated_gain_s"]
        assert abs(ours["integrated_gain_s"] - theirs["integrated_gain_s"]) < 4.5 * np.hypot(
            ours["integrated_gain_stderr_s"], theirs["integrated_gain_stderr_s"]
        )


def test_a_truncated_counts_file_is_named_and_the_old_results_stay(record, tmp_path):
    path = copy(record, tmp_path)
    victim = sorted((path / "counts").glob("*.npz"))[4]
    data = victim.read_bytes()
    summary = (path / "summary.json").read_bytes()
    for length in (0, 1, len(data) // 2, len(data) - 1):
        victim.write_bytes(data[:length])
        with pytest.raises(RecordError, match="truncated or damaged") as caught:
            estimate_record(path)
        assert victim.name in str(caught.value)
    assert (path / "summary.json").read_bytes() == summary


def test_a_flipped_byte_in_counts_is_noticed(record, tmp_path):
    path = copy(record, tmp_path)
    victim = max((path / "counts").glob("*.npz"), key=lambda p: p.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0x55
    victim.write_bytes(bytes(data))
    with pytest.raises(RecordError, match=victim.name):
        estimate_record(path)


def test_counts_of_another_point_are_refused(record, tmp_path):
    path = copy(record, tmp_path)
    points = plan(record.spec)
    here = RunRecord.load(path)
    here.counts_path(points[0]).write_bytes(here.counts_path(points[-1]).read_bytes())
    with pytest.raises(RecordError, match="does not fit the spec"):
        estimate_record(path)


def test_missing_counts_are_named(record, tmp_path):
    path = copy(record, tmp_path)
    victim = sorted((path / "counts").glob("*.npz"))[0]
    victim.unlink()
    with pytest.raises(RecordError, match=f"{victim.name}: missing"):
        estimate_record(path)


def test_a_pickle_in_the_place_of_counts_is_not_loaded(record, tmp_path):
    path = copy(record, tmp_path)
    victim = sorted((path / "counts").glob("*.npz"))[0]
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(marker),))

    np.savez(victim, schema=np.array([Evil()], dtype=object))
    with pytest.raises(RecordError, match="damaged"):
        estimate_record(path)
    assert not marker.exists()


@pytest.mark.parametrize("file", ["provenance.json", "spec.toml"])
def test_a_record_of_a_newer_schema_is_refused(record, tmp_path, file):
    path = copy(record, tmp_path)
    text = (path / file).read_text()
    (path / file).write_text(text.replace('"schema": 1', '"schema": 99').replace("schema = 1", "schema = 99", 1))
    with pytest.raises(RecordError, match=r"update qsense"):
        RunRecord.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", '{"schema": "1"}'])
def test_a_damaged_provenance_is_named(record, tmp_path, content):
    path = copy(record, tmp_path)
    (path / "provenance.json").write_text(content)
    with pytest.raises(RecordError, match=r"provenance.json: .*damaged"):
        RunRecord.load(path)


def test_a_folder_without_a_record_is_named(tmp_path):
    with pytest.raises(RecordError, match="not a record"):
        RunRecord.load(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"):
        run(RunSpec.from_dict({**SPEC, "num_qubits": 1}), out=tmp_path / "file")


def test_a_write_that_fails_leaves_the_old_file_and_no_half_one(record, tmp_path, monkeypatch):
    here = RunRecord.load(copy(record, tmp_path))
    before = files(here.path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match=r"summary.json: cannot be written: No space left on device"):
        here.write_json("summary.json", {})
    assert files(here.path) == before


def test_a_record_says_nothing_about_the_machine_but_its_platform(record):
    text = (record.path / "provenance.json").read_text() + (record.path / "spec.toml").read_text()
    assert str(record.path) not in text
    assert os.environ.get("HOME", "/nonexistent") + "/" not in text


@pytest.mark.usefixtures("without_figures")
def test_readout_error_and_given_times_and_circuits_go_through_the_same_path(tmp_path):
    spec = {
        **SPEC,
        "probes": [{"probe": "product", "tilt": 0.3}, "twin_fock4"],
        "num_qubits": 2,
        "noise": [{"name": "mixed", "dephasing_rate": 0.1, "emission_rate": 0.05, "absorption_rate": 0.02}],
        "estimators": [{"estimator": "tomography", "derivative": "commutator", "shots": 200}, "parameter_shift"],
        "times_s": [0.2, 1.0, 2.5],
    }
    noiseless = run(RunSpec.from_dict(spec), out=tmp_path).read_json("summary.json")["rows"]
    assert {row["quantity"] for row in noiseless if row["probe"] == "twin_fock4"} == {
        "integrated_gain",
        "classical_integrated_gain",
    }
    worse = run(RunSpec.from_dict({**spec, "readout_error": {"up_given_down": 0.2}}), out=tmp_path)
    for clean, dirty in zip(noiseless, worse.read_json("summary.json")["rows"], strict=True):
        if clean["integrated_gain_exact_s"] > 0.1:  # twin Fock has no first-order signal in local X
            assert dirty["integrated_gain_s"] < clean["integrated_gain_s"]
