"""What installed distributions declare as entry points: each is imported once it is allowed, and not before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from qsense.errors import type_and_text
from qsense.extensions.consent import current_consent, refusal

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

HINT = (
    " One of an extension must be installed with an entry point in the group {}, for the command line and worker "
    "processes to find it (docs/extending.md)."
)


class Declared(NamedTuple):
    """An entry point: its group, its name there, its code as "module:attribute", and the distribution that has it."""

    group: str
    name: str
    code: str
    distribution: str

    @property
    def where(self) -> str:
        return f"entry point `{self.name} = {self.code}` ({self.group}) of {self.distribution}"


_LOADED: dict[Declared, Any] = {}
_FAILED: set[Declared] = set()


def installed(group: str) -> list[Any]:
    """Returns what has been imported of a group: the objects."""
    return [value for one, value in _LOADED.items() if one.group == group]


def register_installed(group: str, register: Callable[[str, Any], object]) -> None:
    """Imports what is allowed of a group, each once, and registers it; what fails is skipped, with a warning.

    Args:
        group: of entry points, such as "qsense.estimators".
        register: called with the name and the object of each.
    """
    points = _points(group)
    if not points:
        return
    consent = current_consent()
    for one, point in points.items():
        if one in _LOADED or one in _FAILED or not consent.covers(one.code, one.distribution):
            continue
        try:
            value = point.load()
            register(one.name, value)
            _LOADED[one] = value
        except Exception as error:  # whatever its code raises, a name that is taken, or not what the group holds
            _FAILED.add(one)
            _warn_skipped(one.where, error)


def not_allowed(group: str) -> list[Declared]:
    """Returns what installed distributions declare in a group and the user has not allowed."""
    points = _points(group)
    if not points:
        return []
    consent = current_consent()
    return [one for one in points if one not in _LOADED and not consent.covers(one.code, one.distribution)]


def hint(group: str, name: str, what: str) -> str:
    """Returns what to say after an unknown name: how an extension is installed.

    Args:
        group: of entry points.
        name: the unknown one.
        what: names it, such as 'the kind of noise "telegraph"'.

    Raises:
        ArgumentError: an installed distribution has it, or may have it, and the user has not allowed it.
    """
    refused = not_allowed(group)
    for one in refused:
        if one.name == name:
            raise refusal(what, one.code, one.distribution)
    others = "".join(f" Not imported without --allow-code (allow_code=True): {one.where}." for one in refused[:1])
    return HINT.format(group) + others


@lru_cache(maxsize=16)
def _points(group: str) -> dict[Declared, EntryPoint]:
    from importlib.metadata import entry_points  # slow to import

    found = {}
    for point in entry_points(group=group):
        distribution = "an installed distribution" if point.dist is None else point.dist.name
        found[Declared(group, point.name, point.value.partition("[")[0].replace(" ", ""), distribution)] = point
    return found


def _warn_skipped(where: str, error: Exception) -> None:
    import logging

    logging.getLogger("qsense").warning(f"Skipped the {where}: {type_and_text(error)}; repair or uninstall it.")
