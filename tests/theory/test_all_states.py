"""The best of all states: the blocks of a support, the gradient over 2^N amplitudes, and what the search finds."""

import json

import numpy as np
import pytest
from kraus import gain_by_hand, integral_by_hand, kraus
from typer.testing import CliRunner

from qsense import LocalNoise, Probe, optimal_probe
from qsense.cli import app
from qsense.errors import ArgumentError
from qsense.noise import Environment, World
from qsense.signals import Signal
from qsense.theory.all_states import best_of_all_states
from qsense.theory.ancillas import best_with_ancillas
from qsense.theory.bounds import gain_bound
from qsense.theory.goal import Goal
from qsense.theory.sectors import DenseObjective, Sectors

EMISSION, MIXED = LocalNoise(emission=1.0), LocalNoise(emission=1.0, absorption=0.5, dephasing=0.2)


def random_state(size, seed, support=None, is_real=False):
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**size) + (0 if is_real else 1j) * rng.normal(size=2**size)
    if support is not None:
        state = np.where(np.isin(np.arange(2**size), support), state, 0)
    return state / np.linalg.norm(state)


UNEQUAL = [(0.1, 0.1, 0.2), (0.2, 0.0, 0.1), (0.3, 0.3, 0.0)]
WORLDS = {
    "unequal": (LocalNoise([0.1, 0.2, 0.3], [0.1, 0.0, 0.3], [0.2, 0.1, 0.0]), UNEQUAL, None, 0.0),
    "weights": (World(EMISSION, Signal([1.0, -0.5, 2.0])), [(0.0, 1.0, 0.0)] * 3, [1.0, -0.5, 2.0], 0.0),
    "shared": (Environment(LocalNoise(dephasing=0.2), collective_dephasing=0.1), [(0.2, 0.0, 0.0)] * 3, None, 0.1),
}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("support", [None, [0, 7], [0, 3, 5, 6], [1, 2, 5]], ids=str)
@pytest.mark.parametrize("is_real", [True, False])
def test_gains_and_the_gradient_are_those_of_the_whole_space(name, support, is_real):
    noise, rates, weights, shared = WORLDS[name]
    state, other = random_state(3, 1, support, is_real), random_state(3, 2, support, is_real)
    state, other = (np.real(state), np.real(other)) if is_real else (state, other)
    objective = DenseObjective.at(3, noise, np.array([0.4, 1.3]))

    def at(step):
        moved = state + step * other
        length = np.linalg.norm(moved)
        return length**2 * np.array([gain_by_hand(moved / length, rates, t, weights, shared) for t in (0.4, 1.3)])

    assert np.allclose(objective.gains(state), at(0.0), rtol=1e-11)
    value, gradient = objective.value_and_gradient(state)
    assert value == pytest.approx(at(0.0).sum(), rel=1e-11)
    step = 1e-4
    numeric = (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)).sum() / (12 * step)
    assert np.vdot(gradient, other).real == pytest.approx(numeric, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    ("support", "rows"), [([0, 3, 12, 15], 4), ([0, 15], 2), ([0, 1, 2, 4, 8], 16), ([0, 3, 5], 4), ([6], 1)]
)
def test_blocks_hold_what_the_support_spans(support, rows):
    states = Sectors.of(np.isin(np.arange(16), support) / 2).states
    assert states.shape == (16 // rows, rows)
    assert sorted(states.ravel().tolist()) == list(range(16))
    assert any(set(support) <= set(block) for block in states.tolist())


def test_under_emission_absorption_and_dephasing_pairs_beat_every_symmetric_probe():
    best, symmetric = optimal_probe(4, MIXED, symmetric=False), optimal_probe(4, MIXED)
    state = best.probe.statevector()
    assert best.value == pytest.approx(integral_by_hand(state, [(0.2, 1.0, 0.5)] * 4), rel=1e-8)
    assert symmetric.value * 1.0149 < best.value < best.bound
    pairs = [set(np.flatnonzero(np.abs(state) > 1e-3).tolist())]
    assert pairs[0] in ({0, 3, 12, 15}, {0, 5, 10, 15}, {0, 6, 9, 15})
    assert np.array_equal(state, best_of_all_states(4, MIXED, Goal(), [symmetric.probe]).probe.statevector())


def test_five_spins_under_emission_reach_what_free_searches_found():
    found = best_of_all_states(5, EMISSION, Goal(), [])  # 1.56144 N/γ; the best symmetric probe has 1.55644
    assert found.value / 5 == pytest.approx(1.56144, abs=1e-5)
    assert found.stationarity < 1e-6


@pytest.mark.parametrize(
    ("objective", "keys"), [("integrated_gain", {}), ("rate", {"dead_time": 0.3}), ("gain", {"time": 0.4})]
)
def test_all_states_are_never_below_the_best_symmetric_one(objective, keys):
    best = optimal_probe(3, EMISSION, objective, symmetric=False, **keys)
    assert optimal_probe(3, EMISSION, objective, **keys).value <= best.value <= best.bound


def test_spins_that_differ_have_a_best_state_that_no_random_one_beats_and_no_order_changes():
    weights, rates = [1.0, -1.0, 2.0], [(0.0, 1.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.2, 0.0)]
    best = optimal_probe(3, World(LocalNoise(emission=[1.0, 0.5, 0.2]), Signal(weights)), symmetric=False)
    assert best.value == pytest.approx(integral_by_hand(best.probe.statevector(), rates, weights), rel=1e-5)
    named = [np.ones(8) / 8**0.5, np.isin(np.arange(8), [2, 5]) / 2**0.5]
    others = [integral_by_hand(one, rates, weights, 16) for one in [*named, *(random_state(3, k) for k in range(30))]]
    assert max(others) < best.value < best.bound
    turned = World(LocalNoise(emission=[0.2, 1.0, 0.5]), Signal([2.0, 1.0, -1.0]))
    assert optimal_probe(3, turned, symmetric=False).value == pytest.approx(best.value, rel=1e-8)


@pytest.mark.parametrize(
    ("size", "noise", "expected"),
    [
        (1, LocalNoise(emission=0.1), 0.95064), (2, LocalNoise(emission=0.1), 3.61032),
        (3, LocalNoise(emission=0.1), 7.70298), (2, LocalNoise(dephasing=0.1), 1.79732),
    ],
)  # fmt: skip
def test_with_ancillas_the_gain_is_that_of_a_semidefinite_program(size, noise, expected):
    found = best_with_ancillas(size, noise, Goal("gain", 1.0))
    assert found == pytest.approx(expected, rel=1e-5)
    assert found <= gain_bound(size, noise, np.array([1.0]))[0] * (1 + 1e-12)


@pytest.mark.parametrize("rates", [(0.0, 1.0, 0.0), (0.2, 1.0, 0.5), (0.3, 0.0, 0.0)], ids=str)
def test_the_bound_of_one_spin_is_what_the_best_weights_beside_an_ancilla_reach(rates):
    # √p |0,0> + √(1−p) |1,1>: what the noise leaves in these two states senses, spins that jumped do not.
    time = 0.4
    whole = sum(np.outer(k.diagonal(), k.diagonal()) for k in kraus(*rates, time))
    p = np.linspace(0, 1, 20001)
    reached = 4 * p * (1 - p) * whole[0, 1] ** 2 / (p * whole[0, 0] + (1 - p) * whole[1, 1])
    bound = gain_bound(1, LocalNoise(*rates), np.array([time]))[0]
    assert bound == pytest.approx(reached.max(), rel=1e-7)


@pytest.mark.parametrize("rate", [1e-9, 1e6])
def test_the_best_state_does_not_depend_on_the_unit_of_time(rate):
    scaled = LocalNoise(emission=rate, absorption=0.5 * rate, dephasing=0.2 * rate)
    expected = best_of_all_states(3, MIXED, Goal(), []).value
    assert best_of_all_states(3, scaled, Goal(), []).value * rate == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("size", "noise", "message"),
    [
        (9, EMISSION, "at most 8 spins, but `num_qubits` is 9"),
        (3, LocalNoise(transverse=0.1), "noise that commutes with the field"),
        (2, Environment(EMISSION, coupling=0.1), "noise that commutes with the field"),
        (2, LocalNoise(emission=[0.1, 0.0]), "give each of them a rate"),
        (2, LocalNoise(emission=[0.1] * 3), "rates for 3 spins"),
    ],
)
def test_what_has_no_search_among_all_states_is_refused(size, noise, message):
    with pytest.raises(ArgumentError, match=message):
        optimal_probe(size, noise, symmetric=False)


def test_the_command_searches_all_states_of_spins_that_differ(tmp_path):
    arguments = ["optimal", "--num-qubits", "2", "--emission", "1,0.5", "--weights", "1,-2", "--json"]
    assert "--weights goes with --all-states" in str(CliRunner().invoke(app, arguments).exception)
    result = CliRunner().invoke(app, [*arguments, "--all-states", "--out", str(tmp_path / "best.qasm")])
    (row,) = json.loads(result.stdout)["rows"]
    assert list(row["values"]) == ["product", "ghz", "best of all states", "best with ancillas"]
    state = np.array([complex(*pair) for pair in row["all_states"]["state"]])
    by_hand = integral_by_hand(state, [(0.0, 1.0, 0.0), (0.0, 0.5, 0.0)], [1.0, -2.0], 100)
    assert row["values"]["best of all states"] == pytest.approx(by_hand, rel=1e-6)
    written = Probe.from_qasm(tmp_path / "best.qasm").statevector()
    assert abs(np.vdot(written, state)) == pytest.approx(1, abs=1e-9)
