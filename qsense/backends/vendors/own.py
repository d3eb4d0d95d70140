"""Backends of the user: "module:factory" for a function without arguments (or an object) in a module.

The module is imported only with the user's consent (`extensions.consent`): the name may come from anybody's file.
"""

from __future__ import annotations

import difflib
import sys
from typing import Any

from qsense.backends.vendor import ENTRY_POINTS, Vendor, all_vendors
from qsense.errors import ArgumentError, QsenseError
from qsense.extensions import consent, entry_points
from qsense.files.secrecy import causes


def _open(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ArgumentError(f'Unknown backend "{name}". A backend of your own is named module:factory.')
    what = f'The backend "{name}"'
    entry_points.hint(ENTRY_POINTS, module, what)  # refuses the prefix of an installed vendor that is not allowed
    close = difflib.get_close_matches(module, [one.prefix for one in all_vendors() if one.opener is not None], n=1)
    meant = f'did you mean "{close[0]}:{attribute}"?' if close else ""
    if close and not consent.current_consent().covers(name):
        raise ArgumentError(f'Unknown backend "{name}"; {meant}')
    try:
        found = consent.import_allowed(what, name)
        made = found() if isinstance(found, type) or not hasattr(found, "run") else found
    except QsenseError:
        raise
    except Exception as error:  # whatever the user's code raises, too
        if isinstance(error, ImportError) and error.name is not None and f"{module}.".startswith(f"{error.name}."):
            where = meant or "check PYTHONPATH, or run the command in its folder."
            raise ArgumentError(f'{what} needs the module "{module}", which cannot be imported; {where}') from error
        if isinstance(error, AttributeError) and error.name == attribute and error.obj is sys.modules.get(module):
            raise ArgumentError(
                f'{what} needs "{attribute}" in the module "{module}", which does not define it.'
            ) from error
        raise ArgumentError(f"{what} failed ({causes(error)}); see where with --debug.") from error
    if not hasattr(made, "run"):
        raise ArgumentError(
            f'The backend "{name}" must be a Qiskit BackendV2 or SamplerV2, but "{attribute}" gives a '
            f"{type(made).__name__}."
        )
    return made


VENDOR = Vendor("", _open)
