"""Outcome probabilities of a readout as a function of the phase: a Fourier series over coherence orders.

A phase θ turns coherence of order q by e^{−iqθ}, so that p_o(θ) = Re Σ_q C_oq e^{−iqθ} with a few coefficients, and all
phases come from one state. C and its derivative's series D (D = −iqC where noise commutes with the field) are found
from closed forms, blocks of total spin, or dense matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Noise, environment_of
from qsense.numerics.fisher import ComplexArray, FloatArray, cfi
from qsense.probes import Probe
from qsense.probes.collective import eigenstates_of_jx
from qsense.theory.dense import NUM_QUBITS, states_and_slopes
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.lindblad import generator
from qsense.theory.symmetric import UniformChannel, blocks

Povm = Sequence[ComplexArray | FloatArray] | ComplexArray | FloatArray
READOUTS = ("local_x", "total_jx", "parity", "loss_flag", "z")
_POSSIBLE = 1e-12  # p is known to about 1e-16, and p'²/p to a relative 1e-16/p: rarer outcomes are left out
_COMPLETE = 1e-9


@dataclass(frozen=True)
class Fringes:
    """p_o(θ) = Re Σ_q C_oq e^{−iqθ} and p'_o likewise from D, at each of several times.

    Attributes:
        orders: q ≥ 0, shape (orders,).
        values: C, shape (times, orders, outcomes); the part of −q is folded into that of q.
        slopes: D, same shape.
    """

    orders: FloatArray
    values: ComplexArray
    slopes: ComplexArray

    def classical_gain(self, phases: FloatArray, least: float = _POSSIBLE) -> FloatArray:
        """Returns Σ_o p'_o²/p_o over outcomes with p_o > least at phases of shape (times, phases), same shape."""
        waves = np.exp(-1j * phases[:, :, None] * self.orders)
        p, slope = (waves @ self.values).real, (waves @ self.slopes).real
        possible = p > least
        return cfi(np.where(possible, p, 0), np.where(possible, slope, 0))

    def part(self, index: int) -> Fringes:
        """Returns the fringes of one time."""
        return Fringes(self.orders, self.values[index : index + 1], self.slopes[index : index + 1])


def fringes(probe: Probe, noise: Noise, times: FloatArray, readout: str | Povm, field: float = 0.0) -> Fringes:
    """Returns the fringes of a readout.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment.
        times: shape (times,), in s.
        readout: "local_x" (joint outcome of σ_x of every spin), "total_jx" (how many of them are up), "parity" (even or
            odd), "loss_flag" (GHZ: its fringe, and whether the block was left), "z" (joint outcome of σ_z), or the
            matrices of a POVM, each (2^N, 2^N).
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: the readout is unknown, does not go with the probe, or its matrices are not a POVM.
    """
    if isinstance(readout, str):
        if readout not in READOUTS:
            raise ArgumentError(
                f'Unknown readout "{readout}". Known: {", ".join(READOUTS)}, or the matrices of a POVM.'
            )
        if readout == "loss_flag" and probe.kind != "ghz":
            raise ArgumentError(f'The readout "loss_flag" goes with a GHZ probe, but the probe is "{probe.name}".')
        environment = environment_of(noise)
        # All up and all down have the same energy in any coupling, so that it does not change GHZ.
        simple = environment.is_covariant and (probe.kind == "ghz" or not environment.is_coupled)
        if simple and probe.kind == "ghz" and readout in ("parity", "loss_flag"):
            return _of_ghz(probe.num_qubits, noise, times, readout)
        method = engine_for(probe, noise, field).method
        uniform = simple and environment.local.is_uniform
        if readout in ("local_x", "total_jx", "parity") and uniform and method != "dense matrices":
            return _of_symmetric(probe, noise, times, readout)
    return _of_dense(probe, noise, times, _effects(probe.num_qubits, readout), field)


def _of_ghz(n: int, noise: Noise, times: FloatArray, readout: str) -> Fringes:
    """The block of a GHZ state: visibility 2|c|, and for the loss flag p_up + p_down beside what left the block."""
    environment = environment_of(noise)
    channel = environment.local.channel(times, n)
    visibility = channel.coherence.prod(-1) * np.exp(-(n**2) * environment.collective(times))
    ends = (channel.stay_up, 1 - channel.stay_down, 1 - channel.stay_up, channel.stay_down)
    kept = sum(part.prod(-1) for part in ends) / 2 if readout == "loss_flag" else np.ones(len(times))
    values = np.zeros((len(times), 2, 3), dtype=np.complex128)
    values[:, 0, 0] = values[:, 0, 1] = kept / 2
    values[:, 0, 2] = 1 - kept
    values[:, 1, 0], values[:, 1, 1] = visibility / 2, -visibility / 2
    return _covariant(np.array([0.0, n]), values)


