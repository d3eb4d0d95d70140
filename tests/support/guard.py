"""Holds every G that a test computes against the bound on all probes."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from qsense.theory import engines, fringes, gains, goal, measurement, rate
from qsense.theory.bounds import angle_bound

CALLERS = (gains, engines, fringes, goal, measurement, rate)
_UNDERFLOW = 1e-300  # where the coherence has underflowed, the bound is 0


@lru_cache(maxsize=2000)
def _bound(num_qubits, world, times):
    return angle_bound(num_qubits, world, np.frombuffer(times))


def bound_of(num_qubits, world, times):
    """The bound at times in s; the same question is asked again and again."""
    times = np.asarray(times, dtype=float)
    try:
        hash(world)
    except TypeError:  # a noise from outside that holds an array
        return angle_bound(num_qubits, world, times)
    return _bound(num_qubits, world, times.tobytes())


def watched(engine_for):
    """The function `engine_for`, whose engines raise AssertionError where their gain is above the bound."""

    def watched_engine_for(probe, noise, field=0.0, engine=None):
        engine = engine_for(probe, noise, field, engine)

        def gain(times):
            gains = engine.of_angle(times)
            bound = bound_of(probe.num_qubits, engine.world, times)
            impossible = ~(gains <= bound * (1 + 1e-9) + engine.resolution + _UNDERFLOW)
            if impossible.any():
                raise AssertionError(
                    f"{probe} under {noise} has G = {gains[impossible]} at t = {times[impossible]} s, "
                    f"but no probe exceeds {bound[impossible]}"
                )
            return gains

        return replace(engine, of_angle=gain)

    return watched_engine_for
