"""A study's file becomes its trials: every combination once, by content alone; what is wrong is one line."""

import itertools

import numpy as np
import pytest
from studies import RUN, data, study

from qsense import RunSpec
from qsense.errors import SpecError
from qsense.files import content
from qsense.study.expansion import Study
from qsense.study.file import Range


def values(**keys):
    return Range.model_validate(keys).values()


def test_a_range_of_whole_numbers_has_both_ends():
    assert values(**{"from": 2, "to": 5}) == [2, 3, 4, 5]
    assert values(**{"from": 3, "to": 3}) == [3]
    assert all(type(value) is int for value in values(**{"from": 1, "to": 9, "step": 2}))


def test_a_range_by_step_ends_at_or_before_its_end():
    assert values(**{"from": 0.1, "to": 0.7, "step": 0.2}) == [0.1, 0.3, 0.5, 0.7]
    assert values(**{"from": 0, "to": 1, "step": 0.3}) == [0.0, 0.3, 0.6, 0.9]
    assert values(**{"from": 2, "to": 9, "step": 3}) == [2, 5, 8]


def test_points_are_even_or_even_in_the_logarithm_and_read_as_meant():
    assert values(**{"from": 0, "to": 1, "points": 5}) == [0, 0.25, 0.5, 0.75, 1]
    assert values(**{"from": 10, "to": 10**30, "points": 2, "scale": "log"}) == [10.0, 1e30]
    assert values(**{"from": 0.01, "to": 100, "points": 5, "scale": "log"}) == [0.01, 0.1, 1.0, 10.0, 100.0]


def test_the_trials_are_all_combinations_with_the_last_axis_fastest():
    one = study(sweep={"num_qubits": [2, 3], "noise.dephasing_rate": [0.1, 0.2, 0.3], "seed": {"from": 1, "to": 2}})
    found = [
        (t.spec.probes[0].num_qubits, t.spec.noises[0].dephasing[0], t.spec.seed, t.spec.probes[0].kind)
        for t in one.trials
    ]
    assert found == list(itertools.product([2, 3], [0.1, 0.2, 0.3], [1, 2], ["ghz", "product"]))
    assert one.picks[:4].tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1]]


PATHS = [
    ("seed", [4, 5], lambda s: s.seed),
    ("noise.dephasing_rate", [0.1, 0.2], lambda s: s.noises[0].dephasing[0]),
    ("noise[1].emission_rate", [0.3, 0.4], lambda s: s.noises[0].emission[0]),
    ("probes[1].tilt", [0.0, 0.25], lambda s: s.probes[0].tilt),
    ("estimators[0].shots", [30, 40], lambda s: s.estimators[0].shots),
    ("device.idle", ["free", "hahn"], lambda s: s.device.idle),
    ("readout_error.up_given_down", [0.01, 0.02], lambda s: s.readout_error.up_given_down),
    ("times_s", [[0.1, 0.2], [0.3]], lambda s: list(s.times)),
    ("backend", ["emulator", "aer"], lambda s: s.backend),
    ("allocation", ["equal", "optimal"], lambda s: s.allocation),
]


@pytest.mark.parametrize(("path", "given", "read"), PATHS, ids=[path for path, *_ in PATHS])
def test_a_path_sets_what_it_names_and_nothing_else(path, given, read):
    run = {"probes": [{"probe": "product"}], "estimators": [{"estimator": "auto"}]}
    if path.startswith("noise[1]"):
        run["noise"] = [{"dephasing_rate": 0.5}, {"name": "second", "dephasing_rate": 0.1}]
    if path.startswith("probes[1]"):
        run["probes"] = ["ghz", {"probe": "product"}]
    one = study(run, sweep={path: given})
    touched = [
        t
        for t in one.trials
        if "[1]" not in path or t.spec.noises[0].name == "second" or t.spec.probes[0].kind == "product"
    ]
    touched = [t for t in touched if not path.startswith("noise[1]") or t.spec.noises[0].name == "second"]
    assert [read(trial.spec) for trial in touched] == given
    others = [t for t in one.trials if t not in touched]
    assert len({t.key for t in others}) <= 1


def test_values_may_be_whole_tables_and_can_be_refined():
    noises = [{"dephasing_rate": 1.0}, "emission"]
    one = study({"probes": "ghz"}, sweep={"noise": noises, "seed": [1, 2]})
    assert [t.spec.noises[0].name for t in one.trials] == ["custom", "custom", "emission", "emission"]
    refined = study({"probes": "ghz"}, sweep={"noise": [{"dephasing_rate": 1.0}], "noise.emission_rate": [0.1, 0.2]})
    assert [t.spec.noises[0].emission[0] for t in refined.trials] == [0.1, 0.2]
    assert refined.axes["noise"] == [{"dephasing_rate": 1.0}]


