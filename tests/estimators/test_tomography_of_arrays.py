"""Tomography and the dense emulator in other places than NumPy: the array API's strict namespace, a GPU where one is.

What all run is the same code. The referees are written here, in plain NumPy and one product at a time.
"""

import sys
import tracemalloc
from dataclasses import replace
from functools import reduce
from itertools import product

import numpy as np
import pytest
import sampling
from cases import further

from qsense import LocalNoise, Probe, emulator
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import dense
from qsense.errors import EngineError
from qsense.estimators import tomography
from qsense.estimators.tomography import general, u_statistic
from qsense.noise import Collective, NoiseModel, PhaseNoise, White
from qsense.numerics import arrays, cuda
from qsense.theory.dense import density_matrices

ON_GPU = pytest.mark.skipif(not cuda.is_there(), reason="needs CuPy and a GPU")
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
SHARED = NoiseModel(LocalNoise(dephasing=0.2), phase_noise=[PhaseNoise(Collective(), White(0.1))], coupling=0.3)


def state(size):
    rng = np.random.default_rng([5, size])
    vector = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return Probe.from_state(vector / np.linalg.norm(vector))


def unequal(size):
    return LocalNoise(*np.random.default_rng(size).uniform(0.02, 0.5, (3, size)))


@pytest.fixture
def gpu():
    return arrays.gpu()


@pytest.fixture
def strict():
    """A namespace that has what the standard has, and nothing else."""
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")
    with xp.ArrayAPIStrictFlags(api_version="2023.12"):
        yield arrays.Arrays("gpu", xp, xp.linalg.eigh, 2**16, 8, lambda: 2.0**33, np.asarray, lambda rows: 64)


@pytest.fixture(params=["strict", pytest.param("gpu", marks=ON_GPU)])
def place(request, monkeypatch):
    """Where arrays live, unless a call names its engine; `asked` has what was diagonalised there."""
    found, asked = request.getfixturevalue(request.param), []

    def eigh(matrices):
        asked.append(tuple(matrices.shape))
        return found.eigh(matrices)

    def choose(engine, seconds, needed=0.0):
        return arrays.choose(engine, seconds) if engine else replace(found, eigh=eigh)

    monkeypatch.setattr(general, "choose", choose)
    monkeypatch.setattr(dense, "choose", choose)
    return asked


def numbers(estimate):
    others = [(one.value, one.stderr) for one in estimate.others.values()]
    return np.array([estimate.value, estimate.stderr, *estimate.spread, *estimate.interval, *np.ravel(others)])


@pytest.mark.parametrize("derivative", ["shift", "commutator"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, pytest.param(5, marks=pytest.mark.long)])
def test_estimates_elsewhere_are_those_of_numpy(size, derivative, place):
    probe, noise = Probe.ghz(size), unequal(size)
    exact = sampling.distributions(probe, noise, 0.7, tomography.design(size, derivative))
    tables = np.random.default_rng(1).multinomial(400, exact, size=(3, len(exact)))
    weights = tuple([1.0, 0.0, -0.5, 2.0, 1.0][:size])

    def solve(engine):
        rngs = [np.random.default_rng(number) for number in range(3)]
        return tomography.estimates(tables, derivative, rngs, weights, engine)

    for found, wanted in zip(solve(None), solve("cpu"), strict=True):
        assert numbers(found) == pytest.approx(numbers(wanted), rel=1e-10, abs=1e-10)
    assert [shape[-1] for shape in place] == [2**size] * 3  # ρ, halves and thirds of all tables together
    assert sum(shape[0] for shape in place) == 3 * 32


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("ending", ["directions", "unprepare"])
@pytest.mark.parametrize("noise", [LocalNoise(emission=0.3), SHARED], ids=["local", "shared"])
def test_probabilities_elsewhere_are_those_of_numpy(noise, ending, size, place):
    probe = Probe.ghz(size) if ending == "unprepare" else state(size)
    angles = np.random.default_rng(size).uniform(0, np.pi, (3, 20, size)).round(0)  # some rows share
    experiment = Experiment(probe, 0.8, ending)

    def solve(engine):
        return np.concatenate(list(emulator.probabilities(experiment, Settings(*angles), noise, engine=engine)))

    assert np.abs(solve(None) - solve("cpu")).max() < 1e-14


