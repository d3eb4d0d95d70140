"""Runs in rounds: the shots they take, what is in the record, and when they stop."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import qsense
from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.cli.app import app
from qsense.comparison.phases import phases_of
from qsense.comparison.precision import Precision, Target, precisions
from qsense.errors import QsenseError
from qsense.estimators import integrate_estimates
from qsense.runs import execution
from qsense.runs.plan import plan
from qsense.runs.rounds import planned, rows_for
from qsense.workflow.reproduction import rerun
from qsense.workflow.shots import shots_for
from qsense.workflow.until import run_until_error

pytestmark = pytest.mark.usefixtures("without_figures")


def spec_of(**keys):
    entry = {
        "schema": 1, "name": "until", "probes": ["ghz"], "num_qubits": [2], "noise": ["dephasing"],
        "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 60, "seed": 5,
    }  # fmt: skip
    return qsense.RunSpec.from_dict({**entry, **keys})


def counts_in(record):
    return {path.name: Counts.load(path, record.path) for path in sorted((record.path / "counts").glob("*.npz"))}


def row_of(record):
    return json.loads((record.path / "summary.json").read_text())["rows"][0]


def test_rounds_add_up_and_stop_when_the_interval_is_short(tmp_path):
    found = run_until_error(spec_of(), "10%", out=tmp_path)
    (one,), record = found.found, found.record
    assert found.is_reached
    assert one.half <= 0.1 * one.value
    files, row = counts_in(record), row_of(record)
    assert len(files) == found.rounds > 2
    # Every shot that lies in the record is in the estimate, and none twice.
    total = sum(int(each.row_shots().sum()) for each in files.values())
    assert total == found.shots == row["shots"]
    assert row["integrated_gain_stderr_s"] * 1.959964 == pytest.approx(one.half)
    # The first round is the run itself; the same shots would have been as good in one.
    plain = qsense.run(spec_of(), tmp_path / "plain")
    ((name, first),) = counts_in(plain).items()
    assert np.array_equal(files[name].numbers, first.numbers)
    tables = [each.table() / each.row_shots()[:, None] for each in files.values()]
    assert all(np.abs(a - b).max() > 0 for k, a in enumerate(tables) for b in tables[:k])  # other seeds


def test_the_commands_that_read_records_know_rounds(tmp_path):
    found = run_until_error(spec_of(), "20%", out=tmp_path / "a")
    before = row_of(found.record)
    qsense.estimate(found.record.path)
    assert row_of(found.record) == before
    assert rerun(found.record.path, tmp_path / "b").identical
    assert row_of(qsense.run(spec_of(), tmp_path / "a")) == before  # continues the record, with all that it has
    again = run_until_error(spec_of(), "20%", out=tmp_path / "a")
    assert (again.rounds, again.shots) == (found.rounds, found.shots)


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    spec = spec_of(probes=["ghz", "product"])
    whole = run_until_error(spec, "15%", out=tmp_path / "whole")
    measured, real = [], execution._measure

    def dies(points, sampler, record, shown):
        for point in points:
            if len(measured) == 3:
                raise KeyboardInterrupt
            real([point], sampler, record, shown)
            measured.append(point.label)

    monkeypatch.setattr(execution, "_measure", dies)
    with pytest.raises(KeyboardInterrupt):
        run_until_error(spec, "15%", out=tmp_path / "killed")
    monkeypatch.undo()
    again = run_until_error(spec, "15%", out=tmp_path / "killed")
    ours, others = counts_in(again.record), counts_in(whole.record)
    assert list(ours) == list(others)
    assert all(np.array_equal(ours[name].numbers, others[name].numbers) for name in ours)
    assert row_of(again.record) == row_of(whole.record)


def test_adaptive_runs_have_rounds_too(tmp_path):
    found = run_until_error(spec_of(strategy="adaptive", shots=100), "15%", out=tmp_path)
    assert found.is_reached
    assert found.rounds > 1
    total = sum(int(each.row_shots().sum()) for each in counts_in(found.record).values())
    assert total == found.shots == row_of(found.record)["shots"]


def test_a_limit_is_kept_and_said(tmp_path):
    found = run_until_error(spec_of(), "1%", max_shots=3000, out=tmp_path)
    assert not found.is_reached
    assert 2900 < found.shots <= 3000
    assert "3000" in found.lines()[-1]
    with pytest.raises(QsenseError, match="first round has"):
        run_until_error(spec_of(), "1%", max_shots=100, out=tmp_path / "few")
    shown = CliRunner().invoke(app, ["run", str(found.record.path / "spec.toml"), "--max-shots", "5000"])
    assert "--until-error" in str(shown.exception)


def test_what_no_number_of_shots_reaches_is_refused_with_the_floor(tmp_path):
    """Emission makes GHZ's curve no exponential: three times miss a part of 𝓘, by the trapezoids of nothing else."""
    spec = spec_of(noise=["emission"], num_qubits=[3], times_s=[0.0, 4.0, 20.0])
    (needed,) = shots_for(spec, "0.1%")
    assert needed.shots is None
    assert needed.floor > needed.half
    assert "no number of shots" in needed.why
    found = run_until_error(spec, "0.1%", out=tmp_path)
    assert not found.is_reached
    assert found.rounds == 1
    assert "no number of shots" in found.why


