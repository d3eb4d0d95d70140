"""Makes sure that the tests run against the package they are meant for, and that no gain they compute is impossible."""

import dataclasses
import os
from pathlib import Path

import pytest

import qsense
from qsense.theory import engines, fringes, measurement, optimal, rate
from qsense.theory.bounds import gain_bound

UNDERFLOW = 1e-300  # where the coherence has underflowed, the bound is 0
CALLERS = (qsense.theory, engines, fringes, measurement, optimal, rate)


def pytest_configure():
    expected = os.environ.get("QSENSE_INSTALLED_AT")
    found = Path(qsense.__file__).resolve()
    if expected and Path(expected).resolve() not in found.parents:
        pytest.exit(f"the tests are meant for the package in {expected}, but import {found}", returncode=3)


def _watched(engine_for):
    def watched_engine_for(probe, noise, field=0.0):
        engine = engine_for(probe, noise, field)

        def watched(times):
            gains = engine.gain(times)
            bound = gain_bound(probe.num_qubits, noise, times)
            impossible = ~(gains <= bound * (1 + 1e-9) + engine.resolution + UNDERFLOW)
            if impossible.any():
                raise AssertionError(
                    f"{probe} under {noise} has G = {gains[impossible]} at t = {times[impossible]} s, "
                    f"but no probe exceeds {bound[impossible]}"
                )
            return gains

        return dataclasses.replace(engine, gain=watched)

    return watched_engine_for


@pytest.fixture(autouse=True)
def _no_gain_exceeds_the_bound(monkeypatch):
    """Every G that an engine gives to any test is compared with what no probe exceeds, to 1e-9 and rounding."""
    watched = _watched(engines.engine_for)
    for module in CALLERS:
        monkeypatch.setattr(module, "engine_for", watched)
