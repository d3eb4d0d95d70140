"""One noise, many spellings: what `to_dict` writes, spec entries, noise files and JSON read back as the same noise."""

import json
import math
import tomllib
from datetime import date

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from qsense import LocalNoise, RunSpec
from qsense.errors import QsenseError, SpecError
from qsense.noise import (
    Collective,
    Exponential,
    Local,
    Matrix,
    NoiseModel,
    OrnsteinUhlenbeck,
    Pairs,
    PhaseNoise,
    PowerLaw,
    QuasiStatic,
    Stretched,
    White,
)

UNITS = {"low_hz": "Hz", "high_hz": "Hz", "rate": "1/s", "positions_m": "m", "length_m": "m", "correlation_time_s": "s"}


def spec_of(entry, size=3):
    return RunSpec.from_dict({
        "schema": 1, "name": "r", "probes": ["product"], "num_qubits": size, "noise": [entry], "estimators": ["auto"],
        "field_rad_per_s": 0.2, "shots": 100, "seed": 1, "times_s": [0.1, 1.0],
    })  # fmt: skip


def unit_of(key):
    endings = {"_rad_per_s": "rad/s", "_rate": "1/s"}
    found = next((unit for ending, unit in endings.items() if key.endswith(ending)), "1")
    return UNITS.get(key, found)


def as_file(entry, name="mine"):
    """The text of a noise model file with the keys of an entry, a source and a date beside every number."""

    def of(key, value):
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{k: of(k, v) for k, v in one.items()} for one in value]
        return {
            "value": value,
            "unit": unit_of(key),
            "source": "measured",
            "date": date(2026, 1, 2),
        }

    return tomli_w.dumps({"schema": 1, **{k: of(k, v) for k, v in entry.items()}, "name": name})


rates = st.floats(1e-3, 1e6)
spaces = st.one_of(
    st.just(Local()),
    st.just(Collective()),
    st.builds(lambda c: Pairs(((0, 2, c),)), st.floats(-1, 1)),
    st.builds(lambda x, length: Exponential((0.0, *x), length), st.tuples(rates, rates), rates),
    st.builds(lambda x: Matrix(tuple(map(tuple, np.outer(x, x).tolist()))), st.lists(rates, min_size=3, max_size=3)),
)  # fmt: skip
memories = st.one_of(
    st.builds(White, rates),
    st.builds(QuasiStatic, rates),
    st.builds(OrnsteinUhlenbeck, rates, rates),
    st.builds(PowerLaw, rates, st.floats(0, 4), st.floats(1e-3, 1), st.floats(2, 1e9)),
    st.builds(Stretched, rates, st.floats(0.5, 3)),
)
per_spin = st.one_of(rates, st.lists(rates, min_size=3, max_size=3))
local = st.one_of(
    st.builds(lambda d, e, a, b: LocalNoise(d, e, a, exponent=b), per_spin, per_spin, per_spin, st.floats(0.5, 3)),
    st.builds(lambda d, x: LocalNoise(d, transverse=x), per_spin, per_spin),
    st.builds(LocalNoise.depolarizing, per_spin),
)
couplings = st.one_of(
    st.just(0.0), rates, st.builds(lambda *j: (np.outer(j, j) * (1 - np.eye(3))).tolist(), rates, rates, rates)
)  # fmt: skip
models = st.builds(
    lambda own, common, noise, zz, dd: NoiseModel(own, common, zz, phase_noise=noise, dipolar=dd),
    local,
    st.one_of(st.just(0.0), rates),
    st.lists(st.builds(PhaseNoise, spaces, memories), max_size=3),
    couplings,
    couplings,
)


@settings(max_examples=30, deadline=None)
@given(models)
def test_what_is_written_is_read_back_by_every_reader(tmp_path_factory, noise):
    entry = noise.to_dict()
    has_more = bool(noise.phase_noise) or noise.is_coupled
    (read,) = spec_of(entry).noises
    assert read == (noise if has_more else noise.local)
    assert isinstance(read, NoiseModel) == has_more
    assert NoiseModel.from_dict(json.loads(json.dumps(entry))) == noise
    assert spec_of(tomllib.loads(tomli_w.dumps(entry))).noises == (read,)
    assert read.to_dict() == entry
    path = tmp_path_factory.mktemp("noise") / "mine.toml"
    path.write_text(as_file(entry))
    loaded = NoiseModel.load(path)
    assert loaded == noise
    assert loaded.name == "mine"
    (named,) = spec_of(str(path)).noises
    assert named == read
    if has_more:
        with pytest.raises(
            SpecError, match=r"mine.toml: the file has shared noise or couplings; read it by NoiseModel"
        ):
            LocalNoise.load(path)
    else:
        assert LocalNoise.load(path) == noise.local


