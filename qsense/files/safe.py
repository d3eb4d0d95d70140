"""Files of a folder that somebody else may have made: no link leads out of it, and only regular files are read.

`within` is the folder that the user named; it may be a link itself. What is under it may not: a record, a store or a
study that is unpacked from an archive can hold links to anything. A FIFO or a device is never opened, so that nothing
waits.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LARGEST = 2**31
"""The most bytes of a file that is read, and of what one unpacks to."""
LONGEST_NAME = 255
_JUNCTION = 0xA0000003  # a link to a folder on Windows
_DEVICES = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)[ ]*(\..*)?"
_RESERVED = re.compile(_DEVICES, re.IGNORECASE)
RESERVED_PATTERN = f"^{re.sub('[a-z]', lambda one: f'[{one[0]}{one[0].upper()}]', _DEVICES)}$"
"""Of the names that `is_reserved` finds, for JSON Schema."""


def is_plain_name(name: object) -> bool:
    """Returns whether a file of this name stays in the folder in which it is written, and can be there on every system.

    >>> [is_plain_name(name) for name in ("trials.csv", "../trials.csv", "/trials.csv", "..", "nul.csv", "a.", "c:a")]
    [True, False, False, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and name.strip() != ""
        and not name.endswith((".", " "))
        and not any(c in '/\\:*?"<>|' or c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in name)
        and len(name.encode()) <= LONGEST_NAME
        and not is_reserved(name)
    )


def is_reserved(name: str) -> bool:
    """Returns whether Windows takes a file of this name for a device.

    >>> is_reserved("CON"), is_reserved("nul.tar.gz"), is_reserved("console"), is_reserved("com1-3.npz")
    (True, True, False, False)
    """
    return _RESERVED.fullmatch(name) is not None


def read_bytes(path: Path, within: Path | None = None, most: int = LARGEST) -> bytes:
    """Returns the content of a regular file.

    Args:
        path: of the file; a link is followed only if `within` is None.
        within: the folder that holds it, in which no link is followed.
        most: bytes; a larger file is refused.

    Raises:
        OSError: it cannot be read, is no regular file or too large, or is a link or behind one.
    """
    with opened(path, within) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return content


def opened(path: Path, within: Path | None = None) -> BinaryIO:
    """Returns a regular file, open for reading; the arguments are those of `read_bytes`.

    Raises:
        OSError: it cannot be read, is no regular file, or is a link or behind one.
    """
    if within is not None:
        check_place(path, within)
    else:
        _check_regular(os.stat(path), path)  # a device may act on being opened
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if within is None else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        _check_regular(os.fstat(handle), path)
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def _check_regular(state: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def check_place(path: Path, within: Path) -> None:
    """Refuses a path under a folder if it, or a folder between the two, is a link, or is a FIFO, a socket or a device.

    Raises:
        OSError: names what is wrong. What does not exist is not wrong.
    """
    parts = path.relative_to(within).parts
    if ".." in parts:
        raise OSError(errno.EINVAL, f"it is not under {within}", str(path))
    at = within
    for place, part in enumerate(parts, 1):
        at = at / part
        try:
            state = os.lstat(at)
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISLNK(state.st_mode) or getattr(state, "st_reparse_tag", 0) == _JUNCTION:
            why = f"{at.name} is a link, which is not followed here; put what it leads to in its place"
            raise OSError(errno.ELOOP, why, str(at))
        is_folder = stat.S_ISDIR(state.st_mode)
        if not is_folder and (place < len(parts) or not stat.S_ISREG(state.st_mode)):
            raise OSError(errno.EINVAL, f"{at.name} is neither a folder nor a regular file", str(at))


def is_file(path: Path, within: Path) -> bool:
    """Returns whether there is a regular file, which is no link and not behind one under the folder `within`."""
    try:
        check_place(path, within)
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def listed(folder: Path, within: Path) -> Iterator[Path]:
    """Yields what a folder holds, sorted; nothing if there is no such folder.

    Raises:
        OSError: the folder is a link or behind one, or cannot be read.
    """
    check_place(folder, within)
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (folder / name for name in names)


def make_folder(folder: Path, within: Path) -> None:
    """Makes a folder under another, with those between them, if it is not there.

    Raises:
        OSError: it cannot be made, or there is a link in its place.
    """
    check_place(folder, within)
    folder.mkdir(parents=True, exist_ok=True)


def remove(path: Path, within: Path) -> None:
    """Removes a file, or a link in its place, if it is there; never what is behind a link.

    Raises:
        OSError: it cannot be removed, or is behind a link.
    """
    check_place(path.parent, within)
    path.unlink(missing_ok=True)
