"""The errors that qsense raises on purpose.

Every message is one line that says what is wrong, where, and what would be right. The command line prints
the message and exits with status 2; anything else that escapes is a defect of qsense.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from qsense.installation import check_installation

check_installation()  # first of all: everything else imports this module

MOST_SHOWN = 20


class QsenseError(Exception):
    """Base of every error that a user can cause and can fix."""


class ArgumentError(QsenseError, ValueError):
    """A Python argument or a command-line option is out of its range."""


class SpecError(QsenseError):
    """A TOML file (run spec or noise model) has a key that is missing, unknown or wrong."""


class ContentError(QsenseError):
    """A circuit, noise model or other named file cannot be found or read."""


class EngineError(QsenseError):
    """The GPU that was asked for, by an argument or by QSENSE_ENGINE, is not there, is too small or gave up."""


class RecordError(QsenseError):
    """A record folder is missing, damaged, newer than this version, or cannot be written."""


class StoreError(QsenseError):
    """A store of results is missing, damaged, in use by another, or cannot be written."""


class NewerStoreError(StoreError):
    """A file of a store was written by a newer qsense; it is whole, but not for this one."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a sentence that names the known word nearest to `name`, and all known words, if they are not too many.

    >>> nearest("gzh", ["ghz", "product"])
    'Did you mean "ghz"? Known: ghz, product.'
    >>> nearest("GHZ", ["ghz", "product"])
    'Did you mean "ghz"? Known: ghz, product.'
    >>> nearest("q77", (f"q{number}" for number in range(100)))
    'Did you mean "q77"? Known: 100, such as q77, q7, q97.'
    """
    known = sorted(known)
    lower: dict[str, str] = {}
    for word in known:
        lower.setdefault(word.lower(), word)
    close = [lower[word] for word in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    if len(known) > MOST_SHOWN:
        return f"{hint}Known: {len(known)}, such as {', '.join(close or known[:3])}."
    return f"{hint}Known: {', '.join(known)}."


def is_own(code: object) -> bool:
    """Returns whether an object, class or function is part of qsense, not of an extension."""
    code = code.func if isinstance(code, partial) else code
    return str(getattr(code, "__module__", "")).partition(".")[0] == "qsense"


def type_and_text(error: BaseException) -> str:
    """Returns the type and the text of an exception on one line.

    >>> type_and_text(ValueError("two\\nlines")), type_and_text(KeyError())
    ('ValueError: two lines', 'KeyError')
    """
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


@contextmanager
def translated(code: object, refusal: Callable[[Exception], QsenseError]) -> Iterator[None]:
    """Turns what the code of an extension raises inside into an error of qsense.

    What qsense's own code raises stays as it is, and so do errors that already say what is wrong.

    Args:
        code: the extension's object, class or function.
        refusal: returns the error, given the exception, which becomes its cause.

    Raises:
        QsenseError: as `refusal` returns it.
    """
    try:
        yield
    except QsenseError:
        raise
    except Exception as error:
        if is_own(code):
            raise
        raise refusal(error) from error


def extension_code(code: object, what: str, kind: type[QsenseError] = ArgumentError) -> AbstractContextManager[None]:
    """Turns whatever the code of an extension raises inside into an error of one line that names the extension.

    Args:
        code: the extension's object, class or function.
        what: how the message begins, such as 'the estimator "slope"'.
        kind: of the error.

    Raises:
        QsenseError: of this kind; the exception is its cause.
    """
    return translated(
        code,
        lambda error: kind(
            f"{what} failed ({type_and_text(error)}); its own code raised this, see where with --debug."
        ),
    )


@contextmanager
def at_key(source: object, key: str) -> Iterator[None]:
    """Turns what is raised inside into a SpecError that names the file and the key.

    Args:
        source: the file, as the message calls it.
        key: of the file, such as `noise[0]`.

    Raises:
        SpecError: an argument, a named file or another key was wrong inside.

    >>> with at_key("run.toml", "shots"):
    ...     raise ArgumentError("Argument `shots` must be positive, but is -1.")
    Traceback (most recent call last):
    qsense.errors.SpecError: run.toml: key `shots`: must be positive, but is -1.
    """
    try:
        yield
    except (ArgumentError, ContentError, SpecError) as error:
        raise SpecError(f"{source}: key `{key}`: {of_key(str(error), key)}") from error


@contextmanager
def keys_named(keys: Mapping[str, str]) -> Iterator[None]:
    """Names the keys of a file, not the Python arguments that they set, in what is raised inside.

    Args:
        keys: argument → key.

    Raises:
        ArgumentError: an argument was wrong inside.

    >>> with keys_named({"t2": "t2_s"}):
    ...     raise ArgumentError("Argument `t2` must be positive, but is 0 s.")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Argument `t2_s` must be positive, but is 0 s.
    """
    try:
        yield
    except ArgumentError as error:
        said = re.sub(r"`(\w+)`", lambda found: f"`{keys.get(found[1], found[1])}`", str(error))
        raise ArgumentError(said) from error


def of_key(message: str, key: str) -> str:
    """Returns what the library says of a Python argument as it is said of a key of a file, which set that argument.

    >>> of_key("Argument `times` must increase.", "times_s"), of_key("Argument `phase` must be finite.", "signal")
    ('must increase.', '`phase` must be finite.')
    """
    found = re.match(r"Argument `(\w+)`:? ", message)
    if found is None:
        return message
    last = re.sub(r"\[\d+\]$", "", key).rpartition(".")[2]
    is_named = last == found[1] or last.startswith(f"{found[1]}_")  # with its unit
    return message[found.end() if is_named else len("Argument ") :]
