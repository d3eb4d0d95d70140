"""Arrays of numbers in MATLAB files of version 5 (`save -v6`, `-v7`); SciPy's reader crashes on damaged ones.

A file is a header of 128 bytes and elements: a tag (type, bytes) and data, filled up to 8 bytes. A matrix is an element
that holds its flags, dimensions, name and numbers; it may lie compressed in another element. All else is passed over.

Source: "MAT-File Format", The MathWorks, 2019, chapter 1.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES = range(6, 16)  # double, single and integers; characters, cells, structures and objects are others
_COMPLEX = 0x0800


def read_matlab(content: bytes, check: Callable[[tuple[int, ...]], None], most: int) -> dict[str, NDArray[Any]]:
    """Returns the real arrays of numbers that a file holds, by name.

    Args:
        content: of the file.
        check: refuses a shape before it is taken, by an error.
        most: bytes that the file may unpack to.

    Raises:
        ValueError, struct.error, zlib.error: it is none, or damaged.
    """
    if len(content) < _HEADER or content[126:128] not in (b"IM", b"MI"):
        raise ValueError("no MATLAB file of version 5 or later; save it with -v7")
    order = "<" if content[126:128] == b"IM" else ">"
    found, left = {}, most
    for kind, data in _elements(content[_HEADER:], order):
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(data, max(left, 1))
            if unpacker.unconsumed_tail:
                raise ValueError("unpacks to more than its size allows")
            left -= len(data)
            kind, data = next(_elements(data, order), (0, b""))
        if kind == _MATRIX:
            one = _matrix(data, order, check)
            if one is not None:
                if one[0] in found:
                    raise ValueError(f"the array {one[0][:60]!r} is there twice")
                found[one[0]] = one[1]
    return found


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 8 <= len(content):
        first, size = struct.unpack_from(f"{order}II", content, at)
        if first >> 16:  # a small element: its bytes are in the tag
            kind, size, start = first & 0xFFFF, first >> 16, at + 4
            if size > 4:
                raise ValueError("a small element of more than 4 bytes")
            at += 8
        else:
            kind, start = first, at + 8
            at = start + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if start + size > len(content):
            raise ValueError("is cut off")
        yield kind, content[start : start + size]


def _matrix(data: bytes, order: str, check: Callable[[tuple[int, ...]], None]) -> tuple[str, NDArray[Any]] | None:
    """The name and the array of a matrix; None where it holds no real numbers."""
    parts = _elements(data, order)
    flags = struct.unpack_from(f"{order}I", next(parts, (0, b""))[1])[0]
    if flags & 0xFF not in _NUMERIC_CLASSES or flags & _COMPLEX:
        return None
    shape = tuple(np.frombuffer(next(parts, (0, b""))[1], f"{order}i4").tolist())
    name = next(parts, (0, b""))[1].decode("ascii")
    kind, numbers = next(parts, (0, b""))
    if not shape or min(shape) < 0 or kind not in _NUMBERS:
        raise ValueError("a matrix without numbers")
    check(shape)
    values = np.frombuffer(numbers, f"{order}{_NUMBERS[kind]}")
    if len(values) != math.prod(shape):
        raise ValueError("not as many numbers as declared")
    return name, values.reshape(shape, order="F")
