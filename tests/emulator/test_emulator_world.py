"""The emulator under every part of the world and under pairs of parts: against Lindblad equations and averages of an
oracle that shares nothing with qsense but the probe's circuit (tests/support/worlds.py)."""

import itertools

import numpy as np
import pytest
import worlds
from cases import further, spread
from referee import LOPSIDED, fit_p_value, random_settings

from qsense import LocalNoise, Probe, emulator
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import dense, matrix_product
from qsense.errors import ArgumentError
from qsense.noise import Collective, NoiseModel, Pairs, PhaseNoise, QuasiStatic, World
from qsense.signals import Pulses, Signal

pytestmark = pytest.mark.long
TIME = 0.7
PARTS = {
    "local": {"dephasing": 0.1, "emission": 0.2, "absorption": 0.1},
    "dephasing": {"dephasing": 0.2},
    "stretched": {"dephasing": 0.3, "exponent": 2.0},
    "collective": {"phases": [("collective", "white", 0.07)]},
    "line": {"phases": [("line", "white", 0.1)]},
    "gradient": {"phases": [("gradient", "static", 0.8)]},
    "ou": {"phases": [("collective", "ou", 0.9, 0.4)]},
    "own": {"phases": [("local", "static", 0.7)]},
    "zz": {"zz": 0.9},
    "dipolar": {"dipolar": 1.1},
    "transverse": {"transverse": 0.2},
}
COMMUTING = ("dephasing", "stretched", "collective", "line", "gradient", "ou", "own")


def merged(*names):
    found = {}
    for name in names:
        for key, value in PARTS[name].items():
            found[key] = found.get(key, []) + value if key == "phases" else value
    return found


def is_supported(part):
    """Noise that remembers goes with what commutes with it only."""
    remembers = part.get("exponent", 1) != 1 or any(one[1] != "white" for one in part.get("phases", []))
    flips = any(part.get(key) for key in ("emission", "absorption"))
    moves = part.get("dipolar") or part.get("transverse") or (part.get("zz") and flips)
    stretched_transverse = part.get("exponent", 1) != 1 and part.get("transverse")
    return not (remembers and moves) and not stretched_transverse


PAIRS = [pair for pair in itertools.combinations(PARTS, 2) if is_supported(merged(*pair))]


def exact(experiment, settings, noise):
    return np.concatenate(list(emulator.probabilities(experiment, settings, noise)))


def probes_of(size, ending):
    ghz = [Probe.ghz(size, tilt=0.3), Probe.ghz(size, signs="alternating", tilt=-0.2)]
    if ending == "loss_flag":
        return ghz
    return [*ghz, Probe.product(size, -0.4), *([LOPSIDED] if size == 3 else [])]


@pytest.mark.parametrize(
    ("size", "name", "ending"), spread(3, range(1, 6), PARTS, ["directions", "loss_flag", "unprepare"])
)
def test_every_part_is_as_the_oracle_has_it(size, name, ending):
    part, settings = PARTS[name], random_settings(size, 1, seed=size)
    for probe in probes_of(size, ending)[: None if size < 4 else 1]:
        experiment = Experiment(probe, TIME, ending)
        found = exact(experiment, settings, worlds.model_of(part, size))
        assert np.abs(found - worlds.probabilities(experiment, part, settings)).max() < 1e-12


@pytest.mark.study  # as five spins above
@pytest.mark.parametrize("name", PARTS)
def test_six_spins_are_as_the_oracle_has_them(name):
    part, settings, experiment = PARTS[name], random_settings(6, 1, seed=6), Experiment(Probe.product(6, -0.4), TIME)
    found = exact(experiment, settings, worlds.model_of(part, 6))
    assert np.abs(found - worlds.probabilities(experiment, part, settings)).max() < 1e-12


@pytest.mark.parametrize("size", [2, further(4)])
@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_every_pair_of_parts_is_as_the_oracle_has_it(size, pair):
    part, settings = merged(*pair), random_settings(size, 1, seed=7)
    experiment = Experiment(Probe.product(size, 0.3), TIME)
    found = exact(experiment, settings, worlds.model_of(part, size))
    assert np.abs(found - worlds.probabilities(experiment, part, settings)).max() < 1e-12


