"""The symmetric engine on a GPU, a table of gpu.py: seconds, memory, and the difference from the processor's numbers.

Random complex amplitudes over Dicke states, γ = 0.1/s of each kind of noise, t in (0, 40] s: 50 times up to N = 100, 20
beyond, the best of three runs after one that starts everything. The processor computes all times up to N = 100, on the
threads that OMP_NUM_THREADS gives it, and beyond four of them, from which its seconds are counted in proportion.
Difference: the largest |G/G_cpu − 1| at these, where G exceeds 1e-5 N.
"""

from collections.abc import Sequence

import numpy as np
from gpu_card import Card, difference, fastest, seconds

from qsense import LocalNoise, Probe
from qsense.noise import AnyNoise
from qsense.theory.batched import batched_gain, least_bytes
from qsense.theory.engines import uniform_channel
from qsense.theory.large import gain_of_symmetric

SIZES = (40, 100, 200, 500)
NOISES = {
    "dephasing": {"dephasing": 0.1},
    "emission": {"emission": 0.1},
    "mixed": {"dephasing": 0.1, "emission": 0.1, "absorption": 0.1},
}
LATEST, SEED, LARGE = 40.0, 7, 100


def symmetric_table(card: Card, sizes: Sequence[int], noises: Sequence[str]) -> None:
    """Prints the table."""
    print("| N | noise | times | s | s of the processor | ratio | memory, GB | needs at least, GB | difference |")
    print("|---|---|---|---|---|---|---|---|---|")
    for num_qubits in sizes:
        for kind in noises:
            print(row(card, num_qubits, kind), flush=True)


def row(card: Card, num_qubits: int, kind: str) -> str:
    amplitudes = probe(num_qubits).dicke_amplitudes()
    noise = LocalNoise(**NOISES[kind])
    count = 50 if num_qubits <= LARGE else 20
    times = np.linspace(LATEST / count, LATEST, count)
    compared = np.arange(count) if num_qubits <= LARGE else np.array([0, 2, 5, 10])

    def channel(chosen: np.ndarray, world: AnyNoise = noise):
        return uniform_channel(world, num_qubits, chosen)

    def solve() -> None:
        found[:] = batched_gain(amplitudes, channel(times), card.arrays)

    found, exact = np.zeros(count), np.zeros(len(compared))

    def solve_here() -> None:
        exact[:] = gain_of_symmetric(amplitudes, channel(times[compared]), "cpu")

    card.forget()
    batched_gain(amplitudes, channel(times[:1]), card.arrays)  # starts everything
    card.forget()
    spent = fastest(solve)
    memory = card.memory()
    here = seconds(solve_here) * count / len(compared)
    needed = least_bytes(num_qubits, kind != "dephasing") / 1e9
    apart = difference(found[compared], exact, 1e-5 * num_qubits)
    return (
        f"| {num_qubits} | {kind} | {count} | {spent:.3g} | {here:.3g} | {here / spent:.2g} | {memory} "
        f"| {needed:.2g} | {apart} |"
    )


def probe(num_qubits: int) -> Probe:
    generator = np.random.default_rng([SEED, num_qubits])
    amplitudes = generator.normal(size=num_qubits + 1) + 1j * generator.normal(size=num_qubits + 1)
    return Probe.symmetric(amplitudes / np.linalg.norm(amplitudes))
