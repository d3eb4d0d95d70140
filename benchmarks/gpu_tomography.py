"""The dense emulator and tomography on a GPU, two tables of gpu.py: seconds, memory, difference from the processor.

A GHZ probe under emission of 0.1/s at t = 1 s, all 3^N Pauli bases; with shifts, 2N + 1 times as many rows; 1000 shots
a row. The best of three runs after one that starts everything, of one where a run takes more than ten seconds.

emulator: the probabilities of all outcomes, brought back from the GPU. Shots are drawn of them on the processor, which
is not counted. Difference: the largest of all probabilities.

tomography: from counts to G, its error bar and both other readings. Shots are dealt into folds on the processor in
both; "dealing" says how long that takes. Difference: the largest of G, its error bar and the lower bound, over G.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from gpu_card import Card, fastest

from qsense import LocalNoise, Probe, emulator
from qsense.circuits.sensing import Experiment
from qsense.estimators import tomography
from qsense.estimators.tomography import general
from qsense.numerics import arrays

SIZES = (4, 5, 6, 7, 8)
DERIVATIVES = ("commutator", "shift")
NOISE, TIME, SHOTS, SEED = LocalNoise(emission=0.1), 1.0, 1000, 7


def probabilities(num_qubits: int, derivative: str, engine: str) -> np.ndarray:
    settings = tomography.design(num_qubits, derivative)
    blocks = emulator.probabilities(Experiment(Probe.ghz(num_qubits), TIME), settings, NOISE, engine=engine)
    return np.concatenate(list(blocks))


def emulator_table(card: Card, sizes: Sequence[int]) -> None:
    """Prints the table."""
    print("| N | derivative | rows | s | s of the processor | ratio | memory, GB | difference |")
    print("|---|---|---|---|---|---|---|---|")
    for num_qubits in sizes:
        for derivative in DERIVATIVES:

            def solve(engine: str, case: tuple[int, str] = (num_qubits, derivative)) -> np.ndarray:
                return probabilities(*case, engine)

            spent, other, memory, found, exact = compared(card, solve)
            print(
                f"| {num_qubits} | {derivative} | {len(exact)} | {spent:.3g} | {other:.3g} | {other / spent:.2g} "
                f"| {memory} | {np.max(np.abs(found - exact)):.0e} |",
                flush=True,
            )


def tomography_table(card: Card, sizes: Sequence[int]) -> None:
    """Prints the table."""
    print(
        "| N | derivative | rows | s | s of the processor | ratio | dealing | memory, GB | asked for, GB | difference |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for num_qubits in sizes:
        for derivative in DERIVATIVES:
            print(tomography_row(card, num_qubits, derivative), flush=True)


def tomography_row(card: Card, num_qubits: int, derivative: str) -> str:
    table = np.random.default_rng(SEED).multinomial(SHOTS, probabilities(num_qubits, derivative, "cpu"))

    def solve(engine: str) -> np.ndarray:
        found = tomography.estimate(table, derivative, np.random.default_rng(SEED), engine=engine)
        return np.array([found.value, found.stderr, found.others["lower_bound"].value])

    def deal() -> None:
        blocks = table.reshape(-1, 3**num_qubits, 2**num_qubits)
        general.dealt(blocks, np.ones(len(blocks) - 1), np.random.default_rng(SEED))

    spent, other, memory, found, exact = compared(card, solve)
    return (
        f"| {num_qubits} | {derivative} | {len(table)} | {spent:.3g} | {other:.3g} | {other / spent:.2g} "
        f"| {fastest(deal):.2g} | {memory} | {general.bytes_of_a_table(num_qubits, derivative) / 1e9:.2g} "
        f"| {np.max(np.abs(found - exact)) / exact[0]:.0e} |"
    )


def compared(card: Card, solve: Callable[[str], np.ndarray]) -> tuple[float, float, str, np.ndarray, np.ndarray]:
    """Returns seconds on the GPU and on the processor, the GPU's memory in GB, and what both say."""
    arrays.gpu = lambda: card.arrays  # also where NumPy stands for a GPU
    found = solve("gpu")  # starts everything
    card.forget()
    spent = fastest(partial(solve, "gpu"))
    memory = card.memory()
    return spent, fastest(partial(solve, "cpu")), memory, found, solve("cpu")
