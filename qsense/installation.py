"""How qsense is installed: the command that adds an extra, and what to do beside the other `qsense` of the index.

On the public package index the distribution `qsense` is a tool to administer Qlik Sense, with a package and a command
of the same name. This one is distributed as `qsense-metrology`; whichever is installed last overwrites the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

DISTRIBUTION = "qsense-metrology"
EXTENSION_HINT = (
    " One of an extension must be installed with an entry point in the group {}, for the command line and worker "
    "processes to find it (docs/extending.md)."
)
_FIX = f"run: pip uninstall qsense; then install {DISTRIBUTION} again."


def install_hint(extra: str) -> str:
    """Returns the command that installs an extra: by its folder from a checkout, else by the distribution's name.

    The second form also serves an installation from a wheel: pip keeps the version that is there, and adds the extra.
    """
    checkout = Path(__file__).resolve().parents[1] / "pyproject.toml"
    name = "-e ." if checkout.is_file() and f'name = "{DISTRIBUTION}"' in checkout.read_text("utf-8") else DISTRIBUTION
    return f'pip install -e ".[{extra}]"' if name == "-e ." else f'pip install "{name}[{extra}]"'


class Installed(NamedTuple):
    """What an entry point of an installed distribution gives: its name, the object, and where it is declared."""

    name: str
    value: Any
    where: str


@lru_cache(maxsize=16)
def installed(group: str) -> tuple[Installed, ...]:
    """Returns what installed distributions declare in a group of entry points.

    One that cannot be loaded is left out, with a warning that names it: it must not stop what does not need it.
    """
    from importlib.metadata import entry_points  # slow to import

    found = []
    for point in entry_points(group=group):
        distribution = "an installed distribution" if point.dist is None else point.dist.name
        where = f"entry point `{point.name} = {point.value}` ({group}) of {distribution}"
        try:
            found.append(Installed(point.name, point.load(), where))
        except Exception as error:  # whatever the distribution's code raises when it is imported
            _warn_skipped(where, error)
    return tuple(found)


def register_installed(group: str, register: Callable[[str, Any], object]) -> None:
    """Registers what installed distributions declare in a group; what is refused is skipped, with a warning.

    Args:
        group: of entry points, such as "qsense.estimators".
        register: called with the name and the object of each.
    """
    for one in installed(group):
        try:
            register(one.name, one.value)
        except Exception as error:  # a name that is taken, or not what the group holds
            _warn_skipped(one.where, error)


def _warn_skipped(where: str, error: Exception) -> None:
    import logging

    reason = " ".join(f"{type(error).__name__}: {error}".split())
    logging.getLogger("qsense").warning(f"Skipped the {where}: {reason}; repair or uninstall it.")


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
