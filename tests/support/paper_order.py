"""Between the paper's order of spins, up and down and that of qsense."""

import numpy as np
import oracle

from qsense import Probe
from qsense.theory.dense import density_matrices


def in_paper_order(rho):
    """A matrix of qsense with its spins and its up and down in the paper's order."""
    place = oracle.in_paper_order(np.arange(len(rho)))
    return rho[np.ix_(place, place)]


def of_qsense(state):
    """A state vector of the paper as a probe."""
    amplitudes = np.empty_like(state)
    amplitudes[oracle.in_paper_order(np.arange(len(state)))] = state
    return Probe.from_state(amplitudes)


def shown(probe, noise, time, field=0.0):
    return in_paper_order(density_matrices(probe, noise, np.array([time]), np.array([-field * time]))[0])
