"""The quantum Fisher information from Pauli tomography.

ρ and ∂_θρ are reconstructed linearly from all 3^N Pauli settings, the derivative by shifting one spin's phase at a time
by ±π/2 (2N more circuits a setting) or, when asked for, by the commutator −i[J_z, ρ]. Then Q is a quadratic form in ∂ρ,

    Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|²,

and three readings of it stand side by side:

- the **U-statistic**, which sums products of *different* folds of the shots only, so that the noise of ∂ρ adds no bias.
  Eigenvalues and eigenvectors come from ρ as measured, not projected. Their noise biases the form by a/shots; the
  jackknife over halves, 2Q(all) − Q(half), takes that off. Sums λ_m + λ_n below an eigenvalue's noise are raised to a
  part of it.
- the **plug-in** value, the QFI of the projected state as it stands: what naive tomography reports, and biased.
- the **lower bound** 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q, with X fitted twice on other shots than it is evaluated on: below Q in
  expectation whatever the state.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qsense.counts import IntArray
from qsense.errors import ArgumentError
from qsense.estimate.folds import split
from qsense.estimate.quadratic_form import (
    BOUND_FLOOR,
    FLOOR,
    NUM_FOLDS,
    balanced_halves,
    between_folds,
    lower_bound,
    metric_of,
    noise_edge,
    project,
    response,
    sld_of,
)
from qsense.estimate.result import Estimate
from qsense.fisher import ComplexArray, FloatArray, qfi_of_rotation
from qsense.sensing import Settings, X, Y, Z

Derivative = Literal["shift", "commutator"]
NUM_QUBITS = 6
MIN_SHOTS = NUM_FOLDS  # for every circuit: one in every fold
# The variance is at least this part of what noise alone gives: less, and states without gain have too short error bars;
# more, and they have too long ones.
LEAST_NOISE = 0.9

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
            f"{num_circuits(num_qubits)} circuits at every time; it is limited to {NUM_QUBITS} spins."
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
    O(N 6^N). Derived in tests/test_tomography.py.
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


def estimate(table: IntArray, derivative: Derivative, rng: np.random.Generator) -> Estimate:
    """Returns G (the QFI about θ) from the counts of one time: the U-statistic, beside `plug_in` and `lower_bound`.

    Args:
        table: counts of all settings of `design`, shape (rows, 2^N).
        derivative: as in `design`.
        rng: deals the shots into folds.

    Raises:
        ArgumentError: a setting has fewer than 12 shots.

    Source: physics of the U-statistic and its variance in tests/test_tomography.py; bound: Paris (2009) in the form
    Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    num_qubits = int(table.shape[1]).bit_length() - 1
    folds = split(table, NUM_FOLDS, rng).reshape(NUM_FOLDS, -1, 3**num_qubits, 2**num_qubits)
    rho = linear_inverse(folds[:, 0])
    if derivative == "commutator":
        slope = _commutator(rho)
    else:
        slope = linear_inverse(0.5 * (folds[:, 1::2].sum(1) - folds[:, 2::2].sum(1)))

    edge = noise_edge(rho)
    value, variance, linear = _u_statistic(table, rho, slope, FLOOR * edge, derivative)
    smooth = sld_of(metric_of(rho.mean(0), BOUND_FLOOR * edge), slope.mean(0))
    bound = lower_bound(rho, slope, BOUND_FLOOR * edge)
    bound_variance = _linear_variance(table, smooth, smooth @ smooth, derivative)
    values, vectors = project(rho.mean(0))
    plug_in = float(qfi_of_rotation((vectors * values) @ vectors.conj().T, _generator(num_qubits)))
    return Estimate(
        value,
        float(np.sqrt(variance)),
        {
            "plug_in": Estimate(plug_in, float(np.sqrt(linear))),
            "lower_bound": Estimate(bound, float(np.sqrt(bound_variance))),
        },
    )


def _u_statistic(
    table: IntArray, rho: ComplexArray, slope: ComplexArray, floor: float, derivative: Derivative
) -> tuple[float, float, float]:
    """Returns the U-statistic, its variance, and the variance at fixed X and M (which X's own noise makes too large).

    Value: 2Q(all) − mean Q(halves) over balanced halves of the metric's folds, each Q from products of different folds.
    ∂ρ from ρ's own shots is halved with them, so that the jackknife takes off what the two noises have in common.

    Variance: δQ = linear + quadratic in the noise, of variances L and D. X and M are noisy themselves, so the linear
    formula gives L + 2D in the mean. The scatter of X and M between halves, put into the same formula, gives 2D.
    """
    halves = balanced_halves(NUM_FOLDS)
    chosen = np.stack([halves, ~halves], axis=1)  # (splits, 2, folds)
    pooled = metric_of(rho.mean(0), floor)
    half = metric_of(np.tensordot(chosen / (NUM_FOLDS // 2), rho, axes=(2, 0)), floor)
    half_slope = np.stack([[slope[part] for part in pair] for pair in chosen])
    forms = between_folds(half, slope if derivative == "shift" else half_slope)
    value = 2 * float(between_folds(pooled, slope)) - float(forms.mean())

    linear = _linear_variance(table, sld_of(pooled, slope.mean(0)), response(pooled, slope), derivative)
    sld, answer = sld_of(half, half_slope.mean(-3)), response(half, half_slope)
    noise = _linear_variance(table, (sld[:, 0] - sld[:, 1]) / 2, (answer[:, 0] - answer[:, 1]) / 2, derivative)
    return value, max(linear - noise / 2, LEAST_NOISE * noise / 2), linear


def _linear_variance(table: IntArray, sld: ComplexArray, response: ComplexArray, derivative: Derivative) -> float:
    """Returns the variance of 2 Tr(∂ρ X) − Tr(ρ M) at given X and M: the multinomial variance of each row's shares.

    Args:
        table: as in `estimate`.
        sld: X, shape (d, d), or several of shape (splits, d, d), over which the mean is taken.
        response: M likewise.
        derivative: as in `design`.
    """
    num_qubits = int(table.shape[1]).bit_length() - 1
    counts = table.reshape(-1, 3**num_qubits, 2**num_qubits)
    shots = counts.sum(-1, keepdims=True)
    metric_part = _pull_back(response)
    if derivative == "commutator":
        return _multinomial_variance(counts[:1] / shots[:1], shots[:1], _pull_back(-2 * _commutator(sld)) - metric_part)
    return _multinomial_variance(counts[:1] / shots[:1], shots[:1], metric_part) + _multinomial_variance(
        counts[1:] / shots[1:], shots[1:], _pull_back(sld)
    )


def _multinomial_variance(frequencies: FloatArray, shots: IntArray, shares: FloatArray) -> float:
    """Σ over blocks and settings of the variance of the mean share over a setting's shots, mean over splits."""
    weighted = frequencies / (shots - 1)
    square = np.einsum("so,...so->...", weighted.sum(0), shares**2)
    mean = np.einsum("bso,...so->...bs", frequencies, shares)
    return float(np.mean(square - np.sum(mean**2 / (shots - 1)[..., 0], axis=(-1, -2))))


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


def _generator(num_qubits: int) -> FloatArray:
    ups = np.array([index.bit_count() for index in range(2**num_qubits)])
    return num_qubits / 2 - ups.astype(np.float64)


def _commutator(rho: ComplexArray) -> ComplexArray:
    """−i[Σ Z_j/2, ρ]: the derivative when noise commutes with the phase, which is an assumption."""
    diagonal = _generator(int(rho.shape[-1]).bit_length() - 1)
    return np.asarray(-1j * (diagonal[:, None] - diagonal[None, :]) * rho)
