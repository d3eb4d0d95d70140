"""Probes: the states that a sensing run prepares."""

from qsense.probes.collective import FAMILIES
from qsense.probes.probe import KINDS, Probe
from qsense.probes.qasm import parse_qasm

__all__ = ["FAMILIES", "KINDS", "Probe", "parse_qasm"]