def test_skip_and_only_look_at_the_trial_and_at_what_is_swept():
    sweep = {"num_qubits": [1, 2, 3, 4], "noise.dephasing_rate": [0.1, 1.0]}
    one = study(
        sweep=sweep,
        skip=[{"probe": "product", "num_qubits": {"from": 3}}, {"noise.dephasing_rate": [1.0], "num_qubits": 1}],
    )
    kept = {(t.spec.probes[0].kind, t.spec.probes[0].num_qubits, t.spec.noises[0].dephasing[0]) for t in one.trials}
    expected = {
        (kind, n, rate)
        for kind in ("ghz", "product") for n in (1, 2, 3, 4) for rate in (0.1, 1.0)
        if not (kind == "product" and n >= 3) and not (rate == 1.0 and n == 1)
    }  # fmt: skip
    assert kept == expected
    assert one.skipped == 16 - len(expected)
    only = study(sweep=sweep, only=[{"num_qubits": {"from": 2, "to": 3}}, {"probe": "ghz", "num_qubits": 4}])
    assert {(t.spec.probes[0].kind, t.spec.probes[0].num_qubits) for t in only.trials} == {
        ("ghz", 2), ("ghz", 3), ("ghz", 4), ("product", 2), ("product", 3),
    }  # fmt: skip


def test_conditions_on_sizes_hold_where_lists_of_sizes_are_swept():
    one = study({"probes": "ghz"}, sweep={"num_qubits": [[1, 2], [3]]}, skip=[{"num_qubits": {"from": 3}}])
    assert [t.spec.probes[0].num_qubits for t in one.trials] == [1, 2]


def test_the_key_of_a_trial_depends_on_its_content_alone():
    alone = study({"probes": "ghz", "num_qubits": 3, "seed": 2, "noise": {"dephasing_rate": 0.25}})
    (key,) = (trial.key for trial in alone.trials)
    other = data(sweep={"seed": [1, 2], "noise.dephasing_rate": [0.125, 0.25], "num_qubits": [3, 2]})
    other.update(name="another", description="words")
    found = Study.from_dict({**other, "run": dict(reversed(other["run"].items()))})
    assert key in {trial.key for trial in found.trials}
    assert len({trial.key for trial in found.trials}) == len(found.trials) == 16
    spec = RunSpec.from_dict({"schema": 1, "name": "third", **RUN, "probes": ["product", "ghz"], "num_qubits": [7, 3],
                              "seed": 2, "noise": {"dephasing_rate": 0.25}})  # fmt: skip
    from qsense.study.trial import Trial, single

    assert key in {Trial(single(spec, p, 0, 0)).key for p in range(len(spec.probes))}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seed": 3}, "seed"),
        ({"shots": 101}, "shots"),
        ({"field_rad_per_s": 0.3}, "field"),
        ({"backend": "aer"}, "backend"),
        ({"noise": {"dephasing_rate": 0.5, "emission_rate": 0.1}}, "noise"),
        ({"readout_error": {"up_given_down": 0.1}}, "readout"),
        ({"times_s": [0.1, 0.5]}, "times"),
        ({"allocation": "optimal"}, "allocation"),
        ({"estimators": "tomography"}, "estimator"),
        ({"num_qubits": 3}, "size"),
    ],
)
def test_whatever_decides_a_trials_numbers_is_in_its_key(change, where):
    keys = [{trial.key for trial in study(run).trials} for run in ({}, change)]
    assert keys[0].isdisjoint(keys[1]), where


def test_files_of_noise_and_circuits_resolve_to_the_key_of_their_content(tmp_path):
    (tmp_path / "mine.toml").write_bytes(content.find("noise_models", "dephasing").read_bytes())
    (tmp_path / "w.qasm").write_bytes(content.find("circuits", "w4").read_bytes())
    path = tmp_path / "study.toml"
    path.write_text(
        'schema = 1\nname = "files"\n[run]\nprobes = "./w.qasm"\nnoise = "./mine.toml"\nestimators = "tomography"\n'
        "field_rad_per_s = 0.2\nshots = 100\nseed = 1\n"
    )
    (from_files,) = Study.load(path).trials
    given = from_files.content
    assert "OPENQASM" in given["probes"][0]["qasm"]
    assert given["noise"][0]["dephasing_rate"] == 0.1
    (again,) = Study.from_dict(
        {"schema": 1, "name": "x", "run": {k: given[k] for k in given if k not in ("schema", "name")}}
    ).trials
    assert again.key == from_files.key


