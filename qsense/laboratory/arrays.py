"""Arrays of shots: circuits × shots × spins of 0, 1, and −1 or NaN for a spin that is lost or a shot that is missing.

NPY, NPZ and .mat are read by qsense, without pickles; HDF5 and NetCDF 4 by h5py in a process of its own. What a
file declares is held against its size before it is taken. Links out of a file, objects and texts are refused.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, ContentError
from qsense.files import DAMAGED
from qsense.files.archives import TEXTS, read_array, read_arrays
from qsense.laboratory.answers import LOST, Answer, Bits, in_order
from qsense.laboratory.axes import Array, Labelled, in_place, is_coordinate
from qsense.laboratory.design import Design, DesignedCircuit
from qsense.laboratory.hdf5 import read_hdf5
from qsense.laboratory.matlab import read_matlab

MOST_NUMBERS = 2**28
SLACK, RATIO = 2**25, 256  # bytes that a file may unpack to, and per byte of it: bits in doubles compress well
MAIN = ("shots", "bits", "data")


def read(content: bytes, ending: str, source: str) -> dict[str, Labelled]:
    """Returns the arrays of a file by name, with their axes and coordinates.

    Args:
        content: of the file.
        ending: of its name, such as ".npz".
        source: what an error calls it.

    Raises:
        ContentError: it is damaged, too large, or holds something other than numbers.
        ArgumentError: it needs a package that is not installed.
    """
    reader = _READERS[ending]
    try:
        return reader(content)
    except (ContentError, ArgumentError):
        raise
    except Exception as error:
        if isinstance(error, DAMAGED):
            why = " ".join(str(error).split())[:100]
            raise ContentError(
                f"{source}: is damaged, too large, or holds something other than arrays of numbers "
                f"({type(error).__name__}{': ' + why if why else ''}); save the array alone."
            ) from error
        raise


def _npy(content: bytes) -> dict[str, Labelled]:
    return {MAIN[0]: Labelled(read_array(content))}


def _npz(content: bytes) -> dict[str, Labelled]:
    return {name: Labelled(array) for name, array in read_arrays(content, TEXTS).items()}


def _mat(content: bytes) -> dict[str, Labelled]:
    if content.startswith(b"MATLAB 7.3"):
        return {name: Labelled(one.array.T) for name, one in _hdf5(content).items()}  # of MATLAB's order of axes
    found = read_matlab(content, lambda shape: _check_size(shape, len(content)), SLACK + RATIO * len(content))
    return {name: Labelled(_plain(array)) for name, array in found.items()}


def _hdf5(content: bytes) -> dict[str, Labelled]:
    return read_hdf5(content, _most(len(content)))


def _netcdf(content: bytes) -> dict[str, Labelled]:
    if content.startswith(b"\x89HDF"):
        return _hdf5(content)
    from scipy.io import netcdf_file

    found = {}
    with netcdf_file(io.BytesIO(content), "r", mmap=False) as file:
        for name, variable in file.variables.items():
            data, dimensions = variable.data, tuple(variable.dimensions)
            _check_size(data.shape, len(content))
            if data.dtype.kind == "S" and data.ndim == 2:  # texts, a letter each
                data, dimensions = np.array([b"".join(one).decode().strip("\0 ") for one in data], "U"), dimensions[:1]
            elif data.dtype.kind not in "biuf" or not dimensions:
                continue
            unit = getattr(variable, "units", b"")
            found[name] = Labelled(_plain(data), dimensions, (), unit.decode() if isinstance(unit, bytes) else "")
    return found


_READERS: Mapping[str, Callable[[bytes], dict[str, Labelled]]] = {
    ".npy": _npy, ".npz": _npz, ".mat": _mat, ".h5": _hdf5, ".hdf5": _hdf5, ".hdf": _hdf5, ".nc": _netcdf,
}  # fmt: skip
ENDINGS = tuple(_READERS)


def _most(of: int) -> int:
    """How many numbers an array can have in earnest, in a file of so many bytes."""
    return min(MOST_NUMBERS, (SLACK + RATIO * of) // 8)


def _check_size(shape: Sequence[int], of: int) -> None:
    if math.prod(shape) > _most(of):
        raise ValueError(f"an array of {math.prod(shape)} numbers in {of} bytes")


def _plain(array: Any) -> Array:
    found = np.asarray(array)
    if found.dtype.kind not in ("U" if found.ndim == 1 else "") + "biuf":
        raise ValueError("no numbers")
    return found.astype(found.dtype.newbyteorder("="))


def answers(
    arrays: Mapping[str, Labelled], axes: Sequence[str], source: str, design: Design
) -> tuple[dict[str, Answer], tuple[str, ...]]:
    """Returns the answers that arrays hold, one of all circuits or one for each by its id, and what was not read.

    Args:
        arrays: by name, those of one axis being coordinates.
        axes: as the user names them; () for those of the array, or circuits × shots × spins.
        source: what an error calls it.
        design: whose circuits they are.

    Raises:
        ContentError: shapes, names, coordinates or values do not fit the design.
    """
    coordinates = {name: one for name, one in arrays.items() if name not in design.by_id and is_coordinate(name, one)}
    own = [name for name in arrays if name in design.by_id]
    if own:
        odd = next((name for name in arrays if name not in design.by_id and name not in coordinates), None)
        if odd is not None:
            raise ContentError(f"{source}: the array {odd[:60]!r} is no circuit of this design; remove it.")
        _check_values([arrays[name].array for name in own], source, own[0])
        found, used = {}, set(own)
        for name in own:
            array, _, theirs = in_place(arrays[name], name, coordinates, (), design, source, ("shot", "spin"))
            circuit = design.by_id[name]
            if circuit.id in found:
                raise ContentError(f"{source}: the array {name[:120]!r} is of {circuit.id}, which is there already.")
            found[circuit.id] = _of_circuit(array, circuit, source, name)
            used |= theirs
        return found, _unread(arrays, used, source)
    large = [name for name, one in arrays.items() if one.array.ndim >= 2 and name not in coordinates]
    mains = [name for main in MAIN for name in large if name.rpartition("/")[2] == main]
    shown = next((name for name in MAIN if name in large), mains[0] if len(mains) == 1 else None)
    name = shown if shown is not None else large[0] if len(large) == 1 else ""
    if not name:
        listed = (
            f"the arrays {', '.join(sorted(arrays)[:5])}" if arrays else "no array of numbers with two axes or more"
        )
        raise ContentError(
            f"{source}: has {listed}; name the one of all circuits `shots`, or each by its circuit's id."
        )
    whole = arrays[name].array
    _check_values([whole], source, name)
    ordered, named, used = in_place(arrays[name], name, coordinates, axes, design, source)
    what = f"circuits in the array `{name}` of shape {whole.shape}"
    circuits = named or in_order(design, len(ordered), source, what)
    return {
        circuit.id: _of_circuit(part, circuit, source, f"{name}[{at}]")
        for at, (circuit, part) in enumerate(zip(circuits, ordered, strict=True))
    }, _unread(arrays, {name, *used}, source)


def _unread(arrays: Mapping[str, Labelled], used: set[str], source: str) -> tuple[str, ...]:
    left = sorted(name for name in arrays if name not in used)
    return (f"the arrays {', '.join(left)[:80]} of {source} are not read",) if left else ()


def _check_values(arrays: Sequence[Array], source: str, name: str) -> None:
    """Refuses what is no array of real numbers, and 1 and −1 where these seem to be up and down."""
    if any(one.dtype.kind not in "biuf" for one in arrays):
        kind = next(one.dtype for one in arrays if one.dtype.kind not in "biuf")
        raise ContentError(f"{source}: `{name}` has values of the type {kind}; give whole or real numbers of 0 and 1.")
    signed = any((one == LOST).any() for one in arrays)
    if signed and any((one == 1).any() for one in arrays) and not any((one == 0).any() for one in arrays):
        raise ContentError(
            f"{source}: `{name}` has 1 and −1, but no 0: −1 means that a spin is lost; where it is a result, give 0 "
            "for it, as by (array + 1) / 2."
        )


def _of_circuit(array: Array, circuit: DesignedCircuit, source: str, name: str) -> Answer:
    if array.ndim != 2 or array.shape[1] != circuit.num_qubits:
        raise ContentError(
            f"{source}: `{name}` has shape {array.shape}, but {circuit.id} needs shots × {circuit.num_qubits} spins."
        )
    bits = as_bits(array, source, name)
    return Answer(bits, np.ones(len(bits), dtype=np.int64), (), f"`{name}`")


def as_bits(array: Array, source: str, name: str) -> Bits:
    """Returns numbers as bits; −1 and NaN are lost.

    Raises:
        ContentError: there is another number.
    """
    lost = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)
    if array.dtype.kind != "b":
        lost = lost | (array == LOST)
    wrong = ~lost & (array != 0) & (array != 1)
    if wrong.any():
        at = tuple(int(one) for one in np.argwhere(wrong)[0])
        raise ContentError(
            f"{source}: `{name}` has {array[at]!s} at {list(at)} (shot, spin), but a spin is 0 or 1, −1 or NaN where "
            "it is lost; convert counts of photons with your threshold first."
        )
    return np.where(lost, LOST, np.where(lost, 0, array).astype(np.int8)).astype(np.int8)
