"""A backend's name → the vendor's own object: a Qiskit BackendV2, or a SamplerV2 of the user's.

Vendors' packages are imported when they are asked for. Credentials stay in the vendor's own store: nothing here reads,
keeps or prints them, and of a vendor's error only its kind is shown.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import warnings
from functools import lru_cache
from typing import Any

from qsense.errors import ArgumentError, nearest
from qsense.installation import install_hint

EXTRAS = {"fake": ("qiskit_ibm_runtime", "ibm"), "ibm": ("qiskit_ibm_runtime", "ibm"), "braket": (
    "qiskit_braket_provider", "braket")}  # fmt: skip


def open_backend(name: str) -> Any:
    """Returns the BackendV2 or SamplerV2 that a name stands for.

    Args:
        name: "fake:boston", "ibm:<device>", "braket:local" or "braket:<device>", or "module:factory" with a function
            without arguments (or an object) in an importable module.

    Raises:
        ArgumentError: the package is not installed, or there is no such device; the message names the nearest.

    >>> open_backend("nowhere:make")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The backend "nowhere:make" needs the module "nowhere", which cannot be imported...
    """
    vendor, _, device = name.partition(":")
    if vendor in EXTRAS:
        _require(name, vendor)
        return {"fake": _fake, "ibm": _ibm, "braket": _braket}[vendor](device)
    return _of_the_user(name, vendor, device)


def is_installed(vendor: str) -> bool:
    """Returns whether the package behind "fake", "ibm" or "braket" is there."""
    return importlib.util.find_spec(EXTRAS[vendor][0]) is not None


@lru_cache(maxsize=1)
def fake_classes() -> dict[str, Any]:
    """Returns the classes of IBM's fake devices by short name, such as "boston" and "manila"."""
    from qiskit_ibm_runtime import fake_provider

    found = {}
    for attribute in dir(fake_provider):
        if attribute.startswith("Fake") and "Provider" not in attribute:
            found[attribute.removeprefix("Fake").removesuffix("V2").lower()] = getattr(fake_provider, attribute)
    return found


def _require(name: str, vendor: str) -> None:
    if not is_installed(vendor):
        package, extra = EXTRAS[vendor]
        raise ArgumentError(
            f'The backend "{name}" needs {package.replace("_", "-")}, which is not installed; '
            f"run: {install_hint(extra)}."
        )


def _fake(device: str) -> Any:
    classes = fake_classes()
    if device not in classes:
        hint = nearest(f"fake:{device.lower().removeprefix('fake').strip('_')}", (f"fake:{name}" for name in classes))
        raise ArgumentError(f'Unknown backend "fake:{device}". {hint}')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one of them warns that its numbers are made up: so are all our uses of it
        return classes[device]()


def _ibm(device: str) -> Any:
    from qiskit_ibm_runtime import QiskitRuntimeService

    try:
        service = QiskitRuntimeService()
    except Exception as error:
        raise ArgumentError(
            f'The backend "ibm:{device}" cannot be reached ({type(error).__name__}); save an account once with '
            "QiskitRuntimeService.save_account, and check the network."
        ) from None
    try:
        return service.backend(device)
    except Exception as error:
        known = _names_of(service)
        hint = nearest(device, known) if known else "Check the name, the instance and the network."
        raise ArgumentError(f'The backend "ibm:{device}" cannot be had ({type(error).__name__}). {hint}') from None


def _names_of(service: Any) -> list[str]:
    try:
        return [backend.name for backend in service.backends()]
    except Exception:  # the first failure is what the user is told
        return []


def _braket(device: str) -> Any:
    provider = importlib.import_module("qiskit_braket_provider")
    if device == "local":
        return provider.BraketLocalBackend(name="braket_dm")  # the state-vector simulator takes no Kraus channels
    try:
        known = {backend.name: backend for backend in provider.BraketProvider().backends()}
    except Exception as error:
        raise ArgumentError(
            f'The backend "braket:{device}" cannot be reached ({type(error).__name__}); set up AWS credentials and a '
            'region, or use "braket:local".'
        ) from None
    for name, backend in known.items():
        if device == name or device == name.lower().replace(" ", "-"):
            return backend
    raise ArgumentError(f'Unknown backend "braket:{device}". {nearest(device, [*known, "local"])}')


def namesakes(name: str) -> list[str]:
    """Returns the backends of vendors that a name without its vendor may mean.

    >>> namesakes("emulator")
    []
    """
    if is_installed("fake") and name.lower() in fake_classes():
        return [f"fake:{name.lower()}", f"ibm:ibm_{name.lower()}"]
    return []


def _of_the_user(name: str, module: str, attribute: str) -> Any:
    if not module or not attribute:
        raise ArgumentError(f'Unknown backend "{name}". A backend of your own is named module:factory.')
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ImportError:
        close = difflib.get_close_matches(module, EXTRAS, n=1)
        hint = f'did you mean "{close[0]}:{attribute}"?' if close else "check PYTHONPATH."
        raise ArgumentError(
            f'The backend "{name}" needs the module "{module}", which cannot be imported; {hint}'
        ) from None
    except AttributeError:
        raise ArgumentError(
            f'The backend "{name}" needs "{attribute}" in the module "{module}", which has none.'
        ) from None
    made = found if hasattr(found, "run") and not isinstance(found, type) else found()
    if not hasattr(made, "run"):
        raise ArgumentError(
            f'The backend "{name}" must give a Qiskit BackendV2 or SamplerV2, but gives {type(made).__name__}.'
        )
    return made
