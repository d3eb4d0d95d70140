"""Whether a record answers a request: the same spec, before a device chose its qubits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qsense.runs.placement import DeviceOptions

if TYPE_CHECKING:
    from qsense.runs.spec import RunSpec


def answers(recorded: RunSpec, asked: RunSpec) -> bool:
    """Returns whether a record's spec is of the same request as another, with numbers to 1e-12.

    A record of before there was a choice of qubits, each probe on its own best, is also that of a request which leaves
    the choice open: what has been measured, or paid for, is not measured again.
    """
    wanted = None if asked.device is None else asked.device.choice
    own = (recorded.device or DeviceOptions()).answers(wanted)
    return own and _equal(_without_choice(recorded), _without_choice(asked))


def _without_choice(spec: RunSpec) -> dict[str, Any]:
    requested = spec.requested
    device = None if requested.device is None else replace(requested.device, choice=None)
    return replace(requested, device=device).to_dict("hash")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)
