"""Backends of the user: "module:factory" for a function without arguments (or an object) in an importable module."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from qsense.backends.vendor import Vendor, all_vendors
from qsense.errors import ArgumentError


def _open(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ArgumentError(f'Unknown backend "{name}". A backend of your own is named module:factory.')
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ImportError:
        close = difflib.get_close_matches(module, [one.prefix for one in all_vendors() if one.opener is not None], n=1)
        hint = f'did you mean "{close[0]}:{attribute}"?' if close else "check PYTHONPATH."
        raise ArgumentError(
            f'The backend "{name}" needs the module "{module}", which cannot be imported; {hint}'
        ) from None
    except AttributeError:
        raise ArgumentError(
            f'The backend "{name}" needs "{attribute}" in the module "{module}", which does not define it.'
        ) from None
    made = found if hasattr(found, "run") and not isinstance(found, type) else found()
    if not hasattr(made, "run"):
        raise ArgumentError(
            f'The backend "{name}" must be a Qiskit BackendV2 or SamplerV2, but "{attribute}" gives a '
            f"{type(made).__name__}."
        )
    return made


VENDOR = Vendor("", _open)
