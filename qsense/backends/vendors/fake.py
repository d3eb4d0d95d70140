"""IBM's fake devices: "fake:boston" and others, snapshots of real devices that Aer simulates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from qsense.backends.runners import Runner
from qsense.backends.vendor import Vendor
from qsense.errors import ArgumentError, nearest

MAX_SPINS = 12  # Aer simulates the noise of every gate in reasonable time


@lru_cache(maxsize=1)
def fake_classes() -> dict[str, Any]:
    """Returns the classes of IBM's fake devices by short name, such as "boston" and "manila"."""
    from qiskit_ibm_runtime import fake_provider

    found = {}
    for attribute in dir(fake_provider):
        if attribute.startswith("Fake") and "Provider" not in attribute:
            found[attribute.removeprefix("Fake").removesuffix("V2").lower()] = getattr(fake_provider, attribute)
    return found


def _open(name: str) -> Any:
    device, classes = name.partition(":")[2], fake_classes()
    if device not in classes:
        hint = nearest(f"fake:{device.lower().removeprefix('fake').strip('_')}", (f"fake:{one}" for one in classes))
        raise ArgumentError(f'Unknown backend "{name}". {hint}')
    return _made(classes[device])


@lru_cache(maxsize=4)
def _made(fake_class: Any) -> Any:
    """The device of a class. A snapshot does not change: it is read once a process, which takes up to a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one of them warns that its numbers are invented
        return fake_class()


def _list_devices() -> Iterator[tuple[str, Any]]:
    for device in fake_classes():
        yield f"fake:{device}", _open(f"fake:{device}")


def _similar(name: str) -> list[str]:
    return [f"fake:{name.lower()}"] if name.lower() in fake_classes() else []


def _serves(backend: Any) -> bool:
    return type(backend).__module__.startswith("qiskit_ibm_runtime.fake_provider")


def _runners(backend: Any) -> Mapping[str, Runner]:
    from qsense.backends.fakes import fake_runner

    return {"aer": fake_runner(backend)}


VENDOR = Vendor(
    "fake",
    _open,
    package="qiskit_ibm_runtime",
    extra="ibm",
    list_devices=_list_devices,
    similar=_similar,
    serves=_serves,
    runners=_runners,
    max_spins=MAX_SPINS,
)
