"""The quantum Fisher information from collective measurements, for states that do not tell their spins apart.

**Assumption**: ρ and its noise are the same under every exchange of spins (equal rates, equal readout). Then
ρ = ⊕_j ρ_j ⊗ 1/multiplicity, with one block of size 2j + 1 for every total spin j = N/2, N/2 − 1, …, and the number of
ups along a direction common to all spins says all there is to know: (N+1)(N+2)/2 directions instead of 3^N settings.
The gain about the angle of J_z is the sum of the blocks' gains. Of a state that is not symmetric this measures the
symmetric part, whose gain is at most the state's own.

What it costs: a product state, a third of a lifetime old, 5000 shots a direction, has standard errors of 7 % (N = 4),
8 % (6), 14 % (8) and 27 % (10). Weighting the least squares by the outcomes' rarity made that worse.

∂_θρ comes from 2N common shifts of the phase (Wierichs et al.), or, as an option, from the commutator.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import Assumption
from qsense.estimators.assumptions.symmetry import symmetry
from qsense.estimators.result import Estimate
from qsense.estimators.shifts.parameter_shift import all_frequencies_rule
from qsense.estimators.tomography.folds import check_table, split
from qsense.estimators.tomography.hermitian import adjoint, hermitian, real_form
from qsense.estimators.tomography.quadratic_form import NUM_FOLDS
from qsense.estimators.tomography.u_statistic import TomographyData, commutator, readings
from qsense.numerics.fisher import ComplexArray, FloatArray

Derivative = Literal["shift", "commutator"]
NUM_QUBITS = 10
MIN_SHOTS = NUM_FOLDS


def num_directions(num_qubits: int) -> int:
    """Returns how many directions fix a symmetric state: as many as there are polynomials of one parity and degree N.

    >>> num_directions(4), num_directions(10)
    (15, 66)
    """
    return (num_qubits + 1) * (num_qubits + 2) // 2


def design(num_qubits: int, derivative: Derivative = "shift") -> Settings:
    """Returns the settings of one time: directions spread over half a sphere, unshifted first, then shifted.

    Args:
        num_qubits: N, at most 10.
        derivative: "shift" adds 2N shifted blocks; "commutator" assumes that noise commutes with the phase.

    Raises:
        ArgumentError: too many spins.

    >>> len(design(4)), len(design(4, "commutator"))
    (135, 15)
    """
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f"Symmetric tomography is limited to {NUM_QUBITS} spins, but the probe has {num_qubits}; "
            "use the GHZ or the product estimator, or parameter_shift."
        )
    polars, azimuths = _directions(num_qubits)
    shifts = np.zeros((1, num_qubits))
    if derivative == "shift":
        shifts = np.concatenate([shifts, all_frequencies_rule(num_qubits).shifts])
    repeated = [np.tile(angles[:, None], (len(shifts), num_qubits)) for angles in (polars, azimuths)]
    return Settings(np.repeat(shifts, len(polars), axis=0), *repeated)


def estimate(table: IntArray, derivative: Derivative, rng: np.random.Generator) -> Estimate:
    """Returns G (the QFI about θ) of a symmetric state from the counts of one time, beside `plug_in` and `lower_bound`.

    Args:
        table: counts of all settings of `design`: by outcome, shape (rows, 2^N).
        derivative: as in `design`.
        rng: deals the shots into folds.

    Raises:
        ArgumentError: a setting has fewer than 12 shots, or the table is not of the settings of `design`.
    """
    num_qubits = check_table(table, lambda size: len(design(size, derivative)))
    ups = np.array([outcome.bit_count() for outcome in range(table.shape[1])])
    return estimate_from_ups(table @ (ups[:, None] == np.arange(num_qubits + 1)), derivative, rng)


def assumptions(counts: Sequence[Counts]) -> tuple[Assumption, ...]:
    """Returns that the state is the same under every exchange of spins, tested on the counts of all times together.

    Args:
        counts: of each time, of the settings of `design`.

    Source: `qsense.estimators.assumptions.symmetry`.
    """
    return (symmetry(counts),)


def estimate_from_ups(table: IntArray, derivative: Derivative, rng: np.random.Generator) -> Estimate:
    """Returns the same from the counts of the number of ups.

    Args:
        table: shape (rows, N + 1).
        derivative: as in `design`.
        rng: deals the shots into folds.
    """
    num_qubits = table.shape[1] - 1
    shape = (-1, num_directions(num_qubits), num_qubits + 1)
    folds = split(table, NUM_FOLDS, rng).reshape(1, NUM_FOLDS, *shape)
    coefficients = all_frequencies_rule(num_qubits).coefficients if derivative == "shift" else np.empty(0)
    inverse = _inverse(num_qubits)
    size = inverse.shape[-1]
    flat = inverse.reshape(-1, size**2)

    def linear_inverse(frequencies: FloatArray) -> ComplexArray:
        matrices = (frequencies.reshape(1, NUM_FOLDS, -1) @ flat).reshape(1, NUM_FOLDS, size, size)
        return np.asarray(hermitian(matrices))

    def pull_back(observable: ComplexArray) -> FloatArray:
        batch = observable.shape[:-2]
        return np.asarray((real_form(observable).reshape(*batch, -1) @ flat.T).reshape(*batch, *inverse.shape[:2]))

    source = TomographyData(table.reshape(1, *shape), coefficients, generator(num_qubits), pull_back)
    rho = linear_inverse(folds[:, :, 0])
    if derivative == "commutator":
        return readings(source, rho, commutator(source.generator, rho))[0]
    return readings(source, rho, linear_inverse(np.tensordot(folds[:, :, 1:], coefficients, axes=(2, 0))))[0]


def spins(num_qubits: int) -> list[float]:
    """Returns the total spins j of N spins one half.

    >>> spins(4), spins(3)
    ([2.0, 1.0, 0.0], [1.5, 0.5])
    """
    return [num_qubits / 2 - step for step in range(num_qubits // 2 + 1)]


def generator(num_qubits: int) -> FloatArray:
    """Returns the diagonal of Σ Z_j/2 in the blocks, shape (Σ_j (2j+1),): from j down to −j in each.

    >>> generator(2)
    array([ 1.,  0., -1.,  0.])
    """
    return np.concatenate([np.arange(j, -j - 0.5, -1) for j in spins(num_qubits)])


def _directions(num_qubits: int) -> tuple[FloatArray, FloatArray]:
    """Polar and azimuth of a Fibonacci spiral over the upper half sphere: the lower half would say the same."""
    count = num_directions(num_qubits)
    heights = (np.arange(count) + 0.5) / count
    return np.arccos(heights), np.arange(count) * np.pi * (3 - np.sqrt(5)) % (2 * np.pi)


def effects(num_qubits: int) -> ComplexArray:
    """Returns the blocks of the measured effects: P(k ups along direction s) = Tr(ρ effects[s, k]).

    Returns:
        shape (directions, N + 1, d, d), d = Σ_j (2j+1).
    """
    polars, azimuths = _directions(num_qubits)
    size = len(generator(num_qubits))
    out = np.zeros((len(polars), num_qubits + 1, size, size), dtype=np.complex128)
    start = 0
    for j in spins(num_qubits):
        levels = np.arange(j, -j - 0.5, -1)
        raising = np.diag(np.sqrt(j * (j + 1) - levels[1:] * (levels[1:] + 1)), 1)
        values, vectors = np.linalg.eigh((raising - raising.T) / 2j)  # J_y
        block = slice(start, start + len(levels))
        for setting, (polar, azimuth) in enumerate(zip(polars, azimuths, strict=True)):
            turn = (vectors * np.exp(1j * polar * values)) @ vectors.conj().T * np.exp(1j * azimuth * levels)
            for row, level in zip(turn, levels, strict=True):
                out[setting, round(num_qubits / 2 - level), block, block] = np.outer(row.conj(), row)
        start += len(levels)
    return out


@functools.lru_cache(maxsize=4)
def _inverse(num_qubits: int) -> FloatArray:
    """B with ρ = Σ_so frequencies[s, o] B[s, o]: least squares over the blocks, shape (directions, N + 1, d, d).

    Both in their real form (`hermitian`).
    """
    measured = effects(num_qubits)
    size = measured.shape[-1]
    labels = np.repeat(np.arange(len(spins(num_qubits))), [round(2 * j + 1) for j in spins(num_qubits)])
    inside = np.flatnonzero((labels[:, None] == labels[None, :]).ravel())
    matrix = measured.conj().reshape(-1, size * size)[:, inside]
    solved = np.zeros((len(matrix), size * size), dtype=np.complex128)
    solved[:, inside] = np.linalg.pinv(matrix).T
    solved = solved.reshape(*measured.shape)
    return np.asarray(real_form((solved + adjoint(solved)) / 2))
