"""JSON, and how deeply data from files are nested: what walks through them must not run out of stack."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 100


def parse_json(text: str | bytes) -> Any:
    """Returns what JSON holds; nesting beyond a hundred levels is refused, and so are numbers of thousands of digits.

    Raises:
        ValueError: it is no JSON, or of this kind.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if is_deep(found):
        raise ValueError("nested too deeply")
    return found


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
