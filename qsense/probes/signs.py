"""Signs of a GHZ probe's spins: which are down where the others are up."""

from __future__ import annotations

import hashlib

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

ALTERNATING, _PATTERN = "alternating", "+-"
_LONGEST = 16


def checked(signs: str, num_qubits: int) -> str:
    """Returns + or − for each spin; "alternating" written out.

    Raises:
        ArgumentError: they are not one sign for every spin.

    >>> checked("alternating", 3)
    '+-+'
    """
    alternating = (_PATTERN * num_qubits)[:num_qubits]
    found = alternating if signs == ALTERNATING else signs
    if set(found) - {"+", "-"} or len(found) != num_qubits:
        raise ArgumentError(
            f"Argument `signs` must be + or - for each of the {num_qubits} spins, such as "
            f'"{alternating[:8]}{"…" * (num_qubits > 8)}", but is "{signs}".'
        )
    return found


def shown(signs: str) -> str:
    """Returns the signs for a probe's name: themselves up to 16 spins, else a word.

    >>> shown("+-" * 20)
    'alternating'
    """
    if len(signs) <= _LONGEST:
        return signs
    is_alternating = signs == (_PATTERN * len(signs))[: len(signs)]
    return ALTERNATING if is_alternating else hashlib.sha256(signs.encode()).hexdigest()[:8]


def statevector(branch: FloatArray, tilt: float) -> FloatArray:
    """Returns √((1−δ)/2) |not b> + √((1+δ)/2) |b>, shape (2^N,), with spin j up in b where `branch` is +1."""
    size = len(branch)
    state, up = np.zeros(2**size), int(np.sum(2 ** np.flatnonzero(branch > 0)))
    state[[2**size - 1 - up, up]] = np.sqrt([(1 - tilt) / 2, (1 + tilt) / 2])
    return state


def without_signs(name: str) -> str:
    """Returns a probe's name, that of a GHZ probe without its signs, which differ with N.

    >>> without_signs("ghz:+-"), without_signs("one_axis:0.2")
    ('ghz', 'one_axis:0.2')
    """
    return "ghz" if name.startswith("ghz:") else name
