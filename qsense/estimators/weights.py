"""The weights of a signal, as estimators take them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError


def checked_weights(weights: Sequence[float], num_qubits: int) -> tuple[float, ...]:
    """Returns the weights of a signal, () where all are 1.

    Raises:
        ArgumentError: not one finite number for each spin, or none that is not 0.

    >>> checked_weights([1, 1.0], 2), checked_weights([1, -1], 2)
    ((), (1.0, -1.0))
    """
    found = tuple(float(one) for one in weights)
    if len(found) != num_qubits or not np.isfinite(found).all() or not any(found):
        raise ArgumentError(
            f"Argument `weights` must hold a finite number for each of {num_qubits} spins, not all 0, but is {found}."
        )
    return () if set(found) == {1.0} else found
