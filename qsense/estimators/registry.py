"""The estimators that a run spec can name. A new one is a file with a class, and its name in `_BUILT_IN`.

One from outside the package is registered by `register_estimator`, or by an entry point of the group
`qsense.estimators` of an installed distribution, which worker processes and the command line find too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

from qsense.errors import ArgumentError, nearest
from qsense.estimators.estimator import Estimator
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.shifts.method import ParameterShift
from qsense.estimators.tomography.method import Tomography
from qsense.installation import EXTENSION_HINT, register_installed
from qsense.probes import Probe

AUTO = "auto"
ENTRY_POINTS = "qsense.estimators"
_BUILT_IN: tuple[type[Estimator], ...] = (Tomography, GhzBlock, ProductSpins, ParameterShift)
_REGISTERED: dict[str, type[Estimator]] = {one.name: one for one in _BUILT_IN}
_RESERVED_OPTIONS = ("estimator", "shots", "probe")
Registered = TypeVar("Registered", bound=type[Estimator])


def register_estimator(estimator: Registered) -> Registered:
    """Makes an estimator known to run specs, and returns it; serves as a decorator.

    Args:
        estimator: a subclass of `Estimator`, as in docs/extending.md.

    Raises:
        ArgumentError: it is no subclass, or its name is taken or not a plain word, or an option's name is reserved.
    """
    if not (isinstance(estimator, type) and issubclass(estimator, Estimator)):
        raise ArgumentError(
            f"Argument `estimator` must be a subclass of qsense.estimators.Estimator, but is {estimator!r}."
        )
    name = getattr(estimator, "name", "")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ArgumentError(f'The name of an estimator must be lower-case letters, digits and _, but is "{name}".')
    if name == AUTO or _REGISTERED.get(name, estimator) is not estimator:
        raise ArgumentError(f'An estimator "{name}" is registered already; choose another name.')
    for option in _RESERVED_OPTIONS:
        if option in estimator.options:
            raise ArgumentError(f"The word `{option}` is reserved; choose another name for the option.")
    _REGISTERED[name] = estimator
    return estimator


def unregister_estimator(name: str) -> None:
    """Makes specs forget an estimator that was registered from outside.

    Raises:
        ArgumentError: there is none of that name, or it is one of qsense's own.
    """
    if _REGISTERED.get(name) in _BUILT_IN:
        raise ArgumentError(f'The estimator "{name}" is one of qsense\'s own.')
    del _REGISTERED[estimator_named(name).name]


def estimator_names() -> list[str]:
    """Returns what a run spec can name.

    >>> estimator_names()
    ['auto', 'ghz', 'parameter_shift', 'product', 'tomography']
    """
    _load_installed()
    return sorted([AUTO, *_REGISTERED])


def estimator_named(name: str) -> type[Estimator]:
    """Returns an estimator by its name.

    Raises:
        ArgumentError: there is none of that name.
    """
    _load_installed()
    if name not in _REGISTERED:
        raise ArgumentError(
            f'unknown estimator "{name}". {nearest(name, estimator_names())}{EXTENSION_HINT.format(ENTRY_POINTS)}'
        )
    return _REGISTERED[name]


def automatic(probe: Probe) -> tuple[type[Estimator], str]:
    """Returns the estimator that `auto` takes for a probe, and why.

    The estimator registered last has precedence; tomography, the first, takes what is left.

    >>> automatic(Probe.ghz(4))[0].name, automatic(Probe.named("w", 4))[0].name
    ('ghz', 'tomography')
    """
    _load_installed()
    for estimator in reversed(list(_REGISTERED.values())):
        reason = estimator.reason(probe) if estimator.goes_with(probe) else None
        if reason is not None:
            return estimator, reason
    raise AssertionError("tomography takes every probe")


@lru_cache(maxsize=1)
def _load_installed() -> None:
    """Registers the estimators of installed distributions, once."""
    register_installed(ENTRY_POINTS, lambda name, estimator: register_estimator(estimator))
