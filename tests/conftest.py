"""Makes sure that the tests run against the package they are meant for, and that no gain they compute is impossible."""

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
    """Every G that an engine gives to any test is compared with what no probe exceeds, to 1e-9 and rounding."""
    import guard

    watched = guard.watched(guard.engines.engine_for)
    for module in guard.CALLERS:
        monkeypatch.setattr(module, "engine_for", watched)
