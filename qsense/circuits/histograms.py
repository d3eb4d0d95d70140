"""Checks histograms that come from outside: outcomes that can occur, each once, and how often as whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from qsense.errors import ArgumentError

MOST = 2**63 - 1  # of all shots of a row: what an int64 holds


def from_words(num_bits: int, words: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[int, int]:
    """Returns outcome → how often, from words of 0 and 1 whose last character is spin 0, as Qiskit gives them.

    Args:
        num_bits: number of spins; spaces between registers do not count.
        words: word → how often, or such pairs.

    Raises:
        ArgumentError: a word has another length or other characters, occurs twice, or a number cannot be.

    >>> from_words(2, {"01": 3, "11": 1})
    {1: 3, 3: 1}
    >>> from_words(2, [("01", 3), ("0 1", 1)])
    Traceback (most recent call last):
    qsense.errors.ArgumentError: the outcome "0 1" occurs twice; give every outcome once.
    """
    found: dict[int, int] = {}
    for word, number in words.items() if isinstance(words, Mapping) else words:
        plain = word.replace(" ", "") if isinstance(word, str) else ""
        if len(plain) != num_bits or set(plain) - {"0", "1"}:
            raise ArgumentError(f'the outcome "{word}" must be {num_bits} characters 0 or 1, one for each spin.')
        outcome = int(plain, 2)
        if outcome in found:
            raise ArgumentError(f'the outcome "{word}" occurs twice; give every outcome once.')
        found[outcome] = number
    return checked(num_bits, found)


def checked(num_bits: int, histogram: Mapping[int, Any]) -> dict[int, int]:
    """Returns a histogram with the outcomes that were read, sorted, as plain integers.

    Args:
        num_bits: number of spins.
        histogram: outcome → how often; those never read may be among them as 0.

    Raises:
        ArgumentError: an outcome is no whole number below 2^num_bits, or how often it was read is negative, no whole
            number, or too large.

    >>> checked(2, {3: 1, 0: 2, 1: 0})
    {0: 2, 3: 1}
    >>> checked(2, {3: 0.5})
    Traceback (most recent call last):
    qsense.errors.ArgumentError: the outcome 3 has the count 0.5; counts are whole numbers from 0 on.
    """
    found: dict[int, int] = {}
    for outcome, number in histogram.items():
        if not _is_whole(outcome) or not 0 <= outcome < 2**num_bits:
            raise ArgumentError(
                f"the outcome {outcome!r} is none of {num_bits} spins: a whole number below 2^{num_bits}."
            )
        if not _is_whole(number) or number < 0:
            raise ArgumentError(f"the outcome {outcome} has the count {number!r}; counts are whole numbers from 0 on.")
        if number:
            found[int(outcome)] = int(number)
    if sum(found.values()) > MOST:
        raise ArgumentError(f"the counts add up to {sum(found.values()):.3g} shots; at most 2^63 − 1 are possible.")
    return dict(sorted(found.items()))


def checked_rows(num_bits: int, histograms: Sequence[Mapping[int, Any]]) -> list[dict[int, int]]:
    """Returns what `checked` does for every row; messages name the row."""
    found = []
    for row, histogram in enumerate(histograms):
        try:
            found.append(checked(num_bits, histogram))
        except ArgumentError as error:
            raise ArgumentError(f"Argument `histograms`, row {row}: {error}") from error
    return found


def check_whole(argument: str, table: object, shape: tuple[int, ...] = ()) -> None:
    """Refuses tables of counts that cannot be.

    Args:
        argument: what a message calls it.
        table: how often each class was read, of any shape.
        shape: of each of its rows, where it is known.

    Raises:
        ArgumentError: it has another shape, or numbers that are negative or not whole.
    """
    array = np.asarray(table)
    if array.dtype.kind not in "iu":
        raise ArgumentError(f"Argument `{argument}` must be whole numbers, but is of type {array.dtype}.")
    if shape and array.shape[1:] != shape:
        raise ArgumentError(f"Argument `{argument}` must have shape {('rows', *shape)}, but has {array.shape}.")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= MOST:
        wrong = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise ArgumentError(f"Argument `{argument}` has the count {wrong}; counts are whole numbers from 0 to 2^63.")


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