WRONG = [
    ({"sweep": {"sead": [1]}}, "key `sweep.sead`.*Did you mean \"seed\""),
    ({"sweep": {"name": ["a"]}}, "key `sweep.name`.*Known"),
    ({"sweep": {"seed": []}}, "key `sweep.seed`: give a list of values, or a range"),
    ({"sweep": {"seed": {"from": 3, "to": 1}}}, "key `sweep.seed`.*swap them"),
    ({"sweep": {"seed": {"from": 1, "to": 3, "points": 2, "step": 1}}}, "either `points` or `step`"),
    ({"sweep": {"seed": {"from": 0.5, "to": 3}}}, "add `points`, or `step`"),
    ({"sweep": {"seed": {"from": 0, "to": 3, "points": 3, "scale": "log"}}}, "starts above zero"),
    ({"sweep": {"seed": {"from": 1, "to": 10**400}}}, "narrow the range"),
    ({"sweep": {"field_rad_per_s": {"from": -1e308, "to": 1e308, "points": 3}}}, "narrow the range"),
    ({"sweep": {"seed": {"from": 1, "to": 10**9}}}, "raise `step`"),
    ({"sweep": {"seed": {"from": 1, "to": 10**6}, "shots": {"from": 1, "to": 100}}}, "sweep fewer values"),
    ({"sweep": {"seed": {"from": 1, "to": 2, "stp": 1}}}, "key `sweep.seed.stp` is unknown"),
    ({"sweep": {"shots": [50, True]}}, "should be a number, but is true. This is at shots = true."),
    ({"sweep": {"seed": [-1]}}, "key `seed` should be .*but is -1. This is at seed = -1"),
    ({"sweep": {"a b": [1]}}, "write a key of the run spec"),
    ({"sweep": {"probes[0].tilt": [0.1]}}, "write it as a table in"),
    ({"sweep": {f"probes[{'9' * 5000}]": ["ghz"]}}, "write a key of the run spec"),
    ({"sweep": {"probes[2]": ["ghz"]}}, "has 2 entries, numbered from 0"),
    ({"sweep": {"probes.tilt": [0.1]}}, r"has 2 entries; choose one, such as probes\[0\]"),
    ({"sweep": {"noise[0].dephasing_rate": [1.0]}}, r"`noise` is not a list in \[run\]; write noise without"),
    ({"sweep": {"noise[0]": [{"dephasing_rate": 1.0}]}}, r"`noise` is not a list in \[run\]; write noise without"),
    ({"sweep": {"noise.dephasing_rate": [1.0], "noise": ["dephasing"]}}, "dephasing_rate`: another swept key"),
    ({"skip": [{"probes": "ghz"}]}, r"key `skip\[0\].probes` is unknown. Did you mean \"probe\""),
    ({"only": [{"probe": "gzh"}]}, "no trial remains"),
    ({"sweep": {"num_qubits": [10**18]}}, "at most 1000"),
    ({"run": {}}, "is missing; add it"),
    ({"schema": 2}, "schema 2 is not known"),
    ({"name": "../up"}, "key `name` should match the pattern"),
    ({"sweeps": {}}, "key `sweeps` is unknown. Did you mean \"sweep\""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message[:30] for _, message in WRONG])
def test_what_is_wrong_is_one_line_with_file_key_and_fix(change, message):
    with pytest.raises(SpecError, match=message) as caught:
        Study.from_dict({**data(), **change}, "my.toml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("my.toml: ")


def test_a_run_may_not_have_what_is_the_studys_own():
    with pytest.raises(SpecError, match=r"`run.name` is given by the study"):
        study({"name": "x"})


def test_a_study_refuses_runs_in_two_steps():
    with pytest.raises(SpecError, match=r"key `run\.strategy`.*one step; remove it"):
        assert not study(run={**RUN, "strategy": "adaptive"}).trials


def test_files_of_states_are_swept(tmp_path):
    for name, state in (("a", [2**-0.5, 2**-0.5]), ("b", [0.6, 0.8])):
        np.save(tmp_path / f"{name}.npy", np.array(state))
    (tmp_path / "s.toml").write_text(
        'schema = 1\nname = "s"\n[run]\nprobes = ["ghz", { probe = "mine", state = "a.npy" }]\nnum_qubits = 1\n'
        'noise = { dephasing_rate = 0.5 }\nestimators = "auto"\nfield_rad_per_s = 0.2\nshots = 100\nseed = 1\n'
        '[sweep]\n"probes[1].state" = ["a.npy", "b.npy"]\n'
    )
    states = [one.spec.probes[0].statevector().real.tolist() for one in Study.load(tmp_path / "s.toml").trials]
    assert states[1::2] == [pytest.approx([2**-0.5, 2**-0.5]), pytest.approx([0.6, 0.8])]