def _of_symmetric(probe: Probe, noise: Noise, times: FloatArray, readout: str) -> Fringes:
    """For a symmetric state the joint outcome holds no more information than J_x, which each block has for itself."""
    n, amplitudes = probe.num_qubits, probe.dicke_amplitudes()
    assert amplitudes is not None
    parts = uniform_channel(environment_of(noise), n, times).parts(n)
    values = np.concatenate([_along_x(amplitudes, part) for part in parts])
    if readout == "parity":
        values = np.stack([values[..., n % 2 :: 2].sum(-1), values[..., 1 - n % 2 :: 2].sum(-1)], axis=-1)
    return _covariant(np.arange(n + 1.0), values)


def _along_x(amplitudes: ComplexArray, channel: UniformChannel) -> ComplexArray:
    n = len(amplitudes) - 1
    values = np.zeros((len(channel), n + 1, n + 1), dtype=np.complex128)
    for below, block in enumerate(blocks(amplitudes, channel)):
        turn = eigenstates_of_jx(block.shape[-1] - 1)
        size = len(turn)
        for q in range(size):
            coherence = np.diagonal(block, q, 1, 2)  # fewer spins up in its row: the qubits' Z/2 is larger by q there
            values[:, q, below : below + size] += coherence @ (turn[q:] * turn[: size - q]) * (2 if q else 1)
    return values


def _covariant(orders: FloatArray, values: ComplexArray) -> Fringes:
    return Fringes(orders, values, -1j * orders[:, None] * values)


def _of_dense(probe: Probe, noise: Noise, times: FloatArray, effects: ComplexArray, field: float) -> Fringes:
    rho, slope = states_and_slopes(probe, noise, times, field)
    diagonal = generator(probe.num_qubits)
    order = np.subtract.outer(diagonal, diagonal)
    series = []
    for matrices in (rho, slope):
        parts = [
            np.einsum("tij,oji->to", np.where(order == q, matrices, 0), effects, optimize=True) * (2 if q else 1)
            for q in range(probe.num_qubits + 1)
        ]
        series.append(np.stack(parts, axis=1))
    return Fringes(np.arange(probe.num_qubits + 1.0), series[0], series[1])


def _effects(n: int, readout: str | Povm) -> ComplexArray:
    """The matrices of a readout, shape (outcomes, 2^N, 2^N)."""
    if n > NUM_QUBITS:
        raise ArgumentError(f"This readout needs matrices of 2^{n} rows; at most {NUM_QUBITS} spins are supported.")
    if not isinstance(readout, str):
        return _povm(n, readout)
    spin = np.eye(2) if readout == "z" else np.array([[1, -1], [1, 1]]) / np.sqrt(2)  # rows: down, up along x
    basis = reduce(np.kron, [spin] * n)
    joint = basis[:, :, None] * basis[:, None, :]
    if readout in ("local_x", "z"):
        return np.asarray(joint, dtype=np.complex128)
    ups = np.bitwise_count(np.arange(2**n))
    kind = ups if readout == "total_jx" else ups % 2
    return np.array([joint[kind == value].sum(0) for value in np.unique(kind)], dtype=np.complex128)


def _povm(n: int, matrices: Povm) -> ComplexArray:
    effects = np.asarray(matrices, dtype=np.complex128)
    if effects.ndim != 3 or effects.shape[1:] != (2**n, 2**n):
        raise ArgumentError(f"A POVM of {n} spins must have shape (outcomes, {2**n}, {2**n}), but has {effects.shape}.")
    hermitian = np.allclose(effects, np.swapaxes(effects.conj(), 1, 2), rtol=0, atol=_COMPLETE)
    if not hermitian or float(np.linalg.eigvalsh(effects).min()) < -_COMPLETE:
        raise ArgumentError("The matrices of a POVM must be Hermitian and positive.")
    if not np.allclose(effects.sum(0), np.eye(2**n), rtol=0, atol=_COMPLETE):
        raise ArgumentError("The matrices of a POVM must add up to the identity.")
    return effects