def test_local_noise_alone_stays_what_it_was():
    assert spec_of({"dephasing_rate": 0.1}).noises == (LocalNoise(dephasing=0.1),)
    assert spec_of({"dephasing_rate": 0.1, "collective_dephasing_rate": 0.0}).to_dict()["noise"] == [
        {"name": "custom", "dephasing_rate": 0.1, "emission_rate": 0.0, "absorption_rate": 0.0}
    ]
    assert spec_of({"t1_s": math.inf, "t2_s": 5.0}).noises == (LocalNoise(dephasing=0.1),)
    assert spec_of({"depolarizing_rate": 0.4}).noises == (LocalNoise.depolarizing(0.4),)


def test_units_are_read_in_every_new_key():
    spelled = {
        "dephasing_rate": "0.1/ms", "collective_dephasing_rate": "5 kHz",
        "coupling_rad_per_s": [[0, "1 krad/s"], ["1krad/s", 0]],
        "phase_noise": [
            {"space": "collective", "memory": "quasi_static", "spread_rad_per_s": "2 krad/s"},
            {"space": "local", "memory": "ornstein_uhlenbeck", "spread_rad_per_s": "1rad/ms",
             "correlation_time_s": "3 us"},
            {"space": "collective", "memory": "power_law", "spread_rad_per_s": 1.0, "exponent": 1.0,
             "low_hz": "1 mHz", "high_hz": "5 kHz"},
        ],
    }  # fmt: skip
    (noise,) = spec_of(spelled, 2).noises
    assert noise == NoiseModel(
        LocalNoise(dephasing=100.0), 5000.0, [[0, 1e3], [1e3, 0]], phase_noise=[
            PhaseNoise(Collective(), QuasiStatic(2000.0)),
            PhaseNoise(Local(), OrnsteinUhlenbeck(1000.0, 3e-6)),
            PhaseNoise(Collective(), PowerLaw(1.0, 1.0, 1e-3, 5000.0)),
        ],
    )  # fmt: skip


def test_pairs_are_coupled_by_name():
    pairs = [{"spins": [0, 1], "zz_rad_per_s": "2krad/s"}, {"spins": [2, 1], "dipolar_rad_per_s": 3.0}]
    (noise,) = spec_of({"coupling_pairs": pairs}).noises
    same = NoiseModel(coupling=[[0, 2e3, 0], [2e3, 0, 0], [0, 0, 0]], dipolar=[[0, 0, 0], [0, 0, 3], [0, 3, 0]])
    for dipolar in (False, True):
        assert noise.pairs(3, dipolar).tolist() == same.pairs(3, dipolar).tolist()
    assert noise.coupling_energies(3).tolist() == same.coupling_energies(3).tolist()
    assert spec_of(noise.to_dict()).noises == (noise,)


@pytest.mark.parametrize("beside", [{}, {"dipolar_rad_per_s": 0.5}])
def test_named_pairs_are_for_every_number_of_spins_that_has_them(beside):
    entry = {"coupling_pairs": [{"spins": [1, 0], "zz_rad_per_s": 2.0}], **beside}
    (noise,) = spec_of(entry, [2, 3, 4]).noises
    expected = np.zeros((4, 4))
    expected[0, 1] = 2.0
    for size in (2, 3, 4):
        assert noise.pairs(size).tolist() == expected[:size, :size].tolist()
    assert noise.is_coupled
    assert NoiseModel.from_dict(json.loads(json.dumps(noise.to_dict()))) == noise


def test_a_named_spin_that_there_is_not_is_told():
    pairs = [{"spins": [0, 2], "zz_rad_per_s": 2.0}]
    with pytest.raises(SpecError, match="`coupling_pairs` names spin 2, but the probe has 2 spins, from 0 on"):
        spec_of({"coupling_pairs": pairs}, 2)


def test_a_model_with_more_beside_it():
    (noise,) = spec_of({"noise": "dephasing", "collective_dephasing_rate": 0.5}).noises
    assert noise == NoiseModel(LocalNoise.load("dephasing"), 0.5)
    assert noise.name == "dephasing"


