"""CuPy as a place for arrays, and the one function that it lacks: eigenvectors of many matrices at once.

CuPy diagonalises a batch by Jacobi's method, or a matrix at a time, which leaves most of a GPU idle up to a thousand
rows. cuSOLVER's `XsyevBatched` takes all matrices together (four to ten times faster there); it is called through the
library that CuPy has loaded, and where it is missing (before CUDA 12.6) matrices go one by one.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numpy as np

from qsense.errors import EngineError
from qsense.installation import install_hint

_ASKED, _INSTEAD = 'engine = "gpu" (QSENSE_ENGINE=gpu)', 'give engine = "cpu" (QSENSE_ENGINE=cpu).'
_REAL, _COMPLEX = 1, 5  # CUDA_R_64F and CUDA_C_64F
_VECTORS, _LOWER = 1, 0  # CUSOLVER_EIG_MODE_VECTOR and CUBLAS_FILL_MODE_LOWER
_MANY, _SMALL, _FEW = 64, 1024, 32  # matrices together: up to so many rows, and beyond


def is_there() -> bool:
    """Whether CuPy can be imported and sees a GPU."""
    try:
        import cupy

        return bool(cupy.cuda.runtime.getDeviceCount() > 0)
    except Exception:  # an installation without driver or libraries fails in many ways, all of which mean no
        return False


def connected() -> Any:
    """Returns CuPy.

    Raises:
        EngineError: it is not installed, or sees no GPU.
    """
    try:
        import cupy
    except ImportError as error:
        raise EngineError(f"{_ASKED} needs CuPy; {install_hint('gpu')}, or {_INSTEAD}") from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise EngineError(f"{_ASKED}: CuPy finds no GPU here ({error}); {_INSTEAD}") from error
    if not count:
        raise EngineError(f"{_ASKED}: CuPy finds no GPU here; {_INSTEAD}")
    return cupy


def free_bytes() -> float:
    """Returns how much of the GPU's memory can be had, with what CuPy keeps for later."""
    import cupy

    return float(cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes())


def batch(rows: int) -> int:
    """Returns how many matrices of so many rows are best diagonalised together, as measured on an H200."""
    return _MANY if rows <= _SMALL else _FEW


@lru_cache(maxsize=1)
def _batched() -> tuple[Any, Any] | None:
    """The size of the workspace, and the function; None where cuSOLVER lacks them."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        library = ctypes.CDLL(load_nvidia_dynamic_lib("cusolver").abs_path)
        return library.cusolverDnXsyevBatched_bufferSize, library.cusolverDnXsyevBatched
    except (ImportError, OSError, AttributeError, RuntimeError):
        return None


def eigh(matrices: Any) -> tuple[Any, Any]:
    """Returns eigenvalues and eigenvectors of Hermitian matrices of CuPy, shapes (b, d) and (b, d, d) from (b, d, d).

    Raises:
        EngineError: one did not converge.
    """
    import cupy

    functions = _batched()
    if functions is None or len(matrices) == 1:
        pairs = [cupy.linalg.eigh(one) for one in matrices]
        if len(pairs) == 1:
            return pairs[0][0][None], pairs[0][1][None]
        return cupy.stack([pair[0] for pair in pairs]), cupy.stack([pair[1] for pair in pairs])
    from cupy_backends.cuda.libs import cusolver

    count, rows, _ = matrices.shape
    kind = _COMPLEX if matrices.dtype.kind == "c" else _REAL
    vectors = cupy.conj(matrices) if kind == _COMPLEX else matrices.copy()  # by columns: the matrices themselves
    values, info = cupy.empty((count, rows)), cupy.empty(count, dtype=cupy.int32)
    handle, parameters = cupy.cuda.Device().cusolver_handle, cusolver.createParams()
    cusolver.setStream(handle, cupy.cuda.get_current_stream().ptr)
    size, on_device, on_host = ctypes.c_int64(rows), ctypes.c_size_t(), ctypes.c_size_t()
    pointer, batch = ctypes.c_void_p, ctypes.c_int64(count)
    start = [pointer(handle), pointer(parameters), _VECTORS, _LOWER, size, kind, pointer(vectors.data.ptr), size]
    start += [_REAL, pointer(values.data.ptr), kind]
    try:
        _check(functions[0](*start, ctypes.byref(on_device), ctypes.byref(on_host), batch))
        work = cupy.empty(max(on_device.value, 1), dtype=cupy.int8)
        beside = np.empty(max(on_host.value, 1), dtype=np.int8)
        ends = [pointer(work.data.ptr), on_device, pointer(beside.ctypes.data), on_host, pointer(info.data.ptr), batch]
        _check(functions[1](*start, *ends))
        if int(cupy.abs(info).max()):
            raise EngineError(f"{_ASKED}: an eigendecomposition did not converge; {_INSTEAD}")
    finally:
        cusolver.destroyParams(parameters)
    return values, cupy.swapaxes(vectors, 1, 2)


def _check(status: int) -> None:
    if status:
        raise EngineError(f"{_ASKED}: cuSOLVER answers with status {status}; {_INSTEAD}")
