"""Outcome probabilities of a readout as a function of the phase: a Fourier series over coherence orders.

A phase θ turns coherence of order q by e^{−iqθ}, so that p_o(θ) = Re Σ_q C_oq e^{−iqθ} with a few coefficients, and all
phases come from one state. C and its derivative's series D (D = −iqC where noise commutes with the field) are found
from closed forms, blocks of total spin, or dense matrices. θ is the collected angle of K; its orders q are differences
of K's eigenvalues, here in units of the largest weight (`scale`), so that nothing depends on the unit of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import ComplexArray, FloatArray, cfi
from qsense.probes import Probe
from qsense.probes.collective import eigenstates_of_jx
from qsense.theory.block import is_block, reach, visibility_and_kept
from qsense.theory.dense import is_transverse_alone, states_and_slopes
from qsense.theory.effects import Povm, effects_of
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.lindblad import carries_phase, generator
from qsense.theory.rare import COARSE_ZERO, FINE_ZERO, ZERO, Bounds, FineFringes, bounds, near_a_minimum
from qsense.theory.shared import has_equal_weights, is_alike
from qsense.theory.symmetric import UniformChannel, blocks

READOUTS = ("local_x", "total_jx", "parity", "loss_flag", "z")
OF_PARITY = ("parity", "local_x", "total_jx")  # of a GHZ probe σ_x shows the parity, and nothing else
# p is known to about 1e-16, and p'²/p to a relative 1e-16/p: rarer outcomes are left out, unless they have a minimum
# nearby (`rare.near_a_minimum`).
_POSSIBLE = 1e-13
_NEAR = 0.05  # of 1/N: p is a parabola there
_SURE = 1e-12  # what rounding of p may add
_FINE_QUBITS = 6  # up to which twice the precision is affordable
_HIDDEN = (1e-2, 1e-6)  # what an outcome that rounding hides may add unseen: a part, and as a number
_SAME = 1e-9  # of the largest order: closer ones are the same
_ORDERS = 2000  # unequal weights may have more differences than can be told apart


@dataclass(frozen=True)
class Fringes:
    """p_o(θ) = Re Σ_q C_oq e^{−iqθ} and p'_o likewise from D, at each of several times.

    Attributes:
        orders: q ≥ 0 in units of `scale`, shape (orders,).
        values: C, shape (times, orders, outcomes); the part of −q is folded into that of q.
        slopes: D, same shape; None where it is −iqC, so that p' is the derivative of p by the phase.
        angles: φt times `scale`, shape (times,); beside slopes.
        scale: the largest weight of the signal: a phase here is θ times it, a gain here is that about θ over its
            square.
        fine: the same in twice the double precision, where that is at hand; beside slopes.
    """

    orders: FloatArray
    values: ComplexArray
    slopes: ComplexArray | None = None
    angles: FloatArray = field(default_factory=lambda: np.zeros(0))
    fine: FineFringes | None = None
    scale: float = 1.0

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
        return Fringes(self.orders, self.values[chosen], slopes, self.angles[chosen], fine, self.scale)


def refuse_hidden(low: FloatArray, high: FloatArray, angles: FloatArray) -> None:
    """Raises an ArgumentError where rounding hides more of a classical gain than a small part; angles: φt."""
    part, number = _HIDDEN
    if np.any(high > low * (1 + part) + number):
        raise ArgumentError(
            f"The field turns the spins by {float(np.min(np.abs(angles))):.1g} rad: rounding hides how often it lets "
            "outcomes happen that transverse noise leaves impossible without it. Give a stronger field, or none, or "
            "another phase."
        )


def fringes(
    probe: Probe, noise: AnyNoise, times: FloatArray, readout: str | Povm, field: float = 0.0, turned: float = 0.0
) -> Fringes:
    """Returns the fringes of a readout.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World.
        times: shape (times,), in s.
        readout: "local_x" (joint outcome of σ_x of every spin), "total_jx" (how many of them are up), "parity" (even or
            odd), "loss_flag" (GHZ: its fringe, and whether the block was left), "z" (joint outcome of σ_z), or the
            matrices of a POVM, each (2^N, 2^N).
        field: φ in rad/s; it matters only under transverse noise.
        turned: an angle in rad by which every spin is turned alike before, where weights are unequal.

    Raises:
        ArgumentError: the readout is unknown, does not go with the probe, or its matrices are not a POVM.
    """
    world, n = world_of(noise), probe.num_qubits
    world.check(n)
    if isinstance(readout, str):
        if readout not in READOUTS:
            raise ArgumentError(
                f'Unknown readout "{readout}". Known: {", ".join(READOUTS)}, or the matrices of a POVM.'
            )
        if readout == "loss_flag" and probe.kind != "ghz":
            raise ArgumentError(f'The readout "loss_flag" goes with a GHZ probe, but the probe is "{probe.name}".')
        if shows_block(probe, world, readout):
            return _of_ghz(probe, world, times, readout)
        uniform = world.noise.is_covariant and is_alike(world, n)
        method = engine_for(probe, world, field).method
        if readout in ("local_x", "total_jx", "parity") and uniform and method != "dense matrices":
            return _of_symmetric(probe, world, times, readout)
    return _of_dense(probe, world, times, readout, field, turned)


def shows_block(probe: Probe, world: World, readout: str | Povm) -> bool:
    """Whether a readout of a GHZ probe shows its block alone, which has a closed form.

    A dipolar coupling makes coherences of what an emission left, which a readout along x shows.
    """
    if not isinstance(readout, str) or not is_block(probe, world.noise):
        return False
    return readout == "loss_flag" or (readout in OF_PARITY and not world.noise.is_dipolar)


def _largest(world: World, num_qubits: int) -> float:
    return 1.0 if world.signal.has_unit_weights else float(np.abs(world.weights(num_qubits)).max())


def _of_ghz(probe: Probe, world: World, times: FloatArray, readout: str) -> Fringes:
    """The block of a GHZ state: visibility 2|c|, and for the loss flag p_b + p_not b beside what left the block."""
    scale = _largest(world, probe.num_qubits)
    visibility, kept = visibility_and_kept(probe, world, times)
    if readout != "loss_flag":
        kept = np.ones(len(times))
    values = np.zeros((len(times), 2, 3), dtype=np.complex128)
    values[:, 0, 0] = values[:, 0, 1] = kept / 2
    values[:, 0, 2] = 1 - kept
    values[:, 1, 0], values[:, 1, 1] = visibility / 2, -visibility / 2
    return Fringes(np.array([0.0, reach(probe, world) / scale]), values, scale=scale)


def _of_symmetric(probe: Probe, world: World, times: FloatArray, readout: str) -> Fringes:
    """For a symmetric state the joint outcome holds no more information than J_x, which each block has for itself."""
    n, amplitudes = probe.num_qubits, probe.dicke_amplitudes()
    assert amplitudes is not None
    parts = uniform_channel(world, n, times).parts(n)
    values = np.concatenate([_along_x(amplitudes, part) for part in parts])
    if readout == "parity":
        values = np.stack([values[..., n % 2 :: 2].sum(-1), values[..., 1 - n % 2 :: 2].sum(-1)], axis=-1)
    if world.weights(n)[0] < 0:
        values = values.conj()
    return Fringes(np.arange(n + 1.0), values, scale=_largest(world, n))


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


def _of_dense(
    probe: Probe, world: World, times: FloatArray, readout: str | Povm, field: float, turned: float
) -> Fringes:
    n = probe.num_qubits
    effects, scale = effects_of(probe, readout), _largest(world, n)
    rho, slope = states_and_slopes(probe, world, times, field)
    follows = carries_phase(world, n)
    if turned:
        turn = np.exp(-1j * turned * np.subtract.outer(generator(n), generator(n)))
        rho, slope = rho * turn, slope * turn
    diagonal = world.generator(n) / scale
    order = np.subtract.outer(diagonal, diagonal)
    orders = np.arange(n + 1.0) if has_equal_weights(world, n) else _distinct(order)
    series = []
    for matrices in (rho,) if follows else (rho, slope / scale):
        parts = [
            np.einsum("tij,oji->to", np.where(np.abs(order - q) < _SAME, matrices, 0), effects, optimize=True)
            * (2 if q else 1)
            for q in orders
        ]
        series.append(np.stack(parts, axis=1))
    if len(series) == 1:
        return Fringes(orders, series[0], scale=scale)
    fine = None
    plain = world.signal.has_unit_weights and not turned
    if isinstance(readout, str) and is_transverse_alone(world) and n <= _FINE_QUBITS and plain:
        fine = FineFringes(probe, world.noise.local_noise(), times, effects, field)
    return Fringes(orders, series[0], series[1], times * field * scale, fine, scale)


def _distinct(order: FloatArray) -> FloatArray:
    """The differences of K that are not negative, each once, 0 first."""
    every: FloatArray = np.sort(order[order > -_SAME])
    every[np.abs(every) < _SAME] = 0
    found: FloatArray = every[np.append(True, np.diff(every) > _SAME)]
    if len(found) > _ORDERS:
        raise ArgumentError(
            f"The signal's weights make {len(found)} different orders of the phase, and this readout takes at most "
            f"{_ORDERS}; use fewer spins, or weights such as 1 and -1."
        )
    return found
