"""Dense matrices in other places than NumPy: the array API's strict namespace here, a GPU where one is.

What both run is the same code. The referee is the Lindblad equation of tests/support/oracle.py.
"""

import sys
from dataclasses import replace

import numpy as np
import oracle
import pytest

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError, EngineError, at_key
from qsense.noise import Collective, NoiseModel, PhaseNoise, QuasiStatic, White, World
from qsense.numerics import arrays, cuda, fisher
from qsense.signals import Signal
from qsense.theory import covariant
from qsense.theory.dense import dense_gain, states_and_slopes

TIMES = np.array([0.0, 0.3, 1.1, 2.5])
ON_GPU = pytest.mark.skipif(not cuda.is_there(), reason="needs CuPy and a GPU")


def state(size, seed=3):
    rng = np.random.default_rng([seed, size])
    vector = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return vector / np.linalg.norm(vector)


def unequal(size, kinds=("dephasing", "emission", "absorption")):
    rng = np.random.default_rng(size)
    return LocalNoise(**{kind: rng.uniform(0.02, 0.5, size) for kind in kinds})


def worlds(size):
    """Noise that commutes with the field, of every kind that dense matrices treat apart."""
    weights = Signal([(-1.0) ** spin * (1 + spin / 5) for spin in range(size)])
    parts = [PhaseNoise(Collective(), QuasiStatic(0.4))]
    return [
        unequal(size),
        LocalNoise(dephasing=0.1),
        LocalNoise(emission=0.2),
        World(NoiseModel(unequal(size, ["dephasing"]), coupling=0.7, phase_noise=parts), weights),
        World(NoiseModel(unequal(size, ["emission"]), phase_noise=parts), weights),
    ]


@pytest.fixture
def strict(monkeypatch):
    """Dense matrices in a namespace that has what the standard has, and nothing else."""
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")
    asked = []

    def eigh(matrices):
        asked.append(matrices.shape)
        return xp.linalg.eigh(matrices)

    place = arrays.Arrays("gpu", xp, eigh, 2**16, 8, lambda: 2.0**30, np.asarray, lambda rows: 3)
    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: place)
    with xp.ArrayAPIStrictFlags(api_version="2023.12"):
        yield asked


@pytest.mark.parametrize("kind", range(5))
def test_the_strict_namespace_gives_the_numbers_of_numpy(kind, strict):
    probe = Probe.from_state(state(5))
    world = worlds(5)[kind]
    found = gain(probe, world, TIMES)
    assert strict == [(3, 32, 32), (1, 32, 32)]  # three times together
    rho, slope = states_and_slopes(probe, world, TIMES)  # complex matrices and another formula
    assert found == pytest.approx(fisher.qfi(rho, slope), rel=1e-9, abs=1e-11)


def test_a_mixed_probe_in_the_strict_namespace(strict):
    rho = 0.7 * np.outer(state(3), state(3).conj()) + 0.3 * np.outer(state(3, 4), state(3, 4).conj())
    probe, noise = Probe.from_state(rho), LocalNoise(dephasing=0.2)
    assert dense_gain(probe, noise, TIMES) == pytest.approx(
        fisher.qfi(*states_and_slopes(probe, noise, TIMES)), rel=1e-9
    )


@pytest.mark.parametrize("kinds", [["dephasing"], ["emission"], ["dephasing", "emission", "absorption"]])
def test_complex_amplitudes_solve_the_lindblad_equation(kinds):
    vector, noise = state(3), unequal(3, kinds)
    rates = [noise.rates(3)[kind] for kind in ("dephasing", "emission", "absorption")]
    exact = [oracle.gain(oracle.in_paper_order(vector), time, 0.4, *rates) for time in TIMES[1:]]
    assert dense_gain(Probe.from_state(vector), noise, TIMES[1:]) == pytest.approx(exact, rel=1e-9)


