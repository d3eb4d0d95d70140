"""How likely a χ² is by chance."""

from __future__ import annotations

import math

NO_ERROR = "no error is known (a standard error of 0 or not finite)"


def z_score(difference: float, stderr: float) -> float | None:
    """Returns a difference in units of its standard error; None where that is 0 or not finite, and nothing is known.

    >>> z_score(0.3, 0.1).__round__(6), z_score(0.3, 0.0), z_score(0.3, math.inf), z_score(math.nan, 0.1)
    (3.0, None, None, None)
    """
    if not (0 < stderr < math.inf):
        return None
    found = difference / stderr
    return found if math.isfinite(found) else None


def p_value(chi_square: float, degrees: float) -> float:
    """Returns the chance of a χ² of at least this size.

    Args:
        chi_square: Σ of squared residuals in units of their standard deviation.
        degrees: degrees of freedom, above 0.

    >>> round(p_value(3.841459, 1), 6)
    0.05
    """
    from scipy.special import chdtrc  # a tenth of the time that scipy.stats takes to import

    return float(chdtrc(degrees, chi_square))


def p_value_of_estimated(chi_square: float, degrees: int, known: float) -> float:
    """Returns the chance of a χ² of at least this size whose variances are estimated themselves.

    Args:
        chi_square: Σ of squared residuals in units of their estimated deviation.
        degrees: degrees of freedom, at least 1.
        known: degrees of freedom of the variances; the fewer, the longer the tail.

    Source: Snedecor's F.

    >>> round(p_value_of_estimated(161.4476, 1, 1), 6)
    0.05
    """
    from scipy.special import fdtrc  # as in `p_value`

    return float(fdtrc(degrees, known, chi_square / degrees))


def as_chi_square(t: float, degrees: float) -> float:
    """Returns the χ² of one degree of freedom that is as likely as Student's t.

    Args:
        t: a mean over its standard error.
        degrees: of freedom, at least 1.

    >>> round(as_chi_square(12.7062, 1), 3)
    3.841
    """
    from scipy.special import chdtri, stdtr

    chance = max(2 * float(stdtr(degrees, -abs(t))), 1e-300)
    return float(chdtri(1, chance)) if chance < 1 else 0.0


def said_chance(value: float, digits: int = 1) -> str:
    """Returns a chance in words; one too small for a number of the computer is not said to be 0.

    >>> said_chance(0.0321), said_chance(4.4e-55, 2), said_chance(0.0)
    ('p = 0.03', 'p = 4.4e-55', 'p < 1e-300')
    """
    return f"p = {value:.{digits}g}" if value >= 1e-300 else "p < 1e-300"
