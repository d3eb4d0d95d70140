"""How long each file of tests takes: the longest are run first, and `make quick` leaves them out.

`durations.txt` beside this file holds seconds of processor time, of a test's process and of those it has started and
waited for; `make durations` measures them anew. On a quiet machine a test that waits takes longer than that, and one of
several processes less.
"""

import gc
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

SLOW_S = 4.0
"""A file that takes longer is marked `slow`."""
TABLE = Path(__file__).with_name("durations.txt")
TESTS = Path(__file__).resolve().parent.parent
_measured, _used_before = Counter(), [0.0]


@cache
def seconds():
    """path under tests/ → seconds."""
    rows = (line.split() for line in TABLE.read_text().splitlines())
    return {path: float(duration) for duration, path in rows}


def of_file(path):
    return seconds().get(path.relative_to(TESTS).as_posix(), 0.0) if path.is_relative_to(TESTS) else 0.0


def is_slow(path):
    return of_file(path) > SLOW_S


def pytest_collection_modifyitems(items):
    for item in items:
        if is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: -of_file(item.path))


def pytest_collection_finish():
    gc.collect()
    gc.freeze()  # thousands of tests, and the libraries: to look through them again and again takes 4 % of the time


def pytest_runtest_logstart():
    _used_before[0] = _used()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    now = _used()
    report.processor_s, _used_before[0] = now - _used_before[0], now
    return report


def pytest_runtest_logreport(report):
    _measured[report.nodeid.split("::")[0]] += getattr(report, "processor_s", 0.0)  # a worker that died says nothing


def _used():
    if "QSENSE_MEASURE_DURATIONS" not in os.environ:
        return 0.0
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def pytest_sessionfinish(session):
    if os.environ.get("QSENSE_MEASURE_DURATIONS") and not hasattr(session.config, "workerinput"):
        found = {path.removeprefix("tests/"): duration for path, duration in _measured.items() if "tests/" in path}
        known = {path: duration for path, duration in seconds().items() if (TESTS / path).exists()}
        rows = sorted(((duration, path) for path, duration in {**known, **found}.items() if duration > 1), reverse=True)
        TABLE.write_text("".join(f"{duration:.1f} {path}\n" for duration, path in rows))
