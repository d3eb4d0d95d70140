"""Outcome probabilities of a readout as a function of the phase: a Fourier series over coherence orders.

A phase θ turns coherence of order q by e^{−iqθ}, so that p_o(θ) = Re Σ_q C_oq e^{−iqθ} with a few coefficients, and all
phases come from one state. C and its derivative's series D (D = −iqC where noise commutes with the field) are found
from closed forms, blocks of total spin, or dense matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
OF_PARITY = ("parity", "local_x", "total_jx")  # of a GHZ probe σ_x shows the parity, and nothing else
# p is known to about 1e-16, and p'²/p to a relative 1e-16/p: rarer outcomes are left out, unless they have a minimum
# nearby (`_near_a_minimum`).
_POSSIBLE = 1e-13
_POSSIBLE_BESIDE_A_FIELD = 1e-9  # where p' is not the derivative of p by the phase, nothing is known near a zero
_NEAR = 0.05  # of 1/N: p is a parabola there
_ZERO = 1e-15  # a least p of so much per order is rounding
_HIDING, _HIDDEN = 3e-7, 1e-8  # φt below which p of (φt)² is rounding, and what it may add unseen
_COMPLETE = 1e-9


@dataclass(frozen=True)
class Fringes:
    """p_o(θ) = Re Σ_q C_oq e^{−iqθ} and p'_o likewise from D, at each of several times.

    Attributes:
        orders: q ≥ 0, shape (orders,).
        values: C, shape (times, orders, outcomes); the part of −q is folded into that of q.
        slopes: D, same shape; None where it is −iqC, so that p' is the derivative of p by the phase.
        angles: φt, shape (times,); beside slopes.
    """

    orders: FloatArray
    values: ComplexArray
    slopes: ComplexArray | None = None
    angles: FloatArray = field(default_factory=lambda: np.zeros(0))

    def classical_gain(self, phases: FloatArray) -> FloatArray:
        """Returns Σ_o p'_o²/p_o at phases of shape (times, phases), same shape.

        Where p_o vanishes at a phase and is a parabola around it, p'_o²/p_o tends to 2p''_o. There p and p' are taken
        from the minimum on, so that nothing cancels. At the phase itself such an outcome adds nothing.
        """
        waves = np.exp(-1j * phases[:, :, None] * self.orders)
        p = (waves @ self.values).real
        if self.slopes is not None:
            slope, possible = (waves @ self.slopes).real, p > _POSSIBLE_BESIDE_A_FIELD
            gains = cfi(np.where(possible, p, 0), np.where(possible, slope, 0))
            return gains + self._left_by_a_field(np.where(possible, 0, p), np.where(possible, 0, slope))
        steps = -1j * self.orders[:, None]
        slope, bend = (waves @ (steps * self.values)).real, (waves @ (steps**2 * self.values)).real
        near = (bend > _POSSIBLE) & (2 * p < (_NEAR / max(1.0, self.orders[-1])) ** 2 * bend)
        possible = (p > _POSSIBLE) & ~near
        gains = cfi(np.where(possible, p, 0), np.where(possible, slope, 0))
        time, place, outcome = np.nonzero(near)
        if len(time):
            terms = _near_a_minimum(self.orders, self.values[time, :, outcome], phases[time, place])
            np.add.at(gains, (time, place), terms)
        return gains

    def _left_by_a_field(self, p: FloatArray, slope: FloatArray) -> FloatArray:
        """Σ_o p'_o²/p_o of outcomes that are impossible without the field: p = cθ² and p' = 2cθ, which add 4c."""
        size = np.abs(self.angles)[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            added = np.where(size > 0, 2 * np.abs(slope) / size, 0)
        hidden = (size < _HIDING) & (added > _HIDDEN)
        if hidden.any():
            angle = float(np.max(size[hidden.any((1, 2))]))
            raise ArgumentError(
                f"The field turns the spins by {angle:.1g} rad: rounding hides how often it lets outcomes happen that "
                "transverse noise leaves impossible without it. Give a stronger field, or none, or another phase."
            )
        return np.asarray(np.where(np.abs(p - np.abs(slope) * size / 2) <= _ZERO * 10, added, 0).sum(-1))

    def part(self, index: int) -> Fringes:
        """Returns the fringes of one time."""
        chosen = slice(index, index + 1)
        slopes = None if self.slopes is None else self.slopes[chosen]
        return Fringes(self.orders, self.values[chosen], slopes, self.angles[chosen])


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
        if simple and probe.kind == "ghz" and readout in (*OF_PARITY, "loss_flag"):
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
    return Fringes(np.array([0.0, n]), values)


def _of_symmetric(probe: Probe, noise: Noise, times: FloatArray, readout: str) -> Fringes:
    """For a symmetric state the joint outcome holds no more information than J_x, which each block has for itself."""
    n, amplitudes = probe.num_qubits, probe.dicke_amplitudes()
    assert amplitudes is not None
    parts = uniform_channel(environment_of(noise), n, times).parts(n)
    values = np.concatenate([_along_x(amplitudes, part) for part in parts])
    if readout == "parity":
        values = np.stack([values[..., n % 2 :: 2].sum(-1), values[..., 1 - n % 2 :: 2].sum(-1)], axis=-1)
    return Fringes(np.arange(n + 1.0), values)


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


def _near_a_minimum(orders: FloatArray, values: ComplexArray, phases: FloatArray) -> FloatArray:
    """p'²/p of single outcomes, C of shape (points, orders), at phases of shape (points,) close to a minimum of p.

    With δ the distance from the minimum p = p_min + δ² R and p' = δ S, R and S being sums in which nothing cancels.
    """
    shift = np.zeros(len(phases))
    for _ in range(40):  # Newton for p' = 0; two digits become four, but at a zero of fourth order
        turned = values * np.exp(-1j * orders * (phases + shift)[:, None])
        slope, bend = (turned.imag @ orders), -(turned.real @ orders**2)
        step = np.divide(-slope, bend, out=np.zeros_like(slope), where=bend > 0)
        shift += step
        if np.all(np.abs(step) <= 1e-15 * (1 + np.abs(phases))):
            break
    turned = values * np.exp(-1j * orders * (phases + shift)[:, None])
    away = np.abs(shift) > 1e-14 * (1 + np.abs(phases))
    delta = np.where(away, -shift, 1.0)
    x = orders * delta[:, None]
    even, odd = -2 * np.sin(x / 2) ** 2, x**3 / 6 - x**5 / 120 + x**7 / 5040 - x**9 / 362880  # e^{−ix} − 1 + ix
    r = (turned.real * even - turned.imag * odd).sum(1) / delta**2
    s = (turned.imag * even - turned.real * np.sin(x)) @ orders / delta
    least = turned.real.sum(1)
    least = np.where(least > _ZERO * len(orders), least, 0) / delta**2
    return np.asarray(np.divide(s**2, least + r, out=np.zeros_like(s), where=away & (least + r > 0)))


def _of_dense(probe: Probe, noise: Noise, times: FloatArray, effects: ComplexArray, field: float) -> Fringes:
    rho, slope = states_and_slopes(probe, noise, times, field)
    diagonal = generator(probe.num_qubits)
    order = np.subtract.outer(diagonal, diagonal)
    series = []
    for matrices in (rho,) if environment_of(noise).commutes(probe.num_qubits) else (rho, slope):
        parts = [
            np.einsum("tij,oji->to", np.where(order == q, matrices, 0), effects, optimize=True) * (2 if q else 1)
            for q in range(probe.num_qubits + 1)
        ]
        series.append(np.stack(parts, axis=1))
    orders = np.arange(probe.num_qubits + 1.0)
    if len(series) == 1:
        return Fringes(orders, series[0])
    return Fringes(orders, series[0], series[1], times * (0.0 if environment_of(noise).is_covariant else field))


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
