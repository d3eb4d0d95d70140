"""Whole runs in two steps: what the record keeps, that it is read again, continued and reproduced, and where it is
refused."""

import json

import pytest

from qsense import RunSpec, estimate, run
from qsense.backends import EmulatorSampler
from qsense.errors import RecordError
from qsense.runs.plan import plan
from qsense.workflow.reproduction import rerun

SPEC = {
    "schema": 1,
    "name": "steps",
    "probes": ["ghz", "product"],
    "num_qubits": 2,
    "noise": {"name": "dephasing", "dephasing_rate": 0.1},
    "estimators": "auto",
    "field_rad_per_s": 0.2,
    "shots": 200,
    "seed": 3,
    "strategy": "adaptive",
}


def files_of(record):
    return {path.name: path.read_bytes() for path in (record.path / "counts").iterdir()}


@pytest.fixture(scope="module", autouse=True)
def _without_figures():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return run(RunSpec.from_dict(SPEC), out=tmp_path_factory.mktemp("records"))


def test_the_record_keeps_both_steps_and_what_the_pilots_decided(record):
    assert len(files_of(record)) == 4
    steps = json.loads((record.path / "steps.json").read_text())
    decided = [one for one in steps.values() if isinstance(one, dict)]
    assert {one["label"].split()[0] for one in decided} == {"ghz", "product"}
    rows = record.summary()["rows"]
    assert [row["shots"] for row in rows] == [2 * 200 * len(decided[0]["rows"]), 3 * 200 * len(decided[0]["rows"])]
    assert all(abs(row["z"]) < 4.5 for row in rows)
    assert sum(row["shots"] for row in record.read_csv("estimates.csv")) == sum(row["shots"] for row in rows)


def test_it_is_read_again_from_what_was_decided_or_from_the_pilots_anew(record):
    before = record.summary()["rows"]
    assert estimate(record.path).summary()["rows"] == before
    kept = (record.path / "steps.json").read_bytes()
    (record.path / "steps.json").unlink()
    assert estimate(record.path).summary()["rows"] == before
    (record.path / "steps.json").write_bytes(kept)


def test_a_damaged_decision_is_refused_by_name(record):
    kept = (record.path / "steps.json").read_bytes()
    steps = json.loads(kept)
    for wrong in ({"rate": -1.0}, {"rows": [[1, 2]]}, {"shares": "x"}, {"aim_rad_per_s": None}):
        damaged = {key: {**one, **wrong} if isinstance(one, dict) else one for key, one in steps.items()}
        (record.path / "steps.json").write_text(json.dumps(damaged))
        with pytest.raises(RecordError, match=r"steps\.json: does not fit the spec"):
            estimate(record.path)
    (record.path / "steps.json").write_bytes(kept)


def test_it_is_reproduced_bit_for_bit(record, tmp_path):
    again = rerun(record.path, out=tmp_path)
    assert all(point.counts_equal for point in again.points)


@pytest.mark.parametrize("after", [3, 12])
def test_a_run_that_was_killed_goes_on_to_the_same_counts(record, tmp_path, monkeypatch, after):
    """Killed in a pilot, and in the rest."""
    calls, sample = [], EmulatorSampler.sample

    def dying(self, *arguments):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt
        return sample(self, *arguments)

    monkeypatch.setattr(EmulatorSampler, "sample", dying)
    with pytest.raises(KeyboardInterrupt):
        run(RunSpec.from_dict(SPEC), out=tmp_path)
    monkeypatch.setattr(EmulatorSampler, "sample", sample)
    continued = run(RunSpec.from_dict(SPEC), out=tmp_path)
    assert files_of(continued) == files_of(record)
    assert continued.summary()["rows"] == record.summary()["rows"]


def test_a_run_in_one_step_has_no_such_file(tmp_path):
    plain = {key: value for key, value in SPEC.items() if key != "strategy"}
    made = run(RunSpec.from_dict(plain), out=tmp_path)
    assert not (made.path / "steps.json").exists()
    assert len(plan(made.spec)) == len(files_of(made)) == 2
