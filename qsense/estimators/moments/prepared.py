"""What the prepared state says before anything is measured: where its mean spins are, and which order serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.moments.bound import Frame, Order
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe

NUM_QUBITS_OF_A_STATE = 12  # of a state that is not symmetric
_NOTHING = 1e-6  # of N²: a bound that is none
_ROUNDING = 1e-9

Raising = Callable[[ComplexArray, FloatArray], ComplexArray]


class Prepared(NamedTuple):
    """The frame for a probe, and its bound before any noise; 0 where its moments tell nothing of the field."""

    frame: Frame
    bound: float


def frame_of(probe: Probe, order: int = 0, angle: float = 0.0) -> Prepared:
    """Returns the directions for a probe under a signal of equal weights.

    Args:
        probe: the state that is prepared.
        order: 1 or 2; 0 takes the one whose bound is larger before any noise.
        angle: of the second moment, in rad from the expected direction; 0 is 1/√N, close to the best for Dicke states
            along x in their first lifetime. It does not matter at order 1.

    Raises:
        ArgumentError: the state has more than 12 spins and is not symmetric, or is a density matrix of more than 6.

    >>> frame_of(Probe.named("one_axis:0.1", 20)).frame.order, frame_of(Probe.named("twin_fock", 20)).frame.order
    (1, 2)
    """
    size, own = probe.num_qubits, angle or float(1 / np.sqrt(probe.num_qubits))
    orders: tuple[Order, ...] = (1,) if order == 1 else (2,) if order == 2 else (1, 2)
    if probe.kind in ("product", "ghz"):  # closed, at any number of spins
        mean = size * (1 - probe.tilt**2) if probe.kind == "product" or size == 1 else 0.0
        return Prepared(Frame(size, orders[0], np.pi / 2 if orders[0] == 1 else own), mean)
    state, raising = _state(probe)
    azimuths = _azimuths(state, raising, size)
    found = []
    for one in orders:
        frame = Frame(size, one, np.pi / 2 if one == 1 else own, azimuths)
        bound = _bound(state, raising, frame)
        found.append(Prepared(frame, bound if bound > _NOTHING * size**2 else 0.0))
    return max(found, key=lambda one: one.bound)


def checked(probe: Probe, found: Prepared) -> Frame:
    """Returns the frame of a probe that moments can serve.

    Raises:
        ArgumentError: they tell nothing of the field.
    """
    if found.bound > 0:
        return found.frame
    what = "a mean spin across the field" if found.frame.order == 1 else "moments that turn with the field"
    instead = 'the estimator "ghz"' if probe.kind == "ghz" else "parameter_shift or tomography"
    raise ArgumentError(
        f'moments of order {found.frame.order} need {what}, which the probe "{probe.name}" does not have; '
        f"use {'`order = 2`, ' if found.frame.order == 1 and probe.kind != 'ghz' else ''}{instead}."
    )


def _state(probe: Probe) -> tuple[ComplexArray, Raising]:
    """Columns ψ with ρ = Σ ψψ†, and how Σ_j e^{iβ_j} |up><down|_j acts on them given β."""
    size = probe.num_qubits
    too_large = probe.kind == "circuit" and size > NUM_QUBITS_OF_A_STATE
    amplitudes = None if probe.is_mixed or too_large else probe.dicke_amplitudes()
    if amplitudes is not None:
        ups = np.arange(size)
        steps = np.sqrt((size - ups) * (ups + 1.0))

        def symmetric(state: ComplexArray, azimuths: FloatArray) -> ComplexArray:
            out = np.zeros_like(state)
            out[1:] = np.exp(1j * azimuths[0]) * steps[:, None] * state[:-1]
            return out

        return amplitudes[:, None], symmetric
    if size > (NUM_QUBITS_OF_A_STATE // 2 if probe.is_mixed else NUM_QUBITS_OF_A_STATE):
        raise ArgumentError(
            f'moments look at the state of the probe "{probe.name}" spin by spin, for at most {NUM_QUBITS_OF_A_STATE} '
            f"spins (half of that for a density matrix), but it has {size}; give a symmetric probe or fewer spins."
        )

    def general(state: ComplexArray, azimuths: FloatArray) -> ComplexArray:
        out = np.zeros_like(state)
        index = np.arange(len(state))
        for spin in range(size):
            down = index[index >> spin & 1 == 0]
            out[down | 1 << spin] += np.exp(1j * azimuths[spin]) * state[down]
        return out

    if not probe.is_mixed:
        return probe.statevector()[:, None], general
    weights, vectors = np.linalg.eigh(probe.density_matrix())
    return vectors * np.sqrt(np.maximum(weights, 0)), general


def _azimuths(state: ComplexArray, raising: Raising, size: int) -> tuple[float, ...]:
    """The azimuth of each spin's mean; where there is none, that of the axis along which J scatters least. () is 0."""
    each = np.zeros(size)
    if len(state) == 2**size and len(state) != size + 1:
        index = np.arange(len(state))
        for spin in range(size):
            down = index[index >> spin & 1 == 0]
            each[spin] = _argument(complex(np.vdot(state[down | 1 << spin], state[down])), np.nan)
    else:
        each[:] = _argument(complex(np.vdot(state, raising(state, each))), np.nan)
    if np.isnan(each).any():
        twice = raising(raising(state, np.zeros(size)), np.zeros(size))
        common = (_argument(complex(np.vdot(state, twice)), -np.pi) + np.pi) / 2
        each = np.where(np.isnan(each), common if np.isnan(each).all() else 0.0, each)
    each = np.round(each, 9) + 0.0
    return tuple(each.tolist()) if each.any() else ()


def _argument(mean: complex, otherwise: float) -> float:
    """The azimuth of a mean of |up><down|."""
    return -float(np.angle(mean)) if abs(mean) > _ROUNDING else otherwise


def _bound(state: ComplexArray, raising: Raising, frame: Frame) -> float:
    """dᵀC⁻¹d of the prepared state."""
    azimuths = np.array(frame.azimuths or np.zeros(frame.num_qubits))

    def along(angle: float, vector: ComplexArray) -> ComplexArray:
        # J = (A + A†)/2; A† is the complex conjugate action with up and down exchanged: reverse, raise, reverse.
        up = raising(vector, azimuths + angle)
        down = raising(vector[::-1], -(azimuths + angle))[::-1]
        return np.asarray((up + down) / 2)

    measured, other = (along(angle, state) for angle in (frame.angle, frame.angle - np.pi / 2))
    mean = np.vdot(state, measured).real
    slope = np.vdot(state, other).real
    if frame.order == 1:
        variance = np.vdot(measured, measured).real - mean**2
        return float(slope**2 / variance) if variance > _ROUNDING else 0.0
    square = along(frame.angle, measured)
    second, third, fourth = (np.vdot(a, b).real for a, b in ((state, square), (measured, square), (square, square)))
    slopes = np.array([slope, 2 * np.vdot(other, measured).real])
    covariance = np.array([[second - mean**2, third - mean * second], [third - mean * second, fourth - second**2]])
    return float(slopes @ np.linalg.pinv(covariance, rcond=_ROUNDING, hermitian=True) @ slopes)
