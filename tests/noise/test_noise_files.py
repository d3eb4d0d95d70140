"""Noise files: what a number needs beside it, and lengths with their units."""

import pytest

from qsense.errors import SpecError
from qsense.noise import Exponential, NoiseModel, PhaseNoise, White

HEAD = 'schema = 1\nname = "mine"\n'
TABLE = "must be a table with value, unit, source and date, such as { value = "


@pytest.mark.parametrize(("text", "key"), [
    ('dephasing_rate = "0.2/us"', "dephasing_rate"),
    ("t1_s = inf\nt2_s = 1.0", "t1_s"),
    ("t1 = inf\nt2 = 1.0", "t1"),
    ("dephasing_exponent = 2.0", "dephasing_exponent"),
    ('[[phase_noise]]\nspace = "local"\nmemory = "white"\nrate = "1 kHz"', "phase_noise[0].rate"),
    ("[[coupling_pairs]]\nspins = [0, 1]\nzz_rad_per_s = 2.0", "coupling_pairs[0].zz_rad_per_s"),
])  # fmt: skip
def test_a_number_of_a_file_without_source_and_date_is_told_what_it_needs(tmp_path, text, key):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text)
    with pytest.raises(SpecError) as caught:
        NoiseModel.load(path)
    assert f"{path}: key `{key}`: {TABLE}" in str(caught.value)
    assert "Entry" not in str(caught.value)


def test_lengths_have_units(tmp_path):
    keys = {"space": "exponential", "memory": "white", "rate": 1.0}
    spelled = {**keys, "positions_m": ["0 um", "3µm", "2000 nm"], "length_m": "0.001 mm"}
    noise = NoiseModel.from_dict({"phase_noise": [spelled]})
    assert noise == NoiseModel(phase_noise=[PhaseNoise(Exponential((0.0, 3e-6, 2e-6), 1e-6), White(1.0))])
    with pytest.raises(SpecError, match=r'length_m`: must be a length, but "3us" is a time; write it in m'):
        NoiseModel.from_dict({"phase_noise": [{**spelled, "length_m": "3us"}]})
    said = 'source = "measured"\ndate = 2026-01-02\n'
    path = tmp_path / "mine.toml"
    path.write_text(
        f'{HEAD}[[phase_noise]]\nspace = "exponential"\nmemory = "white"\n'
        f'[phase_noise.rate]\nvalue = 1.0\nunit = "1/s"\n{said}'
        f'[phase_noise.positions_m]\nvalue = [0, 3, 2]\nunit = "um"\n{said}'
        f'[phase_noise.length_m]\nvalue = "1 um"\n{said}'
    )
    assert NoiseModel.load(path).phase_noise == noise.phase_noise
