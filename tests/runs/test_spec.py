"""What a run spec may say, and how it is answered where it is wrong: one line, with the file, the key and the fix."""

import re
import tomllib
from datetime import date, time

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from qsense import LocalNoise, RunSpec, backends
from qsense.errors import QsenseError, SpecError
from qsense.runs.plan import plan
from qsense.runs.preparation import skipped
from qsense.runs.spec_file import SpecFile

SPEC = {
    "schema": 1,
    "name": "small",
    "probes": ["ghz", "product"],
    "num_qubits": [1, 2],
    "noise": ["dephasing"],
    "estimators": ["tomography", "parameter_shift"],
    "field_rad_per_s": 0.2,
    "shots": 100,
    "seed": 7,
}


def with_changes(**changes):
    return {key: value for key, value in {**SPEC, **changes}.items() if value is not None}


def test_a_resolved_spec_resolves_to_itself():
    full = with_changes(
        probes=["ghz", {"probe": "product", "tilt": 0.2}, "w4"],
        noise=["thermal", {"name": "mine", "dephasing_rate": 0.1, "emission_rate": 0.2}, {"t1_s": 1.0, "t2_s": 0.5}],
        estimators=[{"estimator": "tomography", "derivative": "commutator", "shots": 50}, "parameter_shift"],
        times_s=[0.0, 0.5, 1.0],
        readout_error={"up_given_down": 0.01},
    )
    spec = RunSpec.from_dict(full)
    again = RunSpec.from_dict(tomllib.loads(tomli_w.dumps(spec.to_dict())))
    assert again == spec or again.to_dict() == spec.to_dict()
    assert again.id == spec.id


def test_the_id_changes_with_the_content_and_not_with_its_spelling():
    spec = RunSpec.from_dict(SPEC)
    assert RunSpec.from_dict(with_changes(num_qubits=[1, 2], description="words")).id == spec.id
    assert RunSpec.from_dict(with_changes(estimators=[{"estimator": "tomography"}, "parameter_shift"])).id == spec.id
    for change in (
        {"shots": 101},
        {"seed": 8},
        {"field_rad_per_s": 0.3},
        {"backend": "aer:statevector"},
        {"num_qubits": 2},
    ):
        assert RunSpec.from_dict(with_changes(**change)).id != spec.id


def test_the_emulator_is_the_default_and_every_backend_has_an_id_of_its_own():
    assert RunSpec.from_dict(SPEC).backend == "emulator"
    assert RunSpec.from_dict(SPEC).id == RunSpec.from_dict(with_changes(backend="emulator")).id
    ids = {RunSpec.from_dict(with_changes(backend=name)).id for name in backends.names()}
    assert len(ids) == len(backends.names())


@pytest.mark.parametrize("name", ["aer", "aer:density_matrix", "aer:statevector", "aer:matrix_product_state"])
def test_aer_always_means_aer(name):
    sampler = backends.sampler(name)
    assert isinstance(sampler, backends.AerSampler)
    assert sampler.method == (name.partition(":")[2] or "density_matrix")


def test_a_relative_noise_file_is_found_beside_the_spec(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'schema = 1\nname = "mine"\n[t1]\nvalue = 1.0\nunit = "s"\nsource = "x"\ndate = 2026-01-01\n'
        '[t2]\nvalue = 1.0\nunit = "s"\nsource = "x"\ndate = 2026-01-01\n'
    )
    path = tmp_path / "run.toml"
    path.write_text(tomli_w.dumps(with_changes(noise="mine.toml")))
    assert RunSpec.load(path).noises == (LocalNoise.from_t1_t2(1.0, 1.0),)


def test_a_point_gives_the_same_seeds_whatever_else_is_in_the_spec():
    alone = plan(RunSpec.from_dict(with_changes(probes="ghz", num_qubits=2, estimators="tomography")))
    among = [p for p in plan(RunSpec.from_dict(SPEC)) if p.label == alone[0].label]
    assert [j.seed for j in alone[0].acquisitions()] == [j.seed for j in among[0].acquisitions()]


def test_all_jobs_of_a_plan_have_different_seeds():
    seeds = [job.seed for point in plan(RunSpec.from_dict(SPEC)) for job in point.acquisitions()]
    assert len(set(seeds)) == len(seeds)


