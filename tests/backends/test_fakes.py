"""IBM's fake devices: what was measured on them beside the theory of their own calibration."""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from cases import further
from typer.testing import CliRunner

pytest.importorskip("qiskit_ibm_runtime", reason="needs the extra ibm")

from qsense import LocalNoise, backends, workflow
from qsense.backends import catalogue
from qsense.backends.fakes import compact, fake_runner
from qsense.backends.runners import aer_runner
from qsense.backends.vendors import fake as fakes
from qsense.circuits.sensing import Experiment
from qsense.cli import app
from qsense.devices.device import read
from qsense.errors import ArgumentError, SpecError
from qsense.estimators import ghz, product
from qsense.estimators.spam import fit_amplitude
from qsense.probes import Probe
from qsense.runs.preparation import prepare_run
from qsense.runs.spec import RunSpec
from qsense.signals import UNIFORM, Pulses, Signal
from qsense.theory import gain
from qsense.theory.times import designed_rule

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("without_figures")]

SPEC = {
    "schema": 1, "name": "manila", "probes": ["ghz", "product"], "num_qubits": [2, 3], "noise": "calibration",
    "estimators": ["auto"], "field_rad_per_s": 2000.0, "shots": 1000, "backend": "fake:manila", "seed": 5,
    "device": {"readout_shots": 500},
}  # fmt: skip


def z_scores(name, probe, seed, noise=None, shots=4000):
    """Residuals of G at the designed times, with one amplitude fitted for preparation and readout."""
    sampler = backends.sampler(name)
    noise = sampler.reported_noise(probe)[0] if noise is None else noise
    times = np.array([sampler.rounded(float(t)) for t in designed_rule(probe, noise).times])
    method = ghz if probe.kind == "ghz" else product
    estimates = []
    for place, time in enumerate(times):
        ending, settings = method.design(probe.num_qubits, 0.3)
        counts = sampler.sample(Experiment(probe, float(time), ending), settings, shots, noise, 1000 * seed + place)
        estimates.append(method.estimate(counts))
    return fit_amplitude(estimates, gain(probe, noise, times))


@pytest.mark.parametrize(("name", "probe"), [
    ("fake:manila", Probe.ghz(5)), ("fake:boston", Probe.product(4)), ("fake:kingston", Probe.ghz(6)),
    *(further((name, Probe.product(n))) for name, n in (("fake:manila", 5), ("fake:kingston", 4))),
    *(further((name, Probe.ghz(n))) for name, n in (
        ("fake:manila", 2), ("fake:manila", 3), ("fake:manila", 4), ("fake:boston", 2), ("fake:boston", 4),
        ("fake:boston", 5), ("fake:kingston", 3))),
], ids=str)  # fmt: skip
def test_gain_on_a_fake_is_that_of_its_calibration_up_to_preparation_and_readout(name, probe):
    """|z| < 3 at every one of five times: each case fails for a right device once in 80."""
    fit = z_scores(name, probe, 1)
    assert np.all(np.abs(fit.z) < 3)
    assert 0.4 < fit.amplitude.value < 1


def test_a_wrong_calibration_is_refused_by_the_same_test():
    """The control: a T2 30 % too long."""
    sampler = backends.sampler("fake:manila")
    right = sampler.reported_noise(Probe.product(3))[0]
    wrong = LocalNoise.from_t1_t2(10 * right.t1(3), 1.3 * right.t2(3))
    assert np.abs(z_scores("fake:manila", Probe.product(3), 1, wrong).z).max() > 3


def test_kingstons_relaxation_is_there_although_one_of_its_qubits_has_no_t1():
    """The fake's own `run` drops it: a spin that is up and idle for 300 µs stays up there, and relaxes here."""
    from qiskit_ibm_runtime.fake_provider import FakeKingston

    from qsense.backends.runners import bindings
    from qsense.circuits.transpilation import relaxation_circuit

    fake = FakeKingston()
    device = read(fake)
    qubit = int(np.nanargmin(np.abs(device.t1 - 200e-6)))
    circuit = relaxation_circuit([qubit], device.rounded(300e-6), device, fake.target)
    assert bindings(circuit, np.zeros((1, 3))) == {}
    ours = fake_runner(fake)(circuit, np.zeros((1, 3)), 2000, 1).table()[0]
    assert abs(ours[1] / 2000 - np.exp(-300e-6 / device.t1[qubit])) < 0.06


