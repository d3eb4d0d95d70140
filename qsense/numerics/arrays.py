"""Where matrices are computed: NumPy on the processor, or CuPy on a GPU, through what both have of the array API.

Code that may run on either takes an `Arrays`, and uses of `xp` only functions of the array API standard (2023.12); the
tests run it on `array_api_strict` too. CuPy is imported when a GPU is asked for, or where `choose` finds that one pays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from qsense.errors import ArgumentError, EngineError

ENGINES = ("auto", "cpu", "gpu")
VARIABLE = "QSENSE_ENGINE"
_PAYS, _PAYS_WARM = 5.0, 0.1  # seconds of processor time that are worth starting CuPy, and using it once it is started


@dataclass(frozen=True)
class Arrays:
    """A place where arrays live.

    Attributes:
        name: "cpu" or "gpu".
        xp: the namespace of the array API.
        eigh: eigenvalues and eigenvectors of Hermitian matrices of shape (b, d, d), (b, d) and (b, d, d).
        together: how many numbers a form should hold at once, so that they stay in a cache or fill the machine.
        steps: how many steps of conjugate gradients take as long as the eigenvectors.
        free: bytes that can be had.
        host: an array of this place as one of NumPy.
        batch: how many matrices of d rows are best diagonalised together; None where that makes no difference.
    """

    name: str
    xp: Any
    eigh: Callable[[Any], tuple[Any, Any]]
    together: int
    steps: int
    free: Callable[[], float]
    host: Callable[[Any], Any] = np.asarray
    batch: Callable[[int], int] | None = None


CPU = Arrays("cpu", np, np.linalg.eigh, 2**16, 6, lambda: np.inf)


def wanted(engine: str | None) -> str:
    """Returns "auto", "cpu" or "gpu": the argument, else the environment variable QSENSE_ENGINE, else "auto".

    Raises:
        ArgumentError, EngineError: the argument, or the variable, is none of these.

    >>> wanted("cpu")
    'cpu'
    """
    found = engine or os.environ.get(VARIABLE, "").strip() or ENGINES[0]
    if found not in ENGINES:
        known = f'must be "auto", "cpu" or "gpu", but is "{found}".'
        if engine:
            raise ArgumentError(f"Argument `engine` {known}")
        raise EngineError(f"The environment variable {VARIABLE} {known}")
    return found


def choose(engine: str | None, seconds: float, needed: float = 0.0) -> Arrays:
    """Returns where to compute.

    Args:
        engine: "auto", "cpu" or "gpu"; by default what the environment variable QSENSE_ENGINE says, else "auto".
        seconds: about how long the processor would take; "auto" takes a GPU that is there and saves much of it.
        needed: bytes of a GPU that it takes at least; "auto" stays on the processor where fewer are free.

    Raises:
        EngineError: a GPU is asked for, and there is none or CuPy is not installed.

    >>> choose("auto", 0.0).name
    'cpu'
    """
    what = wanted(engine)
    if what == "cpu" or (what == "auto" and seconds < (_PAYS_WARM if "cupy" in sys.modules else _PAYS)):
        return CPU
    from qsense.numerics import cuda

    if what == "auto" and not (find_spec("cupy") and cuda.is_there()):
        return CPU
    return CPU if what == "auto" and gpu().free() < needed else gpu()


@lru_cache(maxsize=1)
def gpu() -> Arrays:
    """Returns the GPU.

    Raises:
        EngineError: CuPy is not installed, or sees no GPU.
    """
    from qsense.numerics import cuda

    cupy = cuda.connected()
    return Arrays("gpu", cupy, cuda.eigh, 2**24, 16, cuda.free_bytes, cupy.asnumpy, cuda.batch)
