"""The symmetric engine in other places than NumPy: the array API's strict namespace here, a GPU where one is.

What both run is the same code. Referees are Kraus operators on all 2^N basis states, the processor's own engine, which
is built otherwise, and closed forms.
"""

import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from dicke_states import channel_at, random_amplitudes
from kraus import gain_by_hand

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import EngineError
from qsense.noise import Environment
from qsense.numerics import arrays, cuda
from qsense.probes import collective
from qsense.theory import large
from qsense.theory import pair_gain as pair_gain_module
from qsense.theory.batched import batched_gain, least_bytes
from qsense.theory.engines import symmetric_resolution
from qsense.theory.large import gain_of_symmetric, seconds_of
from qsense.theory.pair_gain import pair_gain
from qsense.theory.side_by_side import SideBySide
from qsense.theory.symmetric import blocks, coherences, of_orders, symmetric_gain

TIMES = (0.0, 0.01, 0.3, 1.0, 4.0)
NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "emission": LocalNoise(emission=0.4),
    "absorption": LocalNoise(absorption=0.4),
    "mixed": LocalNoise(dephasing=0.1, emission=0.3, absorption=0.2),
    "as much up as down": LocalNoise(emission=0.2, absorption=0.2),
    "collective": Environment(collective_dephasing=0.02),
    "collective beside mixed": Environment(LocalNoise(0.1, 0.3, 0.2), collective_dephasing=0.02),
}
ON_GPU = pytest.mark.skipif(not cuda.is_there(), reason="needs CuPy and a GPU")


def in_numpy(matrices=7, memory=2.0**30):
    """NumPy as if it were a GPU: few matrices together, and memory that ends."""
    return replace(arrays.CPU, name="gpu", batch=lambda rows: matrices, free=lambda: memory)


def put(monkeypatch, choose):
    """Lets the symmetric engine and that of pairs compute where `choose` says."""
    for module in (large, pair_gain_module):
        monkeypatch.setattr(module, "choose", choose)


@pytest.fixture
def strict(monkeypatch):
    """A namespace that has what the standard has, and nothing else, in the place of a GPU."""
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")
    place = arrays.Arrays("gpu", xp, xp.linalg.eigh, 2**16, 8, lambda: 2.0**30, np.asarray, lambda rows: 4)
    put(monkeypatch, lambda engine, seconds, needed: place)
    with xp.ArrayAPIStrictFlags(api_version="2023.12"):
        yield place


def agrees(found, expected, size):
    """To 1e-10 of G, or to what the engine resolves."""
    return found == pytest.approx(expected, rel=1e-10, abs=symmetric_resolution(size))


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 3, 6, 17])
@pytest.mark.parametrize("is_real", [True, False])
def test_the_strict_namespace_gives_the_numbers_of_the_processors_engine(is_real, size, name, strict):
    amplitudes, channel = random_amplitudes(size, size, is_real), channel_at(NOISES[name], *TIMES)
    assert agrees(batched_gain(amplitudes, channel, strict), symmetric_gain(amplitudes, channel), size)


@pytest.mark.parametrize("size", [2, 3, 6])
@pytest.mark.parametrize(
    ("rates", "shared"),
    [((0.3, 0, 0), 0.0), ((0, 0.4, 0), 0.0), ((0, 0, 0.4), 0.0), ((0.1, 0.3, 0.2), 0.0), ((0, 0.3, 0.1), 0.02)],
)
def test_kraus_operators_on_all_basis_states_give_the_same(rates, shared, size, strict):
    probe = Probe.symmetric(random_amplitudes(size, 5))
    noise = Environment(LocalNoise(*rates), collective_dephasing=shared)
    expected = [gain_by_hand(probe.statevector(), [rates] * size, time, None, shared) for time in TIMES]
    assert agrees(gain(probe, noise, TIMES), np.array(expected), size)


@pytest.mark.parametrize("name", ["dephasing", "as much up as down", "collective"])
@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_states_that_a_flip_leaves_alone_are_taken_as_halves(size, name, strict, monkeypatch):
    seen = []
    place = replace(strict, eigh=lambda one: seen.append(one.shape[-1]) or strict.eigh(one))
    amplitudes = random_amplitudes(size, 2)
    amplitudes = amplitudes + amplitudes[::-1]
    amplitudes /= np.linalg.norm(amplitudes)
    channel = channel_at(NOISES[name], *TIMES)
    assert agrees(batched_gain(amplitudes, channel, place), symmetric_gain(amplitudes, channel), size)
    assert max(seen) == size // 2 + 1