@pytest.mark.parametrize(
    ("goal", "error", "said"),
    [
        ("img", "0%", "above 0"),
        ("img", "-1s", "above 0"),
        ("imgs", "5%", "img"),
        ("gain", "3us", "share"),
        ("field", "2nT", "gyromagnetic_ratio_hz_per_t"),
        ("crossover", "5%", "no crossover"),
        ("img", "nan", "above 0"),
    ],
)
def test_targets_that_are_none_are_refused(tmp_path, goal, error, said):
    with pytest.raises(QsenseError, match=said):
        run_until_error(spec_of(), error, goal, out=tmp_path)


def test_a_damaged_plan_of_rounds_is_refused(tmp_path):
    found = run_until_error(spec_of(), "20%", out=tmp_path)
    path = found.record.path / "rounds.json"
    content = json.loads(path.read_text())
    for broken in ({"rounds": 3}, {**content, "rounds": [{key: [[1]] for key in content["rounds"][0]}]}):
        path.write_text(json.dumps(broken))
        with pytest.raises(QsenseError, match=r"rounds.json"):
            qsense.estimate(found.record.path)
    path.unlink()  # all rounds but the first are left out
    qsense.estimate(found.record.path)
    assert row_of(found.record)["shots"] == 600
    assert planned(found.record) == []
    shutil.rmtree(found.record.path)


def test_how_many_times_more_shots_by_hand():
    one = Precision("x", 10.0, 5.0, 3.0, (0,), 4.0)
    assert one.factor(Target("img", 0.45)) == pytest.approx(9 / (4.5**2 - 16))
    assert one.factor(Target("img", 4.0, is_share=False)) == np.inf
    doubted = Precision("x", 10.0, 5.0, 3.0, (0,))
    assert doubted.factor(Target("img", 0.4)) == 2.0
    assert doubted.factor(Target("img", 0.2)) == pytest.approx(9 / 4)
    assert Precision("x", 10.0, 5.0, 1.0, (0,)).factor(Target("img", 0.4)) == np.inf


def test_the_number_of_shots_gives_the_scatter_that_it_says():
    """The scatter of 𝓘 over runs with the shots that were said; 60 runs tell it to 9 %."""
    for keys in ({}, {"probes": ["product"], "num_qubits": [3]}):
        (needed,) = shots_for(spec_of(**keys), "20%")
        values = [_integral(spec_of(shots=needed.shots, seed=seed, **keys)).value for seed in range(60)]
        assert np.std(values, ddof=1) == pytest.approx(needed.stderr, rel=0.3)
        assert np.mean(values) == pytest.approx(needed.value, abs=4 * needed.stderr / np.sqrt(60))


def test_the_number_of_shots_of_tomography_gives_the_error_that_it_reports():
    keys = {"estimators": ["tomography"]}
    (needed,) = shots_for(spec_of(**keys), "10%")
    errors = [_integral(spec_of(shots=needed.shots, seed=seed, **keys)).stderr for seed in range(40)]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(needed.stderr, rel=0.3)


def _integral(spec):
    (point,) = plan(spec)
    counts = [emulator.sample(a.experiment, a.settings, a.shots, point.noise, a.seed) for a in point.acquisitions()]
    return integrate_estimates(point.rule, point.estimate(point.by_time(counts))).total


def test_shots_for_the_field_by_the_fisher_information_of_binomials():
    """One GHZ row across the fringe and one along it, V = 1 at t = 0.5 s without decay to speak of: by hand."""
    keys = {"noise": [{"dephasing_rate": 1e-6}], "times_s": [0.5], "num_qubits": [4], "estimators": ["ghz"]}
    (needed,) = shots_for(spec_of(**keys), "0.01rad/s", "field")
    turns = 4 * 0.5  # d angle/dφ
    # Of both rows cos and sin of the same angle, one is blind where the other is best: each shot carries 1 or nothing.
    least = 1 / (turns * 0.01 / 1.959964) ** 2
    assert least <= needed.total <= 2.2 * least
    assert needed.seconds == pytest.approx(0.5 * needed.total, rel=1e-3)
    (slow,) = shots_for(spec_of(**keys), "0.01rad/s", "field", dead_time=1.5)
    assert slow.seconds == pytest.approx(4 * needed.seconds)