COLLECTIVE = {"space": "collective", "memory": "quasi_static", "spread_rad_per_s": 1.0}
WRONG = [
    ({"dephasing_exponent": 2.0, "emission_rate": 1.0}, "`dephasing_exponent` goes with `dephasing_rate`; add it"),
    ({"dephasing_exponent": -1.0, "dephasing_rate": 1.0}, "dephasing_exponent` should be above 0, but is -1.0"),
    ({"depolarizing_rate": 1.0, "emission_rate": 1.0}, "`depolarizing_rate` is dephasing, emission and absorption at"),
    ({"collective_dephasing_rate": -1.0}, "key `noise[0].collective_dephasing_rate`: should not be negative"),
    ({"collective_dephasing_rate": "5us"}, "key `noise[0].collective_dephasing_rate`: must be a rate, but"),
    ({"colective_dephasing_rate": 1.0}, "key `noise[0].colective_dephasing_rate` is unknown"),
    ({"coupling_rad_per_s": [[0, 1], [2, 0]]}, "`coupling_rad_per_s` must be one number for all pairs, or a symmetric"),
    ({"coupling_rad_per_s": [[0, 1], [1]]}, "`coupling_rad_per_s` must be one number for all pairs, or a symmetric"),
    ({"coupling_rad_per_s": "1kHz"}, "is a frequency, 6283.185307rad/s with its 2π"),
    ({"dipolar_rad_per_s": [[0, 1], [1, 0]]}, "The coupling is for 2 spins, but the probe has 3"),
    ({"coupling_pairs": [{"spins": [0, 0], "zz_rad_per_s": 1.0}]}, "`coupling_pairs[0].spins` must be two different"),
    ({"coupling_pairs": [{"spins": [0, 1]}]}, "`coupling_pairs[0]` has no strength; add `zz_rad_per_s`"),
    (
        {"coupling_pairs": [{"spins": [0, 1], "zz_rad_per_s": 1.0}, {"spins": [1, 0], "zz_rad_per_s": 1.0}]},
        "`coupling_pairs[1]` names the spins 0 and 1 again",
    ),
    (
        {"coupling_pairs": [{"spins": [0, 1], "zz_rad_per_s": 1.0}], "coupling_rad_per_s": 1.0},
        "give the couplings once, as `coupling_rad_per_s` or as `coupling_pairs`",
    ),
    ({"phase_noise": [{**COLLECTIVE, "memory": "static"}]}, '`phase_noise[0]`: unknown `memory` "static". Did'),
    ({"phase_noise": [COLLECTIVE, {**COLLECTIVE, "rate": 1.0}]}, "`phase_noise[1]`: `rate` does not go with space ="),
    ({"phase_noise": [{**COLLECTIVE, "spread": 1.0}]}, "key `noise[0].phase_noise[0].spread` is unknown"),
    ({"phase_noise": [{"space": "collective"}]}, "need `rate`; add it"),
    ({"phase_noise": [{**COLLECTIVE, "spread_rad_per_s": "1us"}]}, "spread_rad_per_s`: must be an angular frequency"),
    ({"phase_noise": [{**COLLECTIVE, "spread_rad_per_s": 1e200}]}, "spread_rad_per_s`: should be 0 or from"),
    ({"phase_noise": [{**COLLECTIVE, "space": "pairs", "pairs": [[0, 5, 0.1]]}]}, "names spin 5, but the probe has 3"),
    ({"noise": "dephasing", "emission_rate": 1.0}, "give either a noise model's name or numbers, not both"),
    ({}, "no noise is given"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), WRONG)
def test_a_wrong_entry_names_the_key_and_the_fix(entry, message):
    with pytest.raises(SpecError) as caught:
        spec_of(entry)
    assert message in str(caught.value)
    assert str(caught.value).startswith("<spec>: key `noise[0]")
    assert "\n" not in str(caught.value)


FILE = as_file({"dephasing_rate": 0.1, "phase_noise": [COLLECTIVE]})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'memory = "quasi_static"',
            'memory = "quasistatic"',
            'mine.toml: `phase_noise[0]`: unknown `memory` "quasistatic"',
        ),
        ('memory = "quasi_static"', 'memory = "white"', "`spread_rad_per_s` does not go with"),
        (
            'unit = "rad/s"',
            'unit = "Hz"',
            "key `phase_noise[0].spread_rad_per_s`: `value` must be an angular frequency",
        ),
        ("[dephasing_rate]", "[dephasing_exponent]", "`dephasing_exponent` goes with `dephasing_rate`"),
    ],
)
def test_a_wrong_file_names_itself_the_key_and_the_fix(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    text = FILE.replace(old, new)
    assert text != FILE
    path.write_text(text.replace('unit = "1/s"', 'unit = "1"') if "exponent" in new else text)
    with pytest.raises(QsenseError) as caught:
        NoiseModel.load(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_of_a_file_are_in_its_units(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE.replace('unit = "rad/s"', 'unit = "krad/s"').replace('unit = "1/s"', 'unit = "1/ms"'))
    assert NoiseModel.load(path) == NoiseModel(
        LocalNoise(dephasing=100.0), phase_noise=[PhaseNoise(Collective(), QuasiStatic(1000.0))]
    )
