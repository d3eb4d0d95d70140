"""Local noise by the keys that specs, records and the command line share; numbers are in SI units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qsense.errors import ArgumentError, keys_named
from qsense.noise.local import KINDS, LocalNoise
from qsense.noise.relaxation import KEYS, RATES, TIMES
from qsense.noise.shared import check_range

_KEYS = {**KEYS, "rate": "depolarizing_rate", "t1": "t1_s", "t2": "t2_s"}
LOCAL = (*RATES, "depolarizing_rate", "dephasing_exponent", *TIMES)


def local_of(keys: Mapping[str, Any], name: str = "custom") -> LocalNoise | None:
    """Returns the local noise of an entry's keys; None where it gives none.

    Args:
        keys: those of LOCAL that are given, with their values.
        name: the name in tables and records.

    Raises:
        ArgumentError: keys contradict each other, one is missing, or a number is out of its range.

    >>> local_of({"dephasing_rate": 0.1, "dephasing_exponent": 2.0}).exponent
    2.0
    >>> local_of({"t2_s": 5.0}).dephasing
    (0.1,)
    """
    with keys_named(_KEYS):
        return _local_of(keys, name)


def _local_of(keys: Mapping[str, Any], name: str) -> LocalNoise | None:
    rates = {key: keys[key] for key in (*RATES, "depolarizing_rate") if key in keys}
    times = {key: keys[key] for key in TIMES if key in keys}
    if rates and times:
        raise ArgumentError("give either rates or T1 and T2, not both")
    exponent = keys.get("dephasing_exponent", 1.0)
    if exponent != 1 and "dephasing_rate" not in rates:
        raise ArgumentError("`dephasing_exponent` goes with `dephasing_rate`; add it, or leave the exponent out")
    if times:
        if "t2_s" not in times:
            raise ArgumentError("`t1_s` and `t2_s` go together; add `t2_s`, which alone is dephasing")
        if "t1_s" not in times and "excited_population" in times:
            raise ArgumentError("`excited_population` goes with `t1_s`; add it, or leave the population out")
        t1, excited = times.get("t1_s", math.inf), times.get("excited_population", 0.0)
        return LocalNoise.from_t1_t2(t1, times["t2_s"], excited, name)
    if "depolarizing_rate" in rates:
        if len(rates) > 1:
            raise ArgumentError(
                "`depolarizing_rate` is dephasing, emission and absorption at once; give no other rate with it"
            )
        return _in_range(LocalNoise.depolarizing(rates["depolarizing_rate"], name))
    if not rates:
        return None
    by_kind = {key.removesuffix("_rate"): value for key, value in rates.items()}
    return _in_range(LocalNoise(**by_kind, name=name, exponent=exponent))


def _in_range(noise: LocalNoise) -> LocalNoise:
    for kind in (*KINDS, "transverse"):
        for rate in getattr(noise, kind):
            check_range(f"{kind}_rate", rate)
    return noise