def test_the_commands(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(
        'schema = 1\nname = "s"\nprobes = ["ghz", "product"]\nnum_qubits = 2\nnoise = "dephasing"\n'
        'estimators = "auto"\nfield_rad_per_s = 0.2\nshots = 100\nseed = 1\n'
    )
    shown = json.loads(CliRunner().invoke(app, ["shots", str(path), "--error", "10%", "--json"]).output)
    assert [row["shots"] > 100 for row in shown["rows"]] == [True, True]
    words = ["run", str(path), "--until-error", "10%", "--out", str(tmp_path / "out"), "--json"]
    done = json.loads(CliRunner().invoke(app, words).output)
    assert done["until_error"]["reached"]
    assert done["until_error"]["shots"] == sum(row["shots"] for row in done["rows"])
    assert shown["not_counted"] == []
    table = CliRunner().invoke(app, ["shots", str(path), "--error", "20%", "--goal", "crossover"]).output
    assert "ghz over product" in table
    assert "not counted" not in table


def test_shots_on_a_device_say_what_is_not_counted(tmp_path):
    pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
    path = tmp_path / "s.toml"
    path.write_text(
        'schema = 1\nname = "s"\nprobes = "ghz"\nnum_qubits = 2\nnoise = "calibration"\nbackend = "fake:manila"\n'
        'estimators = "auto"\nfield_rad_per_s = 2e3\nshots = 100\nseed = 1\ntimes_s = [5e-6, 2e-5]\n'
    )
    words = ["shots", str(path), "--error", "30%", "--goal", "gain"]
    assert json.loads(CliRunner().invoke(app, [*words, "--json"]).output)["not_counted"] == ["preparation", "readout"]
    said = " ".join(CliRunner().invoke(app, words).output.split())
    assert "not counted: what preparation and readout on fake:manila take of the signal" in said


def test_a_share_of_the_field_favours_no_field(tmp_path):
    """The wanted interval of φ is a share of the spec's field. A share of the measured one would stop runs that measure
    large ones, by 2 σ²/φ: here 0.3 σ, three errors of the mean of 100 runs."""
    spec = spec_of(probes=["product"], num_qubits=[1], times_s=[2.0], noise=[{"dephasing_rate": 0.01}], shots=10)
    (base,), target, off = plan(spec), Target.of("field", "45%"), []
    for seed in range(100):
        rng, point = np.random.default_rng(seed), base
        counts = _drawn(point, rng)
        while (one := _field_of(point, counts)).half > one.wanted(target):
            rows = rows_for(point, min(max(1.05 * one.factor(target) - 1, 0.25), 3.0))
            counts = [Counts.merged(both) for both in zip(counts, _drawn(replace(point, rows=rows), rng), strict=True)]
            point = replace(point, rows=tuple(tuple(map(int, each.row_shots())) for each in counts))
        off.append(one.value - spec.field)
    assert one.wanted(target) == pytest.approx(0.45 * spec.field)
    assert abs(np.mean(off)) < 0.2 * np.std(off)
    assert np.std(off) == pytest.approx(0.45 * spec.field / 1.96, rel=0.25)
    with pytest.raises(QsenseError, match="field of the spec is 0"):
        run_until_error(spec_of(field_rad_per_s=0.0), "5%", "field", out=tmp_path)


def _drawn(point, rng):
    parts = [
        emulator.sample(one.experiment, one.settings, one.shots, point.noise, int(rng.integers(2**31)))
        for one in point.acquisitions()
    ]
    return point.by_time(parts)


def _field_of(point, counts):
    (found,) = precisions([SimpleNamespace(point=point, phases=phases_of(point, counts))], "field")
    return found


def test_a_fake_device_and_a_readout_error_of_the_spec_do_not_stop_it(tmp_path):
    wrong = spec_of(readout_error={"up_given_down": 0.02, "down_given_up": 0.05}, shots=200)
    assert run_until_error(wrong, "15%", out=tmp_path).is_reached
    pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")
    spec = spec_of(backend="fake:manila", noise=["calibration"], times_s=[5e-6, 2e-5], field_rad_per_s=2e3, shots=200)
    found = run_until_error(spec, "30%", "gain", out=tmp_path)
    assert found.is_reached
    assert run_until_error(spec, "30%", "gain", out=tmp_path).shots == found.shots
