"""Aer under every part of the world: its circuits hold the emulator's states, its counts follow its distribution."""

import numpy as np
import pytest
import worlds
from cases import further, spread
from qiskit.quantum_info import DensityMatrix
from referee import LOPSIDED, fit_p_value, random_settings

from qsense import Probe, emulator
from qsense.backends import AerSampler
from qsense.backends.aer_window import noisy_circuit, schur_operators
from qsense.backends.trotter import choose_steps, pair_gate, trotter_circuit, trotter_error
from qsense.backends.vendors.braket import BraketSampler
from qsense.circuits.sensing import Experiment, Settings, parameter_order
from qsense.emulator.window import square_root
from qsense.errors import ArgumentError
from qsense.signals import Pulses, Signal

pytestmark = pytest.mark.long
TIME = 0.7
LOCAL = {"dephasing": 0.1, "emission": 0.2, "absorption": 0.1}
COMMUTING = {
    "local+own": {**LOCAL, "phases": [("local", "static", 0.7)]},
    "stretched+collective": {"dephasing": 0.3, "exponent": 2.0, "phases": [("collective", "white", 0.07)]},
    "local+line": {**LOCAL, "phases": [("line", "white", 0.1)]},
    "gradient+ou": {"phases": [("gradient", "static", 0.8), ("collective", "ou", 0.9, 0.4)]},
    "zz+collective": {"zz": 0.9, "dephasing": 0.1, "phases": [("collective", "white", 0.07)]},
}
MOVING = {
    "dipolar": {"dipolar": 1.1},
    "dipolar+local": {"dipolar": 1.1, **LOCAL},
    "zz+local": {"zz": 0.9, **LOCAL},
    "dipolar+line": {"dipolar": 1.1, "phases": [("line", "white", 0.1)]},
    "transverse+local": {"transverse": 0.2, **LOCAL},
    "transverse+zz": {"transverse": 0.2, "zz": 0.9},
}


def exact(experiment, settings, noise):
    return np.concatenate(list(emulator.probabilities(experiment, settings, noise)))


def of_circuit(circuit, settings):
    """P(outcome) of a circuit's density matrix, row by row."""
    bare, rows = circuit.remove_final_measurements(inplace=False), []
    for values in settings.values():
        by_name = dict(zip(parameter_order(bare), values, strict=True))
        rows.append(
            DensityMatrix(bare.assign_parameters({p: by_name[p.name] for p in bare.parameters})).probabilities()
        )
    return np.array(rows)


@pytest.mark.parametrize("name", COMMUTING)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_circuit_holds_the_emulators_probabilities(size, name):
    noise, settings = worlds.model_of(COMMUTING[name], size), random_settings(size, 1, seed=size)
    for probe, ending in (
        (Probe.ghz(size, signs="alternating", tilt=0.3), "loss_flag"),
        (Probe.product(size), "directions"),
    ):
        experiment = Experiment(probe, TIME, ending)
        made = noisy_circuit(experiment, noise, draws=False)
        assert made.root is None
        assert np.abs(of_circuit(made.circuit, settings) - exact(experiment, settings, noise)).max() < 1e-12


@pytest.mark.parametrize("pulses", ["hahn", "xy4", "cpmg:3"])
def test_the_circuit_with_pulses_holds_the_emulators_probabilities(pulses):
    signal, settings = Signal(frequency=1.3, phase=0.4), random_settings(3, 1, seed=3)
    for name in ("local+line", "gradient+ou", "stretched+collective"):
        noise = worlds.model_of(COMMUTING[name], 3)
        experiment = Experiment(LOPSIDED, TIME, "directions", signal, Pulses.named(pulses))
        made = noisy_circuit(experiment, noise, draws=False)
        assert np.abs(of_circuit(made.circuit, settings) - exact(experiment, settings, noise)).max() < 1e-12


def test_schur_operators_are_a_channel():
    operators = schur_operators(square_root(np.array([[0.5, 0.2], [0.2, 3.0]])))
    assert np.allclose(sum(k.conj().T @ k for k in operators), np.eye(4), atol=1e-15)


