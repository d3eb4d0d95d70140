"""Units in the TOML of runs, noise models and studies, and on the command line: the same number, the same record."""

import json
import math
from dataclasses import dataclass

import forked
import pytest
import tomli_w

from qsense import LocalNoise, RunSpec
from qsense.errors import SpecError
from qsense.files.toml_file import Table
from qsense.noise import NoiseKind, register_noise, unregister_noise
from qsense.study.expansion import Study

SPEC = {
    "schema": 1,
    "name": "r",
    "probes": ["ghz"],
    "num_qubits": [2, 3],
    "noise": [{"t1_s": 5e-6, "t2_s": [7e-6, 7e-6]}],
    "estimators": ["auto"],
    "field_rad_per_s": 3000.0,
    "shots": 200,
    "seed": 1,
    "times_s": [1e-6, 2e-6],
}
SPEC["num_qubits"] = [2]


def noise_file(tmp_path, text):
    path = tmp_path / "m.toml"
    path.write_text('schema = 1\nname = "m"\n' + text)
    return LocalNoise.load(str(path))


def test_two_spellings_are_one_record():
    spelled = {
        "num_qubits": "2",
        "noise": [{"t1_s": "5us", "t2_s": ["7 µs", "0.007ms"]}],
        "field_rad_per_s": "3 krad/s",
        "times_s": ["1us", "2000ns"],
    }
    assert RunSpec.from_dict({**SPEC, **spelled}).id == RunSpec.from_dict(SPEC).id


def test_sizes_may_be_a_range():
    one = {**SPEC, "noise": [{"dephasing_rate": "0.2MHz"}]}
    assert [p.num_qubits for p in RunSpec.from_dict({**one, "num_qubits": "2-4,8:16:4"}).probes] == [2, 3, 4, 8, 12, 16]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"field_rad_per_s": "1kHz"}, 'key `field_rad_per_s`: must be an angular frequency, but "1kHz" is a frequency'),
        ({"times_s": ["1us", "0.2MHz"]}, 'key `times_s[1]`: must be a time, but "0.2MHz" is a rate'),
        ({"noise": [{"dephasing_rate": "5us"}]}, "key `noise[0].dephasing_rate`: must be a rate"),
        ({"noise": [{"t1_s": ["inf", "x"], "t2_s": 1}]}, "key `noise[0].t1_s`: must be a time such as"),
        ({"noise": [{"dephasing_rate": "inf"}]}, "key `noise[0].dephasing_rate` should be a finite number"),
        ({"num_qubits": "2-"}, "key `num_qubits`: must be whole numbers such as"),
        ({"times_s": ["inf"]}, "key `times_s[0]` should be a finite number"),
    ],
)
def test_a_wrong_dimension_is_refused_with_the_fix(change, says):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict({**SPEC, **change})
    assert says in str(caught.value)


@pytest.mark.parametrize("infinite", [math.inf, "inf"])
def test_an_infinite_t1_is_pure_dephasing_in_a_spec(infinite):
    (noise,) = RunSpec.from_dict({**SPEC, "noise": [{"t1_s": infinite, "t2_s": "5us"}]}).noises
    assert (noise.emission, noise.absorption) == ((0.0,), (0.0,))
    assert noise.dephasing == pytest.approx((1e5,), rel=1e-14)


@pytest.mark.parametrize("t1", ['value = inf\nunit = "us"', 'value = "inf"\nunit = "s"', 'value = "inf us"'])
def test_an_infinite_t1_is_pure_dephasing_in_a_noise_file(tmp_path, t1):
    where = 'source = "x"\ndate = 2026-01-01\n'
    noise = noise_file(tmp_path, f'[t1]\n{t1}\n{where}[t2]\nvalue = 5\nunit = "us"\n{where}')
    assert noise.emission == (0.0,)
    assert noise.dephasing == pytest.approx((1e5,), rel=1e-14)


def test_an_infinite_t1_is_pure_dephasing_in_python_and_on_the_command_line():
    assert LocalNoise.from_t1_t2(math.inf, 5e-6).dephasing == pytest.approx((1e5,), rel=1e-14)
    done = forked.run("theory", "--probe", "ghz", "--num-qubits", 2, "--t1", "inf", "--t2", "5us", "--json")
    assert json.loads(done.stdout)["noise"]["emission_rate"] == 0.0


