"""Memory of arrays of a few MB, which are made and dropped again and again.

The C library of Linux gives a freed block of 128 KB or more back to the system, and asks anew for the next one: its
pages then cost as much as the arithmetic on them. It learns from what is freed: after one free block of 32 MB (never
touched, so that it takes no memory) it keeps smaller ones, up to 64 MB. Other C libraries do not mind.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_LARGEST = 2**25 - 2**13  # bytes, of which it still learns


@cache
def keep_freed_memory() -> None:
    """Lets this process keep up to 64 MB that arrays have left, from now on."""
    np.empty(_LARGEST, dtype=np.uint8)
