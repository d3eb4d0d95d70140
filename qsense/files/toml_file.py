"""Reads a TOML file into a typed model; whatever is wrong becomes one line with the file, the key and the fix."""

from __future__ import annotations

import difflib
import io
import re
import tomllib
from collections.abc import Collection
from datetime import date, time
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from qsense.errors import SpecError, nearest, of_key
from qsense.files.near import meant
from qsense.files.nesting import is_deep
from qsense.files.safe import read_bytes

LARGEST = 2**26
"""Bytes of a TOML file."""


class Table(BaseModel):
    """A TOML table: unknown keys are refused, and nothing is changed after reading.

    WANTED is what an error says that should stand in its place, where it may be written in other ways.
    """

    WANTED: ClassVar[str] = ""

    @classmethod
    def further_keys(cls) -> Collection[str]:
        """Returns the keys that it may have beside its fields, where it allows some."""
        return ()

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses true and false where a number belongs: they would be read as 1 and 0."""
        if (found := _truth_value(value)) is None:  # an annotation takes long to say
            return value
        wanted = str(cls.model_fields[info.field_name or ""].annotation)
        if re.search(r"\b(float|int)\b", wanted) and "bool" not in wanted:
            raise ValueError(f"should be a number, but {'is' if value is found else 'has'} {as_toml(found)}")
        return value


def _truth_value(value: Any) -> bool | None:
    """The first truth value in a value; None where there is none."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return next((found for one in value if (found := _truth_value(one)) is not None), None)
    return value if isinstance(value, bool) else None


Model = TypeVar("Model", bound=Table)


def read(path: Path, model: type[Model]) -> Model:
    """Returns the file as a model.

    Args:
        path: a TOML file.
        model: what its keys must be.

    Raises:
        SpecError: the file cannot be read, is not TOML, or does not fit the model.
    """
    try:
        text = io.TextIOWrapper(io.BytesIO(read_bytes(path, most=LARGEST)), encoding="utf-8-sig").read()
        data = tomllib.loads(text)
        if is_deep(data):
            raise RecursionError
    except FileNotFoundError as error:
        raise SpecError(f"{path}: no such file; {meant(path, 'give the path of a TOML file', ('.toml',))}") from error
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}.") from error
    except ValueError as error:  # of TOML, of UTF-8, of a number with thousands of digits
        raise SpecError(f"{path}: not valid TOML: {_one_line(str(error))}.") from error
    except RecursionError as error:
        raise SpecError(f"{path}: not valid TOML: it is nested too deeply.") from error
    return parse(data, model, str(path))


