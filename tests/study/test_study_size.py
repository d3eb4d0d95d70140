"""What a study of many trials keeps and repeats: counts of what is made, read and held."""

import tracemalloc

import pytest
import studies

from qsense.runs.spec import RunSpec
from qsense.store import Store
from qsense.study import expansion, results
from qsense.study.expansion import keys_of
from qsense.study.results import study_results
from qsense.study.trial import Trial
from qsense.tables.csv_format import csv_files


def study(sweep, **tables):
    return studies.study({"num_qubits": [2, 3]}, sweep=sweep, **tables)


def counted(monkeypatch, owner, name):
    calls, before = [], getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *arguments: calls.append(arguments) or before(*arguments))
    return calls


def test_specs_that_differ_in_their_seed_are_read_once(monkeypatch):
    read = counted(monkeypatch, expansion, "_spec")
    one = study({"noise.dephasing_rate": [0.1, 0.2, 0.3], "seed": {"from": 1, "to": 50}})
    assert len(one.trials) == 3 * 50 * 4
    assert [trial.spec.seed for trial in one.trials[:8]] == [1] * 4 + [2] * 4
    assert len(read) == 3


@pytest.mark.parametrize(
    "sweep",
    [
        {"seed": [5, 2**70, 0], "shots": [100, 200]},
        {"shots": [100, 200], "seed": [5, 7]},
        {"num_qubits": [2, 3], "noise.dephasing_rate": [0.1, 0.2]},
    ],
)
def test_a_trial_that_is_made_again_is_the_one_whose_key_is_known(sweep):
    one = study(sweep, skip=[{"probe": "product", "num_qubits": 3}])
    for place, key in enumerate(keys_of(one.trials)):
        trial = one.trials[place]
        assert trial.key == key
        assert Trial(trial.spec).key == key  # computed from its content
        assert Trial(RunSpec.from_dict(trial.content)).key == key
        assert dict(trial.swept) == one.entry().swept(place)


def test_a_seed_that_is_none_is_refused_wherever_it_stands():
    for seeds in ([1, -1], [-1, 1], [1, True], [1.5, 1]):
        with pytest.raises(Exception, match="seed"):
            study({"seed": seeds})


def test_places_beyond_the_trials_are_refused():
    trials = study({"seed": [1, 2]}).trials
    assert trials[-1].key == trials[len(trials) - 1].key
    with pytest.raises(IndexError):
        trials[len(trials)]


def test_a_trial_that_waits_takes_little_memory():
    study({"seed": [1]})
    tracemalloc.start()
    try:
        one = study({"seed": {"from": 1, "to": 2000}})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / len(one.trials) < 150  # with its spec it took 1500 bytes


def test_results_read_the_spec_of_trials_that_differ_in_their_seed_once(tmp_path, monkeypatch):
    entry = studies.filled(tmp_path / "s", study({"seed": {"from": 1, "to": 6}}), together=True)
    read = counted(monkeypatch, results.RunSpec, "from_dict")
    with Store(tmp_path / "s", read_only=True) as store:
        found = study_results(store, entry)
    assert len(found.trials) == 24
    assert len(read) == 4
    assert list(found.trials.values["seed"]) == [seed for seed in range(1, 7) for _ in range(4)]


def test_tables_are_written_in_parts(tmp_path, monkeypatch):
    entry = studies.filled(tmp_path / "s", study({"seed": {"from": 1, "to": 6}}), together=True)
    with Store(tmp_path / "s", read_only=True) as store:
        found = study_results(store, entry)
    monkeypatch.setattr("qsense.files.csv_text._LINES", 10)
    parts = list(csv_files(found)["trials.csv"])
    assert max(part.count(b"\n") for part in parts) == 10
    assert b"".join(parts) == found.trials.to_csv()
