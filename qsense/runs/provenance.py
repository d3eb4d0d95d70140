"""Where numbers come from: versions, platform and commit. Not part of any identity, and without a name or a path."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from qsense.version import __version__

_FOLDER_NAME = re.compile(r"(.+)-([0-9a-f]{12})")
_PACKAGES = ("qiskit", "qiskit-aer", "qiskit-ibm-runtime", "numpy", "scipy")


@lru_cache(maxsize=1)
def provenance() -> dict[str, Any]:
    """Returns the versions of Python, of qsense and of what it computes with, the platform, and a checkout's commit.

    >>> sorted(provenance())
    ['git_commit', 'platform', 'python', 'versions']
    """
    versions = {"qsense": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions,
        "git_commit": _commit(),
    }


def _commit() -> str | None:
    """The commit of the checkout that qsense runs from, with "+" if files differ; None outside of a checkout."""
    folder = Path(__file__).resolve().parent.parent.parent
    if not (folder / ".git").exists():
        return None

    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--", "qsense"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"^# branch\.oid ([0-9a-f]+)$", said, re.MULTILINE)
    changed = any(not line.startswith("#") for line in said.splitlines())
    return found[1] + ("+" if changed else "") if found else None


def recorded_id(provenance: Mapping[str, Any], folder: str) -> str:
    """Returns the id of a record, which it keeps whatever its folder or its run is called later; "" if none is known.

    Args:
        provenance: the record's.
        folder: the name of its folder, which has the id too where nobody has renamed it.

    >>> recorded_id({"spec_id": "0123456789ab"}, "mine"), recorded_id({}, "paper-fc94dab28629")
    ('0123456789ab', 'fc94dab28629')
    """
    return str(provenance.get("spec_id") or name_and_id(folder)[1])


def name_and_id(folder: str) -> tuple[str, str]:
    """Returns the name and the id in the name of a record's folder; all of it and "" where it has none."""
    found = _FOLDER_NAME.fullmatch(folder)
    return (found[1], found[2]) if found else (folder, "")