@pytest.mark.parametrize("pulses", ["hahn", "xy4"])
@pytest.mark.parametrize(
    "names", [("local",), ("collective", "local"), ("ou",), ("ou", "line", "local"), ("stretched",)]
)
def test_pulses_and_an_alternating_field_are_as_the_oracle_has_them(names, pulses):
    if pulses == "xy4" and "ou" in names:
        names = tuple(name for name in names if name != "ou") or ("collective",)
    part, size, frequency, alpha = merged(*names), 3, 1.3, 0.4
    settings = random_settings(size, 2, seed=3)
    for probe, ending in ((LOPSIDED, "directions"), (Probe.ghz(3, signs="+-+"), "loss_flag")):
        experiment = Experiment(probe, TIME, ending, Signal(frequency=frequency, phase=alpha), Pulses.named(pulses))
        found = exact(experiment, settings, worlds.model_of(part, size))
        assert np.abs(found - worlds.probabilities(experiment, part, settings, frequency, alpha)).max() < 1e-12


def test_a_wrong_part_does_not_agree():
    settings, experiment = random_settings(3, 1, seed=1), Experiment(Probe.product(3, 0.3), TIME)
    for name in PARTS:
        if name in ("zz", "dipolar"):  # product probes feel them
            wrong = {key: 1.01 * value for key, value in PARTS[name].items()}
        else:
            wrong = merged(name, "dephasing") if name != "dephasing" else {"dephasing": 0.202}
        found = exact(experiment, settings, worlds.model_of(PARTS[name], 3))
        assert np.abs(found - worlds.probabilities(experiment, wrong, settings)).max() > 1e-5


@pytest.mark.parametrize("ending", ["loss_flag", "unprepare"])
@pytest.mark.parametrize("signs", ["++++", "+-+-", "-++-", "--+-"])
def test_strings_of_signed_and_tilted_ghz_follow_the_exact_distribution(signs, ending):
    """16 p-values, below 1e-5 by chance once in 6000 seeds."""
    probe, part, shots = Probe.ghz(4, signs=signs, tilt=0.4), merged("local", "collective", "gradient"), 100_000
    experiment, settings = Experiment(probe, TIME, ending), random_settings(4, 2, seed=2)
    noise = worlds.model_of(part, 4)
    table = emulator.sample(experiment, settings, shots, noise, 3).table()
    wanted = worlds.probabilities(experiment, part, settings)
    for row in range(2):
        assert fit_p_value(table[row], shots * wanted[row]) > 1e-5
    off = worlds.probabilities(experiment, merged("local"), settings)  # without what is shared
    if signs == "+-+-":
        assert min(fit_p_value(table[row], shots * off[row]) for row in range(2)) < 1e-5


@pytest.mark.parametrize("names", [("collective",), ("line", "local"), ("gradient", "ou")], ids="+".join)
@pytest.mark.parametrize("probe", [Probe.product(4, 0.3), Probe.ghz(4, signs="+-++", tilt=0.2), LOPSIDED],
                         ids=lambda p: p.name)  # fmt: skip
def test_shots_with_phases_of_their_own_follow_the_exact_distribution(probe, names, monkeypatch):
    """18 p-values, below 1e-5 by chance once in 5000 seeds; without the shared phases they are."""
    part, size, shots = merged(*names), probe.num_qubits, 100_000
    phases, _, azimuths = np.random.default_rng(4).uniform(-3, 3, (3, 2, size))
    experiment, settings = Experiment(probe, TIME), Settings(phases, np.full((2, size), 1.4), azimuths)
    wanted = worlds.probabilities(experiment, part, settings)
    monkeypatch.setattr(dense, "NUM_QUBITS", 0)
    table = emulator.sample(experiment, settings, shots, worlds.model_of(part, size), 5).table()
    for row in range(2):
        assert fit_p_value(table[row], shots * wanted[row]) > 1e-5
    off = worlds.probabilities(experiment, {**part, "phases": []}, settings)
    assert min(fit_p_value(table[row], shots * off[row]) for row in range(2)) < 1e-5