def test_what_is_diagonalised_is_real_where_no_population_changes(monkeypatch):
    seen = []

    def watched(matrices):
        seen.append(matrices.dtype)
        return np.linalg.eigh(matrices)

    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: replace(arrays.CPU, eigh=watched))
    coupled = World(
        NoiseModel(LocalNoise(dephasing=0.1), coupling=0.5, phase_noise=[PhaseNoise(Collective(), White(0.1))])
    )
    for noise in (LocalNoise(dephasing=0.1), LocalNoise(emission=0.1), coupled):
        dense_gain(Probe.from_state(state(4)), noise, TIMES[1:2])
    assert seen == [np.float64, np.complex128, np.float64]


@pytest.mark.parametrize("size", [6, 7])
def test_nearly_diagonal_states_need_no_eigenvectors(size, monkeypatch):
    """From a pure state at t = 0, which does, to one whose G is 1e-5: relative errors stay at rounding."""
    seen = []

    def watched(matrices):
        seen.append(len(matrices))
        return np.linalg.eigh(matrices)

    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: replace(arrays.CPU, eigh=watched))
    vector = state(size)
    vector[3] = 0.0
    probe, world = Probe.from_state(vector / np.linalg.norm(vector)), worlds(size)[3]
    times = np.array([0.0, 2.0, 8.0, 60.0, 70.0, 80.0, 90.0, 100.0])
    found = dense_gain(probe, world, times)
    assert sum(seen) == 3  # of eight times
    rho, slope = states_and_slopes(probe, world, times)
    assert found == pytest.approx(fisher.qfi(rho, slope), rel=2e-11)
    assert 0 < found[-1] < 1e-4
    chances, diagonal = np.abs(probe.statevector()) ** 2, world.generator(size)
    assert found[0] == pytest.approx(4 * (chances @ diagonal**2 - (chances @ diagonal) ** 2), rel=1e-12)


def test_large_matrices_are_taken_in_parts_of_their_rows(monkeypatch):
    rho, _ = states_and_slopes(Probe.from_state(state(4)), unequal(4), TIMES)
    generator = np.random.default_rng(1).normal(size=16)
    slope = -1j * np.subtract.outer(generator, generator) * rho
    monkeypatch.setattr(fisher, "_ROWS", 5)
    found = fisher.qfi_of_rotation(rho, generator, replace(arrays.CPU, together=32))
    assert found == pytest.approx(fisher.qfi(rho, slope), rel=1e-9)


def test_memory_is_checked_before_anything_is_computed(strict, monkeypatch):
    tiny = replace(arrays.CPU, name="gpu", free=lambda: 1e4, batch=lambda rows: 64)
    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: tiny)
    with pytest.raises(
        EngineError, match=r"5 spins takes 0.00013 GB of a GPU's memory, and 1e-05 GB are free; give fewer"
    ):
        dense_gain(Probe.from_state(state(5)), LocalNoise(emission=0.1), TIMES)
    assert not strict


def test_memory_that_runs_out_nevertheless_is_one_line(monkeypatch):
    def fails(matrices):
        raise MemoryError

    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: replace(arrays.CPU, eigh=fails))
    with pytest.raises(ArgumentError, match="give fewer spins"):
        dense_gain(Probe.from_state(state(2)), LocalNoise(emission=0.1), TIMES)


@pytest.mark.parametrize(
    ("size", "limit"), [(13, r"at most 12 spins are supported; on a GPU 14"), (15, "at most 14 spins")]
)
def test_too_many_spins_are_refused_by_number(size, limit):
    with pytest.raises(ArgumentError, match=limit):
        dense_gain(Probe.ghz(size), LocalNoise(emission=0.1), TIMES, engine="cpu")


def test_engines_are_checked_by_name(monkeypatch):
    probe = Probe.from_state(state(2))
    with pytest.raises(ArgumentError, match='Argument `engine` must be "auto", "cpu" or "gpu", but is "tpu"'):
        gain(Probe.ghz(2), LocalNoise(), [0.0], engine="tpu")
    monkeypatch.setenv(arrays.VARIABLE, "cuda")
    with pytest.raises(EngineError, match='variable QSENSE_ENGINE must be "auto", "cpu" or "gpu", but is "cuda"'):
        gain(probe, LocalNoise(), [0.0])
    assert gain(probe, LocalNoise(), [0.0], engine="cpu") == dense_gain(probe, LocalNoise(), np.zeros(1), engine="cpu")