@pytest.mark.parametrize(("size", "name"), spread(2, [2, 3], MOVING))
def test_trotter_steps_hold_the_emulators_probabilities(size, name):
    """Errors of probabilities are below half the distance of the states; that is the estimate over 4N²."""
    noise = worlds.model_of(MOVING[name], size)
    settings = random_settings(size, 1, seed=size)
    experiment = Experiment(Probe.product(size, 0.3), TIME)
    steps = choose_steps(experiment, noise, settings)
    assert trotter_error(experiment, noise, settings.phases[0], max(steps // 2, 1)) <= 1e-3
    found = of_circuit(trotter_circuit(experiment, noise, steps), settings)
    assert np.abs(found - exact(experiment, settings, noise)).max() < 1.2e-3 / (4 * size**2)
    rough = of_circuit(trotter_circuit(experiment, noise, 1), settings)
    if name not in ("dipolar", "transverse+zz") or size == 3:
        assert np.abs(rough - exact(experiment, settings, noise)).max() > 1e-5


@pytest.mark.parametrize(
    ("time", "product", "ghz"), [(0.5, 1.8918165, 3.7954272), (1.5, 1.5790177, 3.3669337), (4, 1.0582464, 2.3071826)]
)
def test_the_gain_of_a_dipolar_pair_is_within_the_stated_error(time, product, ghz):
    """Emission 0.1/s, D = 1 rad/s; values from the Lindblad equation. G of the circuit's state, about θ."""
    noise = worlds.model_of({"dipolar": 1.0, "emission": 0.1}, 2)
    settings = Settings(*np.zeros((3, 1, 2)))
    for probe, wanted in ((Probe.product(2), product), (Probe.ghz(2), ghz)):
        experiment = Experiment(probe, time)
        circuit = trotter_circuit(experiment, noise, choose_steps(experiment, noise, settings))
        bare = circuit.remove_final_measurements(inplace=False)
        rho = DensityMatrix(bare.assign_parameters(np.zeros(bare.num_parameters))).data
        assert gain(rho, np.array([1.0, 0, 0, -1])) == pytest.approx(wanted, abs=1e-3)


def gain(rho, generator):
    values, vectors = np.linalg.eigh(rho)
    inside = vectors.conj().T @ (generator[:, None] * vectors)
    total = np.add.outer(values, values)
    weight = np.where(total > 1e-14, np.subtract.outer(values, values) ** 2 / np.maximum(total, 1e-14), 0)
    return float(2 * np.sum(weight * np.abs(inside) ** 2))


def test_the_pair_gate_is_the_exponential_of_its_energy():
    from scipy.linalg import expm

    zz, dipolar, time = 0.7, -1.3, 0.9
    two = {a: np.kron(m, m) for a, m in (("x", worlds.X), ("y", worlds.Y), ("z", worlds.Z))}
    energy = zz / 2 * two["z"] + dipolar / 4 * (2 * two["z"] - two["x"] - two["y"])
    assert np.allclose(pair_gate(zz, dipolar, time), expm(-1j * time * energy), atol=1e-15)


@pytest.mark.parametrize(
    ("size", "name", "method", "shots"),
    [
        *((2, "local+line", method, 1500) for method in ("density_matrix", "matrix_product_state")),
        (3, "gradient+ou", "statevector", 1500),
        # From five spins on "density_matrix" runs on a state vector, too.
        (5, "zz+collective", "density_matrix", 3000),
        (6, "local+line", "matrix_product_state", 1500),
        *map(further, (
            (2, "local+line", "statevector", 1500), (3, "gradient+ou", "density_matrix", 1500),
            (3, "gradient+ou", "matrix_product_state", 1500), (5, "zz+collective", "matrix_product_state", 3000),
            (6, "local+line", "density_matrix", 1500),
        )),
    ],
)  # fmt: skip
def test_counts_follow_the_emulators_distribution(size, name, method, shots):
    """20 p-values, below 1e-5 by chance once in 5000 seeds; without what is shared they are, where it shows."""
    part = COMMUTING[name]
    phases, _, azimuths = np.random.default_rng(2).uniform(-1, 1, (3, 2, size))
    settings = Settings(phases, np.full((2, size), 1.5), azimuths)
    experiment, noise = Experiment(Probe.product(size), TIME), worlds.model_of(part, size)
    table = AerSampler(method).sample(experiment, settings, shots, noise, seed=5).table()
    wanted = exact(experiment, settings, noise)
    assert min(fit_p_value(table[row], shots * wanted[row]) for row in range(2)) > 1e-5
    strong = {**part, "phases": [(space, memory, 4 * first, *rest) for space, memory, first, *rest in part["phases"]]}
    off = exact(experiment, settings, worlds.model_of(strong, size))
    assert min(fit_p_value(table[row], shots * off[row]) for row in range(2)) < 1e-5


@pytest.mark.parametrize("name", ["dipolar+local", "transverse+local"])
def test_counts_in_trotter_steps_follow_the_emulators_distribution(name):
    """4 p-values, below 1e-5 by chance once in 25 000 seeds."""
    noise, settings = worlds.model_of(MOVING[name], 3), random_settings(3, 2, seed=8)
    experiment = Experiment(Probe.ghz(3, signs="++-"), TIME, "unprepare")
    table = AerSampler().sample(experiment, settings, 20_000, noise, seed=4).table()
    wanted = exact(experiment, settings, noise)
    assert min(fit_p_value(table[row], 20_000 * wanted[row]) for row in range(2)) > 1e-5
    off = exact(experiment, settings, worlds.model_of({**LOCAL, "emission": 0.6}, 3))
    assert min(fit_p_value(table[row], 20_000 * off[row]) for row in range(2)) < 1e-5


def test_the_same_seed_gives_the_same_counts_and_rows_are_independent():
    noise, settings = worlds.model_of(COMMUTING["local+line"], 5), Settings(*np.full((3, 2, 5), 0.4))
    runs = [AerSampler().sample(Experiment(Probe.product(5), 1.0), settings, 300, noise, s).table() for s in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_what_aer_and_braket_cannot_do_is_refused_by_name():
    settings = Settings(*np.zeros((3, 1, 7)))
    with pytest.raises(ArgumentError, match=r'at most 6 spins.*backend = "emulator"'):
        AerSampler().sample(Experiment(Probe.product(7), 1.0), settings, 10, worlds.model_of(MOVING["dipolar"], 7), 1)
    for name, what in (("local+line", "noise that spins share"), ("zz+collective", "share"), ("local+own", None)):
        noise = worlds.model_of(COMMUTING[name], 2)
        if what is not None:
            with pytest.raises(ArgumentError, match=what):
                BraketSampler(None).sample(Experiment(Probe.product(2), 1.0), settings, 10, noise, 1)
    with pytest.raises(ArgumentError, match="couplings between spins"):
        BraketSampler(None).sample(Experiment(Probe.product(2), 1.0), settings, 1, worlds.model_of({"zz": 1.0}, 2), 1)
    with pytest.raises(ArgumentError, match="transverse noise"):
        BraketSampler(None).sample(
            Experiment(Probe.product(2), 1.0), settings, 1, worlds.model_of({"transverse": 1.0}, 2), 1
        )
