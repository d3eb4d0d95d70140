"""ZIP and NPZ archives that may be made to do harm: what they unpack to is bounded before it is unpacked.

A megabyte of zeros, compressed, unpacks to a gigabyte; a few bytes can declare an array of any size. An archive may
unpack to `SLACK` bytes, and `RATIO` times its own size beyond that; data of measurements compress less than ten times.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

SLACK, RATIO, LARGEST = 2**25, 32, 2**31
NUMBERS = "biufc"
TEXTS = NUMBERS + "U"
"""Kinds of values of arrays, as NumPy writes them."""
_MOST_MEMBERS = 2_000_000


class Archive:
    """The members of a ZIP file, by name, unpacked one at a time; a context manager.

    Args:
        content: of the file.

    Raises:
        ValueError, zipfile.BadZipFile: it is no ZIP file, or unpacks to more than it may.
    """

    def __init__(self, content: bytes):
        self._file = zipfile.ZipFile(io.BytesIO(content))
        entries = self._file.infolist()
        if len(entries) > _MOST_MEMBERS or len({one.filename for one in entries}) < len(entries):
            raise ValueError("too many members, or two of one name")
        if any(one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for one in entries):
            raise ValueError("compressed in a way that qsense does not use")
        if sum(one.file_size for one in entries) > min(LARGEST, SLACK + RATIO * len(content)):
            raise ValueError("unpacks to more than its size allows")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def names(self) -> list[str]:
        return self._file.namelist()

    def read(self, name: str) -> bytes:
        """Returns a member; what is larger than it declares, or damaged, is refused.

        Raises:
            KeyError, ValueError, zipfile.BadZipFile: there is none of that name, or it is damaged.
        """
        declared = self._file.getinfo(name).file_size
        with self._file.open(name) as member:
            content = member.read(declared + 1)
        if len(content) != declared:
            raise ValueError("not as large as declared")
        return content


def read_arrays(content: bytes, kinds: str = NUMBERS) -> dict[str, NDArray[Any]]:
    """Returns the arrays of an NPZ file, by name: numbers and booleans of plain types, or what else is allowed.

    Raises:
        ValueError, zipfile.BadZipFile, …: it is damaged, or unpacks to more than its size allows (`files.DAMAGED`).

    >>> buffer = io.BytesIO()
    >>> np.savez(buffer, counts=np.array([3, 4]))
    >>> read_arrays(buffer.getvalue())["counts"].tolist()
    [3, 4]
    """
    with Archive(content) as archive:
        return {name.removesuffix(".npy"): read_array(archive.read(name), kinds) for name in archive.names}


def array_header(content: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Returns what an NPY file declares: shape, whether in Fortran's order, and type; and where its numbers begin.

    Raises:
        ValueError, …: it is damaged, of an unknown version, or its header is too long (`files.DAMAGED`).
    """
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("unknown version")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return *header(file), file.tell()


def read_array(content: bytes, kinds: str = NUMBERS) -> NDArray[Any]:
    """Returns the array of an NPY file, which must hold as many numbers as it declares; no more memory is taken.

    Raises:
        ValueError, …: it is damaged, or holds something other than numbers (`files.DAMAGED`).
    """
    shape, is_fortran, kind, start = array_header(content)
    if kind.hasobject or kind.kind not in kinds or len(shape) > 8:
        raise ValueError("no numbers")
    if not all(type(one) is int and one >= 0 for one in shape):
        raise ValueError("shape")
    size = math.prod(shape)
    if size * kind.itemsize != len(content) - start:
        raise ValueError("not as many numbers as declared")
    found = np.frombuffer(content, kind, size, start) if size else np.empty(0, kind)
    return found.reshape(shape, order="F" if is_fortran else "C")
