"""How likely a χ² is by chance."""

from __future__ import annotations


def p_value(chi_square: float, degrees: int) -> float:
    """Returns the chance of a χ² of at least this size.

    Args:
        chi_square: Σ of squared residuals in units of their standard deviation.
        degrees: degrees of freedom, at least 1.

    >>> round(p_value(3.841459, 1), 6)
    0.05
    """
    from scipy.special import chdtrc  # a tenth of the time that scipy.stats takes to import

    return float(chdtrc(degrees, chi_square))
