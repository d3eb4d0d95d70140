"""The table of services: for each vendor that takes jobs for later, how its service is reached."""

from __future__ import annotations

from collections.abc import Callable

from qsense.backends.vendor import all_vendors, check_prefix
from qsense.errors import ArgumentError
from qsense.services.protocol import Service

_SERVICES: dict[str, Callable[[str], Service]] = {}


def register_service(prefix: str, connect: Callable[[str], Service]) -> None:
    """Adds the service of a vendor to the table.

    Args:
        prefix: of the vendor's backends, as in `backends.Vendor`.
        connect: returns the service of a device, given its full name, such as "ibm:ibm_boston".

    Raises:
        ArgumentError: the prefix is not a word or has another service, or `connect` is not a function.
    """
    check_prefix(prefix)
    if not callable(connect):
        raise ArgumentError(f'Argument `connect` of the service "{prefix}" must be a function, but is {connect!r}.')
    if _SERVICES.get(prefix, connect) is not connect:
        raise ArgumentError(f'The prefix "{prefix}" has another service; choose another prefix.')
    _SERVICES[prefix] = connect


def unregister_service(prefix: str) -> None:
    """Removes a service from the table; without effect if there is none."""
    _SERVICES.pop(prefix, None)


def is_remote(name: str) -> bool:
    """Returns whether jobs for this backend are submitted and collected later.

    >>> is_remote("ibm:ibm_boston"), is_remote("aer")
    (True, False)
    """
    all_vendors()  # a vendor from another package registers its service when it is loaded
    prefix, colon, _ = name.partition(":")
    return bool(colon) and prefix in _SERVICES


def service(name: str) -> Service:
    """Returns the service of a backend.

    Raises:
        ArgumentError: the backend has no service.
        ServiceError: the service cannot be reached, or does not know the device or the credentials.

    >>> service("aer")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The backend "aer" takes no jobs for later; use `qsense run`, or ibm:<device>.
    """
    if not is_remote(name):
        others = " or ".join(f"{prefix}:<device>" for prefix in _SERVICES)
        raise ArgumentError(f'The backend "{name}" takes no jobs for later; use `qsense run`, or {others}.')
    return _SERVICES[name.partition(":")[0]](name)


def _connect_ibm(name: str) -> Service:
    from qsense.services.ibm import IbmService

    return IbmService.connect(name.partition(":")[2])


register_service("ibm", _connect_ibm)
