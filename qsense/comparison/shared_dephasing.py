"""Is dephasing shared? From pairs of spins of a product probe, and from how GHZ probes of several sizes decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qsense.comparison.points import MeasuredPoint
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.estimators.integral import fit
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.product.shared_phase import shared_dephasing
from qsense.estimators.result import Estimate

FEWEST_SIZES = 3


def collective_part(item: MeasuredPoint) -> dict[str, Any]:
    """Returns what the counts of a product probe say of collective dephasing; {} for another estimator, or one spin.

    `collective_rate_per_s` is γ_c of L = 2J_z with its error; `collective_p_value` how likely its residuals are if the
    shared variance of phase grows as 4γ_c t.
    """
    point = item.point
    method = point.method
    whole = [tally.with_all_spins(one) for one in item.counts]
    if not isinstance(method, ProductSpins) or point.probe.num_qubits < 2 or not all(map(method.shows_pairs, whole)):
        return {}
    found = shared_dephasing(point.rule.times, whole, method.axes)
    if found is None:
        return {}
    return {
        "collective_rate_per_s": found.rate.value,
        "collective_rate_stderr_per_s": found.rate.stderr,
        "collective_p_value": found.p_value,
    }


def scaling_rows(measured: Sequence[MeasuredPoint]) -> list[dict[str, Any]]:
    """Returns for each noise and estimator of GHZ probes of three sizes or more how their decay grows with N.

    The rate of the exponential that fits G(t) best grows as N^a: a = 1 if every spin has noise of its own, 2 if all
    share it.
    """
    groups: dict[tuple[str, str, str], dict[int, Estimate]] = {}
    for item in measured:
        point = item.point
        if point.probe.kind == "ghz" and not point.probe.signs and item.is_quantum:
            try:
                found = fit(point.rule.times, item.estimates, "exponential", refused_below=0.0)
            except ArgumentError:
                continue
            key = (point.probe.name, point.noise.name, point.estimator.name)
            groups.setdefault(key, {})[point.probe.num_qubits] = found.parameters["rate"]
    return [
        {"probe": probe, "noise": noise, "estimator": estimator, **_power(rates)}
        for (probe, noise, estimator), rates in groups.items()
        if len(rates) >= FEWEST_SIZES
    ]


def _power(rates: dict[int, Estimate]) -> dict[str, Any]:
    """A weighted line through log rate over log N."""
    sizes = sorted(rates)
    logs, values = np.log(sizes), np.log([rates[n].value for n in sizes])
    errors = np.array([rates[n].stderr / rates[n].value for n in sizes])
    system = np.stack([np.ones(len(sizes)), logs], axis=1) / errors[:, None]
    spread = np.linalg.inv(system.T @ system)
    solved = spread @ system.T @ (values / errors)
    residuals = values / errors - system @ solved
    return {
        "num_qubits": sizes,
        "rates_per_s": [rates[n].value for n in sizes],
        "rates_stderr_per_s": [rates[n].stderr for n in sizes],
        "exponent": float(solved[1]),
        "exponent_stderr": float(np.sqrt(spread[1, 1])),
        "p_value": p_value(float(residuals @ residuals), len(sizes) - 2),
    }
