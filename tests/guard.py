"""Holds every G that a test computes against the bound on all probes."""

from dataclasses import replace

import numpy as np

from qsense.theory.bounds import gain_bound


def guarded(engine, probe, noise):
    """The engine, whose `gain` raises AssertionError if a value lies above the bound."""

    def gain(times):
        found = engine.gain(times)
        bound = gain_bound(probe.num_qubits, noise, np.asarray(times))
        if np.any(found > bound * (1 + 1e-9) + 10 * engine.resolution):
            raise AssertionError(f"G of {probe.name} exceeds the bound: {found} > {bound}")
        return found

    return replace(engine, gain=gain)
