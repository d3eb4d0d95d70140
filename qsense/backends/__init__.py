"""Where circuits run: a name becomes a sampler.

A sampler takes an experiment (probe, time, ending), its settings row by row, and returns counts. `aer` simulates the
experiment's circuit with its noise exactly (density matrix) and samples shots; `emulator` draws from the same
distribution without a circuit; `braket:local` is another vendor's simulator with the same noise. `fake:…`, `ibm:…`,
`braket:<device>` and `module:factory` are devices: they have qubits, couplings and noise of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qsense.backends.sampler import Sampler
from qsense.backends.simulated import AER_METHODS, AerSampler, EmulatorSampler
from qsense.emulator import Readout
from qsense.errors import ArgumentError, nearest

if TYPE_CHECKING:
    from qsense.circuits.transpilation import Idle

DEVICES = ("fake", "ibm", "braket")


def names() -> list[str]:
    """Returns the names of the backends that every installation has.

    >>> "aer" in names()
    True
    """
    return ["emulator", "aer", *(f"aer:{method}" for method in AER_METHODS)]


def is_device(name: str) -> bool:
    """Returns whether a name stands for a device or its fake, with qubits and noise of its own.

    >>> is_device("fake:boston"), is_device("aer:statevector"), is_device("braket:local")
    (True, False, False)
    """
    return ":" in name and not name.startswith("aer:") and name != "braket:local"


def sampler(
    name: str,
    readout_error: Readout = None,
    *,
    idle: Idle = "free",
    qubits: Sequence[int] | None = None,
    opened: Any = None,
) -> Sampler:
    """Returns the sampler of a backend name.

    Args:
        name: "emulator", "aer", "aer:" and an Aer method, "fake:" and an IBM device ("fake:boston"), "ibm:" and one,
            "braket:local" (a simulator) or "braket:" and a device, or "module:factory" for a BackendV2 or SamplerV2 of
            your own.
        readout_error: emulated readout error; not of a device, which has its own.
        idle: of a device: what the spins do while sensing.
        qubits: of a device: which to use; by default its calibration decides.
        opened: of a device: the vendor's object, where it has been opened already.

    Raises:
        ArgumentError: the name is unknown; the message suggests the nearest. Or an option does not go with it.

    >>> sampler("aer").name
    'aer'
    >>> sampler("are")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Unknown backend "are". Did you mean "aer"? Known: aer, aer:...
    """
    if is_device(name):
        from qsense.backends.device_sampler import device_sampler
        from qsense.backends.providers import open_backend

        if readout_error is not None:
            raise ArgumentError(f'The backend "{name}" has a readout error of its own; leave `readout_error` out.')
        made: Sampler = device_sampler(name, open_backend(name) if opened is None else opened, idle, qubits)
        return made
    if name not in [*names(), "braket:local"]:
        from qsense.backends.providers import namesakes

        meant = " or ".join(f'"{other}"' for other in namesakes(name))
        hint = f"Did you mean {meant}?" if meant else nearest(name, [*names(), *(f"{v}:…" for v in DEVICES)])
        raise ArgumentError(f'Unknown backend "{name}". {hint}')
    if idle != "free" or qubits is not None:
        raise ArgumentError(
            f'The backend "{name}" has no qubits to choose or to pulse; leave `qubits` and `idle` out of [device], or '
            'name a device, such as "fake:boston".'
        )
    if name == "braket:local":
        from qsense.backends.braket import braket_sampler

        return braket_sampler(readout_error)
    if name == "emulator":
        return EmulatorSampler(readout_error)
    return AerSampler(name.partition(":")[2] or "density_matrix", readout_error)


__all__ = ["AER_METHODS", "AerSampler", "EmulatorSampler", "Sampler", "is_device", "names", "sampler"]
