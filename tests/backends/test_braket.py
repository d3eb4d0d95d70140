"""Braket's local simulator: noise in the place of delays, the bits in their places, and the counts of the emulator."""

import numpy as np
import pytest
from referee import noise_of, probes_of, random_settings, same_p_value

from qsense import LocalNoise, Probe, ReadoutError, backends, workflow
from qsense.backends.aer_noise import with_noise
from qsense.backends.vendor import Vendor
from qsense.backends.vendors import braket
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError, SpecError
from qsense.estimators import ghz
from qsense.runs.spec import RunSpec

SPEC = {
    "schema": 1, "name": "braket", "probes": ["ghz", "product", "w4"], "num_qubits": [2, 3], "noise": "thermal",
    "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 1000, "backend": "braket:local", "seed": 5,
}  # fmt: skip


def stand_in(monkeypatch, simulator=None):
    """Aer without its delay behind the same face: what is ours is then tested where Braket is not installed."""
    from qiskit_aer import AerSimulator

    made = AerSimulator(method="density_matrix") if simulator is None else simulator
    monkeypatch.setattr(Vendor, "is_installed", lambda vendor: True)
    monkeypatch.setattr(braket, "open_local", lambda: made)
    return backends.sampler("braket:local")


def agreement(sampler, experiment, settings, noise, shots=8000, theirs=None):
    ours = sampler.sample(experiment, settings, shots, noise, seed=1).table()
    exact = backends.sampler("emulator").sample(experiment, settings, shots, theirs or noise, seed=2).table()
    assert ours.sum(1).tolist() == [shots] * len(settings)
    return min(same_p_value(*rows) for rows in zip(ours, exact, strict=True))


def check_all_probes(sampler):
    """Chi-square of 30 rows: below 1e-5 by chance once in 3000 times; Braket's counts have no seed.

    Probes with controlled rotations are among them, which Braket's simulator gets wrong as they are.
    """
    for size, ending in ((1, "directions"), (3, "directions"), (3, "loss_flag"), (4, "unprepare"), (6, "directions")):
        settings = random_settings(size, 2, seed=size)
        for probe in probes_of(size, ending):
            assert agreement(sampler, Experiment(probe, 0.8, ending), settings, noise_of("unequal", size)) > 1e-5


def test_a_simulator_without_delay_gives_the_counts_of_the_emulator(monkeypatch):
    check_all_probes(stand_in(monkeypatch))


def test_other_noise_is_told_apart_by_the_same_comparison(monkeypatch):
    """The control: a rate half as large again."""
    ending, settings = ghz.design(3, 0.0)
    experiment = Experiment(Probe.ghz(3), 0.8, ending)
    assert agreement(stand_in(monkeypatch), experiment, settings, LocalNoise(0.1), theirs=LocalNoise(0.15)) < 1e-5


def test_the_channels_stand_in_the_place_of_the_delays():
    circuit = Experiment(Probe.ghz(3), 0.5).circuit()
    counted = with_noise(circuit, LocalNoise(0.1), keep_delays=False).count_ops()
    assert counted["kraus"] == 3
    assert "delay" not in counted
    assert "delay" not in with_noise(Experiment(Probe.ghz(3), 0.0).circuit(), LocalNoise(0.1), False).count_ops()


def test_a_simulator_that_reads_bits_in_another_order_is_refused(monkeypatch):
    import vendors

    vendor = vendors.Vendor(scramble=vendors.reversed_bits)
    sampler = stand_in(monkeypatch, vendor)
    with pytest.raises(ArgumentError, match='"braket:local" failed its self-test'):
        sampler.sample(Experiment(Probe.ghz(3), 0.0), random_settings(3, 1, seed=1), 100, LocalNoise(), 1)


def test_more_spins_than_it_runs_and_an_emulated_readout_error_are_refused(monkeypatch):
    with pytest.raises(ArgumentError, match="at most 10 spins"):
        stand_in(monkeypatch).check(Experiment(Probe.ghz(11), 0.0))
    with pytest.raises(ArgumentError, match="emulates no readout error"):
        backends.sampler("braket:local", ReadoutError(0.1, 0.1))
    with pytest.raises(ArgumentError, match="no qubits to choose"):
        backends.sampler("braket:local", qubits=[0])


def test_the_calibration_of_a_simulator_is_not_known(monkeypatch, tmp_path):
    stand_in(monkeypatch)
    with pytest.raises(SpecError, match='key `noise`: the noise "calibration" is what a device reports'):
        workflow.run(RunSpec.from_dict({**SPEC, "noise": "calibration"}, "b.toml"), tmp_path)


def test_without_its_package_the_fix_is_named(monkeypatch):
    monkeypatch.setattr(Vendor, "is_installed", lambda vendor: False)
    with pytest.raises(ArgumentError, match=r'run: pip install .*\[braket\]"'):
        backends.sampler("braket:local")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the vendor's own
def test_braket_itself_gives_the_counts_of_the_emulator():
    pytest.importorskip("qiskit_braket_provider", reason="needs qiskit-braket-provider")
    check_all_probes(backends.sampler("braket:local"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the vendor's own
def test_a_run_on_braket_measures_the_integral_of_the_spec_s_noise(tmp_path):
    """Each |z| < 4.5: five points fail a right sampler once in 30 000 times."""
    pytest.importorskip("qiskit_braket_provider", reason="needs qiskit-braket-provider")
    data = {**SPEC, "probes": ["ghz", "product"]}
    rows = workflow.run(RunSpec.from_dict(data), tmp_path).read_json("summary.json")["rows"]
    assert len(rows) == 4
    assert all(abs(row["z"]) < 4.5 for row in rows)


def test_the_basic_gates_keep_pulses_and_channels_in_their_places():
    """The circuit's density matrix, with an echo and relaxation, is the emulator's distribution."""
    from qiskit.quantum_info import DensityMatrix

    from qsense import emulator
    from qsense.backends.aer_window import noisy_circuit
    from qsense.backends.vendors.braket import _in_basic_gates
    from qsense.circuits.sensing import parameter_order
    from qsense.noise import NoiseModel
    from qsense.signals import Pulses, Signal

    matched = Signal(frequency="matched")
    experiment = Experiment(Probe.ghz(3, signs="+-+"), 0.8, "unprepare", matched, Pulses.named("xy4"))
    noise = NoiseModel(LocalNoise(0.1, 0.4, 0.2))
    circuit = _in_basic_gates(noisy_circuit(experiment, noise, draws=False).circuit)
    assert set(circuit.count_ops()) <= {"rx", "ry", "rz", "h", "x", "cx", "kraus", "measure"}
    settings = Settings(*np.random.default_rng(3).uniform(-3, 3, (3, 1, 3)))
    bare = circuit.remove_final_measurements(inplace=False)
    values = dict(zip(parameter_order(bare), settings.values()[0], strict=True))
    bound = bare.assign_parameters({p: values[p.name] for p in bare.parameters})
    wanted = next(emulator.probabilities(experiment, settings, noise))
    assert np.abs(DensityMatrix(bound).probabilities() - wanted[0]).max() < 1e-12
