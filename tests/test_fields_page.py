"""Fields in tesla: ratios against published constants, both ways of the conversion, what specs and records have."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from pages import run_examples
from scipy import constants
from typer.testing import CliRunner

import qsense
from qsense.cli.app import app
from qsense.errors import QsenseError
from qsense.files.units import quantity
from qsense.noise.file import find
from qsense.signals import magnetic

ROOT = Path(__file__).resolve().parent.parent
BOHR = constants.physical_constants["Bohr magneton in Hz/T"][0]


def spec_of(**keys):
    entry = {
        "schema": 1, "name": "nv", "probes": ["ghz", "product"], "num_qubits": [2], "noise": ["nv_nanodiamond"],
        "estimators": ["auto"], "field_rad_per_s": 5e4, "shots": 400, "seed": 3,
    }  # fmt: skip
    return qsense.RunSpec.from_dict({**entry, **keys})


def test_the_ratios_are_those_of_their_g_factors():
    """Breit-Rabi by diagonalising the hyperfine Hamiltonian of caesium in a small field."""
    electron = constants.physical_constants["electron gyromag. ratio in MHz/T"][0] * 1e6
    assert magnetic.SPINS["electron"].ratio == pytest.approx(electron, rel=1e-9)
    assert magnetic.SPINS["nv"].ratio == pytest.approx(2.0029 * BOHR, rel=2e-4)
    assert magnetic.SPINS["ca40_ground"].ratio == pytest.approx(2.00225664 * BOHR, rel=1e-6)
    # Energies g m μ_B B: of 3D5/2, m = −1/2 less that of 4S1/2, m = −1/2.
    optical = (1.2003340 * -0.5 - 2.00225664 * -0.5) * BOHR
    assert magnetic.SPINS["ca40_optical"].ratio == pytest.approx(optical, rel=1e-5)

    def spin(two_j):
        m = np.arange(two_j, -two_j - 1, -2) / 2
        j = two_j / 2
        plus = np.diag(np.sqrt(j * (j + 1) - m[1:] * (m[1:] + 1)), 1)
        return np.diag(m), (plus + plus.T) / 2, (plus - plus.T) / 2j

    s, i, small = spin(1), spin(7), 1e-7
    hyperfine = 2.2981579425e9 * sum(np.kron(one, two) for one, two in zip(s, i, strict=True))
    zeeman = BOHR * (2.00254032 * np.kron(s[0], np.eye(8)) - 0.00039885395 * np.kron(np.eye(2), i[0]))
    levels = np.linalg.eigvalsh(hyperfine + small * zeeman)
    assert np.diff(levels[-9:]) / small == pytest.approx(magnetic.SPINS["cs133"].ratio, rel=1e-4)
    assert np.diff(levels[:7]) / small == pytest.approx(3.5098e9, rel=1e-4)


@pytest.mark.checkout
def test_noise_models_have_them_and_the_page_lists_them():
    found = {path.stem: find(path)[1].gyromagnetic_ratio_hz_per_t for path in (ROOT / "noise_models").glob("*.toml")}
    names = {"nv_pair": "nv", "nv_ensemble": "nv", "nv_nanodiamond": "nv", "ion_ca40": "ca40_ground"}
    names["ions_14"] = "ca40_optical"
    for model, entry in found.items():
        assert (entry is not None) == (model in names), model
        if entry is not None:
            assert float(entry.si()) == pytest.approx(magnetic.SPINS[names[model]].ratio, rel=1e-6)
    page = (ROOT / "docs" / "fields.md").read_text()
    for name, one in magnetic.SPINS.items():
        shown = float(re.search(rf"\| `{name}` \| ([\d.]+) GHz/T", page)[1])
        assert shown * 1e9 == pytest.approx(one.ratio, rel=2e-6)
    attempted, failed, report = run_examples(page, "fields.md")
    assert attempted > 4
    assert not failed, report


def test_a_ratio_comes_from_the_entry_the_spec_or_the_model_and_leaves_the_id_alone():
    plain = spec_of()
    assert plain.ratio_of(plain.noises[0]) == 28.03e9
    own = {"noise": "nv_nanodiamond", "gyromagnetic_ratio_hz_per_t": "2.8 MHz/G"}
    for keys, ratio in (({"gyromagnetic_ratio_hz_per_t": "cs133"}, 3.4986e9), ({"noise": [own]}, 2.8e10)):
        spec = spec_of(**keys)
        assert spec.ratio_of(spec.noises[0]) == ratio
        assert spec.id == plain.id
        again = qsense.RunSpec.from_dict(spec.to_dict())
        assert again.ratios == spec.ratios
        assert again.id == spec.id
    bare = spec_of(noise=[{"dephasing_rate": 1e5}])
    assert "gyromagnetic" not in json.dumps(bare.to_dict())
    with pytest.raises(QsenseError, match=r"noise\[0\].*give it once"):
        spec_of(noise=[own], gyromagnetic_ratio_hz_per_t="nv")
    for wrong, said in (("0", "not 0"), ("28 GHz", "Hz/T"), ("nvv", "nv")):
        with pytest.raises(QsenseError, match=said):
            spec_of(gyromagnetic_ratio_hz_per_t=wrong)
    with pytest.raises(QsenseError, match="gyromagnetic"):
        spec_of(gyromagnetic_ratio_hz_per_t=True)


def test_texts_of_fields_and_ratios():
    assert quantity("3 nT", "magnetic field") == 3e-9
    assert quantity("5mG", "magnetic field") == 5e-7
    assert quantity("28.03 GHz/T", "gyromagnetic ratio") == quantity("2.803 MHz/G", "gyromagnetic ratio") == 28.03e9
    with pytest.raises(QsenseError, match="write it in T"):
        quantity("3 kHz", "magnetic field")


@pytest.mark.usefixtures("without_figures")
def test_a_run_tells_the_field_in_tesla(tmp_path):
    """B is φ/(2π ratio), and a negative ratio turns the interval round."""
    for sign in (1, -1):
        record = qsense.run(spec_of(gyromagnetic_ratio_hz_per_t=sign * 2e10), tmp_path / str(sign))
        rows = json.loads((record.path / "summary.json").read_text())["rows"]
        for row in rows:
            ends = sorted(row[f"field_{end}_rad_per_s"] / (2 * np.pi * sign * 2e10) for end in ("low", "high"))
            assert (row["field_low_t"], row["field_high_t"]) == pytest.approx(tuple(ends))
            assert row["field_low_t"] < row["field_estimate_t"] < row["field_high_t"]
            assert row["field_estimate_t"] * sign * row["field_estimate_rad_per_s"] > 0
            first = min(float(one["time_s"]) for one in record.read_csv("estimates.csv"))
            turns = 2 if row["probe"] == "ghz" else 1
            assert row["field_ambiguity_t"] <= 1 / (turns * first * 2 * 2e10) * (1 + 1e-9)
    shown = CliRunner().invoke(app, ["show", str(record.path)], catch_exceptions=False).output
    assert "B of ghz" in shown
    assert "20 GHz/T" in shown


def test_theory_says_the_sensitivity_of_the_best_rate():
    """Huelga's N/(4eγ) at t = 1/(4Nγ), by hand; the dead time makes windows rarer."""
    asked = ["theory", "--probe", "ghz", "--num-qubits", "3", "--dephasing", "0.1", "--times", "0", "--json"]
    found = json.loads(CliRunner().invoke(app, [*asked, "--gyromagnetic-ratio", "1 kHz/T"]).output)
    rate = 3 / (4 * np.e * 0.1)
    assert found["sensitivity_t_per_root_hz"] == pytest.approx(1 / (2 * np.pi * 1e3 * np.sqrt(rate)))
    assert found["sensitivity_hz_per_root_hz"] == pytest.approx(1 / (2 * np.pi * np.sqrt(rate)))
    assert found["dynamic_range_t"] == pytest.approx(np.pi * 4 * 0.1 / (2 * np.pi * 1e3), rel=1e-6)
    without = json.loads(CliRunner().invoke(app, asked).output)
    assert without["sensitivity_t_per_root_hz"] is None
    assert without["sensitivity_hz_per_root_hz"] == found["sensitivity_hz_per_root_hz"]


def test_sensing_time_and_range_by_hand():
    assert magnetic.sensing_time([10, 20], [1.0, 2.0], 0.25) == 10 * 1.25 + 20 * 2.25
    assert magnetic.dynamic_range(5, 0.1) == pytest.approx(np.pi / 0.5)
    assert magnetic.dynamic_range(0, 0.1) == np.inf
