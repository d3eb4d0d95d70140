"""The estimators that a run spec can name. A new one is a file with a class, and its name in `_BUILT_IN`.

One from outside the package is registered by `register_estimator`, or by an entry point of the group
`qsense.estimators` of an installed distribution, which worker processes and the command line find too.
"""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from typing import TypeVar

from qsense.errors import ArgumentError, extension_code, nearest
from qsense.estimators.estimator import Estimator, Option, TimeTable
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.moments.method import CollectiveMoments
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.scan.collective import CollectiveScan
from qsense.estimators.scan.method import ParityScan, RamseyScan
from qsense.estimators.shifts.method import ParameterShift
from qsense.estimators.tomography.method import Tomography
from qsense.extensions import entry_points
from qsense.files import is_plain_name
from qsense.probes import Probe

AUTO = "auto"
ENTRY_POINTS = "qsense.estimators"
_BUILT_IN: tuple[type[Estimator], ...] = (
    Tomography,
    GhzBlock,
    ProductSpins,
    ParameterShift,
    CollectiveMoments,
    ParityScan,
    RamseyScan,
    CollectiveScan,
)
_REGISTERED: dict[str, type[Estimator]] = {one.name: one for one in _BUILT_IN}
POINT_COLUMNS = ("probe", "num_qubits", "noise", "estimator", "time_s", "gain_exact")
"""The columns that a record writes before those of an estimator's own table."""
RECORD_TABLES = ("estimates.csv", "fits.csv")
_RESERVED_OPTIONS = ("estimator", "shots", "probe")
Registered = TypeVar("Registered", bound=type[Estimator])


def register_estimator(estimator: Registered) -> Registered:
    """Makes an estimator known to run specs, and returns it; serves as a decorator.

    Args:
        estimator: a subclass of `Estimator`, as in docs/extending.md.

    Raises:
        ArgumentError: it is no subclass, or an abstract one or no dataclass; its name is taken or not a plain word; or
            an option or a table is not declared as `Option` and `TimeTable` say.
    """
    if not (isinstance(estimator, type) and issubclass(estimator, Estimator)):
        raise ArgumentError(
            f"Argument `estimator` must be a subclass of qsense.estimators.Estimator, but is {estimator!r}."
        )
    name = getattr(estimator, "name", "")
    if not _is_word(name):
        raise ArgumentError(f'The name of an estimator must be lower-case letters, digits and _, but is "{name}".')
    if name == AUTO or _REGISTERED.get(name, estimator) is not estimator:
        raise ArgumentError(f'An estimator "{name}" is registered already; choose another name.')
    _check_options(estimator)
    if missing := sorted(getattr(estimator, "__abstractmethods__", ())):
        raise ArgumentError(f'The estimator "{name}" does not define `{missing[0]}`, which an estimator must have.')
    if not is_dataclass(estimator):
        raise ArgumentError(f'The estimator "{name}" must be a frozen dataclass: its fields decide the seeds of a run.')
    _check_tables(estimator)
    _REGISTERED[name] = estimator
    return estimator


def _is_word(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None


def _check_options(estimator: type[Estimator]) -> None:
    for name, option in estimator.options.items():
        if name in _RESERVED_OPTIONS:
            raise ArgumentError(f"The word `{name}` is reserved; choose another name for the option.")
        if not _is_word(name):
            raise ArgumentError(f"The name of an option must be lower-case letters, digits and _, but is {name!r}.")
        if not isinstance(option, Option):
            raise ArgumentError(f"The option `{name}` must be a qsense.estimators.Option, but is {option!r}.")
        values = option.default if isinstance(option.default, tuple) else (option.default,)
        if {type(one) for one in values} - {str, bool, int, float} or len({type(one) for one in values}) > 1:
            raise ArgumentError(
                f"The default of the option `{name}` must be text, a number, true or false, or a tuple of one "
                f"of these types, but is {option.default!r}."
            )


def _check_tables(estimator: type[Estimator]) -> None:
    for table in estimator.tables:
        if not isinstance(table, TimeTable):
            raise ArgumentError(f'The estimator "{estimator.name}" has in `tables` {table!r}, which is no TimeTable.')
        name = table.file_name
        if not is_plain_name(name) or not name.endswith(".csv") or name.startswith("."):
            raise ArgumentError(f"The file of a table must be a plain file name ending in .csv, but is {name!r}.")
        if name.lower() in RECORD_TABLES:
            raise ArgumentError(f'The table "{name}" is one of every record; choose another file name.')
        others = [one for other in _REGISTERED.values() if other is not estimator for one in other.tables]
        same = [one for one in (*others, *estimator.tables) if one.file_name.lower() == name.lower()]
        if any(one != table for one in same):
            raise ArgumentError(f'Another table has the file name "{name}"; choose another.')
        for column in (*table.columns, *table.texts):
            if column in POINT_COLUMNS or (column in table.texts and column not in table.columns):
                raise ArgumentError(
                    f'The table "{name}" cannot have the column {column!r} of its own; choose another name.'
                    if column in POINT_COLUMNS
                    else f'The table "{name}" has no column {column!r}; `texts` must be some of `columns`.'
                )


def text_columns(file_name: str) -> tuple[str, ...]:
    """Returns the columns that hold text of the table with a file name, if an estimator declares one."""
    tables = (one for estimator in _REGISTERED.values() for one in estimator.tables)
    return next((table.texts for table in tables if table.file_name == file_name), ())


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

    >>> " ".join(estimator_names())
    'auto collective_scan ghz moments parameter_shift parity_scan product ramsey_scan tomography'
    """
    _load_installed()
    return sorted([AUTO, *_REGISTERED])


def estimator_named(name: str) -> type[Estimator]:
    """Returns an estimator by its name.

    Raises:
        ArgumentError: there is none of that name, or it is code that is not allowed.
    """
    _load_installed()
    if name not in _REGISTERED:
        hint = entry_points.hint(ENTRY_POINTS, name, f'the estimator "{name}"')
        raise ArgumentError(f'unknown estimator "{name}". {nearest(name, estimator_names())}{hint}')
    return _REGISTERED[name]


def automatic(probe: Probe) -> tuple[type[Estimator], str]:
    """Returns the estimator that `auto` takes for a probe, and why.

    The estimator registered last has precedence; tomography, the first, takes what is left.

    >>> automatic(Probe.ghz(4))[0].name, automatic(Probe.named("w", 4))[0].name
    ('ghz', 'tomography')
    """
    _load_installed()
    for estimator in reversed(list(_REGISTERED.values())):
        with extension_code(estimator, f'the estimator "{estimator.name}", asked for {probe.name}'):
            reason = estimator.reason(probe) if estimator.goes_with(probe) else None
        if reason is not None:
            return estimator, reason
    raise AssertionError("tomography takes every probe")


def _load_installed() -> None:
    """Registers the estimators of installed distributions that are allowed."""
    entry_points.register_installed(ENTRY_POINTS, lambda name, estimator: register_estimator(estimator))