def test_the_restricted_fake_has_the_noise_of_the_whole_one():
    """The same circuit on the whole device's Aer model: every P(outcome) within 5 standard errors."""
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    sampler = backends.sampler("fake:manila")
    ending, settings = ghz.design(3, 0.3)
    circuit = sampler.prepared(Experiment(Probe.ghz(3), 30e-6, ending)).circuit
    _, qubits = compact(circuit)
    assert len(qubits) == 3
    shots = 20000
    whole = aer_runner(AerSimulator.from_backend(FakeManilaV2()))(circuit, settings.values(), shots, 1).table()
    part = fake_runner(FakeManilaV2())(circuit, settings.values(), shots, 2).table()
    assert np.all(np.abs(whole - part) < 5 * np.sqrt(whole + part + 1))


def test_every_way_of_idling_runs_and_a_fake_gives_the_same_t2_for_all():
    """A fake has no slow noise to refocus: product gain at one time within 4 standard errors, pulses' errors aside."""
    values = {}
    for idle in ("free", "hahn", "xy4", "cpmg:3"):
        signal = UNIFORM if idle == "free" else Signal(frequency="matched")
        sampler = backends.sampler("fake:boston", idle=idle, qubits=[34, 35])
        ending, settings = product.design(2, 0.3)
        found = product.estimate(
            sampler.sample(Experiment(Probe.product(2), 100e-6, ending, signal), settings, 4000, LocalNoise(), 3)
        )
        values[idle] = (found.value, found.stderr)
    for idle in ("hahn", "xy4", "cpmg:3"):
        assert abs(values[idle][0] - values["free"][0]) < 4 * np.hypot(values[idle][1], values["free"][1]) + 0.02


def test_a_device_refuses_a_constant_field_under_its_pulses_and_an_experiments_own_pulses_win():
    sampler = backends.sampler("fake:boston", idle="hahn", qubits=[34, 35])
    with pytest.raises(ArgumentError, match="an echo senses an alternating one"):
        sampler.check(Experiment(Probe.product(2), 100e-6))
    matched = Signal(frequency="matched")
    circuit = sampler.prepared(Experiment(Probe.product(2), 100e-6, "directions", matched, Pulses.named("xy4"))).circuit
    assert circuit.count_ops()["delay"] >= 2 * 5


def test_a_run_on_a_fake_keeps_its_qubits_its_times_and_its_calibration(tmp_path, caplog):
    caplog.set_level("INFO", "qsense")
    record = workflow.run(RunSpec.from_dict(SPEC), tmp_path)
    spec = tomllib.loads((record.path / "spec.toml").read_text())
    places = spec["device"]["placements"]
    assert [(p["probe"], p["num_qubits"]) for p in places] == [("ghz", 2), ("ghz", 3), ("product", 2), ("product", 3)]
    device = read(backends.sampler("fake:manila").backend)
    for place in places:
        rates = np.array(place["emission_rate"]) / 2 + 2 * np.array(place["dephasing_rate"])
        assert np.allclose(rates, 1 / device.t2[place["qubits"]])
    points = json.loads((record.path / "calibration.json").read_text())["points"]
    assert len(points) == 4
    for point in points:
        ticks = np.array([row["time_s"] for row in point["times"]]) / device.tick()
        assert np.allclose(ticks, np.round(ticks), atol=1e-6)
        assert not point["readout"]["is_correlated"]
        # Undone, the readout error of some 5 % a spin no longer is in the amplitude.
        assert point["mitigated_amplitude"] > point["amplitude"] + 3 * point["amplitude_stderr"]
    path = json.loads((record.path / "device.json").read_text())["probes"][0]["path"]
    assert path == "aer"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        return workflow.run(RunSpec.from_dict({**SPEC, "num_qubits": [2]}), tmp_path_factory.mktemp("records"))


def test_a_record_is_estimated_again_without_its_backend_and_continued_on_its_qubits(record, monkeypatch):
    before = (record.path / "calibration.json").read_bytes()
    again = workflow.run(RunSpec.load(record.path / "spec.toml"), record.path.parent)
    assert again.path == record.path
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    workflow.estimate_record(record.path)
    assert (record.path / "calibration.json").read_bytes() == before


