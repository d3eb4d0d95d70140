"""What the tables of gpu.py share: the card, how much of its memory was taken, and seconds of the fastest run."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qsense.numerics.arrays import CPU, Arrays, gpu


@dataclass(frozen=True)
class Card:
    """A GPU, or NumPy in its place to rehearse a table."""

    arrays: Arrays
    label: str
    pool: Any = None

    @classmethod
    def of(cls, rehearsed: bool) -> "Card":
        """Returns the GPU; or NumPy, 2 GB of memory and no name."""
        if rehearsed:
            return cls(replace(CPU, name="gpu", free=lambda: 2e9, batch=lambda rows: 64), "NumPy, in place of a GPU")
        arrays = gpu()
        cupy = arrays.xp
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
        label = f"{name}, CuPy {cupy.__version__}, CUDA {cupy.cuda.runtime.runtimeGetVersion()}"
        return cls(arrays, label, cupy.get_default_memory_pool())

    def forget(self) -> None:
        """Gives back all memory that is kept for later."""
        if self.pool is not None:
            self.pool.free_all_blocks()

    def memory(self) -> str:
        """Returns what was asked for since, in GB."""
        return "–" if self.pool is None else f"{self.pool.total_bytes() / 1e9:.2g}"


def seconds(function: Callable[[], Any]) -> float:
    """Returns how long a call takes by the clock on the wall."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def fastest(function: Callable[[], Any], runs: int = 3, long: float = 10.0) -> float:
    """Returns the least of some runs, of one where that takes long."""
    spent = [seconds(function)]
    while len(spent) < runs and spent[0] < long:
        spent.append(seconds(function))
    return min(spent)


def difference(found: Any, exact: Any, least: float = 0.0) -> str:
    """Returns the largest |G/G_exact − 1| of the gains that exceed the least one."""
    seen = exact > least
    return f"{np.max(np.abs(found / exact - 1)[seen]):.0e}" if np.any(seen) else "–"
