"""Recharging by arithmetic: probabilistic error cancellation, its circuits, and its gain per executed shot.

Every shot runs one circuit, drawn at random: after the sensing window each spin meets nothing, a Z, a reset to down, or
a reset to up (see `inverse`), and the outcome counts with the weight C·sign. The mean is the signal without noise,
unbiased at any time; the variance grows with C². Whatever is drawn follows the noise and does not know the field, so
that the Fisher information of a shot is at most G(t) of the noisy probe, with cancellation or without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError
from qsense.noise import SpinNoise
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.recharging.insertions import EXECUTORS, Execute
from qsense.recharging.inverse import quasi_probabilities, sampling_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_SPINS = 6
NOTHING = np.array([1.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Measured:
    """A slope and a gain from executed shots.

    Attributes:
        slope, slope_error: ∂_θ of the mean of the readout, and its standard error.
        bias: slope over the slope without noise, less 1.
        gain, gain_error: slope² over the variance of a shot: the gain per executed shot, with its standard error.
        shots: executed, at all phases.
        circuits: different ones among them.
    """

    slope: float
    slope_error: float
    bias: float
    gain: float
    gain_error: float
    shots: int
    circuits: int


def true_slope(probe: Probe) -> float:
    """Returns ∂_θ of the readout's mean at the middle of its fringe without noise: −N, for GHZ and product alike."""
    _check(probe)
    return -float(probe.num_qubits)


def plain_gain(probe: Probe, noise: SpinNoise, time: float) -> float:
    """Returns the gain per shot of the readout without cancellation, at the middle of the fringe: slope²/variance.

    The readout is the parity of all spins along x for a GHZ probe, and their sum for a product probe.

    >>> from qsense.noise import LocalNoise
    >>> round(plain_gain(Probe.ghz(2), LocalNoise(dephasing=0.25), 1.0), 6)  # N² e^{−4Nγt}
    0.541341
    """
    _check(probe)
    n = probe.num_qubits
    coherence = noise.channel(np.array([time]), n).coherence[0]
    return float(n**2 * np.prod(coherence) ** 2) if probe.kind == "ghz" else float(coherence.sum() ** 2 / n)


def cancelled_gain(probe: Probe, noise: SpinNoise, time: float) -> float:
    """Returns the gain per executed shot with cancellation: N²/ΠC_j² of GHZ, N²/ΣC_j² of product.

    It equals `plain_gain` under equal dephasing, C = 1/coherence, and is below it under all else, C > 1/coherence.

    Raises:
        ArgumentError: the channel has no inverse.

    Source: weighted outcomes are ±ΠC_j, or a sum of independent ±C_j, of mean 0 at the middle of the fringe.

    >>> from qsense.noise import LocalNoise
    >>> round(cancelled_gain(Probe.ghz(2), LocalNoise(dephasing=0.25), 1.0), 6)
    0.541341
    """
    _check(probe)
    n = probe.num_qubits
    cost = sampling_cost(noise.channel(np.array([time]), n))[0]
    return float(n**2 / np.prod(cost) ** 2) if probe.kind == "ghz" else float(n**2 / np.sum(cost**2))


def measure(
    probe: Probe,
    noise: SpinNoise,
    time: float,
    shots: int,
    seed: int,
    backend: str = "emulator",
    assumed: SpinNoise | None = None,
) -> tuple[Measured, Measured]:
    """Runs the probe without cancellation and with it, and returns both: the same shots, the same readout.

    Args:
        probe: ghz or product, at most 6 spins.
        noise: what acts on the spins while they sense.
        time: the sensing time in s.
        shots: for each of three phases: the middle of the fringe and a quarter of it to either side.
        seed: of everything drawn.
        backend: "emulator" or "aer".
        assumed: the noise that is cancelled; by default the one that acts. Another leaves a bias.

    Returns:
        (plain, cancelled).

    Raises:
        ArgumentError: the probe, the shots or the backend cannot be used, or the noise has no inverse at this time.

    Source: Temme, Bravyi and Gambetta, Phys. Rev. Lett. 119, 180509 (2017).

    >>> from qsense.noise import LocalNoise
    >>> plain, cancelled = measure(Probe.ghz(2), LocalNoise(dephasing=0.1), 1.0, 2000, seed=1)
    >>> round(plain.bias, 1), abs(cancelled.bias) < 4 * cancelled.slope_error / 2
    (-0.3, True)
    """
    _check(probe)
    if shots < 100:
        raise ArgumentError(f"Argument `shots` must be at least 100, but is {shots}.")
    if backend not in EXECUTORS:
        raise ArgumentError(f'Argument `backend` must be one of {", ".join(EXECUTORS)}, but is "{backend}".')
    run, n = EXECUTORS[backend], probe.num_qubits
    q = quasi_probabilities((noise if assumed is None else assumed).channel(np.array([time]), n))[0]
    rng = np.random.default_rng(seed)
    experiment = Experiment(probe, time)
    nothing = np.broadcast_to(NOTHING, q.shape)
    return tuple(_measured(experiment, noise, shots, weights, run, rng) for weights in (nothing, q))  # type: ignore[return-value]


