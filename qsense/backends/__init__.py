"""Where circuits run: the name of a backend becomes a sampler, which takes an experiment and returns counts.

`aer` simulates the experiment's circuit with its noise exactly (density matrix) and samples shots; `emulator` draws
from the same distribution without a circuit; `braket:local` is another vendor's simulator with the same noise.
`fake:…`, `ibm:…`, `braket:<device>` and `module:factory` are devices, with qubits, couplings and noise of their own.
Each vendor is a file in `vendors/`. The package may import the layers up to `estimators`, whose readout patterns it
prepares.

Public: `sampler`, `is_device`, `names`, `register_vendor`, `Vendor`, `Simulator`, `Sampler`, and the samplers of the
simulators; `catalogue.rows` lists the backends that can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qsense.backends.sampler import Sampler
from qsense.backends.vendor import (
    ENTRY_POINTS,
    Simulator,
    Vendor,
    all_vendors,
    find_simulator,
    find_vendor,
    register_vendor,
    unregister_vendor,
    vendor_code,
)
from qsense.backends.vendors.aer import AerSampler
from qsense.backends.vendors.emulator import EmulatorSampler
from qsense.emulator import Readout
from qsense.errors import ArgumentError, nearest
from qsense.extensions import allowing, entry_points

if TYPE_CHECKING:
    from qsense.circuits.transpilation import Idle


def names() -> list[str]:
    """Returns the names of the backends that every installation has.

    >>> names()[:3]
    ['emulator', 'aer', 'aer:density_matrix']
    """
    simulators = [one for vendor in all_vendors() if vendor.package is None for one in vendor.simulators]
    return [name for one in simulators for name in (*one.aliases, one.name)]


def is_device(name: str) -> bool:
    """Returns whether a name stands for a device or its fake, with qubits and noise of its own.

    >>> is_device("fake:boston"), is_device("aer:statevector"), is_device("braket:local")
    (True, False, False)
    """
    return ":" in name and find_simulator(name) is None and find_vendor(name).opener is not None


def sampler(
    name: str,
    readout_error: Readout = None,
    *,
    idle: Idle = "free",
    qubits: Sequence[int] | str | None = None,
    opened: Any = None,
    allow_code: bool = False,
) -> Sampler:
    """Returns the sampler of a backend.

    Args:
        name: "emulator", "aer", "aer:" and an Aer method, "fake:" and an IBM device ("fake:boston"), "ibm:" and one,
            "braket:local" (a simulator) or "braket:" and a device, or "module:factory" for a BackendV2 or SamplerV2 of
            your own.
        readout_error: emulated readout error; not of a device, which has its own.
        idle: of a device: what the spins do while sensing.
        qubits: of a device: which to use; by default ("same") those that its calibration recommends for a GHZ probe of
            each size, for all probes of it; "best" for each probe its own.
        opened: of a device: the vendor's object, if it is open already.
        allow_code: whether a module:factory, or a vendor of an installed distribution, may be imported.

    Raises:
        ArgumentError: the name is unknown, and the message suggests the nearest; or an option does not fit the backend.

    >>> sampler("aer").name
    'aer'
    >>> sampler("are")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Unknown backend "are". Did you mean "aer"? Known: aer, aer:...
    """
    with allowing(allow_code):
        return _sampler(name, readout_error, idle, qubits, opened)


def _sampler(name: str, readout_error: Readout, idle: Idle, qubits: Sequence[int] | str | None, opened: Any) -> Sampler:
    if is_device(name):
        from qsense.backends.device_sampler import device_sampler
        from qsense.backends.vendor import open_backend

        if readout_error is not None:
            raise ArgumentError(f'The backend "{name}" has a readout error of its own; leave `readout_error` out.')
        made: Sampler = device_sampler(name, open_backend(name) if opened is None else opened, idle, qubits)
        return made
    simulator = find_simulator(name)
    if simulator is None and name.partition("-")[0] == "import":
        raise ArgumentError(f'"{name}" stands for counts that were measured elsewhere; name where to run, "emulator".')
    if simulator is None:
        raise ArgumentError(f'Unknown backend "{name}". {_hint(name)}')
    if idle != "free" or qubits is not None:
        raise ArgumentError(
            f'The backend "{name}" has no qubits to choose or to pulse; leave `qubits` and `idle` out of [device], or '
            'name a device, such as "fake:boston".'
        )
    find_vendor(name).check_installed(name)
    vendor = next(one for one in all_vendors() if simulator in one.simulators)
    with vendor_code(vendor, simulator.make, f'make the simulator "{name}"'):
        return simulator.make(readout_error)


def _hint(name: str) -> str:
    similar = [other for vendor in all_vendors() if vendor.is_installed() for other in vendor.similar(name)]
    if similar:
        listed = " or ".join(f'"{other}"' for other in similar)
        return f"Did you mean {listed}?"
    prefixes = [f"{vendor.prefix}:…" for vendor in all_vendors() if vendor.opener is not None and vendor.prefix]
    hint = entry_points.hint(ENTRY_POINTS, name.partition(":")[0], f'The backend "{name}"')
    return nearest(name, [*names(), *prefixes]) + hint


__all__ = [
    "AerSampler",
    "EmulatorSampler",
    "Sampler",
    "Simulator",
    "Vendor",
    "is_device",
    "names",
    "register_vendor",
    "sampler",
    "unregister_vendor",
]