def parse(data: dict[str, Any], model: type[Model], source: str) -> Model:
    """Returns a dictionary as a model; `source` is what an error calls it.

    >>> class Point(Table):
    ...     x: int
    >>> parse({"y": 1}, Point, "p.toml")
    Traceback (most recent call last):
    qsense.errors.SpecError: p.toml: key `x` is missing; add it. `y` is unknown. Known: x.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"{source}: {_explain(error, model)}") from error


def _explain(error: ValidationError, model: type[Table]) -> str:
    details = error.errors(include_url=False)
    if (misspelt := _misspelt(details, model)) is not None:
        return misspelt
    key = _key(details[0]["loc"])
    # Of the types that a key may have, the one that fits best fails deepest.
    key = max((found for d in details if (found := _key(d["loc"])).startswith(key)), key=lambda one: one.count("["))
    unions = [d for d in details if _key(d["loc"]) == key]
    first = unions[0]
    kind, value = first["type"], first["input"]
    if kind == "extra_forbidden":
        return _unknown(first["loc"], model)
    if kind == "missing":
        return f"key `{key}` is missing; add it."
    if kind == "value_error":
        message = _one_line(str(first["ctx"]["error"]))
        return f"key `{key}`: {of_key(message, key)}" if key else message
    if kind == "string_pattern_mismatch":
        return f"key `{key}` should match the pattern {first['ctx']['pattern']}, but is {_shown(value)}."
    # A number out of its range need not hear that it could also be a list.
    told = [d for d in unions if d["type"].startswith(("greater", "less", "finite"))] or unions
    wanted = " or ".join(dict.fromkeys(_wanted(d, model) for d in told))
    return f"key `{key}` should be {wanted}, but is {_shown(value)}."


def _misspelt(details: list[Any], model: type[Table]) -> str | None:
    """What is said where a key is missing and one that is unknown reads much like it, or is the only one: both."""
    if details[0]["type"] != "missing":
        return None
    *table, last = details[0]["loc"]
    lacking = [str(d["loc"][-1]) for d in details if d["type"] == "missing" and d["loc"][:-1] == tuple(table)]
    given = details[0]["input"]
    known = _keys_of(tuple(table), model)
    unknown = [str(key) for key in given if key not in known] if isinstance(given, dict) else []
    are_two = len(unknown) == len(lacking) == 1
    for key in unknown:
        if _near(key, known if are_two else lacking):
            return _unknown((*table, key), model)
    if not are_two:
        return None
    return f"key `{_key((*table, last))}` is missing; add it. `{unknown[0]}` is unknown. {nearest('', known)}"


def _near(word: str, known: list[str]) -> str | None:
    """The key that a misspelt one stands for: almost of its letters, or one that begins with it."""
    word = word.lower()
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    begun = [key for key in known if len(word) > 1 and key.startswith(word)]
    return next(iter(close + begun), None)


def _unknown(location: tuple[int | str, ...], model: type[Table]) -> str:
    """What is said of a key that there is not, with those that there are in its table."""
    last, table = str(location[-1]), _key(location[:-1])
    key = f"{table}.{last}" if table else last
    known = _keys_of(location[:-1], model)
    if not known:
        return f"key `{key}` is unknown; remove it."
    return f"key `{key}` is unknown. {nearest(_near(last, known) or '', known)}"


def _keys_of(location: tuple[int | str, ...], model: type[Table]) -> list[str]:
    """The keys of the table at a place in a model; of all that may stand there, where the place does not tell."""
    tables = _tables_at(location, model)
    fields = [field.alias or key for one in tables for key, field in one.model_fields.items()]
    return list(dict.fromkeys([*fields, *(key for one in tables for key in sorted(one.further_keys()))]))


def _tables_at(location: tuple[int | str, ...], model: type[Table]) -> list[type[Table]]:
    tables = [model]
    for part in location:
        named = [one for one in tables if one.__name__ == part]
        if named or not isinstance(part, str):
            tables = named or tables
            continue
        found = [one.model_fields[part].annotation for one in tables if part in one.model_fields]
        tables = [one for annotation in found for one in _tables_in(annotation)] or tables
    return tables


def _tables_in(annotation: Any) -> list[type[Table]]:
    """The models that a type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return [annotation]
    return [one for inner in get_args(annotation) for one in _tables_in(inner)]


_KEYS_SHOWN = 3
_ENDINGS = ("_type", "_parsing", "_from_float", "_sub_type", "_unicode", "_parsing_size")
_MEANT = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a table",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_too_short": "a text that is not empty",
}


def _wanted(detail: Any, model: type[Table]) -> str:
    """What should stand at a place, from what pydantic says of it."""
    kind = detail["type"]
    if kind in ("model_type", "model_attributes_type"):
        tables = [one for one in _tables_at(detail["loc"], model) if one.__name__ == detail["ctx"]["class_name"]]
        if tables and tables[0].WANTED:
            return tables[0].WANTED
        keys = list(tables[0].model_fields)[:_KEYS_SHOWN] if tables else []
        return "a table" + (f" with keys such as {', '.join(keys)}" if keys else "")
    meant = _MEANT.get(kind) or _MEANT.get(kind.partition("_")[0] if kind.endswith(_ENDINGS) else "")
    if meant is not None:
        return meant.format(**detail.get("ctx", {}))
    words = _one_line(detail["msg"]).removeprefix("Input should be ")
    for theirs, ours in (("greater than or equal to", "at least"), ("greater than", "above"), ("less than", "below")):
        words = words.replace(theirs, ours)
    return words.replace("below or equal to", "at most")


def _key(location: tuple[int | str, ...]) -> str:
    """The dotted key; the names that pydantic adds for the branches of a union are omitted."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and part not in ("int", "float", "str", "bool") and part[:1].islower():
            path += f".{part}" if path else part
    return path


def _shown(value: Any) -> str:
    text = _one_line(as_toml(value))
    return text if len(text) <= 60 else text[:57] + "..."


def as_toml(value: Any) -> str:
    """Returns a value as a file has it, in which nothing is None.

    >>> as_toml([True, {"a": "x"}])
    "[true, { a = 'x' }]"
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items()) + " }"
    return repr(value)


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
