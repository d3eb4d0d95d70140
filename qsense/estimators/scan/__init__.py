"""Estimates G from scans as laboratories take them: fringes against the phase of the analysis pulse, at any angles.

`parity_scan` reads a GHZ probe's parity, `ramsey_scan` every spin of a product probe, `collective_scan` the collective
spin of any probe that has one; at several times each is a contrast against time. `fringes` fits them and tests the
fits. Where two quadratures are enough, `ghz`, `product` and `moments` take fewer circuits.
"""

from qsense.estimators.scan.collective import CollectiveScan
from qsense.estimators.scan.contrast import squared_contrast
from qsense.estimators.scan.fringes import FringeFit, fit_fringe
from qsense.estimators.scan.method import ParityScan, RamseyScan

__all__ = ["CollectiveScan", "FringeFit", "ParityScan", "RamseyScan", "fit_fringe", "squared_contrast"]
