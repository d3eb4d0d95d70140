"""Reads the arrays of an HDF5 or NetCDF 4 file, from standard input to an NPZ file on standard output.

It runs in a process of its own, because libhdf5 crashes, or never ends, on some damaged files. It imports nothing of
qsense, and ends with status 3 and a reason on standard error where it refuses a file.

Usage: python hdf5_child.py MOST, the most numbers that an array may have.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from typing import Any

MOST_BYTES_OF_MEMORY = 2**32
REFUSED = 3


def main() -> int:
    """Reads, writes, and returns the status of the process."""
    with suppress(ImportError, ValueError, OSError):  # where a system has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES_OF_MEMORY, MOST_BYTES_OF_MEMORY))
    import h5py
    import numpy as np

    arrays: dict[str, Any] = {}
    names: list[str] = []
    axes: list[list[str]] = []
    try:
        with h5py.File(io.BytesIO(sys.stdin.buffer.read()), "r") as file:
            for name in list(file)[:1000]:
                if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f"{name[:40]!r} is a link")
                found = _numbers(file[name], h5py, np, int(sys.argv[1]))
                if found is None:
                    continue
                arrays[f"a{len(names)}"] = found
                names.append(name)
                axes.append([_axis(file[name], axis) for axis in range(found.ndim)])
    except Exception as error:  # of the library, whatever its type
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED
    told = json.dumps([names, axes]).encode()
    buffer = io.BytesIO()
    np.savez(buffer, told=np.frombuffer(told, np.uint8), **arrays)
    sys.stdout.buffer.write(buffer.getvalue())
    return 0


def _numbers(dataset: Any, h5py: Any, np: Any, most: int) -> Any:
    """The numbers of a dataset; None where it is none of two axes and more."""
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "biuf" or not 2 <= dataset.ndim <= 8:
        return None
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{dataset.name[:40]!r} lies in another file")
    size = 1
    for one in dataset.shape:
        size *= one
    if size > most:
        raise ValueError(f"an array of {size} numbers")
    values = np.asarray(dataset[()])
    fill = dataset.attrs.get("_FillValue")
    if fill is not None and values.dtype.kind == "f":
        values = np.where(values == np.asarray(fill).reshape(-1)[0], np.nan, values)
    return values.astype(values.dtype.newbyteorder("="))


def _axis(dataset: Any, axis: int) -> str:
    dimension = dataset.dims[axis]
    names = [dimension.label] if dimension.label else [one.name.rpartition("/")[2] for one in dimension.values()]
    return str(names[0]) if names else ""


if __name__ == "__main__":
    sys.exit(main())
