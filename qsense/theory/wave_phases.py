"""Means over the phases of waves that run with several frequencies: which phases stand for all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from qsense.noise.settled import Held

_MEAN = 1e-12  # relative error of a mean over phases
_SMALL = 1e-3  # a wave z of which cosh(z/√2) is the mean of exp(z cos) to 1e-14
_MOST = 256  # phases of one frequency; other methods than closed forms take a sixteenth
_SAME = 1e-9  # of two frequencies
_ORDER = 6  # of multiples of frequencies that may meet


class Grid(NamedTuple):
    """Waves at phases that stand for all, and the relative error of a mean over them, at most.

    Attributes:
        held: for each choice, how every frequency is held.
        error: 1.
    """

    held: list[dict[float, Held]]
    error: float


def grid(frequencies: Sequence[float], sizes: Sequence[float], repeats: int, is_cheap: bool) -> Grid:
    """Returns the phases over which to average.

    Args:
        frequencies: in Hz.
        sizes: z of each, of exp(z cos).
        repeats: after how many periods a wave repeats.
        is_cheap: whether many phases may be taken.

    >>> len(grid([1.0, 10.0], [0.1, 1e-4], 1, True).held)
    14
    """
    most, error = _MOST if is_cheap else _MOST // 16, 0.0
    groups = locked(frequencies)
    size_of = dict(zip(frequencies, sizes, strict=True))
    counts = []
    for group in groups:
        needs = [min(most, phases_for(size_of[one])) * repeats * times for one, times in group.items()]
        counts.append(max(needs) if max(size_of[one] for one in group) > _SMALL else 0)
    while math.prod(max(count, 2) for count in counts) > 16 * most and max(counts) > 2:
        counts[counts.index(max(counts))] //= 2
    choices: list[list[dict[float, Held]]] = []
    for group, count in zip(groups, counts, strict=True):
        if not count:
            choices.append([{one: Held(sign=sign) for one in group} for sign in (1, -1)])
            continue
        around = 2 * math.pi * repeats * (np.arange(count) + 0.5) / count
        choices.append([{one: Held(times * phase) for one, times in group.items()} for phase in around.tolist()])
        error += sum(left_out(size_of[one], max(1, count // (repeats * times))) for one, times in group.items())
    held = [dict(itertools.chain(*(part.items() for part in parts))) for parts in itertools.product(*choices)]
    return Grid(held, error if error > 10 * _MEAN else 0.0)


def locked(frequencies: Sequence[float]) -> list[dict[float, int]]:
    """Returns groups of frequencies that are small multiples of one, with the multiples.

    >>> locked([1.0, 2.0, 3.0, 10.0])
    [{1.0: 1, 2.0: 2, 3.0: 3}, {10.0: 1}]
    """
    groups: list[dict[float, int]] = []
    for frequency in frequencies:
        for group in groups:
            first, multiple = next(iter(group.items()))
            for p, q in itertools.product(range(1, _ORDER + 1), repeat=2):
                if math.gcd(p, q) == 1 and abs(p * multiple * frequency - q * first) < _SAME * q * first:
                    for one in group:
                        group[one] *= p
                    group[frequency] = q
                    break
            else:
                continue
            break
        else:
            groups.append({frequency: 1})
    return groups


def beats(frequencies: Sequence[float]) -> Iterator[float]:
    """Yields how far small multiples of frequencies in Hz are from each other, but not those that meet, nor such as are
    further apart than the frequencies.

    >>> round(min(beats([1.0, 2.1])), 9)
    0.1
    """
    yield min(frequencies)
    for one, other in itertools.combinations(frequencies, 2):
        for p, q in itertools.product(range(1, _ORDER + 1), repeat=2):
            apart = abs(p * one - q * other)
            if p + q <= _ORDER and apart > _SAME * q * other:
                yield apart


def phases_for(size: float) -> int:
    """Returns how many equal steps of phase average exp(size · cos)."""
    count = 1
    while left_out(size, count) > _MEAN and count < _MOST:
        count += 1
    return count


def left_out(size: float, count: int) -> float:
    """Returns 2 I_n(z)/I_0(z), the relative error of a mean of exp(z cos) over n phases."""
    from scipy.special import ive

    return 2 * float(ive(count, size) / ive(0, size))
