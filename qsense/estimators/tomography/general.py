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
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import IntArray
from qsense.circuits.sensing import Settings, X, Y, Z
from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate
from qsense.estimators.tomography.folds import check_table, split
from qsense.estimators.tomography.quadratic_form import NUM_FOLDS
from qsense.estimators.tomography.u_statistic import TomographyData, commutator, readings
from qsense.numerics.fisher import ComplexArray, FloatArray

Derivative = Literal["shift", "commutator"]
NUM_QUBITS = 6
MIN_SHOTS = NUM_FOLDS  # for every circuit: one in every fold

_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)
# One spin's share of the linear inverse: outcome b of setting a stands for (1/3 ± σ_a)/2.
_INVERSE = 0.5 * (np.eye(2) / 3 + np.array([1, -1])[None, :, None, None] * _PAULI[:, None])


def num_circuits(num_qubits: int, derivative: Derivative = "shift") -> int:
    """Returns how many circuits one time needs: 3^N, times 2N + 1 with shifts.

    >>> num_circuits(4)
    729
    """
    return int(3**num_qubits * (2 * num_qubits + 1 if derivative == "shift" else 1))


def design(num_qubits: int, derivative: Derivative = "shift") -> Settings:
    """Returns the settings of one time: blocks of 3^N Pauli bases, unshifted first, then spin 0 by +π/2, by −π/2, ….

    Base-3 digit j of a setting's number is the basis of spin j (0 X, 1 Y, 2 Z).

    Raises:
        ArgumentError: too many spins; the message says what they would cost.

    >>> len(design(2)), len(design(2, "commutator"))
    (45, 9)
    """
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f"Tomography of {num_qubits} spins would take 3^{num_qubits} × {2 * num_qubits + 1} = "
            f"{num_circuits(num_qubits)} circuits at every time; it is limited to {NUM_QUBITS} spins. The "
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


def linear_inverse(frequencies: FloatArray) -> ComplexArray:
    """Returns ρ from the frequencies of all Pauli settings: unbiased, Hermitian, of trace 1, perhaps not positive.

    Args:
        frequencies: shape (..., 3^N, 2^N); exact probabilities give the exact ρ.

    Returns:
        shape (..., 2^N, 2^N).

    Source: least squares over an equal number of shots in every setting; the inverse is a tensor product, so it costs
    O(N 6^N). Derived in tests/estimators/test_tomography.py.
    """
    num_qubits = int(frequencies.shape[-1]).bit_length() - 1
    batch = frequencies.shape[:-2]
    # Axes (setting, outcome) of spin N−1, …, spin 0 side by side, each pair contracted with one spin's inverse.
    tensor: NDArray[Any] = frequencies.reshape((-1,) + (3,) * num_qubits + (2,) * num_qubits)
    pairs = [axis for spin in range(num_qubits) for axis in (1 + spin, 1 + num_qubits + spin)]
    tensor = tensor.transpose([0, *pairs]).reshape((-1,) + (6,) * num_qubits)
    inverse = _INVERSE.reshape(6, 4)
    for _ in range(num_qubits):
        tensor = np.tensordot(tensor, inverse, axes=(1, 0))
    tensor = tensor.reshape((-1,) + (2, 2) * num_qubits)
    rows, columns = range(1, 2 * num_qubits, 2), range(2, 2 * num_qubits + 1, 2)
    return np.asarray(tensor.transpose([0, *rows, *columns]).reshape((*batch, 2**num_qubits, 2**num_qubits)))


def estimate(
    table: IntArray, derivative: Derivative, rng: np.random.Generator, weights: Sequence[float] = ()
) -> Estimate:
    """Returns G (the QFI about θ) from the counts of one time: the U-statistic, beside `plug_in` and `lower_bound`.

    Args:
        table: counts of all settings of `design`, shape (rows, 2^N).
        derivative: as in `design`.
        rng: deals the shots into folds.
        weights: w of the signal, whose angle is that of Σ w_j Z_j/2; () is 1 for all.

    Raises:
        ArgumentError: a setting has fewer than 12 shots, or the table is not of the settings of `design`.

    Source: `qsense.estimators.tomography.u_statistic.readings`.
    """
    num_qubits = check_table(table, lambda size: num_circuits(size, derivative))
    shape = (-1, 3**num_qubits, 2**num_qubits)
    folds = split(table, NUM_FOLDS, rng).reshape(NUM_FOLDS, *shape)
    own = np.array(weights or (1.0,) * num_qubits)
    coefficients = np.outer(own, [0.5, -0.5]).ravel() if derivative == "shift" else np.empty(0)
    source = TomographyData(table.reshape(shape), coefficients, _generator(own), _pull_back)
    rho = linear_inverse(folds[:, 0])
    if derivative == "commutator":
        return readings(source, rho, commutator(source.generator, rho))
    return readings(source, rho, linear_inverse(np.tensordot(folds[:, 1:], coefficients, axes=(1, 0))))


def _pull_back(observable: ComplexArray) -> FloatArray:
    """What each outcome of each setting adds to Tr(ρ A) through the linear inverse, shape (..., 3^N, 2^N)."""
    num_qubits = int(observable.shape[-1]).bit_length() - 1
    batch = observable.shape[:-2]
    tensor = np.swapaxes(observable, -1, -2).reshape((-1,) + (2,) * (2 * num_qubits))
    pairs = [axis for spin in range(num_qubits) for axis in (1 + spin, 1 + num_qubits + spin)]
    tensor = tensor.transpose([0, *pairs]).reshape((-1,) + (4,) * num_qubits)
    inverse = _INVERSE.reshape(6, 4).T
    for _ in range(num_qubits):
        tensor = np.tensordot(tensor, inverse, axes=(1, 0))
    tensor = tensor.reshape((-1,) + (3, 2) * num_qubits)
    settings, outcomes = range(1, 2 * num_qubits, 2), range(2, 2 * num_qubits + 1, 2)
    shape = (*batch, 3**num_qubits, 2**num_qubits)
    return np.asarray(tensor.transpose([0, *settings, *outcomes]).reshape(shape).real)


def _generator(weights: FloatArray) -> FloatArray:
    """The diagonal of Σ w_j Z_j/2, shape (2^N,)."""
    ups = np.arange(2 ** len(weights))[:, None] >> np.arange(len(weights)) & 1
    return np.asarray(weights.sum() / 2 - ups @ weights)