def test_a_gpu_is_refused_where_noise_does_not_commute_with_the_field():
    with pytest.raises(ArgumentError, match='does not commute with the field: engine = "gpu" cannot'):
        gain(Probe.product(2), LocalNoise(transverse=0.1), [1.0], engine="gpu")


def test_a_gpu_that_is_asked_for_and_is_not_there_is_one_line(monkeypatch):
    arrays.gpu.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    noise, probe = LocalNoise(emission=0.1), Probe.from_state(state(2))
    with pytest.raises(
        EngineError,
        match=r'engine = "gpu" \(QSENSE_ENGINE=gpu\) needs CuPy; pip install .*\[gpu\].*or give engine = "cpu"',
    ):
        integrated_gain(probe, noise, engine="gpu")
    monkeypatch.setenv(arrays.VARIABLE, "gpu")
    with pytest.raises(EngineError, match=r"^engine"), at_key("run.toml", "noise"):  # no key is wrong
        gain(probe, noise, [1.0])
    assert gain(Probe.ghz(2), noise, [1.0]) > 0  # a closed form needs no matrices
    assert gain(probe, noise, [1.0], engine="auto") > 0


def test_a_gpu_is_used_by_itself_where_it_saves_seconds(monkeypatch):
    gpu = replace(arrays.CPU, name="gpu")
    monkeypatch.setattr(arrays, "find_spec", lambda name: True)
    monkeypatch.setattr(cuda, "is_there", lambda: True)
    monkeypatch.setattr(arrays, "gpu", lambda: gpu)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    assert arrays.choose(None, 1.0) is arrays.CPU
    assert arrays.choose(None, 60.0) is gpu
    assert arrays.choose(None, 60.0, needed=2e9) is gpu
    monkeypatch.setattr(arrays, "gpu", lambda: replace(gpu, free=lambda: 1e9))
    assert arrays.choose(None, 60.0, needed=2e9) is arrays.CPU
    assert arrays.choose("gpu", 60.0, needed=2e9).free() == 1e9  # which refuses by itself
    assert arrays.choose("cpu", 60.0) is arrays.CPU
    monkeypatch.setattr(cuda, "is_there", lambda: False)
    assert arrays.choose(None, 60.0) is arrays.CPU


@ON_GPU
@pytest.mark.parametrize("size", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", range(5))
def test_a_gpu_gives_the_numbers_of_the_processor(kind, size):
    probe, world, times = Probe.from_state(state(size)), worlds(size)[kind], np.linspace(0, 5, 7)
    found = dense_gain(probe, world, times, engine="gpu")
    assert found == pytest.approx(dense_gain(probe, world, times, engine="cpu"), rel=1e-10, abs=1e-12)


@ON_GPU
def test_a_gpu_takes_large_matrices_one_by_one(monkeypatch):
    one = replace(arrays.gpu(), batch=lambda rows: 1, together=2**10)
    monkeypatch.setattr(covariant, "choose", lambda engine, seconds, needed: one)
    monkeypatch.setattr(fisher, "_ROWS", 100)
    probe = Probe.from_state(state(8))
    found = dense_gain(probe, LocalNoise(emission=0.1), TIMES)
    monkeypatch.undo()
    assert found == pytest.approx(dense_gain(probe, LocalNoise(emission=0.1), TIMES, engine="cpu"), rel=1e-10)


@ON_GPU
def test_a_gpu_without_batched_eigenvectors_takes_matrices_one_by_one(monkeypatch):
    monkeypatch.setattr(cuda, "_batched", lambda: None)
    probe, noise = Probe.from_state(state(4)), unequal(4)
    found = dense_gain(probe, noise, TIMES, engine="gpu")
    assert found == pytest.approx(dense_gain(probe, noise, TIMES, engine="cpu"), rel=1e-10, abs=1e-12)
