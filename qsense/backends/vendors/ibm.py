"""IBM's devices, "ibm:<device>", through the account that the user has saved with `qiskit-ibm-runtime`.

Credentials stay in the vendor's own store: nothing here reads, keeps or prints them, and only the kind of the vendor's
errors is shown, because their text may hold credentials.
"""

from __future__ import annotations

from typing import Any

from qsense.backends.vendor import Vendor
from qsense.backends.vendors.fake import fake_classes
from qsense.errors import ArgumentError, nearest

_FIX = "save an account once with QiskitRuntimeService.save_account, and check the network"


def _open(name: str) -> Any:
    from qiskit_ibm_runtime import QiskitRuntimeService

    device = name.partition(":")[2]
    try:
        service = QiskitRuntimeService()
    except Exception as error:
        raise ArgumentError(f'The backend "{name}" cannot be reached ({type(error).__name__}); {_FIX}.') from None
    try:
        return service.backend(device)
    except Exception as error:
        known = _names_of(service)
        hint = nearest(device, known) if known else "Check the name, the instance and the network."
        raise ArgumentError(f'The backend "{name}" cannot be opened ({type(error).__name__}). {hint}') from None


def _names_of(service: Any) -> list[str]:
    try:
        return [backend.name for backend in service.backends()]
    except Exception:  # the user is told of the first failure
        return []


def _list_devices() -> list[tuple[str, Any]]:
    from qiskit_ibm_runtime import QiskitRuntimeService

    try:
        return [(f"ibm:{backend.name}", backend) for backend in QiskitRuntimeService().backends()]
    except Exception as error:
        raise ArgumentError(f"{type(error).__name__}; {_FIX}") from None


def _similar(name: str) -> list[str]:
    """IBM's devices have fakes of the same names."""
    return [f"ibm:ibm_{name.lower()}"] if name.lower() in fake_classes() else []


VENDOR = Vendor("ibm", _open, package="qiskit_ibm_runtime", extra="ibm", list_devices=_list_devices, similar=_similar)
