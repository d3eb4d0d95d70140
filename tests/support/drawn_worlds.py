"""Random worlds and what the referee says of them."""

import numpy as np
import world_oracle as oracle

from qsense import LocalNoise, Probe
from qsense.noise import (
    Collective,
    Exponential,
    Local,
    Matrix,
    NoiseModel,
    OrnsteinUhlenbeck,
    Pairs,
    PhaseNoise,
    QuasiStatic,
    Stretched,
    White,
    World,
)
from qsense.signals import Signal

INSTANTS = {"free": (), "hahn": (0.5,), "cpmg:2": (0.25, 0.75), "cpmg:3": (1 / 6, 0.5, 5 / 6),
            "xy4": (0.125, 0.375, 0.625, 0.875)}  # fmt: skip


def spaces(rng, size):
    """Every way to share noise, with its covariance written out."""
    root = rng.normal(size=(size, size))
    points, length = rng.uniform(0, 2, size), float(rng.uniform(0.3, 3))
    distances = np.abs(points[:, None] - points)
    found = [
        (Local(), np.eye(size)),
        (Collective(), np.ones((size, size))),
        (Exponential(tuple(points), length), np.exp(-distances / length)),
        (Matrix(tuple(map(tuple, root @ root.T))), root @ root.T),
    ]
    if size > 1:
        pair = np.eye(size)
        pair[0, 1] = pair[1, 0] = value = float(rng.uniform(-1, 1))
        found.append((Pairs(((0, 1, value),)), pair))
    return found


def memories(rng, unit, instants):
    """Every memory, with the function of t that is v."""
    rate, spread, tau = (float(10 ** rng.uniform(-1, 0.5)) for _ in range(3))
    exponent = float(rng.uniform(0.5, 3))
    edges, signs = oracle.toggling(instants)
    kept = float(np.diff(edges) @ signs)
    return [
        (White(rate / unit), lambda t: 4 * rate * t / unit),
        (QuasiStatic(spread / unit), lambda t: (spread * kept * t / unit) ** 2),
        (
            OrnsteinUhlenbeck(spread / unit, tau * unit),
            lambda t: oracle.variance(lambda d: (spread / unit) ** 2 * np.exp(-d / tau / unit), t, instants),
        ),
        (Stretched(rate / unit, exponent), lambda t: 2 * (2 * rate * t / unit) ** exponent),
    ]


def probes(rng, size):
    signs = "".join(rng.choice(["+", "-"], size))
    vector = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return [
        Probe.ghz(size, signs=signs, tilt=float(rng.choice([0, rng.uniform(-0.8, 0.8)]))),
        Probe.product(size, tilt=float(rng.choice([0, rng.uniform(-0.8, 0.8)]))),
        Probe.named("w", size),
        Probe.named(f"dicke_x:{size // 2}", size),
        Probe.from_state(vector / np.linalg.norm(vector)),
    ]


def rates(rng, size, unit):
    kind = rng.integers(4)
    if kind == 0:
        return np.zeros(size)
    return (np.full(size, rng.uniform(0.02, 1)) if kind == 1 else rng.uniform(0, 1, size)) / unit


def draw(seed):
    """A probe, a world, a time in s, ρ(t), the weights, W(t), and the unit of time."""
    rng = np.random.default_rng([seed, 31])
    unit, size = 10.0 ** rng.integers(-9, 6), int(rng.integers(1, 5))
    probe = probes(rng, size)[rng.integers(5)]
    idle = str(rng.choice(list(INSTANTS)))
    instants = INSTANTS[idle]
    given = {kind: rates(rng, size, unit) for kind in ("emission", "absorption", "dephasing")}
    parts, laws = [], []
    for _ in range(rng.integers(0, 3)):
        space, covariance = (own := spaces(rng, size))[rng.integers(len(own))]
        memory, law = (own := memories(rng, unit, instants))[rng.integers(len(own))]
        parts.append(PhaseNoise(space, memory))
        laws.append((covariance, law))
    kinds = [np.ones(size), np.full(size, -0.7), (-1.0) ** np.arange(size), rng.normal(size=size)]
    weights = kinds[rng.integers(4)]
    time = float(10 ** rng.uniform(-1.3, 0.3)) * unit
    if idle == "free" and rng.random() < 0.6:
        signal, wave = Signal(weights), np.ones_like
    elif idle != "free" and rng.random() < 0.5:
        signal, frequency = Signal(weights, "matched"), len(instants) / (2 * time)
        wave = lambda t: np.cos(2 * np.pi * frequency * t)  # noqa: E731
    else:
        frequency, phase = float(rng.uniform(0.2, 3)) / unit, float(rng.uniform(0, 6))
        signal = Signal(weights, frequency, phase)
        wave = lambda t: np.cos(2 * np.pi * frequency * t + phase)  # noqa: E731
    world = World(NoiseModel(LocalNoise(**given), phase_noise=parts), signal, idle)
    rho = oracle.after_pulses(probe.density_matrix(), oracle.local_liouvillian(size, **given), time, closed(instants))
    rho = oracle.dephased(rho, sum((c * law(time) for c, law in laws), np.zeros((size, size))))
    return probe, world, time, rho, weights, oracle.weight(wave, time, instants), unit


def closed(instants):
    """An odd number of flips is closed by one at the end."""
    return (*instants, 1.0) if len(instants) % 2 else instants


def exact_gain(rho, weights, collected):
    k = oracle.generator(weights)
    return collected**2 * oracle.information(rho, -1j * (k @ rho - rho @ k))
