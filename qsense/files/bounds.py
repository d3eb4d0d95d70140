"""What a number of a TOML file may be, said once: the reader refuses what is outside, and the JSON Schema says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from qsense.files.patterns import quantity_pattern
from qsense.files.units import Kind


def is_no_text(value: Any) -> Any:
    """Refuses a text, which would be read as the number that it shows."""
    if isinstance(value, str):
        raise ValueError(f'should be a number, but is the text "{value:.40}"; remove its quotes')
    return value


no_text = BeforeValidator(is_no_text)
Number = Annotated[float, no_text]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1), no_text]
at_least_one = Field(min_length=1)
"""Of a list."""


def as_whole(value: Any) -> Any:
    """Returns a float without a fraction as an integer; anything else as it is.

    >>> as_whole(100.0), as_whole(0.5), as_whole("1")
    (100, 0.5, '1')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"should be a whole number, but is {str(value).lower()}")
    return as_whole(value)


whole = BeforeValidator(_whole)
"""Reads 100.0 as 100, which a JSON Schema cannot tell apart."""
Index = Annotated[int, Field(ge=0, strict=True), whole]


@dataclass(frozen=True)
class ZeroOr:
    """Allows 0 and what is from `least` to `most` (None: no end); lists and texts are left alone."""

    least: float
    most: float | None = None

    def check(self, value: Any) -> Any:
        """Returns a value that is allowed.

        Raises:
            ValueError: it is not.
        """
        if not isinstance(value, int | float) or value == 0:
            return value
        if value < 0:
            raise ValueError(f"should not be negative, but is {value}")
        if value < self.least or (self.most is not None and value > self.most):
            allowed = f"at least {self.least}" if self.most is None else f"from {self.least} to {self.most}"
            raise ValueError(f"should be 0 or {allowed}, but is {value}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        between = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": self.least}
        most = {} if self.most is None else {"maximum": self.most}
        return {**handler(core), "minimum": 0, **most, "not": between}


def text_of(kind: Kind, signed: bool = False, infinite: bool = False, zero: bool = True) -> WithJsonSchema:
    """Returns what the JSON Schema says of the texts of a quantity; as `quantity_pattern`."""
    return WithJsonSchema({"type": "string", "pattern": quantity_pattern(kind, signed, infinite, zero)})
