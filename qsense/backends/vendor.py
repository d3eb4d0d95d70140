"""What a vendor of backends declares, and the table of vendors.

A backend's name is `prefix:device`, such as "fake:boston"; the prefix names its vendor. A vendor has simulators, which
apply the noise of the spec, devices, which have qubits and noise of their own, or both. `vendors/` holds a file for
each vendor that qsense knows; other packages add theirs with `register_vendor`, or by an entry point of the group
`qsense.vendors`, which the command line and worker processes find too.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from qsense.backends.runners import Runner, generic_runners, is_sampler, sampler_runner
from qsense.backends.sampler import Sampler
from qsense.emulator import Readout
from qsense.errors import ArgumentError, translated
from qsense.extensions import entry_points
from qsense.installation import install_hint


@dataclass(frozen=True)
class Simulator:
    """A simulator that applies the noise of the spec.

    Attributes:
        name: as a spec names it.
        max_spins: the most spins that it runs, of any probe.
        make: returns its sampler, given an emulated readout error or None.
        aliases: other names for it.
    """

    name: str
    max_spins: int
    make: Callable[[Readout], Sampler]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """What qsense needs to know of a vendor. Only the prefix is required.

    Attributes:
        prefix: what its backends' names begin with, before the colon.
        opener: returns the BackendV2 or SamplerV2 of a device, given its full name; None if there are no devices.
        package: the importable package that its backends need; None if they need none.
        extra: the extra of qsense that installs the package; None if no extra does.
        simulators: its simulators.
        list_devices: yields the name and the opened backend of each device; None if they cannot be listed.
        unlisted: for people: why its devices cannot be listed.
        similar: returns names of its devices that a name without a prefix may mean.
        serves: whether a BackendV2 must be run by `runners`; without it Qiskit's own ways are used.
        runners: returns the ways to run circuits on an object that it serves, best first, by name.
        max_spins: the most spins that an object that it serves simulates in reasonable time; None for no limit.
    """

    prefix: str
    opener: Callable[[str], Any] | None = None
    package: str | None = None
    extra: str | None = None
    simulators: tuple[Simulator, ...] = ()
    list_devices: Callable[[], Iterable[tuple[str, Any]]] | None = None
    unlisted: str = "give the name of a device"
    similar: Callable[[str], list[str]] = lambda name: []
    serves: Callable[[Any], bool] = lambda backend: False
    runners: Callable[[Any], Mapping[str, Runner]] = generic_runners
    max_spins: int | None = None

    def is_installed(self) -> bool:
        """Returns whether the package that its backends need is installed."""
        return self.package is None or importlib.util.find_spec(self.package) is not None

    @property
    def missing(self) -> tuple[str, str]:
        """The distribution that its backends need, and the command that installs it."""
        distribution = str(self.package).replace("_", "-")
        return distribution, f"pip install {distribution}" if self.extra is None else install_hint(self.extra)

    def check_installed(self, name: str) -> None:
        """Refuses a backend whose package is not installed.

        Raises:
            ArgumentError: names the package and the command that installs it.
        """
        if not self.is_installed():
            distribution, command = self.missing
            raise ArgumentError(f'The backend "{name}" needs {distribution}, which is not installed; run: {command}.')


ENTRY_POINTS = "qsense.vendors"
_VENDORS: dict[str, Vendor] = {}


def register_vendor(vendor: Vendor) -> None:
    """Adds a vendor to the table.

    Raises:
        ArgumentError: it is no Vendor, its prefix is not a word, one of its attributes has a wrong type, or another
            vendor has its prefix.
    """
    if not isinstance(vendor, Vendor):
        raise ArgumentError(f"Argument `vendor` must be a qsense.backends.Vendor, but is {vendor!r}.")
    check_prefix(vendor.prefix)
    for name in ("opener", "list_devices", "similar", "serves", "runners"):
        value = getattr(vendor, name)
        if not callable(value) and not (value is None and name in ("opener", "list_devices")):
            raise ArgumentError(f'`{name}` of the vendor "{vendor.prefix}" must be a function, but is {value!r}.')
    if not all(isinstance(one, Simulator) and callable(one.make) for one in vendor.simulators):
        raise ArgumentError(f'`simulators` of the vendor "{vendor.prefix}" must be Simulators with a function `make`.')
    if _VENDORS.get(vendor.prefix, vendor) != vendor:
        raise ArgumentError(f'The prefix "{vendor.prefix}" belongs to another vendor; choose another prefix.')
    _VENDORS[vendor.prefix] = vendor


def check_prefix(prefix: object) -> None:
    """Refuses what cannot stand before the colon of a backend's name.

    Raises:
        ArgumentError: it is not text, or has a colon or a space.
    """
    if not isinstance(prefix, str) or not re.fullmatch(r"[^\s:]*", prefix):
        raise ArgumentError(f"The prefix of a vendor must be a word without a colon, but is {prefix!r}.")


def unregister_vendor(prefix: str) -> None:
    """Removes a vendor from the table.

    Raises:
        ArgumentError: no vendor has this prefix.
    """
    if prefix not in _VENDORS:
        raise ArgumentError(f'No vendor has the prefix "{prefix}". Known: {", ".join(filter(None, _VENDORS))}.')
    del _VENDORS[prefix]


def all_vendors() -> list[Vendor]:
    """Returns the vendors in the order of their registration."""
    _load_installed()
    return list(_VENDORS.values())


def _load_installed() -> None:
    """Registers the vendors of installed distributions that are allowed."""
    entry_points.register_installed(ENTRY_POINTS, lambda name, vendor: register_vendor(vendor))


def find_vendor(name: str) -> Vendor:
    """Returns the vendor of a backend; a name whose prefix is unknown is a backend of the user, module:factory.

    >>> find_vendor("ibm:ibm_boston").prefix, find_vendor("my_module:make").prefix
    ('ibm', '')
    """
    _load_installed()
    return _VENDORS.get(name.partition(":")[0], _VENDORS[""])


def find_simulator(name: str) -> Simulator | None:
    """Returns the simulator of that name or alias; None if there is none."""
    found = (one for vendor in all_vendors() for one in vendor.simulators if name in (one.name, *one.aliases))
    return next(found, None)


def open_backend(name: str) -> Any:
    """Returns the BackendV2 or SamplerV2 that a device's name stands for.

    Args:
        name: "fake:boston", "ibm:<device>", "braket:<device>", or "module:factory" with a function without arguments
            (or an object) in a module, which is imported only if the user allows it.

    Raises:
        ArgumentError: the package is not installed, or there is no such device; the message names the nearest. Or it
            is code that is not allowed.

    >>> open_backend("nowhere:make")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The backend "nowhere:make" is code that would be imported and run: "make" in the...
    """
    vendor = find_vendor(name)
    if vendor.opener is None:
        raise ArgumentError(f'The backend "{name}" is not a device.')
    vendor.check_installed(name)
    with vendor_code(vendor, vendor.opener, f'open the backend "{name}"'):
        opened = vendor.opener(name)
    if opened is None or isinstance(opened, (str, int, float, tuple, list, dict)):
        raise ArgumentError(
            f'The vendor "{vendor.prefix}" gives {type(opened).__name__} as the backend "{name}"; '
            "its opener must return a BackendV2 or a SamplerV2."
        )
    return opened


def vendor_code(vendor: Vendor, code: object, doing: str) -> AbstractContextManager[None]:
    """Turns what a vendor's code raises into an error of one line that names the vendor.

    The text of the exception may hold credentials: only its type is shown, and the traceback, which is cleaned, has it.

    Raises:
        ArgumentError: the code is not qsense's own and failed.
    """
    return translated(
        code,
        lambda error: ArgumentError(
            f'The vendor "{vendor.prefix}" cannot {doing} ({type(error).__name__}); see why with --debug.'
        ),
    )


def server_of(backend: Any) -> Vendor | None:
    """Returns the vendor that runs circuits on a BackendV2 in its own way; None if Qiskit's ways serve."""
    for vendor in all_vendors():
        with vendor_code(vendor, vendor.serves, "say which backends it serves (`serves`)"):
            if vendor.serves(backend):
                return vendor
    return None


def runners_of(vendor_object: Any) -> Mapping[str, Runner]:
    """Returns the ways to run circuits on an object, best first, by name.

    Args:
        vendor_object: a BackendV2 or a SamplerV2.
    """
    if is_sampler(vendor_object):
        return {"sampler": sampler_runner(vendor_object)}
    server = server_of(vendor_object)
    if server is None:
        return generic_runners(vendor_object)
    with vendor_code(server, server.runners, "give the ways to run circuits (`runners`)"):
        return server.runners(vendor_object)
