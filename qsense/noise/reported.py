"""The local noise that a device's calibration reports for chosen qubits, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qsense.devices.device import Device, read
from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray


def relaxation_times(backend: Any, qubits: Sequence[int]) -> tuple[FloatArray, FloatArray, list[str]]:
    """Returns T1 and T2 of the qubits in s, each of shape (qubits,), and a sentence for everything assumed.

    A T2 above 2 T1, which no qubit has, is cut to 2 T1. A qubit without T1 and T2 is taken to keep its state: that is
    what Aer simulates for it too. With one of the two, T1 is taken as infinite, or T2 as 2 T1.

    Args:
        backend: a Qiskit BackendV2, or the Device read from one.
        qubits: which, in the order of the spins.

    Raises:
        ArgumentError: a qubit does not exist or is named twice.

    >>> from qsense.devices.device import Device
    >>> relaxation_times(Device.uniform(2, [(0, 1)], t1=50e-6, t2=200e-6), [1])
    (array([5.e-05]), array([0.0001]), ['qubit 1: T2 = 200 µs is more than 2 T1 and was cut to 100 µs'])
    """
    device = backend if isinstance(backend, Device) else read(backend)
    device.check_qubits(tuple(qubits))
    if not qubits:
        raise ArgumentError("Argument `qubits` must name at least one qubit, but is empty.")
    t1, t2, assumed = [], [], []
    for qubit in qubits:
        one, two = float(device.t1[qubit]), float(device.t2[qubit])
        if np.isnan(one) and np.isnan(two):
            assumed.append(f"qubit {qubit}: neither T1 nor T2 is reported; it is taken to have no relaxation")
        elif np.isnan(one):
            assumed.append(f"qubit {qubit}: T1 is not reported; it is taken as infinite")
        elif np.isnan(two):
            assumed.append(f"qubit {qubit}: T2 is not reported; it is taken as 2 T1 = {2e6 * one:.4g} µs")
        elif two > 2 * one:
            cut = f"was cut to {2e6 * one:.4g} µs"
            assumed.append(f"qubit {qubit}: T2 = {1e6 * two:.4g} µs is more than 2 T1 and {cut}")
        one = np.inf if np.isnan(one) else one
        t1.append(one)
        t2.append(2 * one if np.isnan(two) else min(two, 2 * one))
    return np.array(t1), np.array(t2), assumed
