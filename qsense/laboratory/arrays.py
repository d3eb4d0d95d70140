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
from numpy.typing import NDArray

from qsense.errors import ArgumentError, ContentError
from qsense.files import DAMAGED
from qsense.files.archives import read_array, read_arrays
from qsense.laboratory.answers import LOST, Answer, Bits, in_order
from qsense.laboratory.design import Design, DesignedCircuit
from qsense.laboratory.hdf5 import read_hdf5
from qsense.laboratory.matlab import read_matlab

Array = NDArray[Any]
MOST_NUMBERS = 2**28
SLACK, RATIO = 2**25, 256  # bytes that a file may unpack to, and per byte of it: bits in doubles compress well
MAIN = ("shots", "bits", "data")
_AXES = {
    "circuit": ("circuit", "setting"), "point": ("point", "probe"), "time": ("time", "duration"),
    "row": ("row", "angle", "phase", "axis"), "shot": ("shot", "repetition", "repeat"),
    "spin": ("spin", "ion", "atom", "qubit", "site"),
}  # fmt: skip
_NESTED = ("point", "time", "row")


def read(content: bytes, ending: str, source: str) -> dict[str, tuple[Array, tuple[str, ...]]]:
    """Returns the arrays of a file by name, each with the names of its axes, () where it has none.

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


def _npy(content: bytes) -> dict[str, tuple[Array, tuple[str, ...]]]:
    return {MAIN[0]: (read_array(content), ())}


def _npz(content: bytes) -> dict[str, tuple[Array, tuple[str, ...]]]:
    return {name: (array, ()) for name, array in read_arrays(content).items()}


def _mat(content: bytes) -> dict[str, tuple[Array, tuple[str, ...]]]:
    if content.startswith(b"MATLAB 7.3"):
        return {name: (array.T, ()) for name, (array, _) in _hdf5(content).items()}  # of MATLAB's order of axes
    found = read_matlab(content, lambda shape: _check_size(shape, len(content)), SLACK + RATIO * len(content))
    return {name: (_plain(array), ()) for name, array in found.items()}


def _hdf5(content: bytes) -> dict[str, tuple[Array, tuple[str, ...]]]:
    return read_hdf5(content, _most(len(content)))


def _netcdf(content: bytes) -> dict[str, tuple[Array, tuple[str, ...]]]:
    if content.startswith(b"\x89HDF"):
        return _hdf5(content)
    from scipy.io import netcdf_file

    found = {}
    with netcdf_file(io.BytesIO(content), "r", mmap=False) as file:
        for name, variable in file.variables.items():
            if len(variable.dimensions) < 2 or variable.data.dtype.kind not in "biuf":
                continue
            _check_size(variable.shape, len(content))
            found[name] = (_plain(variable.data), tuple(variable.dimensions))
    return found


_READERS: Mapping[str, Callable[[bytes], dict[str, tuple[Array, tuple[str, ...]]]]] = {
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
    if found.dtype.kind not in "biuf":
        raise ValueError("no numbers")
    return found.astype(found.dtype.newbyteorder("="))


def answers(
    arrays: Mapping[str, tuple[Array, tuple[str, ...]]], axes: Sequence[str], source: str, design: Design
) -> dict[str, Answer]:
    """Returns the answers that arrays hold: one array of all circuits, or one for each circuit, by its id.

    Args:
        arrays: by name, each with the names of its axes.
        axes: as the user names them; () for those of the array, or circuits × shots × spins.
        source: what an error calls it.
        design: whose circuits they are.

    Raises:
        ContentError: shapes, names or values do not fit the design.
    """
    own = {name: array for name, (array, _) in arrays.items() if name in design.by_id}
    if own:
        odd = next((name for name in arrays if name not in own), None)
        if odd is not None:
            raise ContentError(f"{source}: the array {odd[:60]!r} is no circuit of this design; remove it.")
        return {name: _of_circuit(array, design.by_id[name], source, name) for name, array in own.items()}
    large = {name: one for name, one in arrays.items() if one[0].ndim >= 2}
    name = next((name for name in MAIN if name in large), next(iter(large)) if len(large) == 1 else None)
    if name is None:
        listed = ", ".join(sorted(arrays)[:5]) or "none"
        raise ContentError(
            f"{source}: has the arrays {listed}; name the one of all circuits `shots`, or each by its circuit's id."
        )
    array, named = large[name]
    ordered = _ordered(array, tuple(axes) or named, design, source, name)
    circuits = in_order(design, len(ordered), source, f"circuits in the array `{name}` of shape {array.shape}")
    return {
        circuit.id: _of_circuit(part, circuit, source, f"{name}[{at}]")
        for at, (circuit, part) in enumerate(zip(circuits, ordered, strict=True))
    }


def _ordered(array: Array, axes: tuple[str, ...], design: Design, source: str, name: str) -> Array:
    """The array as circuits × shots × spins."""
    if axes:
        kinds = [_kind(axis, source) for axis in axes]
        if len(kinds) != array.ndim:
            raise ContentError(
                f"{source}: the array `{name}` has {array.ndim} axes, but {len(kinds)} are named; name all."
            )
        if len(set(kinds)) < len(kinds) or not {"shot", "spin"} <= set(kinds):
            raise ContentError(
                f"{source}: the axes {', '.join(axes)} of `{name}` must have shots and spins, and none twice (`axes`)."
            )
        wanted = sorted(kinds, key=list(_AXES).index)
        array = array.transpose([kinds.index(kind) for kind in wanted])
        nested = [kind for kind in wanted if kind in _NESTED]
        shapes = {(len(p.rule.times), p.circuits_per_time) for p in design.points}
        for kind, size in zip(wanted, array.shape, strict=True):
            sizes = {"point": {len(design.points)}, "time": {t for t, _ in shapes}, "row": {r for _, r in shapes}}
            if kind in nested and sizes[kind] != {size}:
                expected = " or ".join(map(str, sorted(sizes[kind])))
                raise ContentError(f"{source}: the axis of {kind}s of `{name}` has {size}, but the design {expected}.")
    if array.ndim < 3:
        raise ContentError(
            f"{source}: the array `{name}` has shape {array.shape}; it must have circuits × shots × spins."
        )
    return array.reshape(-1, *array.shape[-2:])


def _kind(axis: str, source: str) -> str:
    word = axis.strip().lower()
    for kind, names in _AXES.items():
        if word in names or word.removesuffix("s") in names:
            return kind
    raise ContentError(
        f"{source}: the axis {axis[:40]!r} is unknown; name axes circuit, point, time, row, shot or spin (`axes`)."
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
