"""Symmetric probes of any number of spins: all times together up to a hundred, one time after the other beyond.

One time takes O(N²) numbers where populations stay (`dephased`) and N³/3 where they change: the symmetric powers that
mix them. Only blocks that have weight are made, and of these only the eigenvalues that count (`numerics.low_rank`).
"""

from __future__ import annotations

import logging

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.arrays import CPU, choose
from qsense.numerics.fisher import FloatArray
from qsense.numerics.low_rank import qfi_of_one
from qsense.numerics.threads import in_threads
from qsense.theory.batched import batched_gain, least_bytes
from qsense.theory.dephased import dephased_gain
from qsense.theory.loss import loses_alone
from qsense.theory.mixing import Array, Mixing, copies, dicke_tables
from qsense.theory.symmetric import (
    NO_WEIGHT,
    NUM_QUBITS,
    UniformChannel,
    coherences,
    hermitian,
    lossy_blocks,
    of_orders,
    relaxes,
    simplest,
    singlets,
    spin_projections,
    symmetric_gain,
)

MOST_QUBITS = 500
LONG = 60.0  # seconds
_SECONDS_TOGETHER = 0.013  # of a processor for one time, at 100 spins
_SECONDS, _SECONDS_RELAXED, _SECONDS_OF_LOSS = 0.85, 20.0, 2.7  # of a processor for one time, at 500 spins


def gain_of_symmetric(amplitudes: Array, channel: UniformChannel, engine: str | None = None) -> FloatArray:
    """Returns G of a symmetric probe after each of several channels, shape (times,).

    Args:
        amplitudes: over Dicke states, from no spin up to all, shape (N+1,); normalised.
        channel: noise that is the same for every spin.
        engine: "auto", "cpu" or "gpu", as in `gain`; a GPU makes all blocks at all times together (`batched`).

    Raises:
        ArgumentError: N > 500.
        EngineError: a GPU is asked for, and there is none or too little memory on it.

    >>> from qsense.noise import LocalNoise
    >>> dicke = np.eye(201)[100] / np.sqrt(2) + np.eye(201)[101] / np.sqrt(2)
    >>> gain_of_symmetric(dicke, UniformChannel.of(LocalNoise(dephasing=0.25).channel(np.zeros(1), 1))).round(6)
    array([1.])
    """
    size, changes = len(amplitudes) - 1, relaxes(channel)
    if size > MOST_QUBITS:
        raise ArgumentError(
            f"The symmetric engine holds at most {MOST_QUBITS} spins, but the probe has {size}; "
            "GHZ and product probes under local noise have closed forms for any number."
        )
    seconds = seconds_of(size, len(channel), changes, size > NUM_QUBITS and loses_alone(channel))
    arrays = choose(engine, seconds, least_bytes(size, True))
    if arrays is not CPU:
        return batched_gain(amplitudes, channel, arrays)
    if size <= NUM_QUBITS:
        return symmetric_gain(amplitudes, channel)
    if seconds > LONG:
        logging.getLogger("qsense").warning(
            f"G of {size} spins at {len(channel)} times by the symmetric engine takes about {seconds / 60:.0f} minutes "
            "of a core."
        )
    amplitudes = simplest(amplitudes, channel)
    each = [channel.at(slice(place, place + 1)) for place in range(len(channel))]
    if not changes:
        return np.concatenate(in_threads(lambda one: dephased_gain(amplitudes, one), each))
    return np.array(in_threads(lambda one: relaxed_gain(amplitudes, one), each))


def seconds_of(num_qubits: int, times: int, changes: bool, loses: bool = False) -> float:
    """Returns about how many seconds of a processor G takes; complex amplitudes up to a hundred spins twice that.

    `changes` is whether populations change, and `loses` whether emission alone does that.
    """
    if num_qubits <= NUM_QUBITS:
        return float(_SECONDS_TOGETHER * times * (num_qubits / 100) ** 2.7 * (2 if changes else 1))
    if loses:
        return float(_SECONDS_OF_LOSS * times * (num_qubits / 500) ** 3)
    if changes:
        return float(_SECONDS_RELAXED * times * (num_qubits / 500) ** 2.9)
    return float(_SECONDS * times * (num_qubits / 500) ** 1.8)


def relaxed_gain(amplitudes: Array, channel: UniformChannel) -> float:
    """Returns G at one time, at which populations may have changed.

    >>> from qsense.noise import LocalNoise
    >>> ghz = np.sqrt(np.array([0.5, 0, 0, 0.5]))
    >>> round(relaxed_gain(ghz, UniformChannel.of(LocalNoise(emission=1.0).channel(np.ones(1), 1))), 6)
    0.688106
    """
    size, total = len(amplitudes) - 1, 0.0
    if loses_alone(channel):
        for (block,) in lossy_blocks(amplitudes, channel):
            if len(block) > 1 and np.trace(block).real > NO_WEIGHT:
                total += qfi_of_one(block, spin_projections(len(block)))
        return total
    mixing, f, singlet = Mixing.of(channel, size), coherences(amplitudes)[None], singlets(channel)
    for below in range(size // 2 + 1):
        spins = size - 2 * below
        if below:
            f = np.asarray(sum(singlet[p][:, None, None] * f[:, :-2, p : f.shape[2] - 2 + p] for p in range(3)))
        if not spins or copies(size, below) * _trace(f[0, 0].real, mixing) <= NO_WEIGHT:
            continue
        block = mixing.forward(f) * (copies(size, below) * of_orders(channel, spins))[:, :, None]
        total += qfi_of_one(hermitian(block)[0], spin_projections(spins + 1))
    return total


def _trace(populations: FloatArray, mixing: Mixing) -> float:
    """Of the Dicke part that populations become: the order 0 of `Mixing.forward` at one time."""
    size = len(populations) - 1
    tables, eta, after = dicke_tables(size), float(mixing.channel.coherence[0]), np.zeros(size + 1)
    for low in range(size // 2 + 1):
        there = slice(low, size - low + 1)
        weight = eta ** (2 * low) * tables.ways[2 * low][low]
        after[there] += weight * (populations[there] @ mixing.powers[size - 2 * low][0])
    return float(np.sum(after / tables.roots[0]))
