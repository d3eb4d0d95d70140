"""Makes sure that the tests run against the package they are meant for, and that no gain they compute is impossible."""

import os
import signal
from pathlib import Path

import pytest
from durations import (
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_runtest_logstart,
    pytest_runtest_makereport,
    pytest_sessionfinish,
)

import qsense

__all__ = [
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_runtest_logreport",
    "pytest_runtest_logstart",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
]


def pytest_configure():
    # In the background of a script Ctrl-C is ignored, and children inherit that: here some must stop when it is sent.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
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


@pytest.fixture(autouse=True, scope="session")
def _no_reports_of_runs():
    """Runs and studies write no report beside their figures: each would take a part of a second, and has its tests."""
    from qsense.reports.page.files import reports_written

    with reports_written(False):
        yield


@pytest.fixture(autouse=True, scope="session")
def _figures_are_drawn_where_asked():
    import pictures

    with pictures.drawn_where_asked():
        yield


@pytest.fixture(autouse=True)
def _figures_are_drawn(request):
    """Figures of runs and studies are made by all tests, but drawn by those marked `drawn` alone."""
    import pictures

    with pictures.drawn(pictures.kinds_for(request.node)):
        yield


@pytest.fixture(autouse=True)
def _no_consent_of_the_user(monkeypatch, tmp_path_factory):
    """What the user of this machine allows in their own configuration is not allowed here."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "nobodys_configuration"))


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test():
    """What a test has started is killed with it; what is still there after its own parent had ended is a failure."""
    import processes

    yield
    left = processes.end_all()
    assert not left, f"left behind by processes that have ended: {left}"


@pytest.fixture
def code_allowed():
    """Consent to import what a backend `module:factory` names."""
    from qsense.extensions import allowing

    with allowing(True):
        yield


@pytest.fixture
def without_figures(monkeypatch):
    """Runs draw no figures: they follow from the counts, take most of a small run's time, and are tested elsewhere."""
    from qsense import reports

    monkeypatch.setattr(reports, "figures", lambda *_: {})


@pytest.fixture
def few_fakes(monkeypatch):
    """IBM's fake devices are two: to read the numbers of all of them takes ten seconds."""
    from qsense.backends.vendors import fake

    every = fake.fake_classes
    monkeypatch.setattr(fake, "fake_classes", lambda: {name: every()[name] for name in ("lima", "manila")})


# Of the tests of jobs that run elsewhere and later.


@pytest.fixture
def service(tmp_path, monkeypatch, without_figures):
    """A stand-in of the runtime service, to which the vendor's client is led; nobody waits, and no figures are made."""
    pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
    from runtime_service import RuntimeService

    from qsense.jobs import dispatch
    from qsense.services import ibm_client

    monkeypatch.setattr(ibm_client, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(dispatch, "SETTLE_S", 0.0)
    monkeypatch.setattr("urllib3.util.retry.Retry.get_backoff_time", lambda retry: 0.0)
    store = tmp_path / "home" / "qiskit-ibm.json"
    monkeypatch.setattr("qiskit_ibm_runtime.accounts.management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(store))
    with RuntimeService(tmp_path / "service") as service:
        for name, value in service.environment().items():
            monkeypatch.setenv(name, value)
        yield service


@pytest.fixture
def away(tmp_path):
    """A run whose jobs go to the service."""
    from remote_runs import Run

    return Run(tmp_path)


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """Runs commands that kill themselves at a step."""
    from commands import Commands

    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.end()
