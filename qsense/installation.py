"""How qsense is installed: the command that adds an extra, and what to do beside the other `qsense` of the index.

On the public package index the distribution `qsense` is a tool to administer Qlik Sense, with a package and a command
of the same name. This one is distributed as `qsense-metrology`; whichever is installed last overwrites the other.
"""

from __future__ import annotations

import sys
from pathlib import Path

DISTRIBUTION = "qsense-metrology"
_FIX = f"run: pip uninstall qsense; then install {DISTRIBUTION} again."


def install_hint(extra: str) -> str:
    """Returns the command that installs an extra: by its folder from a checkout, else by the distribution's name.

    The second form also serves an installation from a wheel: pip keeps the version that is there, and adds the extra.
    """
    checkout = Path(__file__).resolve().parents[1] / "pyproject.toml"
    name = "-e ." if checkout.is_file() and f'name = "{DISTRIBUTION}"' in checkout.read_text("utf-8") else DISTRIBUTION
    return f'pip install -e ".[{extra}]"' if name == "-e ." else f'pip install "{name}[{extra}]"'


def check_installation() -> None:
    """Says so in one line if the other `qsense` is installed in the same place.

    Raises:
        ImportError: its package, or none, stands where that of qsense-metrology was.
    """
    package = sys.modules.get(__package__)
    folder = Path(__file__).resolve().parent
    if "RunSpec" not in getattr(package, "__all__", ()):
        raise ImportError(
            f"{folder / '__init__.py'} is not that of {DISTRIBUTION}: another distribution, qsense, has overwritten "
            f"or removed it; {_FIX}"
        )
    for info in folder.parent.glob("qsense-*.dist-info"):
        entry_points = info / "entry_points.txt"
        if entry_points.is_file() and "qsense.cli:main" in entry_points.read_text("utf-8"):
            continue  # an earlier version of this one, by its old name
        import logging

        logging.getLogger("qsense").warning(
            f"Another distribution, {info.name.removesuffix('.dist-info')}, is installed in the same folder and shares "
            f"files with {DISTRIBUTION}; use another environment for it, or {_FIX}"
        )
