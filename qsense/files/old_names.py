"""The names of the integrated gain 𝓘 in files: `integrated_gain`, and `img`, which was used before.

Older files have the old names alone. New JSON and CSV files have the current names, and repeat the values under the old
ones so that older scripts still work. Stores keep the old names, which are those of their schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

Value = TypeVar("Value")
_OLD = re.compile(r"(?<![a-z])img(?![a-z])")
_NEW = "integrated_gain"
_LATER = "phase_"  # columns that never had an old name
_NAMED = "quantity"  # the key whose value is such a name itself


@lru_cache(maxsize=1024)
def current_name(name: str) -> str:
    """Returns the current name of a key, column or quantity.

    >>> current_name("img_s"), current_name("classical_img"), current_name("integrated_gain_s"), current_name("z")
    ('integrated_gain_s', 'classical_integrated_gain', 'integrated_gain_s', 'z')
    """
    return _OLD.sub(_NEW, name)


def with_current_names(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row that any version wrote, with the current names alone.

    >>> with_current_names({"img_s": 1.0, "quantity": "img"})
    {'integrated_gain_s': 1.0, 'quantity': 'integrated_gain'}
    """
    found = {}
    for name, value in row.items():
        current = current_name(name)
        if current == name or current not in row:
            found[current] = current_name(value) if name == _NAMED and isinstance(value, str) else value
    return found


def with_old_names(row: Mapping[str, Value]) -> dict[str, Value]:
    """Returns a row, or columns, with the values of the integrated gain repeated under their old names at the end.

    >>> with_old_names({"integrated_gain_s": 1.0, "z": 0.5})
    {'integrated_gain_s': 1.0, 'z': 0.5, 'img_s': 1.0}
    """
    old = {name: value for name, value in row.items() if _NEW in name and not name.startswith(_LATER)}
    return {**row, **{name.replace(_NEW, "img"): value for name, value in old.items()}}


def with_old_names_alone(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row with the old names instead of the current ones, as a store of schema 1 has it.

    >>> with_old_names_alone({"integrated_gain_s": 1.0, "quantity": "integrated_gain"})
    {'img_s': 1.0, 'quantity': 'img'}
    """
    return {
        name.replace(_NEW, "img"): value.replace(_NEW, "img") if name == _NAMED and isinstance(value, str) else value
        for name, value in row.items()
    }
