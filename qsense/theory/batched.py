"""The symmetric engine for a GPU, in any array namespace: the blocks of all times are made and diagonalised together.

A processor is best with many small products that stay in its cache, and with blocks of low rank (`symmetric`, `large`);
a GPU with few large operations. Blocks of like size are diagonalised together, smaller ones filled up with 0 on both
sides, so that J is the same in all of them. N³/2 numbers are held for each time, twice that of complex amplitudes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from qsense.errors import EngineError
from qsense.numerics.arrays import Arrays
from qsense.numerics.fisher import FloatArray, qfi_of_rotation
from qsense.theory.halves import gain_of_halves
from qsense.theory.mixing import Array, IntArray
from qsense.theory.side_by_side import SideBySide, halves_of
from qsense.theory.symmetric import (
    NO_WEIGHT,
    UniformChannel,
    coherences,
    of_orders,
    simplest,
    spin_projections,
    stays_flipped,
)

_HELD = 2.5  # times the coherences: before and after the noise, and what one product takes
_MATRICES = 8  # a matrix, its eigenvectors, cuSOLVER's workspace of four, and what the form takes
_FEWER, _PART = 16, 8  # blocks are taken together if they have so many rows less, or an eighth
_MOST = 2**16  # times or matrices that are taken together


class _Share(NamedTuple):
    """A block of l at some of the times."""

    below: int
    times: IntArray


def batched_gain(amplitudes: Array, channel: UniformChannel, arrays: Arrays) -> FloatArray:
    """Returns G of a symmetric probe after each of several channels, shape (times,).

    Args:
        amplitudes: over Dicke states, from no spin up to all, shape (N+1,); normalised.
        channel: noise that is the same for every spin.
        arrays: where to compute.

    Raises:
        EngineError: one time takes more memory than is free.

    >>> from qsense.noise import LocalNoise
    >>> from qsense.numerics.arrays import CPU
    >>> ghz = np.sqrt(np.array([0.5, 0, 0, 0.5]))
    >>> ends = UniformChannel.of(LocalNoise(dephasing=0.25).channel(np.array([0.0, 1.0]), 1))
    >>> batched_gain(ghz, ends, CPU).round(6)
    array([9.      , 0.448084])
    """
    amplitudes = simplest(amplitudes, channel)
    return gain_of_coherences(coherences(amplitudes)[None], channel, arrays, stays_flipped(amplitudes, channel))


def gain_of_coherences(f: Array, channel: UniformChannel, arrays: Arrays, flipped: bool) -> FloatArray:
    """Returns the same of coherences over (q, v), as an array of NumPy.

    Args:
        f: shape (times, N+1, N+1), or (1, N+1, N+1) if they are the same at all times.
        channel: noise that is the same for every spin.
        arrays: where to compute.
        flipped: whether blocks are alike when read backwards.
    """
    size, is_complex, found = f.shape[1] - 1, np.iscomplexobj(f), []
    if arrays.free() < least_bytes(size, is_complex):
        raise EngineError(_too_large(size, is_complex, arrays))
    together = _most(_bytes_of_time(size, is_complex), size + 1, arrays)
    try:
        for first in range(0, len(channel), together):
            chosen = slice(first, first + together)
            found.append(_gain(f if len(f) == 1 else f[chosen], channel.at(chosen), arrays, flipped))
    except MemoryError as error:
        raise EngineError(_too_large(size, is_complex, arrays)) from error
    return np.concatenate(found)


def _gain(f: Array, channel: UniformChannel, arrays: Arrays, flipped: bool) -> FloatArray:
    size, total = f.shape[1] - 1, np.zeros(len(channel))
    all_blocks = SideBySide.of(f, channel, arrays)
    orders = of_orders(channel, size) if np.any(channel.collective) else None
    for batch in _batches(all_blocks.weights() > NO_WEIGHT, size, np.iscomplexobj(f), arrays):
        largest = batch[0].below
        blocks = [all_blocks.block(one.below, one.below - largest, one.times, orders) for one in batch]
        together = blocks[0] if len(blocks) == 1 else arrays.xp.concat(blocks, axis=0)
        if flipped:
            gains = gain_of_halves(together, arrays)
        else:
            gains = qfi_of_rotation(together, spin_projections(size - 2 * largest + 1), arrays)
        np.add.at(total, np.concatenate([one.times for one in batch]), gains)
    return total


def _batches(seen: Array, size: int, is_complex: bool, arrays: Arrays) -> Iterator[list[_Share]]:
    """Yields blocks that are diagonalised together, the largest first.

    Args:
        seen: whether a block has weight, shape (times, blocks).
        size: N.
        is_complex: whether blocks are.
        arrays: where they are.
    """
    batch: list[_Share] = []
    left = 0
    for below in range(seen.shape[1]):
        times, rows = np.flatnonzero(seen[:, below]), size - 2 * below + 1
        if batch and 2 * (below - batch[0].below) > max(_FEWER, rows // _PART):
            yield batch
            batch = []
        while len(times):
            if not batch:
                left = _most(_bytes_of_matrix(rows, is_complex), rows, arrays)
            batch.append(_Share(below, times[:left]))
            times, left = times[left:], left - len(batch[-1].times)
            if not left:
                yield batch
                batch = []
    if batch:
        yield batch


def _most(each: float, rows: int, arrays: Arrays) -> int:
    """How many of something go together: half of the memory is for times, and half for matrices."""
    fit = int(min(arrays.free() / 2 / each, _MOST))
    return max(1, fit if arrays.batch is None else min(fit, arrays.batch(rows)))


def least_bytes(num_qubits: int, is_complex: bool) -> float:
    """Returns how many bytes must be free: for one time, and as much again for the eigenvectors of its blocks."""
    return 2 * max(_bytes_of_time(num_qubits, is_complex), _bytes_of_matrix(num_qubits + 1, is_complex))


def _bytes_of_time(num_qubits: int, is_complex: bool) -> float:
    cells = sum(rows * columns for rows, columns in (half.shape for half in halves_of(num_qubits)))
    return _HELD * (16.0 if is_complex else 8.0) * cells


def _bytes_of_matrix(rows: int, is_complex: bool) -> float:
    return _MATRICES * (16.0 if is_complex else 8.0) * rows**2


def _too_large(num_qubits: int, is_complex: bool, arrays: Arrays) -> str:
    needed, free = least_bytes(num_qubits, is_complex) / 1e9, arrays.free() / 1e9
    return (
        f"Blocks of up to {num_qubits + 1} rows take {needed:.2g} GB of a GPU's memory, and {free:.2g} GB are free; "
        'free memory, or give engine = "cpu" (QSENSE_ENGINE=cpu).'
    )
