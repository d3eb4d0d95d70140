"""Which backends are within reach from here, and why others are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qsense.backends import AER_METHODS, DEVICES
from qsense.backends.braket import BRAKET_LOCAL, MOST_SPINS
from qsense.backends.providers import EXTRAS, fake_classes, is_installed, open_backend
from qsense.devices.device import Device, read
from qsense.errors import ArgumentError
from qsense.installation import install_hint


class Row(NamedTuple):
    """One backend. Numbers are medians over the qubits that report them, None where none does.

    Attributes:
        name: as a spec names it; "ibm:…" stands for all devices of a vendor that cannot be listed from here.
        num_qubits: or the most spins of a simulator.
        t1_s, t2_s: medians in s; vendors report the T2 of an echo.
        readout_error, two_qubit_error: medians.
        unreachable: why it cannot be used from here; None if it can.
        calibrated: date and time of the calibration.
    """

    name: str
    num_qubits: int | None = None
    t1_s: float | None = None
    t2_s: float | None = None
    readout_error: float | None = None
    two_qubit_error: float | None = None
    unreachable: str | None = None
    calibrated: str | None = None


def rows(vendors: Sequence[str] = ("fake",)) -> list[Row]:
    """Returns the simulators, IBM's fake devices, and what is known of the vendors' real ones.

    Args:
        vendors: whose devices to list by name. "fake" needs no network; "ibm" asks the service of the saved account.
    """
    found = [Row("emulator", 10), *(Row(f"aer:{method}", most) for method, most in AER_METHODS.items())]
    for vendor in DEVICES:
        if not is_installed(vendor):
            package, extra = EXTRAS[vendor]
            reason = f"{package.replace('_', '-')} is not installed; run: {install_hint(extra)}"
            found.append(Row(f"{vendor}:…", unreachable=reason))
        elif vendor == "fake" and "fake" in vendors:
            found += [of_backend(f"fake:{name}") for name in fake_classes()]
        elif vendor == "ibm":
            found += _of_ibm() if "ibm" in vendors else [Row("ibm:…", unreachable="not asked for; add --vendor ibm")]
        elif vendor == "braket":
            found += [
                Row(BRAKET_LOCAL, MOST_SPINS),
                Row("braket:…", unreachable="give the device's name; it needs AWS"),
            ]
    return found


def of_backend(name: str) -> Row:
    """Returns the row of one backend by its name; what cannot be reached says why.

    >>> of_backend("nowhere:make").unreachable is None
    False
    """
    try:
        return of_device(name, read(open_backend(name), name))
    except ArgumentError as error:
        return Row(name, unreachable=str(error))


def of_device(name: str, device: Device) -> Row:
    """Returns the row of a device.

    >>> of_device("made:up", Device.uniform(3, [(0, 1)], t1=1e-4)).t1_s
    0.0001
    """
    return Row(
        name,
        device.num_qubits,
        _median(device.t1),
        _median(device.t2),
        _median(device.readout_error),
        _median(device.edges.values()),
        None if device.has_delay else "it has no delay instruction, so spins cannot sense there",
        device.calibrated,
    )


def _of_ibm() -> list[Row]:
    from qiskit_ibm_runtime import QiskitRuntimeService

    try:
        backends: list[Any] = QiskitRuntimeService().backends()
    except Exception as error:  # its text may hold what must not be printed
        reason = f"{type(error).__name__}; save an account with QiskitRuntimeService.save_account, check the network"
        return [Row("ibm:…", unreachable=reason)]
    return [of_device(f"ibm:{backend.name}", read(backend)) for backend in backends]


def _median(values: Iterable[float]) -> float | None:
    known = [value for value in values if not np.isnan(value)]
    return float(np.median(known)) if known else None
