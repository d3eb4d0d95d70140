"""Exact distributions of GHZ and product probes of any size under local noise, from rate equations of one spin.

Independent of qsense: a spin's coherence falls with exp(−(down + up)t/2 − 2 dephasing t), its populations follow the
two-level rate equation, and a GHZ state's coherence and populations are products over spins.
"""

from typing import NamedTuple

import numpy as np
import oracle

from qsense.circuits.counts import Counts

SIZES = (1, 2, 8, 32, 100)
NOISES = ("dephasing", "emission", "mixed")
LIFETIMES = (0.1, 0.7, 2.5)  # of G: early, middle, late


class Rates(NamedTuple):
    """Per spin, in 1/s."""

    dephasing: np.ndarray
    down: np.ndarray
    up: np.ndarray


class Ghz(NamedTuple):
    """P, V and G of a GHZ probe."""

    population: float
    visibility: float
    gain: float


def rates(noise, size):
    """Rates of each spin; "mixed" has all three, and no two spins alike."""
    scale = np.linspace(0.6, 1.4, size) if size > 1 else np.ones(1)
    flat = np.ones(size)
    return {
        "dephasing": Rates(0.1 * flat, 0 * flat, 0 * flat),
        "emission": Rates(0 * flat, 0.1 * flat, 0 * flat),
        "mixed": Rates(0.03 * scale, 0.06 * scale[::-1], 0.02 * scale),
    }[noise]


def coherences(noise, size, time):
    """The factor by which each spin's coherence has fallen, shape (spins,)."""
    r = rates(noise, size)
    return np.exp(-((r.down + r.up) / 2 + 2 * r.dephasing) * time)


def ghz(noise, size, time):
    """The block of a GHZ probe."""
    r = rates(noise, size)
    total = r.down + r.up
    lost = -np.expm1(-total * time) / np.where(total > 0, total, 1)
    down_from_up, up_from_down = r.down * lost, r.up * lost
    all_up = (np.prod(1 - down_from_up) + np.prod(up_from_down)) / 2
    all_down = (np.prod(1 - up_from_down) + np.prod(down_from_up)) / 2
    visibility = np.prod(coherences(noise, size, time))
    return Ghz(all_up + all_down, visibility, size**2 * visibility**2 / (all_up + all_down))


def ghz_time(noise, size, lifetimes):
    """The time at which V² has fallen by so many factors e."""
    return lifetimes / (-2 * np.log(coherences(noise, size, 1.0)).sum())


def product_time(noise, size, lifetimes):
    """The time at which the mean spin's squared coherence has fallen by so many factors e."""
    return lifetimes / (-2 * np.log(coherences(noise, size, 1.0)).mean())


def ghz_rows(method, block, angles, offset=0.0):
    """The exact probabilities of the classes of each row, shape (rows, classes); `offset` turns the fringe."""
    p, v, beta = block.population, block.visibility, np.asarray(angles) + offset
    if method == "loss_flag":
        return np.stack([(p + v * np.cos(beta)) / 2, (p - v * np.cos(beta)) / 2, np.full(len(beta), 1 - p)], axis=1)
    if method == "parity":
        fringe = np.stack([(1 + v * np.cos(beta)) / 2, (1 - v * np.cos(beta)) / 2], axis=1)
        return np.concatenate([[[p, 1 - p]], fringe])
    back = (p + v * np.cos(beta)) / 2
    return np.stack([back, 1 - back], axis=1)


def draw(rng, probabilities, shots, repetitions):
    """Multinomial counts, shape (repetitions, rows, classes)."""
    p = np.clip(probabilities, 0, 1)
    return rng.multinomial(shots, p / p.sum(-1, keepdims=True), size=(repetitions, len(p)))


def product_draw(rng, coherence, shots, repetitions, axes, offset=0.0):
    """How often each spin was down and up, shape (repetitions, rows, spins, 2); z is taken as unpolarised."""
    means = {"along": np.cos(offset), "across": -np.sin(offset), "z": 0.0}
    p = 0.5 * (1 + np.outer([means[axis] for axis in axes], coherence))
    down = rng.binomial(shots, np.clip(p, 0, 1), size=(repetitions, *p.shape))
    return np.stack([down, shots - down], axis=-1)


def packed(bits, offsets):
    """Counts of shots given as bits, shape (shots, spins); every shot is its own entry."""
    outcomes = np.packbits(bits.astype(np.uint8), axis=1, bitorder="little")
    return Counts(bits.shape[1], np.asarray(offsets), outcomes, np.ones(len(bits), dtype=np.int64))


def state(psi, noise_rates, time):
    """ρ by the Lindblad equation (bit j of an index is spin j, up is 1), without a field."""
    paper = oracle.in_paper_order(psi)
    rho, _ = oracle.state_and_slope(paper, time, 0.0, *noise_rates)
    where = oracle.in_paper_order(np.arange(len(psi)))
    ours = np.empty_like(rho)
    ours[np.ix_(where, where)] = rho
    return ours


def read(rho, ending, settings, signs=""):
    """The distribution of every row of settings, gate by gate, shape (rows, 2^N); a GHZ probe may have signs."""
    size = settings.phases.shape[1]
    flips = sum(1 << spin for spin, sign in enumerate(signs) if sign == "-")
    fan_out = np.eye(2**size)[[index ^ flips for index in range(2**size)]]
    for target in range(1, size):
        flipped = [index ^ (index % 2) << target for index in range(2**size)]
        fan_out = fan_out[flipped]
    hadamard = np.kron(np.eye(2 ** (size - 1)), np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    last = {"directions": np.eye(2**size), "loss_flag": fan_out, "unprepare": hadamard @ fan_out}[ending]
    rows = []
    for phase, polar, azimuth in zip(settings.phases, settings.polars, settings.azimuths, strict=True):
        turned = (
            together([ry(-p) @ rz(-a) for p, a in zip(polar, azimuth, strict=True)]) @ last @ together(map(rz, phase))
        )
        rows.append(np.diag(turned @ rho @ turned.conj().T).real)
    return np.array(rows)


def as_counts(distributions, shots=10**12):
    """Counts with the exact frequencies, to one shot in 10¹²."""
    size = int(distributions.shape[1]).bit_length() - 1
    numbers = np.round(distributions * shots).astype(int)
    return Counts.from_histograms(size, [{k: int(n) for k, n in enumerate(row) if n > 0} for row in numbers])


def together(gates):
    """One gate per spin, spin 0 first, on all of them."""
    full = np.eye(1)
    for gate in gates:
        full = np.kron(gate, full)
    return full


def rz(angle):
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


def ry(angle):
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]])


def covered(estimates, truth):
    """The share of 95 % intervals that hold the truth."""
    return np.mean([low - 1e-12 <= truth <= high + 1e-12 for low, high in (e.interval for e in estimates)])
