"""Which backends can be reached, and why others cannot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qsense.backends.vendor import Vendor, all_vendors, open_backend, vendor_code
from qsense.devices.device import Device, read
from qsense.errors import ArgumentError


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
    """Returns the simulators and devices of all vendors.

    Args:
        vendors: prefixes of the vendors whose devices are listed by name. "fake" needs no network; "ibm" asks the
            service of the saved account.
    """
    found: list[Row] = []
    for vendor in all_vendors():
        if not vendor.is_installed():
            distribution, command = vendor.missing
            found.append(Row(f"{vendor.prefix}:…", unreachable=f"{distribution} is not installed; run: {command}"))
            continue
        found += [Row(simulator.name, simulator.max_spins) for simulator in vendor.simulators]
        if vendor.opener is not None and vendor.prefix:
            found += _devices(vendor, vendor.prefix in vendors)
    return found


def _devices(vendor: Vendor, is_wanted: bool) -> list[Row]:
    every = f"{vendor.prefix}:…"
    if vendor.list_devices is None:
        return [Row(every, unreachable=vendor.unlisted)]
    if not is_wanted:
        return [Row(every, unreachable=f"not listed; name the vendor {vendor.prefix} to list them (--vendor)")]
    try:
        with vendor_code(vendor, vendor.list_devices, "list its devices"):
            return [of_opened(name, backend) for name, backend in vendor.list_devices()]
    except ArgumentError as error:
        return [Row(every, unreachable=str(error))]


def of_backend(name: str) -> Row:
    """Returns the row of a device by its name; its `unreachable` says why it cannot be reached.

    >>> of_backend("nowhere:make").unreachable is None
    False
    """
    try:
        return of_opened(name, open_backend(name))
    except ArgumentError as error:
        return Row(name, unreachable=str(error))


def of_opened(name: str, backend: Any) -> Row:
    """Returns the row of an open backend; its `unreachable` says why it cannot be used."""
    try:
        return of_device(name, read(backend, name))
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


def _median(values: Iterable[float]) -> float | None:
    known = [value for value in values if not np.isnan(value)]
    return float(np.median(known)) if known else None
