"""What is listed of a whole record, read at once: each file is opened once, and what is not listed is skipped.

Nothing is judged here. Whatever is not as expected is left to `listing`, which reads it again and says what is wrong.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from functools import cache, lru_cache
from typing import Any

SOURCES = ("spec.toml", "summary.json", "provenance.json")
Marks = tuple[tuple[int, int, int] | None, ...]
"""Of each of `SOURCES`: its times of change in ns, that of its content and that of its entry, and its size in bytes."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_STATEMENT = re.compile(r"\n(?=[A-Za-z0-9_-]+ = )")
_LARGEST = 2**26  # bytes; larger files are read with more care


def marks_of(record: str) -> Marks:
    """Returns the marks of a record's files; None where there is no regular file."""
    found: list[tuple[int, int, int] | None] = []
    for name in SOURCES:
        try:
            state = os.lstat(f"{record}{os.sep}{name}")
        except OSError:
            found.append(None)
            continue
        found.append(_mark(state))
    return tuple(found)


def _mark(state: os.stat_result) -> tuple[int, int, int] | None:
    return (state.st_mtime_ns, state.st_ctime_ns, state.st_size) if stat.S_ISREG(state.st_mode) else None


def read_whole(record: str) -> tuple[Marks, dict[str, Any], dict[str, Any], dict[str, Any] | None] | None:
    """Returns the marks, the spec, the provenance and the summary of a record; None where anything is amiss.

    The summary is None where there is none, and has only its `rows`, with what is listed of them, and its `verdicts`.

    Args:
        record: its folder, which is no link.
    """
    if not hasattr(os, "O_NOFOLLOW"):
        return None  # links would be followed
    try:
        read = {name: _content(f"{record}{os.sep}{name}") for name in SOURCES}
        spec, summary, provenance = (read[name] for name in SOURCES)
        if spec is None or provenance is None:
            return None
        about = _of_provenance()(provenance[1])
        of_spec = parse_toml(spec[1].decode())
        if "device" in of_spec and "qubits" not in of_spec["device"]:
            return None  # of an earlier version, whose verdicts do not say what its qubits are
        said = None if summary is None else _of_summary()(summary[1])
    except (OSError, ValueError, RecursionError):  # pydantic's errors are ValueErrors
        return None
    return tuple(None if one is None else one[0] for one in read.values()), of_spec, about, said


def _content(path: str) -> tuple[tuple[int, int, int], bytes] | None:
    """A regular file's mark and bytes; None where there is nothing of this name. Raises OSError where it is another."""
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    try:
        state = os.fstat(handle)
        mark = _mark(state)
        if mark is None or state.st_size > _LARGEST:
            raise OSError(path)
        content = b""
        while part := os.read(handle, max(1, state.st_size - len(content) + 1)):
            content += part
            if len(content) > _LARGEST:
                raise OSError(path)
        return mark, content
    finally:
        os.close(handle)


def parse_toml(text: str) -> dict[str, Any]:
    r"""Returns what `tomllib` reads, sooner where many files have the same statements: each is parsed once.

    The results share their values, which must not be changed.

    Raises:
        ValueError: as `tomllib.loads`.

    >>> parse_toml('a = 1\nb = [\n    2,\n]\n\n[c]\nd = 3\n')
    {'a': 1, 'b': [2], 'c': {'d': 3}}
    """
    plain, bracket, tables = text.partition("\n[")  # keys after it belong to tables
    found: dict[str, Any] = {}
    try:
        for statement in (*_STATEMENT.split(plain), f"{bracket}{tables}"):
            part = _statement(statement)
            if not found.keys().isdisjoint(part):
                return tomllib.loads(text)
            found |= part
    except ValueError:  # a line in the middle of a value looks like a statement, or it is no TOML
        return tomllib.loads(text)
    return found


@lru_cache(maxsize=4096)
def _statement(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


@cache
def _of_provenance() -> Any:
    from typing import NotRequired

    from pydantic import TypeAdapter, with_config
    from typing_extensions import TypedDict

    @with_config({"strict": True})
    class Provenance(TypedDict):
        schema: int
        spec_id: NotRequired[str]
        created: NotRequired[str]
        backend: NotRequired[str]

    return TypeAdapter(Provenance).validate_json


@cache
def _of_summary() -> Any:
    """Reads a summary: everything is parsed, but Python objects are made of what is listed alone."""
    from typing import NotRequired

    from pydantic import TypeAdapter, with_config
    from typing_extensions import TypedDict

    @with_config({"strict": True})
    class Row(TypedDict):
        probe: str
        num_qubits: int
        noise: str
        estimator: str
        z: NotRequired[float | None]
        integrated_gain_s: float
        integrated_gain_stderr_s: float

    @with_config({"strict": True})
    class Summary(TypedDict):
        rows: list[Row]
        verdicts: NotRequired[list[str]]

    return TypeAdapter(Summary).validate_json