@pytest.mark.parametrize("size", [1, 2, 3])
def test_probabilities_and_the_linear_inverse_against_products_of_projectors(size, place):
    """p = Tr(ρ ⊗ (1 ± σ)/2) spin by spin, and ρ = Σ <P> P / 2^N with <P> from every setting that shows it."""
    noise, settings = unequal(size), tomography.design(size, "commutator")
    rho = density_matrices(state(size), noise, np.array([0.7]), np.zeros(1))[0]
    (found,) = emulator.probabilities(Experiment(state(size), 0.7), settings, noise)
    bases = [[setting // 3**spin % 3 for spin in range(size)] for setting in range(3**size)]
    signs = 1 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    wanted = np.empty_like(found)
    for row, basis in enumerate(bases):
        for outcome, sign in enumerate(signs):
            effects = [(PAULIS[0] + sign[spin] * PAULIS[1 + basis[spin]]) / 2 for spin in reversed(range(size))]
            wanted[row, outcome] = np.trace(rho @ reduce(np.kron, effects)).real
    assert np.abs(found - wanted).max() < 1e-14
    inverted = np.zeros_like(rho)
    for kinds in product(range(4), repeat=size):
        shown = [
            row for row, basis in enumerate(bases) if all(k in (0, 1 + b) for k, b in zip(kinds, basis, strict=True))
        ]
        sign = np.prod([signs[:, spin] for spin in range(size) if kinds[spin]], axis=0)
        expected = np.mean([found[row] @ np.broadcast_to(sign, 2**size) for row in shown])
        inverted += expected * reduce(np.kron, [PAULIS[kind] for kind in reversed(kinds)]) / 2**size
    frequencies = found[None].repeat(12, axis=0)
    there = general.choose(None, 0.0)
    solved = there.host(general._inverted([frequencies], there))[0]
    assert np.abs(solved - inverted).max() < 1e-13
    assert np.abs(solved - rho).max() < 1e-13


@pytest.mark.parametrize("derivative", ["shift", "commutator"])
def test_estimates_against_a_form_that_is_summed_fold_by_fold(derivative, place):
    """The U-statistic, from its definition: 2Q(all) − Q(half), each the mean of products of different folds."""
    size = 2
    exact = sampling.distributions(state(size), unequal(size), 0.7, tomography.design(size, derivative))
    table = np.random.default_rng(1).multinomial(400, exact)
    found = tomography.estimate(table, derivative, np.random.default_rng(2))
    folds = general.split(table, 12, np.random.default_rng(2)).reshape(12, -1, 3**size, 2**size)
    blocks = tomography.linear_inverse(folds)
    rho, jz = blocks[:, 0], np.array([1.0, 0.0, 0.0, -1.0])
    if derivative == "shift":
        slope = sum(0.5 * (blocks[:, 1 + 2 * spin] - blocks[:, 2 + 2 * spin]) for spin in range(size))
    else:
        slope = -1j * (jz[:, None] - jz) * rho
    apart = rho - rho.mean(0)
    floor = 0.5 * 2 * np.sqrt(np.sum(np.abs(apart) ** 2) / 11 / 12 / 2**size)

    def form(state, members):
        values, vectors = np.linalg.eigh(state)
        turned = [vectors.conj().T @ slope[fold] @ vectors for fold in members]
        weights = 2 / np.maximum(values[:, None] + values, floor)
        pairs = [np.sum(weights * a * b.T) for i, a in enumerate(turned) for j, b in enumerate(turned) if i != j]
        return np.mean(pairs).real

    every = list(range(12))
    halves = [np.flatnonzero(part) for half in u_statistic.balanced_halves(12) for part in (half, ~half)]
    of_halves = [form(rho[own].mean(0), own if derivative == "commutator" else every) for own in halves]
    assert found.value == pytest.approx(2 * form(rho.mean(0), every) - np.mean(of_halves), rel=1e-10)


def test_large_tables_are_dealt_block_by_block_into_the_same_folds(monkeypatch):
    exact = sampling.distributions(Probe.ghz(2), LocalNoise(emission=0.2), 0.7, tomography.design(2))
    blocks = np.random.default_rng(1).multinomial(400, exact).reshape(5, 9, 4)
    coefficients = np.array([0.5, -0.5, 1.5, -1.5])
    whole = general.dealt(blocks, coefficients, np.random.default_rng(3))
    monkeypatch.setattr(general, "_SPINS_AT_ONCE", 1)
    parts = general.dealt(blocks, coefficients, np.random.default_rng(3))
    assert np.array_equal(parts[0], whole[0])
    assert parts[1] == pytest.approx(whole[1], abs=1e-14)


def test_memory_is_checked_before_anything_is_computed(place, monkeypatch):
    tiny = replace(general.choose(None, 0.0), free=lambda: 1e4)
    monkeypatch.setattr(general, "choose", lambda engine, seconds, needed: tiny)
    monkeypatch.setattr(dense, "choose", lambda engine, seconds, needed: tiny)
    table = np.full((3**4, 2**4), 5)
    with pytest.raises(EngineError, match=r"4 spins takes 0.0\d+ GB of a GPU's memory, and 1e-05 GB are free"):
        tomography.estimate(table, "commutator", np.random.default_rng(1))
    with pytest.raises(EngineError, match=r"takes 3.3e-05 GB of a GPU's memory for 5 spins.*QSENSE_ENGINE=cpu"):
        next(emulator.probabilities(Experiment(Probe.product(5), 1.0), tomography.design(5, "commutator"), SHARED))
    assert not place


@pytest.mark.parametrize("derivative", ["shift", "commutator"])
def test_what_is_asked_for_is_an_upper_estimate_of_what_is_taken(derivative):
    size = 5
    table = np.full((tomography.num_circuits(size, derivative), 2**size), 5) + np.arange(2**size)
    folds = 8 * 12 * table.size * (1 if derivative == "commutator" else 2)  # dealt on the processor
    tracemalloc.start()
    tomography.estimate(table, derivative, np.random.default_rng(1))
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken - folds < general.bytes_of_a_table(size, derivative) < 3 * taken


def test_a_gpu_that_is_asked_for_and_is_not_there_is_one_line(monkeypatch):
    arrays.gpu.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    table, noise = np.full((9, 4), 25) + np.arange(4), LocalNoise(emission=0.1)
    experiment, settings = Experiment(Probe.ghz(2), 1.0), tomography.design(2, "commutator")
    monkeypatch.setenv(arrays.VARIABLE, "gpu")
    with pytest.raises(EngineError, match="needs CuPy"):
        tomography.estimate(table, "commutator", np.random.default_rng(1))
    with pytest.raises(EngineError, match="needs CuPy"):
        next(emulator.probabilities(experiment, settings, noise))
    tomography.estimate(table, "commutator", np.random.default_rng(1), engine="cpu")
    assert next(emulator.probabilities(experiment, settings, noise, engine="auto")).shape == (9, 4)


@pytest.mark.parametrize("size", [7, further(8)])
def test_seven_and_eight_spins_are_read_on_the_processor(size):
    """All 3^N settings; docs/benchmarks/tomography.md has the bias of so many spins."""
    probe, noise = Probe.ghz(size), LocalNoise(dephasing=0.1)
    experiment, rng = Experiment(probe, 0.1), np.random.default_rng(1)
    blocks = emulator.probabilities(experiment, tomography.design(size, "commutator"), noise)
    table = np.concatenate([rng.multinomial(1000, block) for block in blocks])
    found = tomography.estimate(table, "commutator", rng)
    assert found.value == pytest.approx(size**2 * np.exp(-4 * size * 0.1 * 0.1), abs=2 * found.stderr)
    assert found.stderr < 0.1 * found.value
