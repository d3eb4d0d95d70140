"""Pair codes: names, gain by the symmetric engine of pairs, the best of them, and runs that prepare them."""

from itertools import product
from math import comb

import numpy as np
import pytest
from kraus import gain_by_hand, integral_by_hand
from qiskit.quantum_info import Statevector

from qsense import LocalNoise, Probe, RunSpec, gain, integrated_gain, run
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import sample
from qsense.emulator.matrix_product import prepared
from qsense.errors import ArgumentError, SpecError
from qsense.noise import Environment
from qsense.runs.plan import plan
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.goal import Goal
from qsense.theory.pair_search import PairObjective, best_pair_code
from qsense.theory.table import comparison

EMISSION = LocalNoise(emission=1.0)
# Each spin's (dephasing, emission, absorption), and γ_c, beside the noise that has them.
WORLDS = {
    "emission": (EMISSION, (0.0, 1.0, 0.0), 0.0),
    "all": (LocalNoise(0.1, 0.5, 0.2), (0.1, 0.5, 0.2), 0.0),
    "dephasing": (LocalNoise(dephasing=0.2), (0.2, 0.0, 0.0), 0.0),
    "up and down alike": (
        Environment(LocalNoise(emission=0.4, absorption=0.4), collective_dephasing=0.1),
        (0.0, 0.4, 0.4),
        0.1,
    ),
}


def state_by_hand(amplitudes):
    """The state over 2^N basis states: for each choice of pairs that are up its amplitude, shared by all of as many."""
    pairs = len(amplitudes) - 1
    state = np.zeros(4**pairs, dtype=complex)
    for chosen in product((0, 1), repeat=pairs):
        place = sum(up * (2 ** (2 * pair) + 2 ** (2 * pair + 1)) for pair, up in enumerate(chosen))
        state[place] = amplitudes[sum(chosen)] / np.sqrt(comb(pairs, sum(chosen)))
    return state


def weighted(*weights):
    return Probe.named("pair_code:" + ":".join(map(str, weights)), 2 * (len(weights) - 1))


@pytest.mark.parametrize(
    ("name", "size", "amplitudes"),
    [
        ("pair_code:1:2:1", 4, np.sqrt([0.25, 0.5, 0.25])),
        ("pair_code:3:0:0:1", 6, np.sqrt([0.75, 0, 0, 0.25])),
        ("pair_code:product", 4, np.sqrt([0.25, 0.5, 0.25])),
        ("pair_code:ghz", 6, np.sqrt([0.5, 0, 0, 0.5])),
        ("pair_code:dicke:1", 4, np.array([0.0, 1.0, 0.0])),
    ],
)
def test_names_mean_states_of_pairs(name, size, amplitudes):
    probe = Probe.named(name, size)
    state = probe.statevector()
    assert abs(np.vdot(state, state_by_hand(amplitudes))) == pytest.approx(1, abs=1e-14)
    assert abs(np.vdot(Statevector(prepare(probe)).data, state)) == pytest.approx(1, abs=1e-9)
    ends = name == "pair_code:ghz" or name == "pair_code:3:0:0:1"
    assert (probe.dicke_amplitudes() is not None) == ends


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("pair_code:product", 5, "give an even one"),
        ("pair_code", 4, "needs a state of its pairs"),
        ("pair_code:1:2", 4, "3 numbers that are not negative, but has 2"),
        ("pair_code:1:-2:1", 4, "that are not negative"),
        ("pair_code:0:0:0", 4, "that are not negative"),
        ("pair_code:nan:1:1", 4, "that are not negative"),
        ("pair_code:no_such:1", 4, "Unknown probe"),
    ],
)
def test_names_that_mean_no_pair_code_are_refused(name, size, message):
    with pytest.raises(ArgumentError, match=message):
        Probe.named(name, size)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("weights", [(0.3, 0.7), (1, 2, 1), (0.4, 0.1, 0.5), (0.28, 0.16, 0.09, 0.47)], ids=str)
def test_the_gain_is_that_of_the_whole_space(name, weights):
    noise, rates, shared = WORLDS[name]
    probe, times = weighted(*weights), [0.0, 0.3, 1.1]
    state = state_by_hand(np.sqrt(np.array(weights) / sum(weights)))
    by_hand = [gain_by_hand(state, [rates] * probe.num_qubits, t, None, shared) for t in times]
    assert gain(probe, noise, times) == pytest.approx(by_hand, rel=1e-10, abs=1e-12)
    if len(weights) > 2:
        assert engine_for(probe, noise).method == "symmetric engine of pairs"


def test_spins_that_differ_go_to_dense_matrices():
    rates = [(0.1, 0.5, 0.2), (0.0, 0.4, 0.2), (0.3, 0.3, 0.2), (0.1, 0.2, 0.2)]
    noise = LocalNoise(*(list(column) for column in zip(*rates, strict=True)))
    by_hand = gain_by_hand(state_by_hand(np.sqrt([0.25, 0.5, 0.25])), rates, 0.7)
    assert gain(weighted(1, 2, 1), noise, [0.7])[0] == pytest.approx(by_hand, rel=1e-11)


def test_independent_pairs_of_any_number_add_up():
    # Each pair by itself is |00> + |11>: 𝓘 of 20 pairs in a product is 20 times that of one.
    one = integral_by_hand(state_by_hand(np.sqrt([0.5, 0.5])), [(0.0, 1.0, 0.0)] * 2)
    assert integrated_gain(Probe.named("pair_code:product", 40), EMISSION).value == pytest.approx(20 * one, rel=1e-9)
    with pytest.raises(ArgumentError, match="at most 100 spins"):
        gain(Probe.named("pair_code:product", 102), EMISSION, [0.1])