def test_a_noise_file_has_its_units_beside_a_number_or_in_a_text(tmp_path):
    where = 'source = "x"\ndate = 2026-01-01\nstderr = 0.1\n'
    beside = noise_file(tmp_path, f'[dephasing_rate]\nvalue = [0.7, 3]\nunit = "1/ms"\n{where}')
    within = noise_file(
        tmp_path, f'[dephasing_rate]\nvalue = ["0.7kHz", "3/ms"]\n{where.replace("0.1", chr(34) + "100/s" + chr(34))}'
    )
    assert beside.dephasing == within.dephasing == (700.0, 3000.0)


def test_a_study_sweeps_numbers_with_units():
    run = {key: SPEC[key] for key in ("probes", "estimators", "shots", "seed")}
    data = {
        "schema": 1,
        "name": "s",
        "run": {**run, "num_qubits": "2-3", "noise": {"dephasing_rate": 1.0}, "field_rad_per_s": 0.2},
        "sweep": {
            "noise.dephasing_rate": {"from": "0.1MHz", "to": "1/us", "points": 2},
            "field_rad_per_s": ["1 krad/s", 2],
        },
        "skip": [{"noise.dephasing_rate": {"from": "1000/ms"}, "field_rad_per_s": "2rad/s"}],
    }
    study = Study.from_dict(data)
    assert study.axes == {"noise.dephasing_rate": [1e5, 1e6], "field_rad_per_s": [1000.0, 2]}
    assert (len(study.trials), study.skipped) == (6, 2)
    data["sweep"]["noise.dephasing_rate"] = ["5us"]
    with pytest.raises(SpecError, match=r"key `sweep.noise.dephasing_rate`: must be a rate"):
        Study.from_dict(data)


class SwitchingKeys(Table):
    switching_per_s: float
    level: float = 1.0


@dataclass(frozen=True)
class Switching:
    name: str
    switching_per_s: float
    is_uniform = True

    def check(self, num_qubits):
        pass

    def channel(self, times, num_qubits):
        return LocalNoise(dephasing=self.switching_per_s).channel(times, num_qubits)

    def decay_rates(self, num_qubits):
        return LocalNoise(dephasing=self.switching_per_s).decay_rates(num_qubits)

    def to_dict(self):
        return {"kind": "switching", "name": self.name, "switching_per_s": self.switching_per_s}


def test_a_registered_kind_of_noise_reads_the_units_that_it_declares():
    units = {"switching_per_s": "1/s", "level": "1"}
    register_noise(NoiseKind("switching", SwitchingKeys, Switching, units))
    try:
        (noise,) = RunSpec.from_dict({**SPEC, "noise": {"kind": "switching", "switching_per_s": "1/5us"}}).noises
        assert noise.to_dict()["switching_per_s"] == 2e5
        with pytest.raises(SpecError, match=r"key `switching_per_s` must be a rate, but \"5us\" is a time"):
            RunSpec.from_dict({**SPEC, "noise": {"kind": "switching", "switching_per_s": "5us"}})
    finally:
        unregister_noise("switching")


def theory(*words):
    return forked.run("theory", "--probe", "ghz", *words)


def test_the_command_line_reads_the_same_units():
    words = ["--num-qubits", "2", "--times", "0:2us:1us", "--until", "5 µs", "--dead-time", "1us", "--json"]
    spelled = theory("--dephasing", "0.2MHz", *words)
    plain = theory("--dephasing", "2e5", "--num-qubits", 2, "--times", "0,1e-6,2e-6", "--until", "5e-6",
                   "--dead-time", "1e-6", "--json")  # fmt: skip
    assert spelled.stdout == plain.stdout
    assert json.loads(spelled.stdout)["times_s"] == [0, 1e-6, 2e-6]
    done = theory("--dephasing", "0.1", "--num-qubits", 2, "--field", "1kHz")
    assert done.returncode == 2
    assert done.stderr.startswith("qsense: Option --field must be an angular frequency, but")


def test_several_sizes_are_several_answers():
    done = theory("--dephasing", "0.1", "--num-qubits", "2:6:2", "--json")
    assert [one["num_qubits"] for one in json.loads(done.stdout)] == [2, 4, 6]
    assert isinstance(json.loads(theory("--dephasing", "0.1", "--num-qubits", "2", "--json").stdout), dict)
    done = theory("--dephasing", "0.1", "--num-qubits", "2,4", "--plot", "x.png")
    assert done.stderr == "qsense: Option --plot draws one number of spins; give --num-qubits one.\n"


def test_a_resolved_spec_reads_back_as_it_was_meant(tmp_path):
    spec = RunSpec.from_dict({**SPEC, "times_s": ["1us", "3us"]})
    (tmp_path / "s.toml").write_text(tomli_w.dumps(spec.to_dict()))
    assert RunSpec.load(tmp_path / "s.toml").id == spec.id
