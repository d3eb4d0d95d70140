"""Exchanges of spins that change nothing: a density matrix falls into blocks, each diagonalised by itself.

Where two spins have the same noise and weight, and a probe is the same when they are exchanged, ρ(t) stays so. Over the
states |00>, (|01> + |10>)/√2, |11> and (|01> − |10>)/√2 of such a pair ρ is a block of the first three and one of the
last, and K is diagonal in both. Of m spins that are alike ⌊m/2⌋ pairs are taken. Blocks with as many antisymmetric
pairs among them are the same up to their names: one of them is computed, and counts C(⌊m/2⌋, pairs) times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from qsense.noise import Collective, Local, SpinChannel, World
from qsense.numerics.fisher import ComplexArray, FloatArray

_ALIKE = 4e-15  # by which amplitudes of a state and of the exchanged one differ through rounding


@dataclass(frozen=True)
class Exchanges:
    """Which spins of a probe may be exchanged.

    Attributes:
        order: the spins, bit 0 first: those of pairs, two by two, then the others.
        pairs: how many of them each group has, shape (groups,).
    """

    order: tuple[int, ...]
    pairs: tuple[int, ...]

    @property
    def cost(self) -> float:
        """What the eigenvectors of all blocks take, in those of the whole matrix."""
        rows = np.array([float(size) for size, _ in _sizes(self.pairs, 2 ** (len(self.order) - 2 * sum(self.pairs)))])
        return float(np.sum(rows**3) / 8.0 ** len(self.order))

    def blocks(self, rho: Any, generator: FloatArray) -> Iterator[tuple[float, Any, FloatArray]]:
        """Yields how often a block is there, the block, shape (times, rows, rows), and the diagonal of K in it.

        Args:
            rho: shape (times, 2^N, 2^N), the same after any of the exchanges.
            generator: the diagonal of K, shape (2^N,), likewise.
        """
        count = len(self.order)
        if self.order != tuple(range(count)):
            axes = [count - 1 - spin for spin in reversed(self.order)]  # the last axis is bit 0
            both = [0, *(1 + axis for axis in axes), *(1 + count + axis for axis in axes)]
            rho = rho.reshape([len(rho)] + [2] * (2 * count)).transpose(both).reshape(rho.shape)
            generator = generator.reshape([2] * count).transpose(axes).ravel()
        yield from _split(rho, generator, self.pairs, 2 ** (count - 2 * sum(self.pairs)))


def exchanges(start: ComplexArray | FloatArray, channel: SpinChannel, world: World) -> Exchanges | None:
    """Returns which spins may be exchanged; None where no two can.

    Args:
        start: the probe's vector, shape (2^N,), or density matrix.
        channel: of every spin at all times, each (times, N).
        world: has the signal's weights, and the noise that spins share.

    >>> from qsense.noise import LocalNoise, world_of
    >>> world, state = world_of(LocalNoise(dephasing=[1.0, 2.0, 1.0])), np.full(8, np.sqrt(1 / 8))
    >>> exchanges(state, world.spin_channel(np.array([1.0]), 3), world)
    Exchanges(order=(0, 2, 1), pairs=(1,))
    """
    count = channel.coherence.shape[1]
    columns = np.concatenate([*channel, world.weights(count)[None, :]])
    covariances = [
        part.space.covariance(count)
        for part in world.noise.correlated
        if not isinstance(part.space, Local | Collective)
    ]
    groups: list[list[int]] = []
    for spin in range(count):
        for group in groups:
            one = group[0]
            if (
                np.array_equal(columns[:, one], columns[:, spin])
                and all(_is_exchanged(each, one, spin) for each in covariances)
                and _is_alike(start, one, spin, count)
            ):
                group.append(spin)
                break
        else:
            groups.append([spin])
    paired = [group[: len(group) // 2 * 2] for group in groups if len(group) > 1]
    if not paired:
        return None
    pairs = [spin for group in paired for spin in group]
    others = [spin for spin in range(count) if spin not in pairs]
    return Exchanges((*pairs, *others), tuple(len(group) // 2 for group in paired))


def _is_exchanged(covariance: FloatArray, one: int, other: int) -> bool:
    """Whether a covariance of spins is the same when two of them are exchanged."""
    order = np.arange(len(covariance))
    order[[one, other]] = other, one
    return np.array_equal(covariance[np.ix_(order, order)], covariance)


def _is_alike(start: ComplexArray | FloatArray, one: int, other: int, count: int) -> bool:
    """Whether a vector or matrix is the same when two spins are exchanged; a vector also with a sign."""
    first, second = (abs(start[(1 << spin,) * start.ndim]) for spin in (one, other))
    if abs(first - second) > _ALIKE:  # most states without symmetry show it here
        return False
    split = start.reshape([2] * (count * start.ndim))
    turned = split
    for half in range(start.ndim):
        turned = turned.swapaxes((half + 1) * count - 1 - one, (half + 1) * count - 1 - other)
    if np.all(np.abs(turned - split) <= _ALIKE):
        return True
    return start.ndim == 1 and bool(np.all(np.abs(turned + split) <= _ALIKE))


def _sizes(pairs: Sequence[int], rest: int) -> Iterator[tuple[int, float]]:
    """Yields the rows of each block, and how often it is there."""
    if not pairs:
        yield rest, 1.0
        return
    for antisymmetric in range(pairs[0] + 1):
        for rows, times in _sizes(pairs[1:], rest * 3 ** (pairs[0] - antisymmetric)):
            yield rows, times * comb(pairs[0], antisymmetric)


def _split(rho: Any, generator: Any, pairs: Sequence[int], rest: int) -> Iterator[tuple[float, Any, Any]]:
    """Splits the last group, whose pairs are the next bits below the first `rest` rows."""
    if not pairs:
        yield 1.0, rho, generator
        return
    last, below = pairs[-1], 4 ** sum(pairs[:-1])
    for antisymmetric in range(last + 1):
        if antisymmetric:  # `rho` and `generator` of so many pairs fewer, one of them antisymmetric
            rho, generator = _antisymmetric(rho, generator, rest, 4 ** (last - antisymmetric) * below)
        part, diagonal, upper = rho, generator, rest
        for left in range(last - antisymmetric - 1, -1, -1):
            part, diagonal = _symmetric(part, diagonal, upper, 4**left * below)
            upper *= 3
        for times, block, its_own in _split(part, diagonal, pairs[:-1], upper):
            yield times * comb(last, antisymmetric), block, its_own


def _antisymmetric(rho: Any, generator: Any, upper: int, lower: int) -> tuple[Any, Any]:
    split = rho.reshape(len(rho), upper, 4, lower, upper, 4, lower)
    block = split[:, :, 1, :, :, 1, :] - split[:, :, 1, :, :, 2, :]
    return block.reshape(len(rho), upper * lower, upper * lower), generator.reshape(upper, 4, lower)[:, 1].ravel()


def _symmetric(rho: Any, generator: Any, upper: int, lower: int) -> tuple[Any, Any]:
    split = rho.reshape(len(rho), upper, 4, lower, upper, 4, lower)
    block = np.empty((len(rho), upper, 3, lower, upper, 3, lower), dtype=rho.dtype)
    both = (slice(0, 3, 2), slice(0, 4, 3))  # |00> and |11>, after and before
    block[:, :, both[0], :, :, both[0], :] = split[:, :, both[1], :, :, both[1], :]
    np.multiply(split[:, :, 1, :, :, both[1], :], np.sqrt(2), out=block[:, :, 1, :, :, both[0], :])
    np.multiply(split[:, :, both[1], :, :, 1, :], np.sqrt(2), out=block[:, :, both[0], :, :, 1, :])
    np.add(split[:, :, 1, :, :, 1, :], split[:, :, 1, :, :, 2, :], out=block[:, :, 1, :, :, 1, :])
    rows = 3 * upper * lower
    return block.reshape(len(rho), rows, rows), generator.reshape(upper, 4, lower)[:, [0, 1, 3]].ravel()
