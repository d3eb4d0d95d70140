"""GHZ."""

from qsense.estimators.ghz.block import (
    ANGLES,
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

__all__ = [
    "ANGLES",
    "ENDINGS",
    "Block",
    "Method",
    "block",
    "design",
    "estimate",
    "fringe_angles",
    "gains",
    "tallies",
]
