"""Estimates G of a GHZ probe from the 2×2 block that carries all of its information, at any number of spins.

`design` gives the settings of one time, `estimate` reads G from their counts, `block` the population and the fringe
behind it; `spectrum` resolves the coherence orders from a full scan of the phase. `method` declares the estimator `ghz`
to run specs.
"""

from qsense.estimators.ghz.block import (
    ANGLES,
    ANTIPODAL,
    ENDINGS,
    Block,
    Method,
    block,
    design,
    estimate,
    fringe_angles,
    gains,
    tallies,
)
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.ghz.multiple_quantum import Spectrum, full_scan, spectrum

__all__ = [
    "ANGLES",
    "ANTIPODAL",
    "ENDINGS",
    "Block",
    "Branch",
    "Method",
    "Spectrum",
    "block",
    "design",
    "estimate",
    "fringe_angles",
    "full_scan",
    "gains",
    "spectrum",
    "tallies",
]
