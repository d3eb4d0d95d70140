"""Makes sure that the tests run against the package they are meant for."""

import os
from pathlib import Path

import pytest

import qsense


def pytest_configure():
    expected = os.environ.get("QSENSE_INSTALLED_AT")
    found = Path(qsense.__file__).resolve()
    if expected and Path(expected).resolve() not in found.parents:
        pytest.exit(f"the tests are meant for the package in {expected}, but import {found}", returncode=3)


@pytest.fixture(autouse=True)
def _no_probe_exceeds_the_bound(monkeypatch):
    import guard

    import qsense.theory
    from qsense.theory import engines

    plain = engines.engine_for

    def guarded(probe, noise, field=0.0):
        return guard.guarded(plain(probe, noise, field), probe, noise)

    for module in (engines, qsense.theory):
        monkeypatch.setattr(module, "engine_for", guarded)
