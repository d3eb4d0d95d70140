"""Which records are meant by words and conditions: one grammar for every command that chooses among records.

KEY=VALUE, KEY!=VALUE       name, id, backend, noise, probe, estimator, state; VALUE may hold * and ?
date=2026-11                how it begins; also <, <=, > and >=: date<=2026-11 is until the end of November
N=4  N=2,4  N=2-6           one of these; also <, <=, > and >=
z>3                         the largest |z|: <, <=, > and >= alone
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from qsense.errors import ArgumentError, nearest
from qsense.files.units import whole_numbers
from qsense.runs.listing import ListedRecord

_CONDITION = re.compile(r"\s*([A-Za-z|]+)\s*(!=|<=|>=|==|=|<|>)(.*)", re.DOTALL)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?)?)?")
_TEXTS: dict[str, Callable[[ListedRecord], tuple[str, ...]]] = {
    "name": lambda one: (one.name,),
    "id": lambda one: (one.id,),
    "backend": lambda one: (one.backend,),
    "noise": lambda one: one.noises,
    "probe": lambda one: one.probes,
    "estimator": lambda one: one.estimators,
    "state": lambda one: (one.state,),
}
KEYS = (*_TEXTS, "date", "N", "z")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

Test = Callable[[ListedRecord], bool]


def matching(
    records: Sequence[ListedRecord], conditions: Sequence[str], words: Sequence[str] = ()
) -> list[ListedRecord]:
    """Returns the records for which all conditions hold and in which all words occur.

    Args:
        records: of a folder.
        conditions: as the module says.
        words: conditions, or what is looked for in the texts of a record and the beginning of its id; capitals do not
            matter.

    Raises:
        ArgumentError: a condition is none.

    >>> both = [ListedRecord("a-1", "a", "1", num_qubits=(2, 4)), ListedRecord("b-2", "b", "2", num_qubits=(8,))]
    >>> [one.name for one in matching(both, ["N=3-6"])], [one.name for one in matching(both, ["name!=a", "N>4"])]
    (['a'], ['b'])
    >>> [one.name for one in matching(both, [], ["B", "N=8"])]
    ['b']
    """
    tests = [_test(condition) for condition in conditions]
    tests += [_test(word) if _CONDITION.fullmatch(word) else _occurs(word) for word in words]
    return [one for one in records if all(holds(one) for holds in tests)]


def _test(condition: str) -> Test:
    found = _CONDITION.fullmatch(condition)
    typed = "" if found is None else found[1].strip("|")
    key = next((known for known in KEYS if known.lower() == typed.lower()), "")
    if found is None or not key:
        hint = nearest(typed, KEYS) if typed else "Write KEY=VALUE."
        raise ArgumentError(f'Option --where "{condition}" names no key of records. {hint}')
    sign, value = found[2].replace("==", "="), found[3].strip()
    if key == "N":
        return _of_sizes(sign, value)
    if key == "z":
        return _of_z(sign, value)
    if key == "date":
        return _of_date(sign, value)
    if sign in _ORDERS:
        raise ArgumentError(f'Option --where "{condition}": {key} has no order; write = or !=.')
    texts, is_wanted = _TEXTS[key], sign == "="
    return lambda one: any(fnmatchcase(text, value) for text in texts(one)) == is_wanted


def _of_sizes(sign: str, value: str) -> Test:
    try:
        sizes = whole_numbers(value)
    except ArgumentError as error:
        raise ArgumentError(f"Option --where N {error}") from error
    if sign not in _ORDERS:
        wanted = set(sizes)
        return lambda one: bool(wanted & set(one.num_qubits)) == (sign == "=")
    if len(sizes) != 1:
        raise ArgumentError(f'Option --where "N{sign}{value}": goes with one number; for several write N={value}.')
    return lambda one: any(_ORDERS[sign](size, sizes[0]) for size in one.num_qubits)


def _of_z(sign: str, value: str) -> Test:
    try:
        limit = float(value)
    except ValueError:
        limit = float("nan")
    if sign not in _ORDERS or not abs(limit) < float("inf"):
        raise ArgumentError(f"""Option --where "z{sign}{value}": write an order and a number, such as 'z>3'.""")
    return lambda one: one.largest_z is not None and _ORDERS[sign](one.largest_z, limit)


def _of_date(sign: str, value: str) -> Test:
    if sign not in _ORDERS:
        return lambda one: fnmatchcase(one.created, f"{value}*") == (sign == "=")
    if not _DATE.fullmatch(value):
        raise ArgumentError(f'Option --where "date{sign}{value}": write the date as 2026, 2026-11 or 2026-11-26.')
    limit = value.replace(" ", "T")
    # As far as it is given: <= 2026-11 holds until the month ends.
    return lambda one: bool(one.created) and _ORDERS[sign](one.created[: len(limit)], limit)


def _occurs(word: str) -> Test:
    wanted = word.casefold()

    def holds(one: ListedRecord) -> bool:
        texts = (one.name, one.folder, one.backend, one.headline, one.reason, one.state, *one.noises, *one.probes)
        return (
            any(wanted in text.casefold() for text in (*texts, *one.estimators))
            or one.id.startswith(wanted)
            or one.created.startswith(word)
        )

    return holds
