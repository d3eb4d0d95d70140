"""Arrays of other libraries as those of a file: NumPy's, xarray's, and what gives itself as an array of NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.laboratory.axes import Array, Labelled


def labelled(data: Any) -> dict[str, Labelled] | None:
    """Returns an object's arrays by name; None where it is no array, and no mapping of arrays alone.

    xarray's keep their axes and coordinates; masked values of NumPy's are NaN.
    """
    if hasattr(data, "data_vars") and hasattr(data, "coords"):
        found: dict[str, Labelled] = {}
        for name in data.data_vars:
            found |= _of_xarray(data[name], str(name))
        return found
    if _is_xarray(data):
        return _of_xarray(data, "shots")
    if isinstance(data, Mapping) and data and all(map(_is_array, data.values())):
        parts = [
            _of_xarray(one, str(k), f"{k}/") if _is_xarray(one) else {str(k): Labelled(_plain(one))}
            for k, one in data.items()
        ]
        return {name: one for part in parts for name, one in part.items()}
    return {"shots": Labelled(_plain(data))} if _is_array(data) else None


def is_primitive(data: Any) -> bool:
    """Returns whether an object is a result of a sampler of Qiskit: a sequence of results with bits in `data`."""
    try:
        return len(data) > 0 and all(hasattr(one.data, "values") for one in data)
    except (TypeError, AttributeError, KeyError):
        return False


def hint(data: Any) -> str:
    """Returns what to give instead of an object of another library; "" where that is not known."""
    return "; write it as CSV with to_csv(..., index=False)" if hasattr(data, "to_csv") else ""


def _is_xarray(data: Any) -> bool:
    return all(hasattr(data, name) for name in ("dims", "coords", "values"))


def _is_array(data: Any) -> bool:
    return isinstance(data, np.ndarray) or (
        hasattr(data, "__array__") and hasattr(data, "shape") and not _is_table(data)
    )


def _is_table(data: Any) -> bool:
    return hasattr(data, "to_csv")


def _of_xarray(data: Any, name: str, folder: str = "") -> dict[str, Labelled]:
    axes = tuple(map(str, data.dims))
    labels = {str(label): one for label, one in data.coords.items() if len(one.dims) == 1}
    found = {
        name: Labelled(np.asarray(data.values), axes, tuple(folder + axis if axis in labels else "" for axis in axes))
    }
    for label, one in labels.items():
        unit = str(one.attrs.get("units", ""))
        found[folder + label] = Labelled(_texts(one.values), tuple(map(str, one.dims)), (), unit)
    return found


def _texts(values: Any) -> Array:
    array = np.asarray(values)
    return array.astype("U") if array.dtype.kind in "OT" else array


def _plain(data: Any) -> Array:
    if isinstance(data, np.ma.MaskedArray) and data.dtype.kind in "biuf":
        return np.where(np.ma.getmaskarray(data), np.nan, np.ma.getdata(data).astype(np.float64))
    try:
        return np.asarray(data)
    except Exception as error:  # of another library, such as for memory of its own
        raise ArgumentError(
            f"Argument `counts` is a {type(data).__name__} that is no array of NumPy by itself; convert it."
        ) from error
