"""Holds every G that a test computes against the bound on all probes."""

from dataclasses import replace

from qsense.theory import engines, fringes, gains, goal, measurement, optimal, rate
from qsense.theory.bounds import angle_bound

CALLERS = (gains, engines, fringes, goal, measurement, optimal, rate)
_UNDERFLOW = 1e-300  # where the coherence has underflowed, the bound is 0


def watched(engine_for):
    """The function `engine_for`, whose engines raise AssertionError where their gain is above the bound."""

    def watched_engine_for(probe, noise, field=0.0, engine=None):
        engine = engine_for(probe, noise, field, engine)

        def gain(times):
            gains = engine.of_angle(times)
            bound = angle_bound(probe.num_qubits, engine.world, times)
            impossible = ~(gains <= bound * (1 + 1e-9) + engine.resolution + _UNDERFLOW)
            if impossible.any():
                raise AssertionError(
                    f"{probe} under {noise} has G = {gains[impossible]} at t = {times[impossible]} s, "
                    f"but no probe exceeds {bound[impossible]}"
                )
            return gains

        return replace(engine, of_angle=gain)

    return watched_engine_for
