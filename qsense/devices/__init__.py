"""A device as plain numbers, and which of its qubits hold the spins of a probe.

`device` reads a backend's calibration into a `Device`, `layout` chooses qubits from it, and `fan_out` spreads a GHZ
state over couplings. The package may import `errors`, `numerics` and `probes`, and needs Qiskit only for the backend
that `read` is given.

Public: `Device`, `Calibration`, `read`; `Layout`, `choose`; `fan_out.fan_out`.
"""

from qsense.devices.device import Calibration, Device, read
from qsense.devices.layout import Layout, choose

__all__ = ["Calibration", "Device", "Layout", "choose", "read"]
