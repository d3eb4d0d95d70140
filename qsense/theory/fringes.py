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
from qsense.noise import Noise, noise_model_of
from qsense.numerics.fisher import ComplexArray, FloatArray, cfi
from qsense.probes import Probe
from qsense.probes.collective import eigenstates_of_jx
from qsense.theory.dense import NUM_QUBITS, is_transverse_alone, states_and_slopes
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.lindblad import generator
from qsense.theory.rare import COARSE_ZERO, FINE_ZERO, ZERO, Bounds, FineFringes, bounds, near_a_minimum
from qsense.theory.symmetric import UniformChannel, blocks

Povm = Sequence[ComplexArray | FloatArray] | ComplexArray | FloatArray
READOUTS = ("local_x", "total_jx", "parity", "loss_flag", "z")
OF_PARITY = ("parity", "local_x", "total_jx")  # of a GHZ probe σ_x shows the parity, and nothing else
# p is known to about 1e-16, and p'²/p to a relative 1e-16/p: rarer outcomes are left out, unless they have a minimum
# nearby (`rare.near_a_minimum`).
_POSSIBLE = 1e-13
_NEAR = 0.05  # of 1/N: p is a parabola there
_SURE = 1e-12  # what rounding of p may add
_FINE_QUBITS = 6  # up to which twice the precision is affordable
_HIDDEN = (1e-2, 1e-6)  # what an outcome that rounding hides may add unseen: a part, and as a number
_COMPLETE = 1e-9


@dataclass(frozen=True)
class Fringes:
    """p_o(θ) = Re Σ_q C_oq e^{−iqθ} and p'_o likewise from D, at each of several times.

    Attributes:
        orders: q ≥ 0, shape (orders,).
        values: C, shape (times, orders, outcomes); the part of −q is folded into that of q.
        slopes: D, same shape; None where it is −iqC, so that p' is the derivative of p by the phase.
        angles: φt, shape (times,); beside slopes.
        fine: the same in twice the double precision, where that is at hand; beside slopes.
    """

    orders: FloatArray
    values: ComplexArray
    slopes: ComplexArray | None = None
    angles: FloatArray = field(default_factory=lambda: np.zeros(0))
    fine: FineFringes | None = None

    def classical_gain(self, phases: FloatArray) -> FloatArray:
        """Returns Σ_o p'_o²/p_o at phases of shape (times, phases), same shape.

        Where p_o vanishes at a phase and is a parabola around it, p'_o²/p_o tends to 2p''_o. There p and p' are taken
        from the minimum on, so that nothing cancels. At the phase itself such an outcome adds nothing.
        """
        if self.slopes is not None:
            found = self.bounds(phases)
            refuse_hidden(found.low, found.high, self.angles)
            return found.low
        p, slope, bend = self._derivatives(phases)
        near = (bend > _POSSIBLE) & (2 * p < (_NEAR / max(1.0, self.orders[-1])) ** 2 * bend)
        possible = (p > _POSSIBLE) & ~near
        gains = cfi(np.where(possible, p, 0), np.where(possible, slope, 0))
        time, place, outcome = np.nonzero(near)
        if len(time):
            terms = near_a_minimum(self.orders, self.values[time, :, outcome], phases[time, place])
            np.add.at(gains, (time, place), terms)
        return gains

    def _derivatives(self, phases: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """p and its first two derivatives by the phase, each (times, phases, outcomes)."""
        angles, q = phases[:, :, None] * self.orders, self.orders[:, None]
        waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=2)
        re, im = self.values.real, self.values.imag
        p, slope, bend = (re, im), (q * im, -q * re), (-(q**2) * re, -(q**2) * im)

        def at(parts: tuple[FloatArray, FloatArray]) -> FloatArray:
            return np.asarray(waves @ np.concatenate(parts, axis=1))

        return at(p), at(slope), at(bend)

    def bounds(self, phases: FloatArray, is_quick: bool = False) -> Bounds:
        """Returns between which values Σ_o p'_o²/p_o lies beside `slopes`, at phases of shape (times, phases).

        Args:
            phases: in rad.
            is_quick: in double precision alone.
        """
        assert self.slopes is not None
        waves = np.exp(-1j * phases[:, :, None] * self.orders)
        p, slope = (waves @ self.values).real, (waves @ self.slopes).real
        angles = self.angles[:, None, None]
        zero = COARSE_ZERO if self.fine is None else ZERO
        found, unsure = bounds(p, slope, angles, zero * len(self.orders))
        low, high = found.low.sum(-1), found.high.sum(-1)
        if self.fine is not None and not is_quick:
            for time, place in np.argwhere((unsure > _SURE).any(-1)):
                if self.fine.follows(time):
                    finer, _ = bounds(*self.fine.at(time, phases[time, place]), angles[time, 0], FINE_ZERO)
                    low[time, place], high[time, place] = finer.low.sum(), finer.high.sum()
        return Bounds(low, high)

    def part(self, start: int, end: int) -> Fringes:
        """Returns the fringes of some of the times."""
        chosen = slice(start, end)
        slopes = None if self.slopes is None else self.slopes[chosen]
        fine = None if self.fine is None else self.fine.part(chosen)
        return Fringes(self.orders, self.values[chosen], slopes, self.angles[chosen], fine)


