"""Counts: how often each outcome was read, for every row of a circuit's settings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.entries import complaint, gathered, wide
from qsense.circuits.histograms import MOST, check_whole, checked_rows
from qsense.errors import ArgumentError, RecordError
from qsense.files import DAMAGED
from qsense.files.archives import read_arrays
from qsense.files.safe import read_bytes

IntArray = NDArray[np.int64]
SCHEMA = 2  # of counts with lost spins; 1 of all others
NEEDS_ALL_SPINS = (
    'This needs all spins of every shot, but some are lost: leave such shots out (`lost = "drop"`), or use an '
    "estimator that reads each spin by itself: product, ramsey_scan."
)
_NUM_BITS_OF_A_TABLE = 16


@dataclass(frozen=True)
class Counts:
    """Outcomes and how often each was read; sparse, so that a hundred spins fit.

    Attributes:
        num_bits: number of spins.
        offsets: row r has the entries offsets[r]:offsets[r+1]; shape (rows + 1,).
        outcomes: outcomes as little-endian bytes (bit j is spin j, 1 is up), shape (entries, ⌈num_bits/8⌉).
        numbers: how often, ≥ 1, shape (entries,).
        lost: the spins of each outcome that were not read, as bytes like `outcomes`, where their bits are 0; None where
            every shot has all spins. `tally` refuses to read such counts for what needs all spins of a shot.
    """

    num_bits: int
    offsets: IntArray
    outcomes: NDArray[np.uint8]
    numbers: IntArray
    lost: NDArray[np.uint8] | None = None

    @classmethod
    def from_histograms(cls, num_bits: int, histograms: list[dict[int, int]]) -> Counts:
        """Returns the counts of one {outcome: number} dictionary per row.

        Raises:
            ArgumentError: an outcome or a number cannot be; the message names the row.

        >>> Counts.from_histograms(2, [{0: 3, 3: 1}, {1: 4}]).table()
        array([[3, 0, 0, 1],
               [0, 4, 0, 0]])
        """
        width = (num_bits + 7) // 8
        rows = checked_rows(num_bits, histograms)
        entries = [entry for row in rows for entry in row.items()]
        packed = b"".join(outcome.to_bytes(width, "little") for outcome, _ in entries)
        return cls(
            num_bits,
            np.cumsum([0] + [len(row) for row in rows]),
            np.frombuffer(packed, dtype=np.uint8).reshape(len(entries), width),
            np.array([number for _, number in entries], dtype=np.int64),
        )

    @classmethod
    def from_table(cls, num_bits: int, table: IntArray) -> Counts:
        """Returns the counts of a table of all 2^num_bits outcomes, shape (rows, 2^num_bits).

        Raises:
            ArgumentError: it has another shape, or a number is negative or not whole.

        >>> Counts.from_table(2, np.array([[3, 0, 0, 1], [0, 4, 0, 0]])).numbers
        array([3, 1, 4])
        """
        check_whole("table", table, (2**num_bits,))
        rows, outcomes = np.nonzero(table)
        width = (num_bits + 7) // 8
        return cls(
            num_bits,
            np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(table)))]),
            outcomes.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width],
            table[rows, outcomes].astype(np.int64),
        )

    @classmethod
    def from_shots(cls, num_bits: int, shots: NDArray[np.uint8]) -> Counts:
        """Returns the counts of outcomes shot by shot.

        Args:
            num_bits: number of spins.
            shots: outcomes as little-endian bytes, shape (rows, shots, ⌈num_bits/8⌉).

        Raises:
            ArgumentError: they have another shape, or more bits.

        >>> Counts.from_shots(2, np.array([[[3], [0], [0]]], dtype=np.uint8)).table()
        array([[2, 0, 0, 1]])
        """
        expected = (num_bits + 7) // 8
        if shots.ndim != 3 or shots.dtype != np.uint8 or shots.shape[2] != expected:
            raise ArgumentError(
                f"Argument `shots` must be bytes of shape (rows, shots, {expected}), but is {shots.dtype} of shape "
                f"{shots.shape}."
            )
        if num_bits % 8 and np.any(shots[..., -1] >> num_bits % 8):
            raise ArgumentError(f"Argument `shots` must hold outcomes of {num_bits} bits, but one has more.")
        rows, number, width = shots.shape
        row_of = np.repeat(np.arange(rows, dtype=np.int64), number)
        return cls.from_entries(num_bits, rows, row_of, shots.reshape(-1, width), np.ones(len(row_of), dtype=np.int64))

    @classmethod
    def from_entries(
        cls, num_bits: int, num_rows: int, rows: IntArray, keys: NDArray[np.uint8], numbers: IntArray
    ) -> Counts:
        """Returns the counts of entries in any order; those of one row with the same bytes become one.

        Args:
            num_bits: number of spins.
            num_rows: of the settings.
            rows: of each entry, shape (entries,).
            keys: outcomes, shape (entries, ⌈num_bits/8⌉), or with as many bytes more for the spins that are lost.
            numbers: how often each was read, shape (entries,).
        """
        width, found = (num_bits + 7) // 8, gathered(num_rows, rows, keys, numbers)
        lost = found.keys[:, width:] if found.keys[:, width:].any() else None
        return cls(num_bits, found.offsets, found.keys[:, :width], found.numbers, lost)

    @classmethod
    def merged(cls, parts: Sequence[Counts]) -> Counts:
        """Returns the sum of counts of the same rows, read in several parts.

        >>> one = Counts.from_histograms(1, [{0: 3, 1: 1}])
        >>> Counts.merged([one, one]).table()
        array([[6, 2]])
        """
        rows = parts[0].num_rows
        row_of = np.concatenate([np.repeat(np.arange(rows), np.diff(part.offsets)) for part in parts])
        numbers = np.concatenate([part.numbers for part in parts])
        return cls.from_entries(parts[0].num_bits, rows, row_of, cls._keys(parts), numbers)

    @staticmethod
    def _keys(parts: Sequence[Counts]) -> NDArray[np.uint8]:
        """Outcomes, and beside them what is lost if anything is, of several counts."""
        outcomes = np.concatenate([part.outcomes for part in parts])
        if all(part.lost is None for part in parts):
            return outcomes
        lost = [np.zeros_like(part.outcomes) if part.lost is None else part.lost for part in parts]
        return np.concatenate([outcomes, np.concatenate(lost)], axis=1)

    @classmethod
    def joined(cls, parts: Sequence[Counts]) -> Counts:
        """Returns the rows of several counts of the same spins, one after the other."""
        shifts = np.cumsum([0] + [len(part.numbers) for part in parts])
        offsets = [np.zeros(1, dtype=np.int64)] + [
            part.offsets[1:] + shift for part, shift in zip(parts, shifts, strict=False)
        ]
        keys, width = cls._keys(parts), parts[0].outcomes.shape[1]
        lost = keys[:, width:] if keys.shape[1] > width else None
        numbers = np.concatenate([part.numbers for part in parts])
        return cls(parts[0].num_bits, np.concatenate(offsets), keys[:, :width], numbers, lost)

    def pooled(self) -> Counts:
        """Returns the counts of all rows as those of one.

        >>> Counts.from_histograms(1, [{0: 3}, {0: 1, 1: 4}]).pooled().table()
        array([[4, 4]])
        """
        row_of = np.zeros(len(self.numbers), dtype=np.int64)
        return Counts.from_entries(self.num_bits, 1, row_of, self._keys([self]), self.numbers)

    def part(self, start: int, end: int) -> Counts:
        """Returns some of the rows.

        >>> Counts.from_histograms(1, [{0: 3}, {1: 4}]).part(1, 2).table()
        array([[0, 4]])
        """
        first, last = int(self.offsets[start]), int(self.offsets[end])
        offsets = self.offsets[start : end + 1] - first
        lost = None if self.lost is None else self.lost[first:last]
        return Counts(self.num_bits, offsets, self.outcomes[first:last], self.numbers[first:last], lost)

    def row_shots(self) -> IntArray:
        """Returns the shots of every row, shape (rows,).

        >>> Counts.from_histograms(1, [{0: 3}, {0: 1, 1: 4}]).row_shots().tolist()
        [3, 5]
        """
        totals = np.concatenate([[0], np.cumsum(self.numbers)])
        return np.asarray(totals[self.offsets[1:]] - totals[self.offsets[:-1]], dtype=np.int64)

    @property
    def num_rows(self) -> int:
        return len(self.offsets) - 1

    @property
    def shots(self) -> int:
        """All shots of all rows."""
        return int(self.numbers.sum())

    def table(self) -> IntArray:
        """Returns the numbers of all 2^num_bits outcomes, shape (rows, 2^num_bits).

        Raises:
            ArgumentError: more than 16 spins, or some are lost.
        """
        if self.lost is not None:
            raise ArgumentError(NEEDS_ALL_SPINS)
        if self.num_bits > _NUM_BITS_OF_A_TABLE:
            raise ArgumentError(f"A table of 2^{self.num_bits} outcomes is too large; at most 16 spins.")
        place = 256 ** np.arange(self.outcomes.shape[1])
        table = np.zeros((self.num_rows, 2**self.num_bits), dtype=np.int64)
        rows = np.repeat(np.arange(self.num_rows), np.diff(self.offsets))
        table[rows, self.outcomes.astype(np.int64) @ place] = self.numbers
        return table

    def to_bytes(self) -> bytes:
        """Returns the counts as a compressed NPZ file."""
        buffer = io.BytesIO()
        more: dict[str, Any] = {} if self.lost is None else {"lost": self.lost}
        np.savez_compressed(
            buffer,
            schema=np.int64(1 if self.lost is None else SCHEMA),
            num_bits=np.int64(self.num_bits),
            offsets=self.offsets.astype(np.uint32),
            outcomes=self.outcomes,
            numbers=self.numbers.astype(np.uint32 if self.numbers.max(initial=0) < 2**32 else np.uint64),
            **more,
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, path: Path, within: Path | None = None) -> Counts:
        """Returns the counts that a file holds.

        Args:
            path: of the file.
            within: the folder that holds it, in which no link is followed.

        Raises:
            RecordError: the file is missing, truncated, damaged or newer; the message names it.
        """
        try:
            return cls.from_bytes(read_bytes(path, within), str(path))
        except FileNotFoundError as error:
            raise RecordError(f"{path}: missing; run the spec again to measure it.") from error
        except OSError as error:
            raise RecordError(f"{path}: cannot be read: {error.strerror}; run the spec again to measure it.") from error

    @classmethod
    def from_bytes(cls, content: bytes, source: str) -> Counts:
        """Returns the counts that a file's content holds.

        Raises:
            RecordError: the content is truncated, damaged or newer; the message names the source.
        """
        try:
            data = read_arrays(content)
            if int(data["schema"]) > SCHEMA:
                raise RecordError(f"{source}: written by a newer qsense (schema {int(data['schema'])}); update qsense.")
            arrays = {name: data[name] for name in ("num_bits", "offsets", "outcomes", "numbers")}
            for name, array in arrays.items():
                if array.dtype.kind not in "iu" or (array.size and int(array.max()) > MOST):
                    raise RecordError(
                        f"{source}: `{name}` must be whole numbers below 2^63; delete it and run the spec again."
                    )
            size, numbers = int(arrays["num_bits"]), wide(arrays["numbers"])
            counts = cls(size, wide(arrays["offsets"]), arrays["outcomes"], numbers, data.get("lost"))
        except RecordError:
            raise
        except DAMAGED as error:
            raise RecordError(
                f"{source}: truncated or damaged ({type(error).__name__}); delete it and run the spec again."
            ) from error
        wrong = complaint(counts.num_bits, counts.offsets, counts.outcomes, counts.numbers, counts.lost)
        if wrong:
            raise RecordError(f"{source}: {wrong}; delete it and run the spec again.")
        return counts