def _measured(
    experiment: Experiment, noise: SpinNoise, shots: int, q: FloatArray, run: Execute, rng: np.random.Generator
) -> Measured:
    n = experiment.probe.num_qubits
    frequency = n if experiment.probe.kind == "ghz" else 1
    middle, quarter = np.pi / 2 / frequency, np.pi / 2 / frequency
    means, variances, circuits = np.empty(3), np.empty(3), 0
    fourth = 0.0
    for place, phase in enumerate((middle, middle + quarter, middle - quarter)):
        values, numbers, patterns = _weighted(experiment, noise, shots, q, phase, run, rng)
        means[place] = values @ numbers / shots
        variances[place] = (values - means[place]) ** 2 @ numbers / (shots - 1)
        circuits += patterns
        if place == 0:
            fourth = float((values - means[0]) ** 4 @ numbers / shots)
    slope = frequency / 2 * (means[1] - means[2])
    slope_error = frequency / 2 * float(np.sqrt((variances[1] + variances[2]) / shots))
    spread = float(np.sqrt(max(fourth - variances[0] ** 2, 0) / shots))
    gain = slope**2 / variances[0]
    relative = np.hypot(2 * slope_error / abs(slope) if slope else np.inf, spread / variances[0])
    bias = slope / true_slope(experiment.probe) - 1
    error = float(gain * relative) if slope else np.inf
    return Measured(float(slope), slope_error, float(bias), float(gain), error, 3 * shots, circuits)


def _weighted(
    experiment: Experiment,
    noise: SpinNoise,
    shots: int,
    q: FloatArray,
    phase: float,
    run: Execute,
    rng: np.random.Generator,
) -> tuple[FloatArray, NDArray[np.int64], int]:
    """Weighted outcomes of the readout, how often each came, and how many circuits were run."""
    n = experiment.probe.num_qubits
    cost = np.abs(q).sum(1)
    drawn = np.stack([rng.choice(4, shots, p=np.abs(q[spin]) / cost[spin]) for spin in range(n)], axis=1)
    patterns, numbers = np.unique(drawn, axis=0, return_counts=True)
    along_x = np.pi / 2
    settings = Settings(np.full((1, n), phase), np.full((1, n), along_x), np.zeros((1, n)))
    values, counts = [], []
    signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    for pattern, number in zip(patterns, numbers, strict=True):
        weights = cost * np.sign(q[np.arange(n), pattern])
        outcomes = signs * weights
        values.append(outcomes.prod(1) if experiment.probe.kind == "ghz" else outcomes.sum(1))
        seed = int(rng.integers(2**31))
        counts.append(run(experiment, settings, int(number), noise, tuple(pattern.tolist()), seed).table()[0])
    return np.concatenate(values).astype(np.float64), np.concatenate(counts), len(patterns)


def _check(probe: Probe) -> None:
    if probe.kind not in ("ghz", "product") or probe.tilt or probe.signs or probe.num_qubits > _MOST_SPINS:
        raise ArgumentError(
            f'Cancellation is for "ghz" and "product" of at most {_MOST_SPINS} spins, without tilt or signs, but the '
            f'probe is "{probe.name}" of {probe.num_qubits}.'
        )
