"""Symmetric states as amplitudes over Dicke states |D_u>, u = 0 … N spins up; shape (N+1,), J_z = u − N/2."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.numerics.angles import check_angle
from qsense.numerics.fisher import ComplexArray, FloatArray

_ALONG = 1e-9  # of a direction's part across z
_MEANINGS = {
    "w": "one spin up, shared by all; senses no field along z",
    "dicke:U": "U spins up, shared by all; senses no field along z",
    "dicke_x:U": "the same on its side, J_x = U − N/2",
    "twin_fock": "dicke_x with half of the spins up; N even",
    "coherent:POLAR": "every spin at this angle to z, in rad",
    "one_axis:CHI": "one-axis twisted by χ rad, turned for the largest G(0)",
    "two_axis:CHI": "two-axis twisted by χ rad, turned for the largest G(0)",
    "one_axis_turned:CHI": "one-axis twisted by χ rad, turned about every axis: at χ = π/2 and even N a GHZ state",
    "two_axis_turned:CHI": "two-axis twisted by χ rad, turned about every axis for the largest G(0)",
    "pair_code:STATE": "pairs of spins, each both up or both down, in a symmetric state of N/2 spins: product, "
    "ghz, one_axis:CHI, …, or weights of 0 to N/2 pairs up, such as 1:2:1",
}
FAMILIES = {name.partition(":")[0]: (name, meaning) for name, meaning in _MEANINGS.items()}
"""The first word of the name of a symmetric probe or a pair code → (the name with its number, what it is)."""


def ghz(num_qubits: int) -> FloatArray:
    """Returns (|D_0> + |D_N>)/√2.

    >>> ghz(2).round(4)
    array([0.7071, 0.    , 0.7071])
    """
    amplitudes = np.zeros(num_qubits + 1)
    amplitudes[[0, -1]] = np.sqrt(0.5)
    return amplitudes


def coherent(num_qubits: int, polar: float = np.pi / 2, azimuth: float = 0.0) -> ComplexArray:
    """Returns every spin along one direction: cos(ϑ/2)|up> + e^{iϕ} sin(ϑ/2)|down>, up to a global phase.

    Args:
        num_qubits: N.
        polar: ϑ in rad, 0 for all up.
        azimuth: ϕ in rad.

    >>> coherent(2).real.round(4)
    array([0.5   , 0.7071, 0.5   ])
    """
    ups = np.arange(num_qubits + 1)
    roots = np.sqrt(np.array([float(comb(num_qubits, u)) for u in ups]))
    up, down = np.cos(polar / 2), np.sin(polar / 2)
    return np.asarray(roots * up**ups * down ** (num_qubits - ups) * np.exp(1j * azimuth * (num_qubits - ups)))


def dicke(num_qubits: int, ups: int) -> FloatArray:
    """Returns |D_u> itself, a state of fixed J_z.

    >>> dicke(3, 1)
    array([0., 1., 0., 0.])
    """
    return np.asarray(np.eye(num_qubits + 1)[ups])


def dicke_x(num_qubits: int, ups: int) -> FloatArray:
    """Returns the Dicke state of J_x = u − N/2: |D_u> turned by a right angle, so that it senses a rotation about z.

    >>> dicke_x(2, 2).round(4)
    array([0.5   , 0.7071, 0.5   ])
    """
    return np.asarray(eigenstates_of_jx(num_qubits)[:, ups])


def one_axis(num_qubits: int, strength: float, angle: float | None = None) -> ComplexArray:
    """Returns the one-axis-twisted state exp(−iνJ_x) exp(−iχJ_z²)|+>^N.

    Args:
        num_qubits: N.
        strength: χ in rad, the twisting strength times its duration.
        angle: ν in rad; by default the one that turns the widest direction into z, for the largest G(0).

    Source: Kitagawa & Ueda, Phys. Rev. A 47, 5138 (1993).

    >>> bool(np.allclose(one_axis(3, 0.0, 0.0), coherent(3)))
    True
    """
    m = np.arange(num_qubits + 1) - num_qubits / 2
    return _turned(coherent(num_qubits) * np.exp(-1j * strength * m**2), angle)


def two_axis(num_qubits: int, strength: float, angle: float | None = None) -> ComplexArray:
    """Returns the two-axis counter-twisted state exp(−iνJ_x) exp(−iχ(J_yJ_z + J_zJ_y))|+>^N.

    Args:
        num_qubits: N.
        strength: χ in rad.
        angle: as in `one_axis`.

    Source: Kitagawa & Ueda, Phys. Rev. A 47, 5138 (1993).

    >>> bool(np.allclose(two_axis(3, 0.0, 0.0), coherent(3)))
    True
    """
    m = np.arange(num_qubits + 1) - num_qubits / 2
    jy = _jy(num_qubits)
    values, vectors = np.linalg.eigh(jy * m[None, :] + m[:, None] * jy)
    return _turned(vectors @ (np.exp(-1j * strength * values) * (vectors.conj().T @ coherent(num_qubits))), angle)


@lru_cache(maxsize=32)
def eigenstates_of_jx(num_qubits: int) -> FloatArray:
    """Returns the eigenvectors of J_x over Dicke states, one a column, J_x = −N/2 first; all spins up is positive."""
    vectors = np.linalg.eigh(_jx(num_qubits))[1]
    signs = np.sign(vectors[-1])
    return np.asarray(vectors * np.where(signs == 0, 1, signs))


def named(name: str, size: int) -> ComplexArray | FloatArray:
    """Returns the amplitudes of a named state, such as "w" or "dicke:2"; see `Probe.named`.

    Raises:
        ArgumentError: the name is unknown, or its number is missing or out of range.
    """
    family, _, text = name.partition(":")
    if family not in FAMILIES:
        raise ArgumentError(f'Unknown probe "{name}". {nearest(family, ["ghz", "product", *FAMILIES])}')
    if family in ("w", "twin_fock"):
        if text:
            raise ArgumentError(f'The probe "{family}" takes no number, but is given as "{name}".')
        if family == "w":
            return dicke(size, 1)
        if size % 2:
            raise ArgumentError(f"A twin-Fock probe needs an even number of spins, but `num_qubits` is {size}.")
        return dicke_x(size, size // 2)
    try:
        number = float(text)
    except ValueError as error:
        raise ArgumentError(f'The probe "{family}" needs a number, such as "{family}:1", but is "{name}".') from error
    if not np.isfinite(number):
        raise ArgumentError(f'The number of the probe "{name}" must be finite.')
    if family in ("dicke", "dicke_x"):
        if number not in range(size + 1):
            raise ArgumentError(f'The probe "{name}" must have 0 to {size} spins up, a whole number.')
        return (dicke if family == "dicke" else dicke_x)(size, int(number))
    largest = size if family == "coherent" else max(1.0, size**2 / 4)
    check_angle(
        number * largest, f'The number of the probe "{name}": the largest angle that it makes', "give a smaller one"
    )
    if family == "coherent":
        return coherent(size, number)
    state = (one_axis if family.startswith("one_axis") else two_axis)(size, number)
    return turned_about_every_axis(state) if family.endswith("_turned") else state


def turned_about_every_axis(state: ComplexArray) -> ComplexArray:
    """Returns a state with its widest direction, of all, turned into z: no rotation has a larger G(0) = 4 Var J_z.

    Args:
        state: amplitudes over Dicke states, shape (N+1,).

    >>> cat = turned_about_every_axis(one_axis(4, np.pi / 2))
    >>> np.abs(cat).round(4)
    array([0.7071, 0.    , 0.    , 0.    , 0.7071])
    """
    n = len(state) - 1
    operators = [_jx(n), _jy(n), np.diag(np.arange(n + 1) - n / 2)]
    moved = [one @ state for one in operators]
    means = np.array([np.vdot(state, one).real for one in moved])
    widths = np.array([[np.vdot(one, other).real for other in moved] for one in moved]) - np.outer(means, means)
    x, y, z = np.linalg.eigh(widths)[1][:, -1]
    across = np.hypot(x, y)
    if across < _ALONG:
        return state
    # About the axis across z and the widest direction, by the angle between them.
    generator = (y * operators[0] - x * operators[1]) / across
    values, vectors = np.linalg.eigh(generator)
    phases = np.exp(-1j * np.arctan2(across, z) * values)
    return np.asarray(vectors @ (phases * (vectors.conj().T @ state)))


def _turned(state: ComplexArray, angle: float | None) -> ComplexArray:
    n = len(state) - 1
    if angle is None:
        along, across = (np.arange(n + 1) - n / 2) * state, _jy(n) @ state
        width_z, width_y = np.vdot(along, along).real, np.vdot(across, across).real
        angle = 0.5 * float(np.arctan2(2 * np.vdot(along, across).real, width_z - width_y))
    vectors = eigenstates_of_jx(n)
    phases = np.exp(-1j * angle * (np.arange(n + 1) - n / 2))
    return np.asarray(vectors @ (phases * (vectors.T @ state)))


def _raising(num_qubits: int) -> FloatArray:
    """J_+/2 over Dicke states: J_x is it plus its transpose, J_y its difference over i."""
    ups = np.arange(num_qubits)
    return np.diag(0.5 * np.sqrt((num_qubits - ups) * (ups + 1.0)), -1)


def _jx(num_qubits: int) -> FloatArray:
    return np.asarray(_raising(num_qubits) + _raising(num_qubits).T)


def _jy(num_qubits: int) -> ComplexArray:
    return np.asarray(-1j * (_raising(num_qubits) - _raising(num_qubits).T))


def roots_of_binomials(num_qubits: int) -> FloatArray:
    """Returns √C(N, u) of u = 0 … N, shape (N+1,), alike at both ends to the last digit."""
    return np.asarray(np.sqrt([float(comb(num_qubits, ups)) for ups in range(num_qubits + 1)]))
