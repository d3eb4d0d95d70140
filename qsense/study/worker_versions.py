"""The versions that decide a trial's outcome: a worker with others than the study's own process runs no trial."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata

from qsense.errors import ArgumentError
from qsense.study.trial import RESULTS_VERSION
from qsense.version import __version__

_PACKAGES = ("numpy", "scipy", "qiskit", "qiskit-aer")


class WorkerVersionError(ArgumentError):
    """A worker has another version of qsense, or of what it computes with."""


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Returns the versions of this process by name.

    >>> sorted(versions())
    ['numpy', 'qiskit', 'qiskit-aer', 'qsense', 'results', 'scipy']
    """
    found = {"qsense": __version__, "results": str(RESULTS_VERSION)}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def check_versions(there: Mapping[str, str], here: Mapping[str, str], worker: str = "") -> None:
    """Refuses a worker whose versions are not those of the study's own process.

    Args:
        there: of the worker.
        here: of the study's own process.
        worker: its address; by default this process is the worker.

    Raises:
        WorkerVersionError: names the worker, and the first version that differs.

    >>> check_versions({"qsense": "0.1.0"}, {"qsense": "0.2.0"}, "tcp://host:1")
    Traceback (most recent call last):
    qsense.study.worker_versions.WorkerVersionError: The worker tcp://host:1 has qsense 0.1.0, but this is 0.2.0; ...
    """
    worker = worker or f"{socket.gethostname()} (process {os.getpid()})"
    for name, version in here.items():
        if there.get(name) != version:
            what = "results of version" if name == "results" else name
            raise WorkerVersionError(
                f"The worker {worker} has {what} {there.get(name)}, but this is {version}; install the same version on "
                "both. Finished trials are stored."
            )