def refuse_hidden(low: FloatArray, high: FloatArray, angles: FloatArray) -> None:
    """Raises an ArgumentError where rounding hides more of a classical gain than a small part; angles: φt."""
    part, number = _HIDDEN
    if np.any(high > low * (1 + part) + number):
        raise ArgumentError(
            f"The field turns the spins by {float(np.min(np.abs(angles))):.1g} rad: rounding hides how often it lets "
            "outcomes happen that transverse noise leaves impossible without it. Give a stronger field, or none, or "
            "another phase."
        )


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
        environment = noise_model_of(noise)
        # All up and all down have the same energy in any coupling, so that it does not change GHZ.
        simple = environment.is_covariant and (probe.kind == "ghz" or not environment.is_coupled)
        if simple and probe.kind == "ghz" and readout in (*OF_PARITY, "loss_flag"):
            return _of_ghz(probe.num_qubits, noise, times, readout)
        method = engine_for(probe, noise, field).method
        uniform = simple and environment.local.is_uniform
        if readout in ("local_x", "total_jx", "parity") and uniform and method != "dense matrices":
            return _of_symmetric(probe, noise, times, readout)
    return _of_dense(probe, noise, times, readout, field)


def _of_ghz(n: int, noise: Noise, times: FloatArray, readout: str) -> Fringes:
    """The block of a GHZ state: visibility 2|c|, and for the loss flag p_up + p_down beside what left the block."""
    environment = noise_model_of(noise)
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
    parts = uniform_channel(noise_model_of(noise), n, times).parts(n)
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


def _of_dense(probe: Probe, noise: Noise, times: FloatArray, readout: str | Povm, field: float) -> Fringes:
    n, environment = probe.num_qubits, noise_model_of(noise)
    effects = _effects(n, readout)
    rho, slope = states_and_slopes(probe, noise, times, field)
    order = np.subtract.outer(generator(n), generator(n))
    series = []
    for matrices in (rho,) if environment.is_covariant else (rho, slope):
        parts = [
            np.einsum("tij,oji->to", np.where(order == q, matrices, 0), effects, optimize=True) * (2 if q else 1)
            for q in range(n + 1)
        ]
        series.append(np.stack(parts, axis=1))
    orders = np.arange(n + 1.0)
    if len(series) == 1:
        return Fringes(orders, series[0])
    fine = None
    if isinstance(readout, str) and is_transverse_alone(noise) and n <= _FINE_QUBITS:
        fine = FineFringes(probe, environment.local_noise(), times, effects, field)
    return Fringes(orders, series[0], series[1], times * field, fine)


def _effects(n: int, readout: str | Povm) -> ComplexArray:
    """The matrices of a readout, shape (outcomes, 2^N, 2^N)."""
    if n > NUM_QUBITS:
        raise ArgumentError(f"This readout needs matrices of 2^{n} rows; at most {NUM_QUBITS} spins are supported.")
    if not isinstance(readout, str):
        return _povm(n, readout)
    spin = np.eye(2) if readout == "z" else np.array([[1.0, -1.0], [1.0, 1.0]])  # rows: down, up along x, times √2
    basis = reduce(np.kron, [spin] * n)
    joint = basis[:, :, None] * basis[:, None, :] / (1 if readout == "z" else 2**n)  # exact in binary
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
