"""Where a smooth function is largest, from its values at a few Chebyshev points."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

from qsense.numerics.fisher import FloatArray


def points(count: int) -> FloatArray:
    """Returns so many points between −1 and 1, at which values determine a polynomial well.

    >>> points(2).round(4).tolist()
    [-0.7071, 0.7071]
    """
    return np.asarray(chebyshev.chebpts1(count))


@cache
def to_series(count: int) -> FloatArray:
    """Returns the matrix from values at `points` to the Chebyshev coefficients of the polynomial through them.

    >>> bool(np.allclose(to_series(3) @ points(3), [0, 1, 0]))
    True
    """
    return np.asarray(np.linalg.inv(chebyshev.chebvander(points(count), count - 1)))


def peak(series: FloatArray) -> float:
    """Returns where between −1 and 1 a polynomial of these Chebyshev coefficients is largest.

    >>> round(peak(to_series(5) @ np.cos(points(5) - 0.3)), 3)
    0.3
    """
    roots = chebyshev.chebroots(chebyshev.chebder(series))
    inside = roots.real[(np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) < 1)]
    places = np.concatenate([inside, [-1.0, 1.0]])
    return float(places[np.argmax(chebyshev.chebval(places, series))])


def weights_at(place: float, count: int) -> FloatArray:
    """Returns the weights of values at `points` whose sum is the polynomial through them at a place.

    >>> round(float(weights_at(0.5, 4) @ points(4) ** 3), 9)
    0.125
    """
    return np.asarray(chebyshev.chebvander(np.array([place]), count - 1)[0] @ to_series(count))