@pytest.mark.parametrize(("change", "message"), [
    ({"backend": "fake:bosten"}, 'Did you mean "fake:boston"'),
    ({"num_qubits": [6]}, "has 5 qubits, but"),
    ({"device": {"qubits": [0, 1, 4]}}, "fall into the parts 0, 1 | 4"),
    ({"device": {"qubits": [0, 9, 4]}}, "but not 9"),
    ({"device": {"idle": "hahnn"}}, 'Did you mean "hahn"'),
    ({"times_s": [1e-10, 1e-6]}, "shorter than the device can idle"),
    ({"readout_error": {"up_given_down": 0.1}}, "readout error of its own"),
    ({"backend": "emulator", "device": None}, "give a device as `backend`"),
])  # fmt: skip
def test_bad_specs_are_refused_with_the_file_and_the_fix(change, message, tmp_path):
    data = {**SPEC, "probes": ["ghz"], "num_qubits": [3], **change}
    with pytest.raises(SpecError) as caught:
        workflow.run(RunSpec.from_dict({k: v for k, v in data.items() if v is not None}, "bad.toml"), tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("bad.toml: key `")
    assert not list(tmp_path.iterdir())


def test_a_fringe_that_goes_round_is_said(tmp_path, caplog):
    caplog.set_level("INFO", "qsense")
    data = {**SPEC, "probes": ["ghz"], "num_qubits": [2], "shots": 100, "device": {}, "field_rad_per_s": 5e4}
    prepare_run(RunSpec.from_dict(data), tmp_path).log_remarks()
    assert any("N·φ·t passes π at t = 3.14e-05 s" in line for line in caplog.messages)
    caplog.clear()
    prepare_run(RunSpec.from_dict({**data, "field_rad_per_s": 1e3}), tmp_path).log_remarks()
    assert not any("passes π" in line for line in caplog.messages)


@pytest.mark.parametrize("which", ["some", further("all")])
def test_the_catalogue_lists_fakes_with_their_medians_and_vendors_with_their_reasons(which, monkeypatch):
    if which == "some":
        some = {name: fakes.fake_classes()[name] for name in ("manila", "kingston")}
        monkeypatch.setattr(fakes, "fake_classes", lambda: some)
    rows = {row.name: row for row in catalogue.rows()}
    device = read(backends.sampler("fake:manila").backend)
    assert rows["fake:manila"].t1_s == pytest.approx(np.median(device.t1))
    assert rows["fake:kingston"].num_qubits == 156
    assert rows["fake:kingston"].t1_s > 0
    assert rows["ibm:…"].unreachable


def test_more_spins_than_a_noisy_simulation_bears_are_refused():
    with pytest.raises(ArgumentError, match="at most 12 spins"):
        backends.sampler("fake:boston").check(Experiment(Probe.ghz(13), 0.0))


def test_calibrate_measures_what_the_fake_was_given(tmp_path):
    """Fifteen numbers within 4.5 standard errors of the fake's own: a right measurement fails once in 10 000."""
    out = tmp_path / "m.toml"
    result = CliRunner().invoke(app, ["calibrate", "fake:manila", "--qubits", "0,1,3", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    entry = tomllib.loads(out.read_text())
    device = read(backends.sampler("fake:manila").backend)
    qubits = [0, 1, 3]
    for key, true in (
        ("t1", device.t1 * 1e6), ("t2_star", device.t2 * 1e6), ("t2_echo", device.t2 * 1e6),
        ("up_given_down", device.up_given_down), ("down_given_up", device.down_given_up),
    ):  # fmt: skip
        off = (np.array(entry[key]["value"]) - true[qubits]) / np.array(entry[key]["stderr"])
        assert np.all(np.abs(off) < 4.5), key
    assert LocalNoise.load(str(out)).num_spins == 3


def test_compare_prints_the_comparison_with_the_calibration(record):
    result = CliRunner().invoke(app, ["compare", str(record.path)])
    assert result.exit_code == 0
    for word in ("predicted G", "ratio", "readout mitigated", "preparation keeps"):
        assert word in result.output


def test_listing_backends_prints_json(monkeypatch):
    few = {name: fakes.fake_classes()[name] for name in ("manila", "lima")}
    monkeypatch.setattr(fakes, "fake_classes", lambda: few)
    result = CliRunner().invoke(app, ["backends", "--json"])
    assert result.exit_code == 0
    assert any(row["name"] == "fake:manila" for row in json.loads(result.output))


@pytest.mark.checkout
@pytest.mark.parametrize("name", ["fake_boston", "fake_kingston"])
def test_the_shipped_specs_resolve(name, tmp_path):
    spec = RunSpec.load(Path(__file__).resolve().parents[2] / "runs" / f"{name}.toml")
    placed = prepare_run(spec, tmp_path).spec
    assert len(placed.device.placements) == len(spec.probes)
