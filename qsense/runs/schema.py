"""The JSON Schema of a run spec: the keys of `SpecFile`, and of every estimator the options that it declares."""

from __future__ import annotations

from typing import Any

from qsense.errors import is_own
from qsense.estimators.estimator import Option
from qsense.estimators.registry import AUTO, estimator_named, estimator_names
from qsense.files.toml_schema import schema_of
from qsense.runs.spec_file import SpecFile

_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def spec_schema() -> dict[str, Any]:
    """Returns the JSON Schema of run specs, for editors of TOML; other tools may check specs with it.

    What passes may still be refused: names are looked up, and keys held against each other, when a spec is loaded.

    >>> spec_schema()["properties"]["shots"]["minimum"]
    1
    """
    found = schema_of(SpecFile, "A run spec of qsense")
    definitions = found["$defs"]
    plain = definitions["EstimatorEntry"]
    definitions["EstimatorEntry"] = {
        "description": "An estimator and its options.",
        "oneOf": [_estimator(name, plain) for name in estimator_names()],
    }
    return found


def _estimator(name: str, plain: dict[str, Any]) -> dict[str, Any]:
    """A table of one estimator; an extension's own keys are checked when a spec is loaded."""
    properties = {**plain["properties"], "estimator": {"const": name}}
    if name == AUTO:
        return {**plain, "properties": properties, "additionalProperties": False}
    known = estimator_named(name)
    if not is_own(known):
        return {**plain, "properties": properties}
    options = {key: _option(option) for key, option in known.options.items()}
    return {
        **plain,
        "description": (known.__doc__ or "").partition("\n")[0],
        "properties": {**properties, **options},
        "additionalProperties": False,
    }


def _option(option: Option) -> dict[str, Any]:
    """What a key of an estimator may be."""
    if option.allowed:
        return {"enum": list(option.allowed), "default": option.default}
    bounds = {"minimum": option.least, "maximum": option.most}
    given = {key: value for key, value in bounds.items() if value is not None}
    if not isinstance(option.default, tuple):
        return {"type": _TYPES[type(option.default)], **given, "default": option.default}
    elements: dict[str, Any] = (
        {"type": _TYPES[type(option.default[0])]} if option.default else {"type": ["string", "integer", "number"]}
    )
    if given:
        elements = {"type": "number", **given}
    return {
        "type": "array",
        "items": elements,
        "minItems": min(1, len(option.default)),
        "default": list(option.default),
    }