@pytest.mark.parametrize("name", NOISES)
def test_every_element_of_every_block_is_right_to_its_last_digits_however_small(name, strict):
    size, channel = 30, channel_at(NOISES[name], 1e-3, 0.5, 6.0)
    amplitudes = np.abs(random_amplitudes(size, 1))  # so that no sum cancels
    found = SideBySide.of(coherences(amplitudes)[None], channel, strict)
    orders = of_orders(channel, size) if np.any(channel.collective) else None
    weights = found.weights()
    for below, block in enumerate(blocks(amplitudes, channel)):
        outside = 2 if below > 1 else 0
        larger = np.asarray(found.block(below, outside, np.array([0, 2]), orders))
        rows = slice(outside, outside + size - 2 * below + 1)
        assert np.allclose(larger[:, rows, rows], block[[0, 2]], rtol=1e-12, atol=0)
        larger[:, rows, rows] = 0
        assert not larger.any()
        if below < weights.shape[1]:
            assert np.allclose(weights[:, below], np.trace(block, axis1=1, axis2=2), rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", ["dephasing", "emission"])
def test_a_product_probe_of_sixty_spins_has_its_closed_form(kind):
    size, times = 60, np.array([0.01, 1.0, 5.0])
    channel = channel_at(LocalNoise(**{kind: 0.4}), *times)
    exact = size * np.exp(-(4 if kind == "dephasing" else 1) * 0.4 * times)
    found = batched_gain(collective.coherent(size), channel, in_numpy(64))
    assert found == pytest.approx(exact, rel=1e-10, abs=symmetric_resolution(size))


@pytest.mark.parametrize("name", ["dephasing", "emission", "mixed"])
def test_more_than_a_hundred_spins_agree_with_one_time_after_the_other(name, monkeypatch):
    amplitudes, channel = random_amplitudes(110, 4), channel_at(NOISES[name], 0.02)
    expected = gain_of_symmetric(amplitudes, channel, "cpu")
    put(monkeypatch, lambda engine, seconds, needed: in_numpy(64))
    assert gain_of_symmetric(amplitudes, channel) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("matrices", [1, 2, 5, 64])
def test_parts_change_nothing(matrices):
    times = np.linspace(0, 3, 9)
    amplitudes, channel = random_amplitudes(12, 3), channel_at(NOISES["collective beside mixed"], *times)
    memory = 5 * 2.5 * 16 * 2 * 12**3 / 4  # of some five times
    for place in (in_numpy(matrices), in_numpy(matrices, memory), replace(in_numpy(), batch=None)):
        assert agrees(batched_gain(amplitudes, channel, place), symmetric_gain(amplitudes, channel), 12)


@pytest.mark.parametrize("name", ["dephasing", "mixed"])
def test_pair_codes_take_the_same_way(name, strict):
    amplitudes, channel = random_amplitudes(6, 9), channel_at(NOISES[name], *TIMES)
    assert agrees(pair_gain(amplitudes, channel), pair_gain_on_the_processor(amplitudes, channel), 12)


def pair_gain_on_the_processor(amplitudes, channel):
    with pytest.MonkeyPatch.context() as patched:
        put(patched, lambda engine, seconds, needed: arrays.CPU)
        return pair_gain(amplitudes, channel)


def test_an_integral_takes_the_same_way(strict):
    probe, noise = Probe.named("twin_fock", 4), LocalNoise(emission=0.3, dephasing=0.1)
    found = integrated_gain(probe, noise)
    with pytest.MonkeyPatch.context() as patched:
        put(patched, lambda engine, seconds, needed: arrays.CPU)
        expected = integrated_gain(probe, noise)
    assert found.value == pytest.approx(expected.value, rel=1e-10)


def test_memory_is_checked_before_and_auto_stays_on_the_processor(monkeypatch):
    probe, noise = Probe.named("w", 40), LocalNoise(emission=0.1)
    monkeypatch.setattr(arrays, "gpu", lambda: in_numpy(64, 1e5))
    monkeypatch.setattr(arrays, "find_spec", lambda name: True)
    monkeypatch.setattr(arrays, "_PAYS", 0.0)
    monkeypatch.setattr(cuda, "is_there", lambda: True)
    with pytest.raises(
        EngineError, match=r"of up to 41 rows take 0.00071 GB of a GPU's memory, and 0.0001 GB are free"
    ):
        gain(probe, noise, TIMES, engine="gpu")
    assert np.array_equal(gain(probe, noise, TIMES, engine="auto"), symmetric_gain(*at_w(40, noise)))


def at_w(size, noise):
    return np.eye(size + 1)[1], channel_at(noise, *TIMES)


@pytest.mark.parametrize("is_real", [True, False])
def test_the_memory_that_is_asked_for_holds_what_is_taken(is_real):
    amplitudes, channel = random_amplitudes(60, 1, is_real), channel_at(NOISES["mixed"], 0.1, 0.5, 1.0)
    memory = 3 * least_bytes(60, not is_real)
    place = in_numpy(64, memory)
    batched_gain(amplitudes, channel, place)  # tables that are kept
    tracemalloc.start()
    batched_gain(amplitudes, channel, place)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert memory / 3 < taken < memory


def test_memory_that_runs_out_nevertheless_is_one_line(monkeypatch):
    def fails(matrices):
        raise MemoryError

    with pytest.raises(EngineError, match='free memory, or give engine = "cpu"'):
        batched_gain(random_amplitudes(5, 1), channel_at(NOISES["mixed"], 1.0), replace(in_numpy(), eigh=fails))


def test_a_gpu_is_weighed_against_the_seconds_of_the_processor(monkeypatch):
    asked = []
    put(monkeypatch, lambda engine, seconds, needed: asked.append(seconds) or arrays.CPU)
    monkeypatch.setattr(large, "in_threads", lambda function, each: [np.zeros(1) for _ in each])
    for size, noise, times in ((20, "dephasing", 50), (100, "mixed", 400), (500, "emission", 50)):
        gain_of_symmetric(np.eye(size + 1)[1], channel_at(NOISES[noise], *np.linspace(0.1, 1, times)))
    assert asked == pytest.approx([0.0084, 10.4, 135], rel=0.01)
    assert seconds_of(100, 1, True) > seconds_of(100, 1, False)


def test_a_gpu_that_is_asked_for_and_is_not_there_is_refused(monkeypatch):
    arrays.gpu.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(EngineError, match=r'engine = "gpu" .*needs CuPy; pip install .*or give engine = "cpu"'):
        gain(Probe.named("twin_fock", 6), NOISES["mixed"], TIMES, engine="gpu")
    with pytest.raises(EngineError, match="needs CuPy"):
        gain(Probe.named("pair_code:twin_fock", 8), NOISES["mixed"], TIMES, engine="gpu")


@ON_GPU
@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 5, 40, 100])
@pytest.mark.parametrize("is_real", [True, False])
def test_a_gpu_gives_the_numbers_of_the_processor(is_real, size, name):
    amplitudes, channel = random_amplitudes(size, size, is_real), channel_at(NOISES[name], *np.linspace(0, 3, 9))
    found = gain_of_symmetric(amplitudes, channel, "gpu")
    assert agrees(found, gain_of_symmetric(amplitudes, channel, "cpu"), size)


@ON_GPU
@pytest.mark.parametrize("name", ["dephasing", "as much up as down"])
@pytest.mark.parametrize("size", [1, 2, 3, 40, 101])
def test_a_gpu_takes_halves(size, name):
    amplitudes, channel = collective.one_axis(size, 0.1).real, channel_at(NOISES[name], *np.linspace(0, 3, 9))
    amplitudes = (amplitudes + amplitudes[::-1]) / np.linalg.norm(amplitudes + amplitudes[::-1])
    found = gain_of_symmetric(amplitudes, channel, "gpu")
    assert agrees(found, gain_of_symmetric(amplitudes, channel, "cpu"), size)


@ON_GPU
@pytest.mark.parametrize("name", ["dephasing", "emission", "mixed"])
def test_a_gpu_takes_hundreds_of_spins_in_parts_of_its_memory(name, monkeypatch):
    amplitudes, channel = random_amplitudes(150, 4), channel_at(NOISES[name], 0.02, 0.5)
    little = replace(arrays.gpu(), free=lambda: 3e8)
    found = batched_gain(amplitudes, channel, little)
    assert found == pytest.approx(gain_of_symmetric(amplitudes, channel, "cpu"), rel=1e-10, abs=1e-9)