def test_a_pair_code_of_one_number_of_pairs_senses_nothing():
    assert integrated_gain(weighted(0, 1, 0), EMISSION).value == 0.0


@pytest.mark.parametrize("name", WORLDS)
def test_the_gradient_is_that_of_finite_differences(name):
    noise = WORLDS[name][0]
    objective = PairObjective.at(6, noise, np.array([0.3, 1.1]), np.array([1.0, 2.0]))
    rng = np.random.default_rng(3)
    amplitudes, other = rng.normal(size=4), rng.normal(size=4)
    amplitudes /= np.linalg.norm(amplitudes)
    assert uniform_channel(noise, 6, np.ones(1)).coherence[0] < 1

    def at(step):
        moved = amplitudes + step * other
        length = np.linalg.norm(moved)
        return length**2 * objective.value(moved / length)

    value, gradient = objective.value_and_gradient(amplitudes)
    assert value == pytest.approx(at(0.0), rel=1e-12)
    step = 1e-3
    numeric = (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)) / (12 * step)
    assert gradient @ other == pytest.approx(numeric, rel=1e-7, abs=1e-9)


def test_the_best_pair_codes_under_emission_are_those_of_free_searches():
    probe, value = best_pair_code(6, EMISSION, Goal())
    weights = [float(one) for one in probe.name.split(":")[1:]]
    assert weights == pytest.approx([0.2752, 0.1632, 0.0878, 0.4738], abs=1e-3)
    state = state_by_hand(np.sqrt(weights))
    by_hand = integral_by_hand(state / np.linalg.norm(state), [(0.0, 1.0, 0.0)] * 6, nodes=16)
    assert value == pytest.approx(by_hand, rel=1e-6)
    assert value / 6 == pytest.approx(1.64862, abs=1e-5)
    assert best_pair_code(8, EMISSION, Goal())[1] / 8 == pytest.approx(1.79904, abs=1e-5)


def test_the_table_has_pair_codes_where_excitations_are_lost():
    rows = dict(comparison(6, EMISSION).values)
    assert rows["best pair code"] > 1.022 * rows["best symmetric"]
    assert "best pair code" not in dict(comparison(4, LocalNoise(dephasing=0.2), "gain", 0.3).values)
    assert "best pair code" not in dict(comparison(3, EMISSION, "gain", 0.3).values)


@pytest.mark.parametrize("objective", [Goal("rate", dead_time=0.5), Goal("gain", 0.3)], ids=["rate", "gain"])
def test_other_objectives_have_a_best_pair_code_too(objective):
    probe, value = best_pair_code(4, EMISSION, objective)
    assert value == objective.value(probe, EMISSION)
    for step in (0.02, 0.05):
        for place in range(3):
            weights = np.array([float(one) for one in probe.name.split(":")[1:]])
            weights[place] += step
            assert objective.value(weighted(*weights), EMISSION) <= value * (1 + 1e-9)


def spec_of(**changes):
    data = {
        "schema": 1, "name": "pairs", "probes": ["pair_code:1:2:1"], "num_qubits": [4], "estimators": "tomography",
        "noise": [{"emission_rate": 1.0}], "times_s": [0.0, 0.4], "shots": 400, "seed": 5, "field_rad_per_s": 0.3,
    }  # fmt: skip
    return RunSpec.from_dict({**data, **changes})


def test_a_run_reads_a_pair_code_by_tomography(tmp_path):
    record = run(spec_of(), out=tmp_path)
    assert RunSpec.load(record.path / "spec.toml").probes == (weighted(1, 2, 1),)
    (row,) = record.read_json("summary.json")["rows"]
    assert row["probe"] == "pair_code:1:2:1"
    exact = integral_by_hand(state_by_hand(np.sqrt([0.25, 0.5, 0.25])), [(0.0, 1.0, 0.0)] * 4)
    assert row["integrated_gain_exact_s"] == pytest.approx(exact, rel=1e-8)
    assert row["integrated_gain_low_s"] < exact < row["integrated_gain_high_s"]  # both ends are a 95 % interval


@pytest.mark.parametrize("estimator", ["ghz", "product", "moments", "collective_scan"])
def test_estimators_that_cannot_read_a_pair_code_refuse_it_by_name(estimator):
    with pytest.raises(SpecError, match=f'"{estimator}" goes with'):
        plan(spec_of(estimators=estimator))


def test_more_spins_than_ten_are_drawn_from_pairs_that_agree():
    probe = Probe.named("pair_code:one_axis:0.3", 12)
    still = Settings(*np.zeros((3, 1, 12)))
    counts = sample(Experiment(probe, 0.0, "directions"), still, 2000, LocalNoise(), seed=1).table()[0]
    place = np.flatnonzero(counts)
    assert np.array_equal(place & 0b010101010101, place >> 1 & 0b010101010101)
    expected = np.abs(probe.statevector()) ** 2
    assert np.sum((counts - 2000 * expected)[place] ** 2 / (2000 * expected[place])) < len(place) + 6 * np.sqrt(
        2 * len(place)
    )
    assert max(tensor.shape[2] for tensor in prepared(probe)) <= 14