@pytest.mark.parametrize("probe", [Probe.ghz(5, signs="+--+-", tilt=0.3), Probe.ghz(1, tilt=-0.4)])
def test_the_matrix_product_of_a_signed_ghz_is_its_state(probe):
    state = np.ones((1, 1))
    for tensor in matrix_product.prepared(probe):
        assert np.allclose(np.einsum("asb,csb->ac", tensor, tensor.conj()), np.eye(len(tensor)), atol=1e-14)
        state = np.einsum("ka,asb->skb", state, tensor).reshape(2 * len(state), -1)
    assert np.allclose(state[:, 0], probe.statevector(), atol=1e-15)


def test_the_parity_of_a_hundred_spins_under_a_shared_slow_field():
    """GHZ of 100 spins: parity (1 − 1/√shots…) falls as exp(−½ N²σ²t²); matching signs do not feel it. 4.5 sigma."""
    size, shots, spread = 100, 40_000, 0.01
    noise = NoiseModel(phase_noise=[PhaseNoise(Collective(), QuasiStatic(spread))])
    settings = Settings(np.zeros((1, size)), np.full((1, size), np.pi / 2), np.zeros((1, size)))
    for signs, wanted in (("", np.exp(-0.5 * (size * spread) ** 2)), ("alternating", 1.0)):
        counts = emulator.sample(Experiment(Probe.ghz(size, signs=signs), 1.0), settings, shots, noise, 2)
        ups = np.unpackbits(counts.outcomes, axis=1, bitorder="little").sum(1)
        parity = counts.numbers @ (1.0 - 2 * (ups % 2)) / shots
        assert abs(parity - wanted) <= 4.5 * np.sqrt((1 - wanted**2) / shots) + 1e-12


def test_what_the_world_or_the_size_does_not_allow_is_refused():
    settings = Settings(*np.zeros((3, 1, 12)))
    with pytest.raises(ArgumentError, match="couplings between at most 10 spins"):
        emulator.sample(Experiment(Probe.product(12), 1.0), settings, 10, NoiseModel(coupling=1.0), 1)
    # A ZZ coupling does nothing to a GHZ state.
    emulator.sample(Experiment(Probe.ghz(12), 1.0), settings, 10, NoiseModel(coupling=1.0), 1)
    with pytest.raises(ArgumentError, match="at most 6 spins"):
        emulator.sample(Experiment(Probe.product(12), 1.0), settings, 10, LocalNoise(transverse=0.1), 1)
    with pytest.raises(ArgumentError, match="an echo senses an alternating one"):
        emulator.sample(Experiment(Probe.product(12), 1.0, pulses=Pulses.named("hahn")), settings, 10, LocalNoise(), 1)
    with pytest.raises(ArgumentError, match="weights for 2 spins"):
        emulator.sample(Experiment(Probe.product(12), 1.0, signal=Signal([1, -1])), settings, 10, LocalNoise(), 1)
    remembers = NoiseModel(phase_noise=[PhaseNoise(Collective(), QuasiStatic(1.0))], dipolar=1.0)
    with pytest.raises(ArgumentError, match="remembers"):
        list(emulator.probabilities(Experiment(Probe.product(12), 1.0), settings, remembers))


def test_of_a_world_the_noise_counts():
    settings, noise = random_settings(3, 2, seed=1), NoiseModel(collective_dephasing=0.2)
    experiment = Experiment(Probe.product(3), 1.0)
    assert np.array_equal(exact(experiment, settings, World(noise)), exact(experiment, settings, noise))


def test_a_strong_shared_part_leaves_a_weak_one_to_its_last_digit():
    """Opposite signs do not feel the collective part; the pair's own, of correlation ½, leaves e^{−½·sᵀCs} = e^{−½}."""
    noise = NoiseModel(collective_dephasing=1e13, phase_noise=[PhaseNoise(Pairs(((0, 1, 0.5),)), QuasiStatic(1.0))])
    settings = Settings(np.zeros((1, 2)), np.full((1, 2), np.pi / 2), np.zeros((1, 2)))
    (found,) = emulator.probabilities(Experiment(Probe.ghz(2, "+-"), 1.0), settings, noise)
    assert found[0] @ [1, -1, -1, 1] == pytest.approx(np.exp(-0.5), rel=1e-12)
