"""A key of an estimator's table in a run spec: its default, and what else it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.files.toml_file import as_toml

_TYPES: dict[type, str] = {str: "text", bool: "true or false", int: "a whole number", float: "a finite number"}


@dataclass(frozen=True)
class Option:
    """A key of the estimator's table in a run spec.

    Attributes:
        default: its value where the spec does not give it: text, a number, true or false, or a tuple of these.
        allowed: the values that it may have; () allows every value of the default's type. The elements of a list have
            the type of the default's first element (text or any number if it is empty); a list may be empty only where
            the default is.
        least, most: of numbers, and of those in a list, both ends included; None for no end.
        always_written: whether a resolved spec holds it also where it is the default. False keeps the ids of records
            that were made before the option existed.
    """

    default: Any
    allowed: tuple[Any, ...] = ()
    always_written: bool = True
    least: float | None = None
    most: float | None = None

    def checked(self, name: str, value: Any) -> Any:
        """Returns a value from a spec, lists as tuples.

        Raises:
            ArgumentError: it is not allowed, or of another type than the default.

        >>> Option("shift", ("shift", "commutator")).checked("derivative", "shfit")
        Traceback (most recent call last):
        qsense.errors.ArgumentError: unknown derivative "shfit". Did you mean "shift"? Known: commutator, shift.
        """
        if isinstance(value, list):
            value = tuple(value)
        if isinstance(self.default, tuple) and isinstance(value, tuple) and not self.allowed:
            return self._checked_elements(value)
        value = _as_kind(self.default, value)
        wrong_type = type(value) is not type(self.default)
        if self.allowed and (wrong_type or value not in self.allowed):
            known = [str(one) for one in self.allowed]
            if wrong_type:
                expected = _TYPES.get(type(self.default), "a list")
                raise ArgumentError(f"should be {expected}, one of {', '.join(known)}, but is {as_toml(value)}.")
            raise ArgumentError(f'unknown {name} "{value}". {nearest(str(value), known)}')
        if wrong_type or (isinstance(value, float) and not np.isfinite(value)):
            expected = _TYPES.get(type(self.default), "a list")
            raise ArgumentError(f"should be {expected}, but is {as_toml(value)}.")
        self._check_bounds(value)
        return value

    def _check_bounds(self, number: Any) -> None:
        if self.least is None and self.most is None:
            return
        if isinstance(number, str):
            raise ArgumentError(f"should have numbers, but has {as_toml(number)}.")
        if not (self.least is None or number >= self.least) or not (self.most is None or number <= self.most):
            low, high = (None if one is None else f"{one:g}" for one in (self.least, self.most))
            allowed = f"from {low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
            raise ArgumentError(f"should be {allowed}, but is {as_toml(number)}.")

    def _checked_elements(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.default and not values:
            raise ArgumentError("should be a list with at least one element, but is empty.")
        element = type(self.default[0]) if self.default else None
        found = tuple(_as_kind(self.default[0], one) for one in values) if self.default else values
        for one in found:
            wrong_type = type(one) not in (str, int, float) if element is None else type(one) is not element
            if wrong_type or (isinstance(one, float) and not np.isfinite(one)):
                expected = "text or a finite number" if element is None else _TYPES[element]
                raise ArgumentError(f"should be a list whose elements are {expected}, but has {as_toml(one)}.")
            self._check_bounds(one)
        return found


def _as_kind(default: Any, value: Any) -> Any:
    """A number as the default is: whole ones may be written with a point, and any without."""
    if type(default) is float and type(value) is int:
        return float(value)
    return int(value) if type(default) is int and type(value) is float and value.is_integer() else value
