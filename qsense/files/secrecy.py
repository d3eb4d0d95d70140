"""Removes credentials from messages: every text of a vendor's client passes through here before it is shown."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable

_HIDDEN = "[hidden]"
_HEADERS = re.compile(r"\b(Bearer|apikey|api[_-]?key|access_token|token)(\W{1,4})[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_VARIABLES = re.compile(r"TOKEN|SECRET|PASSWORD|API_?KEY", re.IGNORECASE)


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """Returns the text on one line, without credentials.

    Hidden are the given secrets, the values of environment variables whose names contain TOKEN, SECRET, PASSWORD or API
    KEY, and what follows words such as Bearer or apikey.

    >>> scrubbed("401: Authorization: Bearer abcdef0123456789 was refused")
    '401: Authorization: Bearer [hidden] was refused'
    >>> scrubbed("key s3cr3t-key refused", ["s3cr3t-key"])
    'key [hidden] refused'
    """
    known = {value for name, value in os.environ.items() if _VARIABLES.search(name)} | set(secrets)
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= 6:  # shorter values are not credentials, and occur inside words
            text = text.replace(secret, _HIDDEN)
    return " ".join(_HEADERS.sub(rf"\1\2{_HIDDEN}", text).split())


def causes(error: BaseException, most: int = 300) -> str:
    """Returns the type and the text of an error and of what caused it, outermost first, without credentials.

    Args:
        error: with its causes, as `raise … from` and handlers leave them.
        most: characters; what is longer is cut at its end.

    >>> try:
    ...     try:
    ...         {}["qubit"]
    ...     except KeyError as inner:
    ...         raise TypeError("no such device") from inner
    ... except TypeError as outer:
    ...     causes(outer)
    "TypeError: no such device; caused by KeyError: 'qubit'"
    """
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    words = (f"{type(each).__name__}: {each}".removesuffix(": ") for each in found)
    text = scrubbed("; caused by ".join(words))
    return text if len(text) <= most else f"{text[: most - 1]}…"


class ScrubbingFilter(logging.Filter):
    """Scrubs what a logger's handlers write.

    Attributes:
        secrets: returns the secrets that are known at that time.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]):
        super().__init__()
        self.secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrubbed(record.getMessage(), self.secrets()), None
        if record.exc_info:
            record.msg, record.exc_info = f"{record.msg} ({record.exc_info[0].__name__})", None  # type: ignore[union-attr]
        return True
