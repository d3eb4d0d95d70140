"""Whether what a store holds of a trial can be the outcome of one: anyone can write a store, checksums and all."""

from __future__ import annotations

import math
from typing import Any

from qsense.circuits.counts import Counts
from qsense.errors import QsenseError, StoreError
from qsense.files.old_names import with_current_names
from qsense.runs.columns import CURVE_COLUMNS, INTEGRAL_COLUMNS
from qsense.store import Result

_NUMBERS = (*INTEGRAL_COLUMNS, "z", "shots")


def check_result(result: Result) -> None:
    """Refuses a result whose outcome is none, or does not have the shots of its counts.

    Raises:
        StoreError: says what is wrong.
    """
    check_outcome(result)
    try:
        shots = Counts.from_bytes(result.counts, "its counts").shots
    except QsenseError as error:
        raise StoreError(f"the trial {result.key[:12]}: {error}") from error
    if shots != sum(result.outcome["curve"]["shots"]):
        raise _forged(result, "its curve has other shots than its counts")


def check_outcome(result: Result) -> None:
    """Refuses a result whose outcome lacks something, or has something other than numbers where numbers belong.

    Raises:
        StoreError: says what is wrong.
    """
    outcome = result.outcome
    for part in ("summary", "curve", "rule"):
        if not isinstance(outcome.get(part), dict):
            raise _forged(result, f"it has no `{part}`")
    summary, curve = with_current_names(outcome["summary"]), outcome["curve"]
    for name in _NUMBERS:
        if not _is_number(summary.get(name)):
            raise _forged(result, f"`{name}` is no number")
    if any(isinstance(value, (dict, list)) for value in (*summary.values(), *outcome["rule"].values())):
        raise _forged(result, "a list where one value belongs")
    if missing := [name for name in CURVE_COLUMNS if not isinstance(curve.get(name), list)]:
        raise _forged(result, f"its curve has no `{missing[0]}`")
    if len({len(curve[name]) if isinstance(curve[name], list) else -1 for name in curve}) != 1:
        raise _forged(result, "its curve has columns of unequal length")
    if not all(_is_number(value) for name in CURVE_COLUMNS for value in curve[name]):
        raise _forged(result, "its curve has something other than numbers")


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return value is None
    return (isinstance(value, int) and abs(value) < 2**63) or (isinstance(value, float) and math.isfinite(value))


def _forged(result: Result, why: str) -> StoreError:
    return StoreError(f"the trial {result.key[:12]}: its outcome is none that qsense gives ({why})")
