"""Rates, T1 and T2, the files that hold them, and what is refused."""

import numpy as np
import pytest

from qsense import LocalNoise, NoiseModel, ReadoutError
from qsense.errors import ArgumentError, ContentError, SpecError
from qsense.noise.loading import load_noise

MODEL = """
schema = 1
name = "mine"
[dephasing_rate]
value = 0.1
unit = "1/ms"
source = "measured"
date = 2026-01-02
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_t1_and_t2_come_back_from_the_rates():
    t1, t2, p = np.array([2.0, 5.0]), np.array([1.0, 10.0]), np.array([0.0, 0.3])
    noise = LocalNoise.from_t1_t2(t1, t2, p)
    assert np.allclose(noise.t1(2), t1, rtol=1e-14)
    assert np.allclose(noise.t2(2), t2, rtol=1e-14)
    rates = noise.rates(2)
    assert np.allclose(rates["absorption"] / (rates["absorption"] + rates["emission"]), p, rtol=1e-14)


def test_the_papers_noises_are_the_two_limits_of_t1_and_t2():
    assert LocalNoise.from_t1_t2(np.inf, 5.0) == LocalNoise(dephasing=0.1)
    emission = LocalNoise.from_t1_t2(10.0, 20.0)
    assert emission.emission == pytest.approx((0.1,))
    assert emission.dephasing == (0.0,)


def test_the_channel_composes_over_time():
    noise = LocalNoise(dephasing=0.1, emission=0.3, absorption=0.2)
    one, two, both = (noise.channel(np.array([t]), 1) for t in (0.4, 1.1, 1.5))
    assert np.allclose(one.coherence * two.coherence, both.coherence, rtol=1e-14)
    stay = one.stay_up * two.stay_up + (1 - one.stay_up) * (1 - two.stay_down)
    assert np.allclose(stay, both.stay_up, rtol=1e-14)


def test_a_long_time_ends_in_the_excited_population():
    channel = LocalNoise.from_t1_t2(1.0, 1.0, excited_population=0.2).channel(np.array([200.0]), 1)
    assert channel.stay_up[0, 0] == pytest.approx(0.2)
    assert channel.stay_down[0, 0] == pytest.approx(0.8)


@pytest.mark.parametrize("name", ["dephasing", "emission", "thermal"])
def test_shipped_models_load(name):
    noise = LocalNoise.load(name)
    assert noise.name == name
    assert np.all(noise.t2(1) <= 2 * noise.t1(1) * (1 + 1e-12))


def test_units_become_si(tmp_path):
    assert LocalNoise.load(write(tmp_path, MODEL)).dephasing == (100.0,)
    thermal = LocalNoise.load("thermal")
    assert thermal.t1(1)[0] == pytest.approx(100e-6)
    assert thermal.t2(1)[0] == pytest.approx(80e-6)


def test_per_spin_lists_may_stand_beside_single_rates():
    noise = LocalNoise(dephasing=[0.1, 0.2], emission=0.3)
    assert noise.num_spins == 2
    assert np.allclose(noise.rates(2)["emission"], 0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dephasing": -0.1}, "`dephasing` must be finite and not negative, but is -0.1"),
        ({"emission": float("nan")}, "`emission` must be finite"),
        ({"absorption": float("inf")}, "`absorption` must be finite"),
        ({"dephasing": []}, "`dephasing` must have at least one rate"),
        ({"dephasing": "fast"}, "`dephasing` must be a number"),
        ({"dephasing": [1, 2], "emission": [1, 2, 3]}, "`dephasing` has 2, `emission` has 3"),
    ],
)
def test_rates_out_of_range_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        LocalNoise(**arguments)


@pytest.mark.parametrize(
    ("t1", "t2", "population", "message"),
    [
        (1.0, 2.1, 0.0, "`t2` must be at most 2 T1 = 2 s, but is 2.1 s"),
        (-1.0, 1.0, 0.0, "`t1` must be positive"),
        (1.0, 0.0, 0.0, "`t2` must be positive"),
        (float("nan"), 1.0, 0.0, "`t1` must be positive"),
        (1.0, 1.0, 1.5, "`excited_population` must be in"),
    ],
)
def test_impossible_relaxation_times_are_refused(t1, t2, population, message):
    with pytest.raises(ArgumentError, match=message):
        LocalNoise.from_t1_t2(t1, t2, population)


def test_t2_of_exactly_twice_t1_is_allowed_after_rounding():
    assert LocalNoise.from_t1_t2(0.1, 0.1 + 0.1).dephasing == (0.0,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value = 0.1", "value = -0.1", "mine.toml: key `dephasing_rate.value`: should not be negative"),
        ("value = 0.1", "value = nan", "mine.toml: key `dephasing_rate`: `value` must be a rate"),
        ("value = 0.1", 'value = "x"', "mine.toml: key `dephasing_rate`: `value` must be a rate such as"),
        ('unit = "1/ms"', 'unit = "furlong"', "key `dephasing_rate`: `value` must be a rate such as 0.2/us"),
        ('unit = "1/ms"', 'unit = "ms"', '`value` must be a rate, but "0.1ms" is a time; its inverse is 10000/s'),
        ('unit = "1/ms"', "", '`value` needs its unit; add `unit`, or write value = "0.1/us"'),
        ("value = 0.1", 'value = "0.1/ms"', 'give the unit once, in value = "0.1/ms" or as unit = "1/ms"'),
        ("schema = 1", "schema = 2", "key `schema` should be 1, but is 2"),
        ("schema = 1", "", "key `schema` is missing"),
        ('source = "measured"', "", "key `dephasing_rate.source` is missing"),
        ("[dephasing_rate]", "[dephasing]", 'key `dephasing` is unknown. Did you mean "dephasing_rate"'),
        ("value = 0.1", "value = = 1", "not valid TOML"),
    ],
)
def test_a_wrong_file_names_itself_the_key_and_the_fix(tmp_path, old, new, message):
    with pytest.raises(SpecError) as caught:
        LocalNoise.load(write(tmp_path, MODEL.replace(old, new)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_file_names_its_own_keys(tmp_path):
    sourced = 'unit = "{}", source = "measured", date = 2026-01-01'
    times = [f"{key} = {{ value = {value}, {sourced.format('s')} }}" for key, value in (("t1", 1.0), ("t2", 3.0))]
    rates = [
        f"{key}_rate = {{ value = {[1.0] * size}, {sourced.format('1/s')} }}"
        for key, size in (("dephasing", 3), ("emission", 2))
    ]
    for lines, said in ((times, "toml: `t2` must be"), (rates, "`dephasing_rate` has 3, `emission_rate` has 2")):
        path = write(tmp_path, "\n".join(['schema = 1\nname = "mine"', *lines]))
        for load in (LocalNoise.load, NoiseModel.load, load_noise):
            with pytest.raises(SpecError) as caught:
                load(path)
            assert said in str(caught.value)


def test_rates_and_times_in_one_file_are_refused(tmp_path):
    extra = '[t1]\nvalue = 1.0\nunit = "s"\nsource = "x"\ndate = 2026-01-01\n'
    with pytest.raises(SpecError, match="give either rates or T1 and T2"):
        LocalNoise.load(write(tmp_path, MODEL + extra))


def test_an_unknown_model_is_answered_with_the_nearest_name():
    with pytest.raises(ContentError, match='Did you mean "dephasing"'):
        LocalNoise.load("dephasin")


def test_readout_errors_are_probabilities_below_one_half():
    assert np.allclose(ReadoutError(0.1, 0.2).matrix.sum(0), 1)
    with pytest.raises(ArgumentError, match="`up_given_down` must be in"):
        ReadoutError(0.6, 0.0)
