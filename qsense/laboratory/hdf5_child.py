"""Reads the arrays of an HDF5 or NetCDF 4 file, from standard input to an NPZ file on standard output.

It runs in a process of its own, because libhdf5 crashes, or never ends, on some damaged files. It imports nothing of
qsense, and ends with status 3 and a reason on standard error where it refuses a file.

Usage: python hdf5_child.py MOST, the most numbers that an array may have.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

MOST_BYTES_OF_MEMORY = 2**32
REFUSED = 3
MOST_ARRAYS, DEEPEST, LONGEST_TEXT = 1000, 8, 300


def main() -> int:
    """Reads, writes, and returns the status of the process."""
    with suppress(ImportError, ValueError, OSError):  # where a system has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES_OF_MEMORY, MOST_BYTES_OF_MEMORY))
    import h5py
    import numpy as np

    arrays: dict[str, Any] = {}
    told: list[Any] = []
    try:
        with h5py.File(io.BytesIO(sys.stdin.buffer.read()), "r") as file:
            for name, dataset in _datasets(file, h5py, "", 0):
                if len(told) == MOST_ARRAYS:
                    raise ValueError(f"more than {MOST_ARRAYS} arrays")
                found = _values(dataset, h5py, np, int(sys.argv[1]))
                if found is None:
                    continue
                arrays[f"a{len(told)}"] = found
                axes = [_axis(dataset, axis) for axis in range(found.ndim)]
                told.append([name, [one for one, _ in axes], [one for _, one in axes], _text(dataset, "units")])
    except Exception as error:  # of the library, whatever its type
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED
    buffer = io.BytesIO()
    np.savez(buffer, told=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)
    sys.stdout.buffer.write(buffer.getvalue())
    return 0


def _datasets(group: Any, h5py: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The datasets of a group and of groups in it; links are refused, and MATLAB's own group is passed over."""
    for name in list(group)[:MOST_ARRAYS]:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{path}{name[:40]!r} is a link")
        one = group[name]
        if isinstance(one, h5py.Dataset):
            yield path + name, one
        elif isinstance(one, h5py.Group) and not name.startswith("#"):
            if depth == DEEPEST:
                raise ValueError("nested too deeply")
            yield from _datasets(one, h5py, f"{path}{name}/", depth + 1)


def _values(dataset: Any, h5py: Any, np: Any, most: int) -> Any:
    """The numbers of a dataset, or the texts of one with one axis; None where it has neither."""
    is_text = h5py.check_string_dtype(dataset.dtype) is not None and dataset.ndim == 1
    if not is_text and (dataset.dtype.kind not in "biuf" or not 1 <= dataset.ndim <= 8):
        return None
    if _text(dataset, "NAME").startswith("This is a netCDF dimension but not a netCDF variable"):
        return None
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{dataset.name[:40]!r} lies in another file")
    size = 1
    for one in dataset.shape:
        size *= one
    if size > most:
        raise ValueError(f"an array of {size} numbers")
    if is_text:
        return np.array([one[:LONGEST_TEXT] for one in dataset.asstr(errors="replace")[()]], "U")
    values = np.asarray(dataset[()])
    fill = dataset.attrs.get("_FillValue")
    if fill is not None and values.dtype.kind == "f":
        values = np.where(values == np.asarray(fill).reshape(-1)[0], np.nan, values)
    return values.astype(values.dtype.newbyteorder("="))


def _text(dataset: Any, name: str) -> str:
    """An attribute of text; "" where there is none."""
    found = dataset.attrs.get(name, "")
    return found.decode(errors="replace") if isinstance(found, bytes) else found if isinstance(found, str) else ""


def _axis(dataset: Any, axis: int) -> tuple[str, str]:
    """The name of an axis, and the path of its scale; "" where it has none."""
    dimension = dataset.dims[axis]
    scales = [one.name.strip("/") for one in dimension.values()]
    name = scales[0].rpartition("/")[2] if scales else ""
    if dataset.is_scale and dataset.ndim == 1:
        name = dataset.name.rpartition("/")[2]
    return str(dimension.label or name), scales[0] if scales else ""


if __name__ == "__main__":
    sys.exit(main())
