"""Coverage, bias and cost of the moment bound over repeated runs, from exact distributions of the collective spin.

    python benchmarks/moments.py [--repetitions 1000] [--quick]

Prints Markdown tables. The number of spins up along each measured direction is drawn from its exact distribution, which
this file computes by itself: binomial for product probes, averaged over a common phase under shared noise; for squeezed
and twin-Fock probes that of the pure state over Dicke states, each spin's outcome flipped by its dephasing. `exact` is
the bound from the same distributions by numerical differentiation. `bias` is in units of the scatter, `coverage` that
of the 95 % interval, with its Monte-Carlo error. The second table has the error of 𝓘 at a number of shots, the third
how often "not squeezed" is refused.
"""

import argparse
from math import comb

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.moments import Frame, estimate, p_not_squeezed
from qsense.estimators.moments.prepared import frame_of
from qsense.estimators.result import integrate_estimates
from qsense.numerics.quadrature import gauss_rule
from qsense.probes import Probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    rng = np.random.default_rng(20261)
    print("| probe | N | coherence η | shared phase (rad) | shots a row | exact | bias | scatter | error | coverage |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, size, eta, spread in CASES:
        if options.only in name:
            for shots in (20, 50, 200, 1000):
                row(rng, name, size, eta, spread, shots, options.repetitions)
    print("\n| probe | N | circuits a time | shots in all | error of 𝓘 | covered |\n|---|---|---|---|---|---|")
    for name, size, total in GOALS:
        if options.only in name:
            goal(rng, name, size, total, options.repetitions)
    print("\n| probe | N | shots a row | ξ² | p < 0.05 | p < 0.01 |\n|---|---|---|---|---|---|")
    for name, size, eta in (("product", 10, 1.0), ("product", 50, 0.7), ("one_axis:0.05", 50, 0.85)):
        for shots in (50, 500, 2000):
            squeezed(rng, name, size, eta, shots, options.repetitions)


CASES = [
    ("product", 4, 0.95, 0.0), ("product", 4, 0.4, 0.0), ("product", 16, 0.7, 0.0), ("product", 100, 0.7, 0.0),
    ("product", 100, 0.1, 0.0), ("product", 16, 0.7, 0.3), ("product", 50, 0.7, 1.0),
    ("one_axis:0.2", 8, 0.85, 0.0), ("one_axis:0.05", 50, 0.85, 0.0), ("two_axis:0.04", 20, 0.7, 0.0),
    ("twin_fock", 8, 0.85, 0.0), ("twin_fock", 20, 0.85, 0.0), ("dicke_x:6", 20, 0.7, 0.0),
]  # fmt: skip
GOALS = [
    ("product", 4, 3500), ("product", 10, 3500), ("product", 30, 3500), ("product", 100, 3500),
    ("one_axis:0.03", 50, 5000), ("one_axis:0.05", 50, 5000), ("twin_fock", 20, 5000),
]  # fmt: skip


def laws(name: str, size: int, eta: float, spread: float, angles: np.ndarray) -> np.ndarray:
    """P(ups) along azimuths of the equator, shape (angles, N + 1), after dephasing of each spin to the coherence η."""
    if name == "product":
        nodes, weights = np.polynomial.hermite_e.hermegauss(60) if spread else (np.zeros(1), np.ones(1))
        up = (1 - eta * np.cos(angles[:, None] - spread * nodes)) / 2
        ups = np.arange(size + 1)
        ways = np.array([float(comb(size, u)) for u in ups])
        each = ways * up[..., None] ** ups * (1 - up[..., None]) ** (size - ups)
        return np.einsum("ank,n->ak", each, weights / weights.sum())
    amplitudes = Probe.named(name, size).dicke_amplitudes()
    return np.array([dephased_law(amplitudes, size, eta, angle) for angle in angles])


def dephased_law(amplitudes: np.ndarray, size: int, eta: float, angle: float) -> np.ndarray:
    """Dephasing is a random flip of σ_z on each spin: with n flips of N, ups and downs along the equator change places.

    The state turned so that the measured direction is z has probability p(u); a σ_z flips the spin's x. So each spin's
    outcome is flipped with probability (1 − η)/2, independently of the others: valid along any azimuth of the equator,
    as σ_z turns each of its directions into the opposite one.
    """
    p = np.abs(turned(size, angle).conj().T @ amplitudes) ** 2
    flip = (1 - eta) / 2
    out = np.zeros(size + 1)
    for ups in range(size + 1):
        stay = binomial(ups, 1 - flip)
        come = binomial(size - ups, flip)
        out += p[ups] * np.convolve(stay, come)
    return out


def turned(size: int, angle: float) -> np.ndarray:
    """Columns: the states of `u` spins up along an azimuth of the equator, over Dicke states."""
    ups = np.arange(size)
    raising = np.diag(np.sqrt((size - ups) * (ups + 1.0)), -1) * np.exp(1j * angle)
    _, vectors = np.linalg.eigh((raising + raising.conj().T) / 2)
    return vectors[:, ::-1]  # the qubit's +1 is down: most of J along the direction is fewest ups


def binomial(number: int, chance: float) -> np.ndarray:
    k = np.arange(number + 1)
    return np.array([float(comb(number, i)) for i in k]) * chance**k * (1 - chance) ** (number - k)


def exact_bound(frame: Frame, law) -> float:
    """dᵀC⁻¹d with the slope from differences of the law itself, at angles a little before and behind."""
    j = frame.num_qubits / 2 - np.arange(frame.num_qubits + 1)
    powers = np.stack([j**k for k in range(1, frame.order + 1)])
    step = 1e-4
    before, at, behind = law(frame.angle + np.array([-step, 0, step]))
    slopes = powers @ (before - behind) / (2 * step)
    mean = powers @ at
    covariance = (powers * at) @ powers.T - np.outer(mean, mean)
    return float(slopes @ np.linalg.pinv(covariance, rcond=1e-10) @ slopes)


def drawn(rng: np.random.Generator, frame: Frame, p: np.ndarray, shots: int) -> Counts:
    """Counts with so many ups; which spins they are does not matter to moments."""
    table = rng.multinomial(shots, p / p.sum(1, keepdims=True))
    return Counts.from_histograms(
        frame.num_qubits, [{(1 << u) - 1: int(n) for u, n in enumerate(one) if n} for one in table]
    )


def frame_for(name: str, size: int) -> Frame:
    return Frame(size) if name == "product" else frame_of(Probe.named(name, size)).frame


def row(rng, name, size, eta, spread, shots, repetitions) -> None:
    frame = frame_for(name, size)
    angles = np.array([angle for angle, _ in frame.rows])
    p = laws(name, size, eta, spread, angles)
    exact = exact_bound(frame, lambda a: laws(name, size, eta, spread, a))
    found = [estimate(drawn(rng, frame, p, shots), frame) for _ in range(repetitions)]
    values, errors = np.array([f.value for f in found]), np.array([f.stderr for f in found])
    inside = np.mean([f.interval[0] <= exact <= f.interval[1] for f in found])
    scatter = values.std()
    off = (values.mean() - exact) / scatter
    fails = "" if 0.92 <= inside <= 0.985 else " FAILS"
    print(
        f"| {name} | {size} | {eta:g} | {spread:g} | {shots} | {exact:.4g} | {off:+.2f} | "
        f"{scatter / exact:.3f} | {np.sqrt(np.mean(errors**2)) / scatter:.2f} | "
        f"{100 * inside:.1f} ± {100 * np.sqrt(inside * (1 - inside) / repetitions):.1f}{fails} |",
        flush=True,
    )


def goal(rng, name, size, total, repetitions) -> None:
    """𝓘 under dephasing from five Gauss times, the shots shared evenly over rows and times."""
    frame = frame_for(name, size)
    rule = gauss_rule(1.0, 1.0, 5)
    angles = np.array([angle for angle, _ in frame.rows])
    shots = total // (len(rule.times) * len(angles))
    etas = np.exp(-rule.times / 2)
    tables = [laws(name, size, eta, 0.0, angles) for eta in etas]
    bounds = [exact_bound(frame, lambda a, eta=eta: laws(name, size, eta, 0.0, a)) for eta in etas]
    exact = float(rule.weights @ bounds)
    found = [
        integrate_estimates(rule, [estimate(drawn(rng, frame, p, shots), frame) for p in tables]).total
        for _ in range(repetitions)
    ]
    values = np.array([f.value for f in found])
    inside = np.mean([f.interval[0] <= exact <= f.interval[1] for f in found])
    print(
        f"| {name} | {size} | {len(angles)} | {shots * len(angles) * len(rule.times)} | "
        f"{100 * np.sqrt(np.mean((values - exact) ** 2)) / exact:.1f} % | {100 * inside:.1f} |",
        flush=True,
    )


def squeezed(rng, name, size, eta, shots, repetitions) -> None:
    frame = frame_for(name, size)
    p = laws(name, size, eta, 0.0, np.array([angle for angle, _ in frame.rows]))
    xi = size / exact_bound(frame, lambda a: laws(name, size, eta, 0.0, a))
    found = np.array([p_not_squeezed(drawn(rng, frame, p, shots), frame) for _ in range(repetitions)])
    shares = [f"{100 * np.mean(found < level):.1f} %" for level in (0.05, 0.01)]
    print(f"| {name} | {size} | {shots} | {xi:.3f} | {shares[0]} | {shares[1]} |", flush=True)


if __name__ == "__main__":
    main()
