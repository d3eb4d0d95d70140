"""JSON, and how deeply data from files are nested: what walks through them must not run out of stack."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

_DEEPEST = 100


class RepeatedKeyError(ValueError):
    """A table of a file has a key twice; the message says which, and where."""


def parse_json(text: str | bytes) -> Any:
    """Returns what JSON holds; nesting beyond a hundred levels is refused, and so are numbers of thousands of digits.

    Raises:
        RepeatedKeyError: a table has a key twice, of which Python would keep the last.
        ValueError: it is no JSON, or of this kind.

    >>> parse_json('{"a": [{"b": 1, "b": 2}]}')
    Traceback (most recent call last):
    qsense.files.nesting.RepeatedKeyError: has the key 'b' twice in 'a', 0
    """
    twice: list[tuple[Any, str]] = []

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            often = Counter(key for key, _ in pairs)
            twice.append((found, next(key for key, number in often.items() if number > 1)))
        return found

    try:
        found = json.loads(text, object_pairs_hook=table)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if is_deep(found):
        raise ValueError("nested too deeply")
    if twice:
        where = ", ".join(f"{key!r}"[:120] for key in _path(found, twice[0][0]) or ())
        raise RepeatedKeyError(f"has the key {twice[0][1][:120]!r} twice{' in ' * bool(where)}{where}")
    return found


def _path(data: Any, wanted: Any) -> tuple[Any, ...] | None:
    """The keys that lead to a table; None where it is not in the data, as it was itself replaced."""
    if data is wanted:
        return ()
    if not isinstance(data, dict | list):
        return None
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
        path = _path(inner, wanted)
        if path is not None:
            return (key, *path)
    return None


def is_deep(data: Any) -> bool:
    """Returns whether lists and tables are nested beyond a hundred levels, which no file of qsense needs.

    >>> is_deep([[1], {"a": [2]}])
    False
    """
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True
