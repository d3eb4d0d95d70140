"""The formats in which results are written. A new one is a file with a function, and its line in `_BUILT_IN`.

A format from outside the package is registered by `register_writer`, or by an entry point of the group `qsense.writers`
of an installed distribution, which the command line finds too. docs/extending.md has an example.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from qsense import files
from qsense.errors import ArgumentError, ContentError, extension_code, nearest
from qsense.extensions import allowing, entry_points
from qsense.files import is_plain_name
from qsense.tables.csv_format import csv_files
from qsense.tables.netcdf_format import netcdf_files
from qsense.tables.parquet_format import parquet_files
from qsense.tables.results import Results

Content = bytes | Iterator[bytes]
Writer = Callable[[Results], Mapping[str, Content]]
"""Takes results and returns file name → content: bytes, or an iterator of its parts, for a file larger than memory."""
ENTRY_POINTS = "qsense.writers"
_BUILT_IN: dict[str, Writer] = {
    "csv": csv_files,
    "parquet": parquet_files,
    "netcdf": netcdf_files,
}
_REGISTERED = dict(_BUILT_IN)


def register_writer(name: str, writer: Writer) -> None:
    """Makes a format known to `write_results` and to `qsense export --format`.

    Args:
        name: of the format, a lower-case word.
        writer: takes results and returns file name → content: bytes, or an iterator of its parts.

    Raises:
        ArgumentError: the name is taken, or is not a lower-case word; or the writer is not a function.
    """
    if not callable(writer):
        raise ArgumentError(f'Argument `writer` of the format "{name}" must be a function, but is {writer!r}.')
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ArgumentError(f'The name of a format must be lower-case letters, digits and _, but is "{name}".')
    if _REGISTERED.get(name, writer) is not writer:
        raise ArgumentError(f'A format "{name}" is registered already; choose another name.')
    _REGISTERED[name] = writer


def unregister_writer(name: str) -> None:
    """Removes a format that was registered from outside the package.

    Raises:
        ArgumentError: the format is unknown, or one of qsense's own.
    """
    if name in _BUILT_IN:
        raise ArgumentError(f'The format "{name}" is one of qsense\'s own.')
    _writer_named(name)
    del _REGISTERED[name]


def format_names() -> list[str]:
    """Returns the names of all formats.

    >>> format_names()
    ['csv', 'netcdf', 'parquet']
    """
    _load_installed()
    return sorted(_REGISTERED)


def write_results(results: Results, folder: str | Path, kind: str, allow_code: bool = False) -> list[Path]:
    """Writes results as files of one format and returns their paths.

    Args:
        results: of a run or a study.
        folder: for the files; made if it does not exist.
        kind: name of the format, such as "csv".
        allow_code: whether a format of an installed distribution may be imported.

    Raises:
        ArgumentError: the format is unknown, is code that is not allowed, or needs a package that is not installed.
        ContentError: a file cannot be written, or the format's writer fails or gives something other than files.
    """
    folder, paths = Path(folder), []
    with allowing(allow_code):
        contents = _contents(kind, results)
    for name, content in contents.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files.write(path, content, folder)
        except OSError as error:
            raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another folder.") from error
        paths.append(path)
    return paths


def _contents(kind: str, results: Results) -> Mapping[str, Content]:
    writer, named = _writer_named(kind), f'The format "{kind}"'
    with extension_code(writer, named, ContentError):
        contents = writer(results)
        if not isinstance(contents, Mapping):
            raise ContentError(f"{named} gives {type(contents).__name__}; its writer must return file name → bytes.")
        if len({str(name).casefold() for name in contents}) < len(contents):
            raise ContentError(f"{named} names two files that differ in capitals only; some systems take them for one.")
        for name, content in contents.items():
            if not is_plain_name(name):
                raise ContentError(f"{named} names the file {name!r}; it must be a plain file name, without a folder.")
            if not isinstance(content, (bytes, Iterator)):
                wrong = type(content).__name__
                raise ContentError(f"{named} gives {wrong} as the content of {name!r}; it must be bytes.")
        return contents


def _writer_named(name: str) -> Writer:
    names = format_names()
    if name not in names:
        hint = entry_points.hint(ENTRY_POINTS, name, f'The format "{name}"')
        raise ArgumentError(f'Unknown format "{name}". {nearest(name, names)}{hint}')
    return _REGISTERED[name]


def _load_installed() -> None:
    """Registers the formats of installed distributions that are allowed."""
    entry_points.register_installed(ENTRY_POINTS, register_writer)
