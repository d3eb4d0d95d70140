"""Consent to run code that a file names.

A spec, a record, a store or a study may come from somebody else, and may name code: a backend `module:factory`, or what
an installed distribution declares as an entry point. It is imported only if the user allows it: for one command or call
(`--allow-code`, `allow_code=True`), or always, by a line in a file that no record or study brings with it:

    allow_code = ["mychip:lab9", "~/lab/mychip:lab9", "my-distribution"]     # config.toml in the user's own settings

The second form also says from which folder the module is imported, and then it is taken from nowhere else.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qsense.errors import ArgumentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Consent:
    """What may be imported. It is passed on to the workers of a study, and stored nowhere.

    Attributes:
        everything: whether all code that a file names may be.
        names: of code ("module:attribute", after a folder and "/" if it is to be taken from there), or of
            distributions.
    """

    everything: bool = False
    names: frozenset[str] = frozenset()

    def __or__(self, other: Consent) -> Consent:
        return Consent(self.everything or other.everything, self.names | other.names)

    def covers(self, code: str, distribution: str | None = None) -> bool:
        """Returns whether code may be imported.

        Args:
            code: as "module:attribute".
            distribution: the name of the installed distribution that declares it.

        >>> Consent(names=frozenset({"~/lab/mychip:lab9"})).covers("mychip:lab9"), Consent().covers("mychip:lab9")
        (True, False)
        """
        return (
            self.everything
            or code in self.names
            or self.folder(code) is not None
            or (distribution is not None and _normal(distribution) in map(_normal, self.names))
        )

    def folder(self, code: str) -> Path | None:
        """Returns the folder from which code is to be imported; None where none is given."""
        for name in self.names:
            before, slash, last = name.replace(os.sep, "/").rpartition("/")
            if slash and last == code:
                return Path(before or "/").expanduser()
        return None


_GIVEN: ContextVar[Consent] = ContextVar("consent", default=Consent())  # noqa: B039 - it is frozen


@contextmanager
def allowing(consent: bool | Consent) -> Iterator[None]:
    """Gives consent until the block ends; False leaves what was given before."""
    if isinstance(consent, bool):
        consent = Consent(consent)
    token = _GIVEN.set(_GIVEN.get() | consent)
    try:
        yield
    finally:
        _GIVEN.reset(token)


def current_consent() -> Consent:
    """Returns what may be imported now: by the command or call, and by the user's own configuration.

    Raises:
        SpecError: the configuration is no TOML, or has an unknown key.
    """
    return _GIVEN.get() | Consent(names=_configured())


def config_file() -> Path:
    """Returns the user's own configuration: ~/.config/qsense/config.toml, or what the system has in its place.

    Whoever can set XDG_CONFIG_HOME for a command can also set PYTHONPATH, and so needs no consent to run code.
    """
    import typer  # slow to import

    return Path(typer.get_app_dir("qsense")) / "config.toml"


def refusal(what: str, code: str, distribution: str | None = None) -> ArgumentError:
    """Returns the error of code that is not allowed.

    Args:
        what: names the code, such as 'the backend "mychip:lab9"'.
        code: as "module:attribute".
        distribution: the name of the installed distribution that declares it.
    """
    module, _, attribute = code.partition(":")
    origin = "" if distribution is None else f" of the distribution {distribution}"
    return ArgumentError(
        f'{what} is code that would be imported and run: "{attribute}" in the module "{module}"{origin}. If you trust '
        f"it, allow it once with --allow-code (allow_code=True), or for good by the line "
        f'allow_code = ["{code}"] in {config_file()}.'
    )


def import_allowed(what: str, code: str) -> Any:
    """Imports a module and returns its attribute. What cannot be found elsewhere is looked for in the current folder.

    Args:
        what: names the code in an error, such as 'The backend "mychip:lab9"'.
        code: as "module:attribute".

    Raises:
        ArgumentError: the user has not allowed it.
        ImportError, AttributeError: there is no such module or attribute.
    """
    consent = current_consent()
    if not consent.covers(code):
        raise refusal(what, code)
    module, _, attribute = code.partition(":")
    folder = consent.folder(code)
    if folder is not None:
        sys.path.insert(0, str(folder))
    elif _is_missing(module):
        folder = Path.cwd()
        sys.path.append(str(folder))
    try:
        found = importlib.import_module(module)
    finally:
        if folder is not None:
            sys.path.remove(str(folder))
    if folder is not None:
        sys.path.append(str(folder))  # for what it imports when it is used
        logger.info(f"{code} is imported from {getattr(found, '__file__', folder)}")
    return getattr(found, attribute)


def _is_missing(module: str) -> bool:
    top = module.partition(".")[0]
    try:
        return top not in sys.modules and importlib.util.find_spec(top) is None
    except (ImportError, ValueError):
        return True


def _configured() -> frozenset[str]:
    path = config_file()
    try:
        state = path.stat()
    except OSError:  # there is none
        return frozenset()
    return _read(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> frozenset[str]:
    """The names in a configuration; the time of its change and its size say whether it is still the same."""
    from qsense.files import toml_file  # pydantic is needed only here

    class Config(toml_file.Table):
        allow_code: list[str] = []

    return frozenset(toml_file.read(path, Config).allow_code)


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
