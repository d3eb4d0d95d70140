"""Entries of counts: those that are alike in one row become one; integers of files in 64 bits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.histograms import MOST

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Gathered(NamedTuple):
    """Entries in the order of rows, then of outcomes as numbers: those of row r are offsets[r]:offsets[r + 1]."""

    offsets: Numbers
    keys: Bytes
    numbers: Numbers


def gathered(num_rows: int, rows: Numbers, keys: Bytes, numbers: Numbers) -> Gathered:
    """Returns entries in any order as sorted ones; those of one row with the same bytes become one.

    Args:
        num_rows: of the result.
        rows: of each entry, shape (entries,).
        keys: its bytes, the lowest first, shape (entries, bytes).
        numbers: how often it was read, shape (entries,).
    """
    width = keys.shape[1]
    words = np.zeros((len(keys), 8 * ((width + 7) // 8)), dtype=np.uint8)
    words[:, :width] = keys
    columns = [*words.view("<u8").T, rows.astype(np.uint64)]
    order = np.lexsort(columns)  # by the last key first: rows, then outcomes as numbers
    ordered = np.stack(columns)[:, order]
    first = np.flatnonzero(np.append(True, np.any(ordered[:, 1:] != ordered[:, :-1], axis=0)))
    offsets = np.searchsorted(ordered[-1, first], np.arange(num_rows + 1, dtype=np.uint64))
    return Gathered(offsets, keys[order[first]], np.add.reduceat(numbers[order], first))


def complaint(num_bits: int, offsets: Numbers, outcomes: Bytes, numbers: Numbers, lost: Bytes | None) -> str:
    """Returns what is wrong with the arrays of counts from a file; "" if nothing."""
    entries = len(numbers)
    fits = (
        num_bits >= 1
        and offsets.ndim == 1
        and len(offsets) >= 1
        and offsets[0] == 0
        and offsets[-1] == entries
        and bool(np.all(np.diff(offsets) >= 0))
    )
    keys = [outcomes] if lost is None else [outcomes, lost]
    fits = fits and all(one.dtype == np.uint8 and one.shape == (entries, (num_bits + 7) // 8) for one in keys)
    if fits and entries and num_bits % 8:
        fits = all(int(one[:, -1].max()) < 2 ** (num_bits % 8) for one in keys)
    if fits and lost is not None:
        fits = bool(lost.any()) and not np.any(lost & outcomes)
    if not fits:
        return "its arrays do not fit together"
    if entries and int(numbers.min()) < 1:
        return f"`numbers` has {int(numbers.min())}, but outcomes listed were read"
    if float(numbers.sum(dtype=np.float64)) > MOST:
        return "`numbers` add up to more than 2^63 shots"
    row_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if entries and len(gathered(len(offsets) - 1, row_of, np.concatenate(keys, axis=1), numbers).numbers) < entries:
        return "`outcomes` has an outcome twice in one row"
    return ""


def wide(array: NDArray[np.generic]) -> Numbers:
    """Returns the integers of a file in 64 bits; of those in fewer than 32 a small file could hold too many.

    Raises:
        ValueError: they have fewer than 32 bits.
    """
    if array.dtype.itemsize < 4:
        raise ValueError("integers of fewer than 32 bits")
    return array.astype(np.int64)
