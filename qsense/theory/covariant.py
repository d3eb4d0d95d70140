"""G of any probe under noise that commutes with the field, by dense matrices on the processor or on a GPU.

G is the same for U ρ U† with U diagonal. Where no population changes, that takes the phases of the amplitudes and every
coupling out of ρ(t) at once: what is diagonalised is real for any pure probe.

A matrix takes 8·4^N bytes, twice that if it is complex, and `MATRICES` of them are held at once for each time that is
computed together: 34 GB for N = 14. The processor takes some (8/10)^3 as long for each spin less.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.errors import ArgumentError, EngineError
from qsense.noise import SpinChannel, World
from qsense.numerics.arrays import CPU, Arrays, choose
from qsense.numerics.fisher import ComplexArray, FloatArray, qfi_of_rotation
from qsense.numerics.memory import keep_freed_memory
from qsense.numerics.nearly_diagonal import qfi_nearly_diagonal, steps_needed
from qsense.numerics.threads import in_threads, num_threads
from qsense.probes import Probe
from qsense.theory.channels import after_channels, flips_none
from qsense.theory.exchanges import exchanges
from qsense.theory.shared import shared_factor

MOST_QUBITS = {"cpu": 12, "gpu": 14}
SHARED_QUBITS = 12  # of noise that spins share, whose dᵀCd of all pairs of states is made on the processor
MATRICES = 8  # ρ, its eigenvectors, cuSOLVER's workspace of four, and what the form takes
_SECONDS = 3e-10  # of a processor for 8^N, with real numbers; complex ones take five times as long
_LONG = 60.0
_SHARED, _TOGETHER_BYTES = 8, 4e9  # spins from which threads share the times, and what they may hold at once
_ITERATED = 6  # spins from which steps of conjugate gradients are cheaper than eigenvalues


def covariant_gain(probe: Probe, world: World, times: FloatArray, engine: str | None = None) -> FloatArray:
    """Returns G about the collected angle of K, shape (times,).

    Args:
        probe: the state that is prepared; at most 12 spins on the processor, 14 on a GPU.
        world: noise, signal and pulses; the noise commutes with the field.
        times: shape (times,), in s.
        engine: "auto", "cpu" or "gpu", as in `gain`.

    Raises:
        ArgumentError: N or the memory that it takes is too large.
        EngineError: there is no GPU, or its memory is too small.

    >>> from qsense.noise import LocalNoise, world_of
    >>> covariant_gain(Probe.ghz(2), world_of(LocalNoise(dephasing=0.25)), np.array([0.0])).round(6)
    array([4.])
    """
    n = probe.num_qubits
    check_size(probe, world, max(MOST_QUBITS.values()))
    channel = world.spin_channel(times, n)
    start: ComplexArray | FloatArray = probe.density_matrix() if probe.is_mixed else probe.statevector()
    if flips_none(channel) and not probe.is_mixed:
        start = np.abs(start)
    start = real_if_it_is(start)
    is_real = not np.iscomplexobj(start)
    keep_freed_memory()
    alike = exchanges(start, channel, world)
    seconds = _SECONDS * len(times) * 8.0**n * (1 if is_real else 5) * (alike.cost if alike else 1)
    arrays = choose(engine, seconds, _bytes(n, is_real) if n <= MOST_QUBITS[CPU.name] else 0.0)
    check_size(probe, world, MOST_QUBITS[arrays.name], "; on a GPU 14, with the extra `gpu`" if arrays is CPU else "")
    if arrays is CPU and seconds > _LONG:
        logging.getLogger("qsense").warning(
            f"G of {n} spins at {len(times)} times by dense matrices takes about {seconds / 60:.0f} minutes on a core "
            f"and {_bytes(n, is_real) / 1e9:.2g} GB; a GPU is faster."
        )
    is_iterated = is_real and start.ndim == 1 and n >= _ITERATED
    steps = _steps(channel) if is_iterated else np.full(len(times), np.inf)
    least = np.prod(1 - np.abs(channel.coherence), axis=1)
    alike = alike if arrays is CPU else None
    few = steps <= arrays.steps * (alike.cost if alike else 1.0)
    diagonal, populations = world.generator(n), np.square(start)

    def part(chosen: NDArray[np.intp]) -> FloatArray:
        rho = _states(start, channel, world, times, chosen, arrays)
        if few[chosen[0]]:
            count = int(steps[chosen].max())
            return qfi_nearly_diagonal(rho, populations, diagonal, count, arrays, least[chosen])
        if alike:
            blocks = alike.blocks(rho, diagonal)
            return np.asarray(sum(count * qfi_of_rotation(*block) for count, *block in blocks))
        return qfi_of_rotation(rho, diagonal, arrays)

    found, most = np.zeros(len(times)), _most_together(n, is_real, arrays)
    small = max(1, arrays.together >> 2 * n)  # times of which each takes its own number of steps where they are long
    parts = [
        chosen[first : first + together]
        for chosen, together in ((np.flatnonzero(few), min(most, small)), (np.flatnonzero(~few), most))
        for first in range(0, len(chosen), together)
    ]
    in_parallel = arrays is CPU and n >= _SHARED and num_threads() * _bytes(n, is_real) <= _TOGETHER_BYTES
    try:
        each = in_threads(part, parts) if parts and in_parallel else map(part, parts)
        for chosen, gains in zip(parts, each, strict=True):
            found[chosen] = gains
    except MemoryError as error:
        raise _too_large(n, is_real, arrays) from error
    return found


def _states(
    start: FloatArray | ComplexArray,
    channel: SpinChannel,
    world: World,
    times: FloatArray,
    part: NDArray[np.intp],
    arrays: Arrays,
) -> Any:
    rho = after_channels(start, SpinChannel(*(column[part] for column in channel)), arrays)
    shared = shared_factor(world, times[part], channel.coherence.shape[1], arrays)
    if shared is not None:
        rho *= shared
    return rho


def _steps(channel: SpinChannel) -> FloatArray:
    """Of conjugate gradients at each time. ρ = R C R with R diagonal and C = ⊗ [[1, c_j], [c_j, 1]], whose eigenvalues
    lie between Π(1 − |c_j|) and Π(1 + |c_j|); noise that spins share brings C no further from 1 (Schur)."""
    if not flips_none(channel):
        return np.full(len(channel.coherence), np.inf)
    size = np.abs(channel.coherence)
    with np.errstate(divide="ignore"):
        return steps_needed(np.prod((1 + size) / (1 - size), axis=1))


def check_size(probe: Probe, world: World, most: int, otherwise: str = "") -> None:
    """Raises an ArgumentError if a probe has more spins than dense matrices take."""
    if world.noise.is_correlated:
        most = min(most, SHARED_QUBITS)
    if probe.num_qubits > most:
        raise ArgumentError(
            f'The probe "{probe.name}" under the noise "{world.name}" needs a dense matrix, and one of '
            f"{probe.num_qubits} spins is too large; at most {most} spins are supported{otherwise}."
        )


def real_if_it_is(numbers: ComplexArray | FloatArray) -> ComplexArray | FloatArray:
    """Returns real numbers where no imaginary part is there."""
    return numbers if np.any(np.imag(numbers)) else np.real(numbers)


def _most_together(num_qubits: int, is_real: bool, arrays: Arrays) -> int:
    """How many times are computed together."""
    if arrays.batch is None:
        return max(1, arrays.together >> 2 * num_qubits)
    fit = int(arrays.free() // _bytes(num_qubits, is_real))
    if not fit:
        raise _too_large(num_qubits, is_real, arrays)
    return min(fit, arrays.batch(2**num_qubits))


def _bytes(num_qubits: int, is_real: bool) -> float:
    return MATRICES * (8.0 if is_real else 16.0) * 4.0**num_qubits


def _too_large(num_qubits: int, is_real: bool, arrays: Arrays) -> ArgumentError | EngineError:
    needed = f"A dense matrix of {num_qubits} spins takes {_bytes(num_qubits, is_real) / 1e9:.2g} GB of"
    if arrays.name == CPU.name:
        return ArgumentError(f"{needed} memory, which are not free; give fewer spins, or free memory.")
    otherwise = ', or give engine = "cpu" (QSENSE_ENGINE=cpu)' if num_qubits <= MOST_QUBITS[CPU.name] else ""
    return EngineError(
        f"{needed} a GPU's memory, and {arrays.free() / 1e9:.2g} GB are free; give fewer spins, free memory{otherwise}."
    )