WRONG = [
    ({"colour": "red"}, "key `colour` is unknown"),
    ({"shot": 5}, 'key `shot` is unknown. Did you mean "shots"?'),
    ({"shots": None}, "key `shots` is missing; add it"),
    ({"shots": 0}, "key `shots` should be at least 1, but is 0"),
    ({"shots": 10.5}, "key `shots` should be a whole number, but is 10.5"),
    ({"shots": "many"}, "key `shots` should be a whole number, but is 'many'"),
    ({"shots": 5}, "tomography needs at least 12 shots a circuit, but `shots` is 5"),
    ({"num_qubits": 0}, "key `num_qubits[0]` should be at least 1, but is 0"),
    ({"num_qubits": [2, -1]}, "key `num_qubits[1]` should be at least 1, but is -1"),
    ({"num_qubits": []}, "key `probes[0]`: the number of spins is missing"),
    ({"num_qubits": 9}, "Tomography of 9 spins would take 3^9 × 19 = 373977 circuits"),
    (
        {"num_qubits": 9, "estimators": {"estimator": "parameter_shift", "readout": "local_x"}},
        "2^9 values, too many to count",
    ),
    ({"probes": "gzh"}, 'unknown probe "gzh". Did you mean "ghz"?'),
    ({"probes": ["ghz", "ghz"]}, 'key `probes`: "ghz" is listed twice'),
    ({"probes": [{"probe": "w", "tilt": 0.2}]}, "`tilt` goes with a GHZ or a product probe only"),
    ({"probes": [{"probe": "product", "tilt": 1.5}]}, "`tilt` must be in (-1, 1), but is 1.5"),
    ({"probes": "nowhere.qasm"}, "nowhere.qasm: no such file"),
    ({"noise": "dephasin"}, 'Unknown noise model "dephasin". Did you mean "dephasing"?'),
    ({"noise": [{"dephasing_rate": -0.1}]}, "key `noise[0].dephasing_rate`: should not be negative, but is -0.1"),
    ({"noise": [{"dephasing_rate": float("nan")}]}, "key `noise[0].dephasing_rate` should be a finite number"),
    ({"noise": [{"t1_s": 1.0, "t2_s": 2.5}]}, "key `noise[0]`: `t2_s` must be at most 2 T1 = 2 s"),
    ({"noise": [{"t1_s": [1.0, 2.0], "t2_s": [1.0] * 3}]}, "but `t1_s` has 2, `t2_s` has 3"),
    ({"noise": [{"transverse_rate": 0.1, "dephasing_rate": 0.1, "dephasing_exponent": 2}]},
     "leave `dephasing_exponent` at 1"),
    ({"noise": [{"dephasing_rate": [0.1] * 3, "emission_rate": [0.1] * 2}]},
     "but `dephasing_rate` has 3, `emission_rate` has 2"),
    ({"signal": {"phase_rad": 1}}, "`phase_rad` goes with an alternating field; give `frequency_hz`"),
    ({"shots": True}, "key `shots`: should be a number, but is true"),
    ({"times_s": [0.1, False]}, "key `times_s`: should be a number, but has false"),
    ({"num_qubits": [2, 2]}, "key `num_qubits`: 2 is listed twice"),
    ({"probes": [{"probe": "mine", "amplitudes": [1, float("inf")]}]}, "list of finite numbers, but has inf"),
    ({"probes": [{"probe": "mine", "state": [1, True]}]}, "each real or [re, im], but has true"),
    ({"estimators": [{"estimator": "parameter_shift", "readout": True}]},
     "key `estimators[0].readout`: should be text, one of auto, local_x, collective_x, parity, loss_flag, but is true"),
    ({"estimators": [{"estimator": "tomography", "derivative": ["a", True]}]},
     "should be text, one of shift, commutator, but is ['a', true]"),
    ({"estimators": [{"estimator": "ramsey_scan", "angles_deg": [True, False, 1, 2, 3]}]}, "number, but has true"),
    ({"noise": [{"t1_s": 1.0}]}, "`t1_s` and `t2_s` go together"),
    ({"noise": [{}]}, "no noise is given"),
    ({"noise": [{"emission_rate": [0.1, 0.2, 0.3]}]}, 'rates for 3 spins, but the probe has 1; give one number or 1'),
    ({"noise": [{"name": "still", "dephasing_rate": 0.0}]}, 'key `noise`: The noise "still" has no rates'),
    ({"estimators": "tomografy"}, 'unknown estimator "tomografy". Did you mean "tomography"?'),
    ({"estimators": [{"estimator": "tomography", "derivative": "shifted"}]}, 'Did you mean "shift"?'),
    ({"estimators": [{"estimator": "parameter_shift", "readout": "parity"}]}, 'the readout "parity" goes with a GHZ'),
    ({"estimators": ["tomography", "tomography"]}, '"tomography" is listed twice'),
    ({"backend": "aer", "num_qubits": 11, "probes": "ghz", "estimators": "parameter_shift"},
     'key `backend`: The backend "aer" runs at most 10 spins, but "ghz" has 11; use backend = "emulator"'),
    ({"backend": "arr"}, 'key `backend`: Unknown backend "arr"'),
    ({"times_s": [1.0, 0.5]}, "key `times_s`: must increase, but 0.5 s comes after 1.0 s"),
    ({"times_s": [-1.0, 0.5]}, "key `times_s[0]` should be at least 0, but is -1.0"),
    ({"times_s": []}, "key `times_s`: must be a list of at least one number"),
    ({"field_rad_per_s": float("inf")}, "key `field_rad_per_s` should be a finite number"),
    ({"seed": -1}, "key `seed` should be at least 0"),
    ({"name": "../up"}, "key `name` should match the pattern"),
    ({"schema": 2}, "schema 2 is not known to this qsense"),
    ({"readout_error": {"up_given_down": 0.7}}, "key `readout_error.up_given_down` should be below 0.5, but is 0.7"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_spec_names_the_file_the_key_and_the_fix_and_writes_nothing(tmp_path, change, message):
    from qsense.workflow import run

    path = tmp_path / "wrong.toml"
    path.write_text(tomli_w.dumps(with_changes(**change)))
    with pytest.raises(SpecError) as caught:
        run(path, out=tmp_path / "records")
    text = str(caught.value)
    assert text.startswith(str(path))
    assert message in text
    assert "Argument `" not in text  # which a file has none of
    assert "\n" not in text
    assert not (tmp_path / "records").exists()


def test_a_broken_circuit_is_named_with_the_spec(tmp_path):
    (tmp_path / "bad.qasm").write_text("OPENQASM 3.0; qubit[")
    path = tmp_path / "run.toml"
    path.write_text(tomli_w.dumps(with_changes(probes="bad.qasm")))
    with pytest.raises(SpecError, match=r"run.toml: key `probes\[0\]`: .*bad.qasm: line 1: not valid OpenQASM"):
        RunSpec.load(path)


def test_a_spec_that_is_not_toml_is_named(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match=r"run\.toml: not valid TOML"):
        RunSpec.load(path)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(key=st.sampled_from(sorted(SPEC)), value=json_like)
def test_any_value_of_any_key_is_taken_or_refused_in_one_line(key, value):
    message = ""
    try:
        plan(RunSpec.from_dict({**SPEC, key: value}))
    except QsenseError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("field_rad_per_s", {"field_rad_per_s": True}),
        ("times_s", {"times_s": {"ghz": [True], "product": [1.0]}}),
        ("readout_error.up_given_down", {"readout_error": {"up_given_down": False}}),
        ("noise[0].dephasing_rate", {"noise": [{"name": "mine", "dephasing_rate": True}]}),
    ],
)
def test_true_is_no_number(key, changes):
    with pytest.raises(SpecError) as refused:
        RunSpec.from_dict(with_changes(**changes))
    assert f"`{key}`: should be a number" in str(refused.value)


def test_a_skipped_probe_is_said_only_where_no_other_estimator_is_for_it():
    split = RunSpec.from_dict(with_changes(estimators=["ghz", "product"]))
    assert skipped(split) == []
    (line,) = skipped(RunSpec.from_dict(with_changes(estimators=["ghz"])))
    assert line.endswith("it skips product")


@pytest.mark.parametrize(
    "value",
    [0.02, "x", True, [], {}, [1, "a"], {"a": 1}, [{"a": 1}], -1, 10**30, float("nan"), date(1979, 5, 27), time(12)],
)
@pytest.mark.parametrize("key", sorted(SpecFile.model_fields))
def test_what_is_said_of_a_wrong_kind_of_value_speaks_of_toml_and_not_of_python(key, value):
    said = ""
    try:
        RunSpec.from_dict(with_changes(**{key: value}))
    except QsenseError as error:
        said = str(error)
    assert (
        re.search(r"\bvalid\b|instance|dictionary|string|integer|Entry|List|pydantic|True|datetime|': ", said) is None
    )
