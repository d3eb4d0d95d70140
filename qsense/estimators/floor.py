"""The physical floor: the smallest variance of G that any measurement can give, to set estimators beside.

G is a function of the state. If nothing is assumed but its kind (a GHZ block beside a diagonal, or independent spins),
no measurement of M copies, collective or not, whose G is locally unbiased scatters less than Var_ρ(A)/M, where A is G's
gradient, dG = Tr(A dρ): the quantum Cramér–Rao bound with all other parameters of the state unknown. Measuring A
reaches it. A law of decay that is taken for granted (`integral.fit`) can go below it, by combining times.

Source: Helstrom's bound for functions of a state; Tsang, Albarelli & Datta, Phys. Rev. X 10, 031023 (2020); checked in
tests/estimators/test_ghz.py and tests/estimators/test_product.py.
"""

from __future__ import annotations

import numpy as np

from qsense.numerics.fisher import FloatArray


def ghz_variance(num_qubits: int, population: float, visibility: float) -> float:
    """Returns the least variance of G from one copy of a GHZ probe, N⁴(4V²/P − 3V⁴/P³ − V⁴/P²).

    Args:
        num_qubits: N.
        population: P = p_up + p_down in (0, 1].
        visibility: V = 2|c| in [0, P].

    >>> ghz_variance(2, 1.0, 1.0)
    0.0
    """
    square = visibility**2
    return num_qubits**4 * (4 * square / population - 3 * square**2 / population**3 - square**2 / population**2)


def product_variance(coherences: FloatArray) -> float:
    """Returns the least variance of G from one copy of a product probe, Σ_j 4 b_j² (1 − b_j²).

    Args:
        coherences: b_j = √(b_x² + b_y²) of each spin, in [0, 1].

    >>> product_variance(np.array([0.0, 1.0]))
    0.0
    """
    return float(np.sum(4 * coherences**2 * (1 - coherences**2)))
