"""The exact answers: G(t), 𝓘 and crossovers, bounds, the best probes, and what a readout reaches.

Nothing here knows of counts or estimators: estimates and theory meet in `comparison`. Every function takes a World
(signal, noise and pulses) wherever it takes a noise. The package may import `errors`, `numerics`, `signals`, `probes`
and `noise`; it needs numpy, and SciPy where a search or a Lindblad equation asks for it. Public: gain, integrated_gain,
crossover, resolution; gain_bound, integrated_gain_bound; operational_rate, rate_bound; optimal_probe, best_squeezing;
classical_gain, integrated_classical_gain, best_phase; concurrence, entanglement_of_formation.
"""

from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.entanglement import concurrence, entanglement_of_formation
from qsense.theory.gains import IntegratedGain, crossover, gain, integrated_gain, resolution
from qsense.theory.measurement import best_phase, classical_gain, integrated_classical_gain
from qsense.theory.optimal import OptimalProbe, best_squeezing, optimal_probe
from qsense.theory.rate import Rate, operational_rate, rate_bound

__all__ = [
    "IntegratedGain",
    "OptimalProbe",
    "Rate",
    "best_phase",
    "best_squeezing",
    "classical_gain",
    "concurrence",
    "crossover",
    "entanglement_of_formation",
    "gain",
    "gain_bound",
    "integrated_classical_gain",
    "integrated_gain",
    "integrated_gain_bound",
    "operational_rate",
    "optimal_probe",
    "rate_bound",
    "resolution",
]
