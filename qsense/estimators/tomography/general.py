"""The quantum Fisher information from Pauli tomography.

ρ and ∂_θρ are reconstructed linearly from all 3^N Pauli settings, the derivative by shifting one spin's phase at a time
by ±π/2 (2N more circuits a setting) or, as an option, by the commutator −i[J_z, ρ]. Then Q is a quadratic form in ∂ρ,

    Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|²,

and three readings of it are given:

- the **U-statistic**, which sums products of *different* folds of the shots only, so that the noise of ∂ρ adds no bias.
  Eigenvalues and eigenvectors come from ρ as measured, not projected. Their noise biases the form by a/shots; the
  jackknife over halves, 2Q(all) − Q(half), takes that off. Sums λ_m + λ_n below an eigenvalue's noise are raised to a
  part of it.
- the **plug-in** value, the QFI of the projected state: what naive tomography reports; it is biased.
- the **lower bound** 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q, with X fitted twice on other shots than it is evaluated on: below Q in
  expectation whatever the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.circuits.sensing import Settings, X, Y, Z
from qsense.errors import ArgumentError, EngineError
from qsense.estimators.result import Estimate
from qsense.estimators.tomography.folds import check_table, split
from qsense.estimators.tomography.pauli import linear_inverse, pull_back
from qsense.estimators.tomography.quadratic_form import NUM_FOLDS
from qsense.estimators.tomography.u_statistic import TomographyData, commutator, readings
from qsense.numerics.arrays import CPU, Arrays, choose
from qsense.numerics.fisher import FloatArray
from qsense.numerics.memory import keep_freed_memory

Derivative = Literal["shift", "commutator"]
NUM_QUBITS = 8
MIN_SHOTS = NUM_FOLDS  # for every circuit: one in every fold
# Of five and six spins bias is up to 1.3 times the scatter, with 1000 to 100 000 shots alike, of seven and eight up to
# three times: the jackknife leaves what is of higher order. So the error bar is longer: docs/benchmarks/tomography.md
# has what it then covers.
_WIDER = {5: 1.6, 6: 1.6, 7: 2.5, 8: 3.0}
_ELEMENTS_TOGETHER = 1024  # of ρ of the tables that share calls: as many as a cache holds with their halves and folds
_SPINS_AT_ONCE = 6  # up to which all blocks of a table are dealt into folds before ∂ρ is taken of them
_SECONDS = 2.5e-7  # of a processor for 8^N, of each table


def num_circuits(num_qubits: int, derivative: Derivative = "shift") -> int:
    """Returns how many circuits one time needs: 3^N, times 2N + 1 with shifts.

    >>> num_circuits(4)
    729
    """
    return int(3**num_qubits * (2 * num_qubits + 1 if derivative == "shift" else 1))


def longer(num_qubits: int) -> float:
    """Returns by how much the error bar is longer than the scatter, so that it holds the bias."""
    return _WIDER.get(num_qubits, 1.0)


def design(num_qubits: int, derivative: Derivative = "shift") -> Settings:
    """Returns the settings of one time: blocks of 3^N Pauli bases, unshifted first, then spin 0 by +π/2, by −π/2, ….

    Base-3 digit j of a setting's number is the basis of spin j (0 X, 1 Y, 2 Z).

    Raises:
        ArgumentError: too many spins; the message says what they would cost.

    >>> len(design(2)), len(design(2, "commutator"))
    (45, 9)
    """
    if num_qubits > NUM_QUBITS:
        turned = f" × {2 * num_qubits + 1}" if derivative == "shift" else ""
        raise ArgumentError(
            f"Tomography of {num_qubits} spins would take 3^{num_qubits}{turned} = "
            f"{num_circuits(num_qubits, derivative)} circuits at every time; it is limited to {NUM_QUBITS} spins. The "
            "estimators parameter_shift (the gain of one readout) and moments (a lower bound) take more."
        )
    directions = np.array([X, Y, Z])
    bases = np.arange(3**num_qubits)[:, None] // 3 ** np.arange(num_qubits) % 3
    shifts = [np.zeros(num_qubits)]
    if derivative == "shift":
        for spin in range(num_qubits):
            shifts += [sign * np.pi / 2 * np.eye(num_qubits)[spin] for sign in (1, -1)]
    repeated = np.tile(directions[bases], (len(shifts), 1, 1))
    return Settings(np.repeat(np.array(shifts), len(bases), axis=0), repeated[..., 0], repeated[..., 1])


def estimate(
    table: IntArray,
    derivative: Derivative,
    rng: np.random.Generator,
    weights: Sequence[float] = (),
    engine: str | None = None,
) -> Estimate:
    """Returns G (the QFI about θ) from the counts of one time: the U-statistic, beside `plug_in` and `lower_bound`.

    Args:
        table: counts of all settings of `design`, shape (rows, 2^N).
        derivative: as in `design`.
        rng: deals the shots into folds.
        weights: w of the signal, whose angle is that of Σ w_j Z_j/2; () is 1 for all.
        engine: "auto", "cpu" or "gpu"; by default what QSENSE_ENGINE says, else "auto".

    Raises:
        ArgumentError: a setting has fewer than 12 shots, or the table is not of the settings of `design`.
        EngineError: a GPU is asked for, and there is none or too little memory on it.

    Source: `qsense.estimators.tomography.u_statistic.readings`.
    """
    return estimates(np.asarray(table)[None], derivative, [rng], weights, engine)[0]


def estimates(
    tables: IntArray,
    derivative: Derivative,
    rngs: Sequence[np.random.Generator],
    weights: Sequence[float] = (),
    engine: str | None = None,
) -> list[Estimate]:
    """Returns the same for several tables of the same design: times or repetitions, which share the cost of a call.

    Args:
        tables: shape (tables, rows, 2^N).
        derivative: as in `design`.
        rngs: deals the shots of each table into folds.
        weights: as in `estimate`.
        engine: as in `estimate`.

    Raises:
        ArgumentError, EngineError: as in `estimate`.
    """
    (num_qubits,) = {check_table(table, lambda size: num_circuits(size, derivative)) for table in tables}
    seconds = _SECONDS * len(tables) * 8.0**num_qubits
    arrays = choose(engine, seconds, bytes_of_a_table(num_qubits, derivative))
    step = _tables_together(num_qubits, derivative, arrays)
    keep_freed_memory()
    parts = [slice(start, start + step) for start in range(0, len(tables), step)]
    return [one for part in parts for one in _together(tables[part], derivative, rngs[part], weights, arrays)]


def _tables_together(num_qubits: int, derivative: Derivative, arrays: Arrays) -> int:
    """How many tables share calls."""
    if arrays is CPU:
        return max(1, _ELEMENTS_TOGETHER // int(4**num_qubits))
    needed = bytes_of_a_table(num_qubits, derivative)
    fit = int(arrays.free() // needed)
    if not fit:
        raise EngineError(
            f"Tomography of {num_qubits} spins takes {needed / 1e9:.2g} GB of a GPU's memory, and "
            f'{arrays.free() / 1e9:.2g} GB are free; free memory, or give engine = "cpu" (QSENSE_ENGINE=cpu).'
        )
    return min(fit, max(1, arrays.together // int(4**num_qubits)))


def bytes_of_a_table(num_qubits: int, derivative: Derivative) -> float:
    """Returns an upper estimate of the memory that takes the counts of one time, without the counts themselves.

    Of ρ and ∂ρ the halves take most, of the outcomes the frequencies and 13 observables.

    >>> bytes_of_a_table(8, "commutator") / 1e9 < bytes_of_a_table(8, "shift") / 1e9 < 3
    True
    """
    matrices, blocks = (900, 2 * num_qubits + 1) if derivative == "shift" else (600, 1)
    return float(16 * matrices * 4**num_qubits + 8 * (4 * blocks + 52) * 6**num_qubits)


def _together(
    tables: IntArray,
    derivative: Derivative,
    rngs: Sequence[np.random.Generator],
    weights: Sequence[float],
    arrays: Arrays,
) -> list[Estimate]:
    num_qubits = int(tables.shape[-1]).bit_length() - 1
    own = np.array(weights or (1.0,) * num_qubits)
    coefficients = np.outer(own, [0.5, -0.5]).ravel() if derivative == "shift" else np.empty(0)
    counts = tables.reshape(len(tables), -1, 3**num_qubits, 2**num_qubits)
    source = TomographyData(counts, coefficients, _generator(own), partial(pull_back, arrays=arrays), arrays)
    states, slopes = zip(*map(dealt, counts, [coefficients] * len(counts), rngs), strict=True)
    rho = _inverted(states, arrays)
    slope = _inverted(slopes, arrays) if derivative == "shift" else commutator(source.generator, rho, arrays)
    found = readings(source, rho, slope)
    return [_wider(one, longer(num_qubits)) for one in found] if num_qubits in _WIDER else found


def _inverted(folds: Sequence[Any], arrays: Arrays) -> Any:
    xp = arrays.xp
    return xp.stack([linear_inverse(xp.asarray(one), arrays) for one in folds])


def dealt(blocks: IntArray, coefficients: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray | None]:
    """Returns the frequencies of each fold, of which ρ and ∂ρ are made, shape (folds, settings, outcomes).

    Args:
        blocks: counts, shape (blocks, settings, outcomes).
        coefficients: of the shifted blocks; empty where there are none.
        rng: deals the shots.
    """
    if not len(coefficients):
        return split(blocks[0], NUM_FOLDS, rng), None
    if blocks.shape[-1] <= 2**_SPINS_AT_ONCE:
        folds = split(blocks.reshape(-1, blocks.shape[-1]), NUM_FOLDS, rng).reshape(NUM_FOLDS, *blocks.shape)
        return folds[:, 0], np.tensordot(folds[:, 1:], coefficients, axes=(1, 0))
    state, change = split(blocks[0], NUM_FOLDS, rng), np.zeros((NUM_FOLDS, *blocks.shape[1:]))
    for block, coefficient in zip(blocks[1:], coefficients, strict=True):
        part = split(block, NUM_FOLDS, rng)
        part *= coefficient
        change += part
    return state, change


def _wider(one: Estimate, times: float) -> Estimate:
    """The estimate with an error bar that holds its bias as well."""
    assert one.spread is not None
    v0, v1, v2 = one.spread
    return replace(one, stderr=times * one.stderr, spread=(times**2 * v0, times**2 * v1, times**2 * v2))


def _generator(weights: FloatArray) -> FloatArray:
    """The diagonal of Σ w_j Z_j/2, shape (2^N,)."""
    ups = np.arange(2 ** len(weights))[:, None] >> np.arange(len(weights)) & 1
    return np.asarray(weights.sum() / 2 - ups @ weights)
