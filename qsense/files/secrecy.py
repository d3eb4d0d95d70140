"""Removes credentials from messages: every text of a vendor's client passes through here before it is shown."""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

_HIDDEN = "[hidden]"
_SHORTEST = 6
"""Shorter values are not taken for credentials: they occur inside words."""
_VARIABLES = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY", re.IGNORECASE)
_PROXIES = re.compile(r"\w*_PROXY", re.IGNORECASE)
_PLACES = (
    re.compile(
        r"(\b(?:Bearer|apikey|api[_-]?key|access_token|token)(?:\W|%[0-9a-f]{2}){1,4})[A-Za-z0-9._~+/=-]{8,}", re.I
    ),
    re.compile(r"(\bAuthorization\W{1,4}(?:Basic|Bearer|Digest|NTLM|Negotiate)\s+)[^\s'\"]+", re.I),
    # A path may end with such a word, and a message go on behind it: "/etc/passwd: not a file".
    re.compile(
        r"((?:(?<!/)\b(?:password|passwd|pwd)[\"']?\s?[=:]\s?|/(?:password|passwd|pwd)[\"']?(?:\s?=\s?|:(?!\s)))[\"']?)"
        r"[^\s\"'&,;]+",
        re.I,
    ),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@:]*:\S*(?=@)", re.I),
)
"""What stands before a credential, and the credential."""
_sources: list[Callable[[], Iterable[str]]] = []


def add_secrets(source: Callable[[], Iterable[str]]) -> None:
    """Adds a function that returns secrets, such as the tokens of saved accounts, which are hidden from then on."""
    if source not in _sources:
        _sources.append(source)


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """Returns the text on one line, without credentials.

    Hidden are the given secrets and those of `add_secrets`, the values of environment variables whose names contain
    TOKEN, SECRET, PASSWORD, API_KEY and the like, and the passwords of proxies: as they are, percent-encoded once or
    more, in base64 (alone, or behind a user's name), in hexadecimal, or with their quotes escaped. Hidden is also what
    stands where credentials stand: behind words such as Bearer or apikey, and before the @ of an address.

    >>> scrubbed("401: Authorization: Bearer abcdef0123456789 was refused")
    '401: Authorization: Bearer [hidden] was refused'
    >>> scrubbed("key s3cr3t/key, s3cr3t%2Fkey, czNjcjN0L2tleQ== refused", ["s3cr3t/key"])
    'key [hidden], [hidden], [hidden] refused'
    >>> scrubbed("cannot connect to http://me:pass@proxy:8080")
    'cannot connect to http://[hidden]@proxy:8080'
    """
    known = {*secrets, *_of_environment()}
    for source in _sources:
        known.update(source())
    if pattern := _pattern(frozenset(one for one in known if len(one) >= _SHORTEST)):
        text = pattern.sub(_HIDDEN, text)
    for place in _PLACES:
        text = place.sub(rf"\1{_HIDDEN}", text)
    return " ".join(text.split())


def _of_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if _VARIABLES.search(name) and not value.isdigit():  # such as a largest number of tokens
            yield value
        elif _PROXIES.fullmatch(name):
            yield from proxy_passwords(value)


def proxy_passwords(url: str) -> set[str]:
    """Returns the password in a proxy's address, as it stands and decoded; nothing if it has none.

    >>> sorted(proxy_passwords("http://me:p%40ssword@proxy:8080"))
    ['p%40ssword', 'p@ssword']
    """
    password = (url.partition("://")[2] or url).rpartition("@")[0].partition(":")[2]
    return {password, unquote(password)} if password else set()


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """What matches any of the secrets in any of their forms; the longest first."""
    words = [form for secret in sorted(secrets, key=len, reverse=True) for form in _forms(secret)]
    return re.compile("|".join(words)) if words else None


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode(errors="surrogateescape")
    yield "".join(map(_encoded, secret))
    yield f"(?i:{data.hex()})"
    for before in range(3):  # bytes in front of it, such as a user's name, move it within its groups of three
        coded = base64.b64encode(b"\0" * before + data).decode()
        first, last = -(-8 * before // 6), 8 * (before + len(data)) // 6
        core = "".join("[+-]" if c == "+" else "[/_]" if c == "/" else c for c in coded[first:last])
        core = core.replace("[+-]", "(?:[+-]|%2[Bb])").replace("[/_]", "(?:[/_]|%2[Ff])")
        yield f"[A-Za-z0-9+/_-]*{core}[A-Za-z0-9+/_-]*(?:=|%3[Dd])*"


def _encoded(character: str) -> str:
    """What matches a character percent-encoded any number of times, escaped, or as it is.

    The plain character is tried last: the form `%25` of a percent sign begins with one.
    """
    codes = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode(errors="surrogateescape"))
    plain = rf"\\*{re.escape(character)}"
    space = r"|\+|%(?:25)*2[Bb]" if character == " " else ""
    return f"(?:(?i:{codes})|(?i:\\\\+u{ord(character):04x})|{plain}{space})"


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
    """Scrubs what a logger's handlers write."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrubbed(record.getMessage()), None
        if record.exc_info:
            record.msg, record.exc_info = f"{record.msg} ({record.exc_info[0].__name__})", None  # type: ignore[union-attr]
        return True
