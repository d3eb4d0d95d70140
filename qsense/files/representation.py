"""A short repr for dataclasses."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any


def short_repr(item: Any) -> str:
    """Returns a dataclass as a call of its class with the fields that differ from their defaults.

    A tuple of one number is shown as the number. In the body of a class: `__repr__ = short_repr`.
    """
    shown = []
    for one in fields(item):
        value = getattr(item, one.name)
        default = one.default if one.default_factory is MISSING else one.default_factory()
        if one.repr and (default is MISSING or value != default):
            is_one_number = isinstance(value, tuple) and len(value) == 1
            shown.append(f"{one.name}={value[0] if is_one_number else value!r}")
    return f"{type(item).__name__}({', '.join(shown)})"
