"""How much a search computes, as counts that do not depend on the machine: gains with gradients, and eigenvectors."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe
from qsense.theory.optimal import best_squeezing, optimal_probe
from qsense.theory.rate import operational_rate
from qsense.theory.search import SampledObjective
from qsense.theory.symmetric import UniformChannel

DEPHASING, EMISSION = LocalNoise(dephasing=0.25), LocalNoise(emission=1.0)


@pytest.fixture
def counted(monkeypatch):
    """What is counted while a test runs: gains with gradients at one time, matrices and their rows cubed."""
    found = {"gains": 0, "matrices": 0, "cubes": 0}
    gains, eigh = SampledObjective.gains_and_gradient, np.linalg.eigh

    def counted_gains(self, amplitudes, weigh):
        found["gains"] += len(self.channel)
        return gains(self, amplitudes, weigh)

    def counted_eigh(matrices):
        count, rows = int(np.prod(matrices.shape[:-2])), matrices.shape[-1]
        found["matrices"] += count
        found["cubes"] += count * rows**3
        return eigh(matrices)

    monkeypatch.setattr(SampledObjective, "gains_and_gradient", counted_gains)
    monkeypatch.setattr(np.linalg, "eigh", counted_eigh)
    return found


# A third more than what was counted: where an ascent ends depends on rounding.
@pytest.mark.parametrize(
    ("noise", "objective", "least", "gains", "matrices"),
    [
        (DEPHASING, "integrated_gain", 1.69902924, 1800, 22000),
        (DEPHASING, "rate", 0.48980734, 3500, 48000),
        (EMISSION, "integrated_gain", 1.84730939, 6700, 40000),
        (EMISSION, "rate", 0.62525409, 12400, 74000),
    ],
)
def test_the_best_of_twelve_spins_takes_few_gains_and_eigenvectors(noise, objective, least, gains, matrices, counted):
    assert optimal_probe(12, noise, objective).value / 12 >= least
    assert 0 < counted["gains"] <= gains
    assert 0 < counted["matrices"] <= matrices


def test_the_best_squeezing_by_rate_takes_few_gains(counted):
    best_squeezing(12, DEPHASING, objective="rate")
    assert counted["gains"] <= 2000


@pytest.mark.parametrize(("noise", "share"), [(DEPHASING, 0.1), (EMISSION, 0.25)])
def test_eigenvectors_are_taken_of_what_counts_of_large_blocks(noise, share, counted):
    objective, ups = SampledObjective.integral(100, noise, -1), np.arange(101)
    amplitudes = 1 + 0.2 * np.cos(0.4 * (ups - 50))
    objective.value_and_gradient(amplitudes / np.linalg.norm(amplitudes))
    whole = len(objective.weights) * sum(rows**3 for rows in range(1, 102, 2))
    assert 0 < counted["cubes"] < share * whole


def test_a_rate_is_found_from_few_times(monkeypatch):
    asked, at = [], UniformChannel.parts

    def counted_parts(self, num_qubits):
        asked.append(len(self))
        return at(self, num_qubits)

    monkeypatch.setattr(UniformChannel, "parts", counted_parts)
    operational_rate(Probe.named("one_axis:0.2", 12), EMISSION)
    assert 0 < sum(asked) <= 100
