"""The work of hot paths, counted: whoever lets one of them do twice as much fails here, on a busy machine as on any.

A limit is half above what was counted: instructions differ a little between versions of Python, and memory between
those of NumPy. Whoever lets a path do less may lower its numbers.
"""

from dataclasses import astuple

import numpy as np
import pytest
from work import work_of

from qsense import LocalNoise, Probe, gain
from qsense.backends import EmulatorSampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.theory.dense import dense_gain

TIMES = np.linspace(0.8, 40, 50)


def random(size, complex_amplitudes=False):
    generator = np.random.default_rng(7)
    values = generator.normal(size=size) + 1j * complex_amplitudes * generator.normal(size=size)
    return values / np.linalg.norm(values)


def dense(kind, make):
    probe, noise = make(), LocalNoise(**{kind: 0.1})
    return lambda: dense_gain(probe, noise, TIMES)


def symmetric(num_qubits, *kinds):
    probe, noise = Probe.symmetric(random(num_qubits + 1)), LocalNoise(**dict.fromkeys(kinds, 0.1))
    return lambda: gain(probe, noise, TIMES)


def closed(**noise):
    probe, model = Probe.ghz(10_000), LocalNoise(**noise)
    return lambda: gain(probe, model, TIMES / 10_000)


def sampled(probe, shots):
    size = probe.num_qubits
    settings = Settings(np.full((1, size), 0.4 / size), np.full((1, size), np.pi / 2), np.zeros((1, size)))
    noise = LocalNoise(dephasing=0.2 / size, emission=0.4 / size)
    return lambda: EmulatorSampler().sample(Experiment(probe, 1.0, "directions"), settings, shots, noise, 1)


RATES = np.linspace(0.05, 0.15, 10_000).tolist()
PATHS = {
    "dense, N = 6, dephasing": lambda: dense("dephasing", lambda: Probe.from_state(random(64))),
    "dense, N = 6, emission": lambda: dense("emission", lambda: Probe.from_state(random(64, True))),
    "dense, symmetric, N = 6, emission": lambda: dense("emission", lambda: Probe.symmetric(random(7, True))),
    "symmetric, N = 20, dephasing": lambda: symmetric(20, "dephasing"),
    "symmetric, N = 20, emission": lambda: symmetric(20, "emission"),
    "symmetric, N = 20, emission and absorption": lambda: symmetric(20, "emission", "absorption"),
    "GHZ, N = 10 000, equal rates": lambda: closed(dephasing=0.1, emission=0.1),
    "GHZ, N = 10 000, a rate a spin": lambda: closed(dephasing=RATES, emission=RATES),
    "emulator, GHZ N = 20": lambda: sampled(Probe.ghz(20), 4096),
    "emulator, product N = 50": lambda: sampled(Probe.product(50), 4096),
}
# Decompositions, Σ d³, multiplications, instructions, bytes.
COUNTED = {
    "dense, N = 6, dephasing": (2, 6029312, 37821440, 10936, 2675602),
    "dense, N = 6, emission": (4, 13107200, 8388608, 17574, 4161371),
    "dense, symmetric, N = 6, emission": (16, 1022000, 1022000, 30613, 2235643),
    "symmetric, N = 20, dephasing": (10, 1458000, 1341700, 12418, 1274058),
    "symmetric, N = 20, emission": (10, 1458000, 1341700, 11713, 1272034),
    "symmetric, N = 20, emission and absorption": (10, 1458000, 1341700, 34325, 2601026),
    "GHZ, N = 10 000, equal rates": (0, 0, 0, 3235, 14401),
    "GHZ, N = 10 000, a rate a spin": (0, 0, 0, 16700, 893586),
    "emulator, GHZ N = 20": (1, 320, 0, 8223, 1866903),
    "emulator, product N = 50": (1, 800, 0, 9099, 555449),
}


@pytest.mark.parametrize("name", PATHS)
def test_no_path_does_more_than_it_did(name, monkeypatch):
    found = astuple(work_of(PATHS[name](), monkeypatch))
    assert all(now <= 1.5 * before for now, before in zip(found, COUNTED[name], strict=True)), (found, COUNTED[name])


@pytest.mark.parametrize("name", ["dense, N = 6, emission", "symmetric, N = 20, emission", "emulator, GHZ N = 20"])
def test_twice_the_work_is_seen(name, monkeypatch):
    function = PATHS[name]()
    once, twice = (astuple(work_of(call, monkeypatch)) for call in (function, lambda: (function(), function())))
    # Python 3.13 misses the instructions of a call in which their counting begins.
    assert all(more >= 2 * less for less, more in zip(once[:4], twice[:4], strict=True))
